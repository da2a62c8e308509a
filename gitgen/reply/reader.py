"""The reply as a whole: which block is a diff, which a file, which only talk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gitgen.edits import NEW_FILE, Delete, Edit, Hunk, Patch, Reading, Write
from gitgen.errors import Refusal
from gitgen.reply import calls, envelopes, names, searches
from gitgen.reply.fences import Block, begins_diff, blocks, is_diff, lines_of
from gitgen.reply.model import LinesLost, through_unidiff
from gitgen.reply.unified import Diff

_SHELL_PATCH = re.compile(r"^\s*(?:git\s+apply|patch|apply_patch|cat)\b.*<<-?\s*['\"]?(\w+)['\"]?")
_HEADING = re.compile(r"\s*(#{1,6} |\*\*|[Ff]ile ?(?:name|path)?:)")
_BEHIND_LANGUAGE = re.compile(r"[\s:{].*", re.DOTALL)
_HALF_SURROGATE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def read(reply: str) -> Reading:
    """The edits that a reply asks for, and why parts of it cannot be read; knows no tree, never raises."""
    reader = _Reader()
    try:
        whole = reply if reply.isascii() else _HALF_SURROGATE.sub("\ufffd", reply)
        for block in blocks(lines_of(whole)):
            reader.take(block)
        through_unidiff(reader.hunks)
    except LinesLost as lost:
        return Reading(refusals=(Refusal("malformed", f"the diff cannot be read: {lost}"),))
    return reader.reading()


@dataclass
class _Reader:
    edits: list[Edit] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hunks: list[Hunk] = field(default_factory=list)
    """All hunks that were read from diffs."""
    label: str | None = None
    """The file that the line right above the next fence names."""
    heading: str | None = None
    """The file that the last heading names, while no fence has followed it."""
    nameless: list[Block] = field(default_factory=list)

    def take(self, block: Block) -> None:
        if block.fenced:
            self._fence(block)
            self.label = self.heading = None
        else:
            self._prose(block.lines)

    def _prose(self, lines: Sequence[str]) -> None:
        at = begun = 0
        while at < len(lines):
            line = lines[at]
            if "*** Begin" in line and envelopes.BEGIN.match(line):
                at = begun = self._envelope(lines, at, closed=True)
            elif "<<<<<" in line and searches.OPENING.match(line):
                end = next((n for n in range(at, len(lines)) if searches.CLOSING.match(lines[n])), len(lines))
                self._labels(lines[begun:at])
                self._searches(lines[at : end + 1], self.label)
                at = begun = end + 1
            elif begins_diff(lines, at):
                diff = Diff(fenced=False)
                end = diff.read(lines, at)
                self._sections(diff, closed=True)
                at, begun = (end, end) if end > at else (at + 1, begun)
            else:
                at += 1
        self._labels(lines[begun:])
        if not self.edits and not self.refusals and "".join(lines[begun:]).lstrip()[:1] in ("{", "["):
            self.edits += calls.read("\n".join(lines[begun:]), self._inner)

    def _labels(self, lines: Sequence[str]) -> None:
        """Remember what the lines above a fence name."""
        said = [line for line in lines if line.strip()]
        if not said:
            return
        self.label = names.of_label(said[-1])
        heading = next(filter(_HEADING.match, reversed(said)), None)
        if heading is not None:
            self.heading = names.of_label(heading)

    def _fence(self, block: Block) -> None:
        lines, language = _unwrapped(block.lines), _BEHIND_LANGUAGE.sub("", block.info).lower()
        named = (names.of_info(block.info) if block.info else None) or self.label
        text = "\n".join(lines)
        begin = next((n for n, line in enumerate(lines) if "*** Begin" in line and envelopes.BEGIN.match(line)), None)
        if begin is not None:
            self._envelope(lines, begin, closed=block.closed)
        elif "<<<<<" in text and any(map(searches.OPENING.match, lines)):
            self._searches(lines, named)
        elif is_diff(block.info, lines) and not (named or "").endswith((".patch", ".diff")):
            self._diff(lines, named or self.heading, block)
        else:
            self._file(lines, named, language, block)

    def _file(self, lines: Sequence[str], named: str | None, language: str, block: Block) -> None:
        edits = [] if named or (lines[:1] and lines[0][:1] not in "{[") else calls.read("\n".join(lines), self._inner)
        if edits:
            self.edits += edits
            return
        if named is None and lines:
            named = names.of_comment(lines[0]) or (self.heading if not names.is_shell(language) else None)
        if named is None or names.is_command(named, language):
            self.nameless.append(block)
            return
        if language == "json" and lines and names.of_comment(lines[0]):
            lines = lines[1:]
        path = named if "/" in named else named.replace("\\", "/")
        if block.closed:
            self.edits.append(Write(path, "".join(line + "\n" for line in lines)))
        else:
            self.refusals.append(Refusal("cut-off", "the reply ends inside this file", path))

    def _diff(self, lines: Sequence[str], named: str | None, block: Block) -> None:
        last = self.edits[-1] if self.edits else None
        if named is None and isinstance(last, Patch):
            named = last.old if last.new == NEW_FILE else last.new
        diff = Diff(named or "")
        diff.read(_unfenced(lines))
        self._sections(diff, closed=block.closed)

    def _sections(self, diff: Diff, *, closed: bool) -> None:
        for section in diff.sections:
            patch = section.patch()
            name = patch.old if patch.new == NEW_FILE else patch.new
            self.hunks += patch.hunks
            if section.binary:
                self.refusals.append(Refusal("malformed", "a binary patch cannot be read", name))
            elif not name:
                changed = tuple(line for hunk in patch.hunks for line in hunk.changed)
                if changed:
                    self.refusals.append(Refusal("no-name", "a diff has no file name above it", changed=changed))
            elif name != NEW_FILE and _asks_for_something(patch):
                self.edits.append(patch)
        if not closed and diff.sections and not diff.complete:
            name = diff.sections[-1].new
            self.refusals.append(Refusal("cut-off", "the reply ends inside this diff", name))

    def _envelope(self, lines: Sequence[str], begin: int, *, closed: bool) -> int:
        """Read the envelope that begins at this line; the number of the first line behind it."""
        end = next((n for n in range(begin + 1, len(lines)) if envelopes.END.match(lines[n])), len(lines) - 1)
        edits, complete = envelopes.read(lines[begin + 1 : end + 1])
        for edit in edits:
            self.hunks += edit.hunks if isinstance(edit, Patch) else ()
            if not isinstance(edit, Patch) or _asks_for_something(edit):
                self.edits.append(edit)
        if not complete and (not closed or not edits):
            self.refusals.append(Refusal("cut-off", "the patch has no `*** End Patch`"))
        return end + 1

    def _searches(self, lines: Sequence[str], named: str | None) -> None:
        patches, refusals = searches.read(lines, named)
        self.edits += patches
        self.refusals += refusals

    def _inner(self, text: str) -> list[Edit]:
        inner = read(text)
        self.refusals += inner.refusals
        return list(inner.edits)

    def reading(self) -> Reading:
        """All that was read, of several drafts of one file the last."""
        edits: list[Edit] = []
        last = {edit.path: n for n, edit in enumerate(self.edits) if isinstance(edit, Write | Delete)}
        for number, edit in enumerate(self.edits):
            path = edit.new if isinstance(edit, Patch) else edit.path
            if last.get(path, -1) > number:
                self.notes.append(f"{path}: an earlier draft of it in the same reply was left aside")
            else:
                edits.append(edit)
        if not edits and not self.refusals:
            self.refusals.append(_nothing(self.nameless))
        elif self.nameless:
            self.notes.append(f"{len(self.nameless)} blocks without a file name were taken for talk")
        return Reading(tuple(edits), tuple(self.refusals), tuple(self.notes))


def _nothing(nameless: Sequence[Block]) -> Refusal:
    if nameless:
        return Refusal("no-name", "no block of the reply has a file name above it", old=nameless[0].lines[:3])
    return Refusal("no-files", "the reply holds no file and no diff")


def _unwrapped(lines: Sequence[str]) -> Sequence[str]:
    """The lines without a shell's `git apply <<'EOF'` around them."""
    for number, line in enumerate(lines[:5]):
        found = _SHELL_PATCH.match(line) if "<<" in line else None
        if found:
            end = next((n for n in range(number + 1, len(lines)) if lines[n].strip() == found[1]), len(lines))
            inside = lines[number + 1 : end]
            if is_diff("", inside[:5]) or any(map(envelopes.BEGIN.match, inside[:2])):
                return inside
    return lines


def _asks_for_something(patch: Patch) -> bool:
    """Whether there is more to the patch than a file's name."""
    return bool(patch.hunks or patch.moves or patch.mode or NEW_FILE in (patch.old, patch.new))


def _unfenced(lines: Sequence[str]) -> Sequence[str]:
    """The lines without a second fence right inside the first."""
    if lines and lines[0].lstrip().startswith("```"):
        return [line for line in lines if not line.startswith("```")]
    return lines
