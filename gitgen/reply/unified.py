"""Unified diffs as models write them: counts and numbers wrong or missing, headers absent, prefixes lost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gitgen.edits import NEW_FILE, Hunk, Patch, Row
from gitgen.reply import headers
from gitgen.reply.fences import begins_diff

_FOLDER_OF_GIT = re.compile(
    r"(index|similarity index|dissimilarity index|rename from|rename to|copy from|copy to|old mode|new mode|"
    r"new file mode|deleted file mode|Binary files|GIT binary patch)\b ?(.*)$"
)
_ROW = re.compile(r" |\+(?!\+\+ )|-(?!-)")
"""A line in a fence that is a row of a hunk and nothing else."""
_VERSION = re.compile(r"\d+\.\d+")


@dataclass
class _Draft:
    """A hunk while its rows come in."""

    place: headers.Place
    rows: list[Row] = field(default_factory=list)
    blank_at_end: int = 0
    seen_old: int = 0
    seen_new: int = 0
    old_unended: bool = False
    new_unended: bool = False

    def add(self, op: str, text: str, *, raw: str) -> None:
        self.blank_at_end = 0 if raw else self.blank_at_end + 1
        self.rows.append(Row(op, text))
        self.seen_old += op != "+"
        self.seen_new += op != "-"

    def complete(self) -> bool:
        """Whether the rows are just as many as the header promised."""
        return (self.place.old, self.place.new) == (self.seen_old, self.seen_new)

    def wants(self) -> bool:
        """Whether the header promised more rows of both sides."""
        return (self.place.old or 0) > self.seen_old and (self.place.new or 0) > self.seen_new

    def wants_one(self, op: str) -> bool:
        """Whether the header promised one more row of this kind."""
        return (self.place.old or 0) > self.seen_old if op == "-" else (self.place.new or 0) > self.seen_new

    def hunk(self) -> Hunk:
        counted = self.complete()
        rows = self.rows
        if not counted and self.blank_at_end:
            # Empty lines before a fence's end are layout, unless the header counts them in.
            surplus = self.seen_old - (self.place.old or 0)
            counted = 0 < surplus <= self.blank_at_end and self.seen_new - (self.place.new or 0) == surplus
            rows = rows[: len(rows) - (surplus if counted else self.blank_at_end)]
        return Hunk(
            tuple(rows),
            self.place.start,
            self.place.section,
            counted,
            self.old_unended,
            self.new_unended,
            missing=max(0, (self.place.old or 0) - sum(row.op != "+" for row in rows)),
        )


@dataclass
class _Section:
    """One file's part of a diff while it is read."""

    old: str = ""
    new: str = ""
    mode: str | None = None
    moves: bool = False
    copies: bool = False
    binary: bool = False
    named: bool = False
    """Whether its `---` and `+++` lines were there."""
    drafts: list[_Draft] = field(default_factory=list)

    def patch(self) -> Patch:
        hunks = tuple(hunk for hunk in (draft.hunk() for draft in self.drafts) if hunk.rows)
        return Patch(self.old, self.new, hunks, self.mode, self.moves, self.copies)


class Diff:
    """A reader of the lines of one diff; `patches` and `complete` once `read` is through."""

    def __init__(self, name: str = "", *, fenced: bool = True) -> None:
        self.name = name
        self.fenced = fenced
        self.sections: list[_Section] = []
        self.heading = False
        """Whether the lines stand between a file's header and its first hunk."""

    def read(self, lines: Sequence[str], at: int = 0) -> int:
        """Read on from line `at`; the number of the first line that is no longer part of the diff."""
        while at < len(lines):
            draft = self._open() if self.fenced and not self.heading and _ROW.match(lines[at]) else None
            if draft is not None:
                draft.add(lines[at][0], lines[at][1:], raw=lines[at])
                at += 1
                continue
            taken = self._header(lines, at) or self._row(lines, at)
            if not taken:
                break
            at += taken
        return at

    @property
    def complete(self) -> bool:
        """Whether the last hunk has all the rows that its header promised."""
        last = self.sections[-1].drafts[-1] if self.sections and self.sections[-1].drafts else None
        return last is not None and last.hunk().counted

    def _header(self, lines: Sequence[str], at: int) -> int:
        line = lines[at]
        if line.startswith("diff --git "):
            names = headers.names_of_git(line[11:])
            self.sections.append(_Section(*(names or ("", ""))))
            self.heading = True
            return 1
        if line[:4] in ("--- ", "+++ "):
            return self._names(lines, at)
        place = headers.place_of(line) if line.startswith("@@") else None
        if place is not None:
            self._section().drafts.append(_Draft(place))
            self.heading = False
            return 1
        extended = _FOLDER_OF_GIT.match(line) if self.heading else None
        if extended:
            self._extended(extended[1], extended[2])
            return 1
        return 0

    def _names(self, lines: Sequence[str], at: int) -> int:
        """The `---`/`+++` pair at this line, or one half of it; 0 where it is a row that only looks so."""
        line, following = lines[at], lines[at + 1] if at + 1 < len(lines) else ""
        after = lines[at + 2] if at + 2 < len(lines) else ""
        draft = None if self.heading else self._open()
        if line.startswith("--- ") and following.startswith("+++ "):
            if not (headers.names_a_file(line[4:]) and headers.names_a_file(following[4:])):
                return 0
            if draft and draft.wants() and not headers.same_file(line[4:], following[4:]):
                return 0
            if draft and not after.startswith("@@") and not headers.same_file(line[4:], following[4:]):
                return 0
            self._begin(headers.name_of(line[4:]), headers.name_of(following[4:]))
            return 2
        lone = headers.name_of(line[4:])
        expected = draft is not None and draft.wants_one(line[0])
        if following.startswith("@@") and not expected and headers.names_a_file(line[4:]):
            self._begin(lone, lone)
            return 1
        return 0

    def _begin(self, old: str, new: str) -> None:
        if not (self.heading and self.sections) or self.sections[-1].named:
            self.sections.append(_Section(old, new))
        section = self.sections[-1]
        section.named = True
        if not section.moves:
            section.old, section.new = old, new
        self.heading = True

    def _section(self) -> _Section:
        if not self.sections:
            self.sections.append(_Section(self.name, self.name))
        return self.sections[-1]

    def _open(self) -> _Draft | None:
        return self.sections[-1].drafts[-1] if self.sections and self.sections[-1].drafts else None

    def _extended(self, key: str, value: str) -> None:
        section = self.sections[-1]
        if key == "new file mode":
            section.old, section.mode = NEW_FILE, value.strip()
        elif key == "deleted file mode":
            section.new = NEW_FILE
        elif key == "new mode":
            section.mode = value.strip()
        elif key in ("rename from", "copy from"):
            section.old, section.moves, section.copies = headers.name_of(value), True, key == "copy from"
        elif key in ("rename to", "copy to"):
            section.new, section.moves = headers.name_of(value), True
        elif key in ("Binary files", "GIT binary patch"):
            section.binary = True

    def _row(self, lines: Sequence[str], at: int) -> int:
        line = lines[at]
        if line.startswith("\\ ") and self._open():
            self._unended()
            return 1
        if self.heading and (line[:1] in ("+", "-") or ((line[:1] == " " or self.fenced) and line.strip())):
            self._section().drafts.append(_Draft(headers.Place()))
            self.heading = False
        draft = None if self.heading else self._open()
        if draft is None:
            return 1 if self.fenced or (self.heading and not line.strip()) else 0
        if not self.fenced and self._is_prose(draft, lines, at):
            return 0
        if line.rstrip() == "--" and self._signs_off(draft, lines, at):
            # In a fence the next patch from an e-mail may follow; outside, all that follows is read as prose.
            after = (n for n in range(at + 2, len(lines)) if begins_diff(lines, n))
            return next(after, len(lines)) - at if self.fenced else 0
        if line[:1] in ("+", "-", " "):
            draft.add(line[0], line[1:], raw=line)
        else:
            draft.add(" ", line, raw=line)
        return 1

    def _is_prose(self, draft: _Draft, lines: Sequence[str], at: int) -> bool:
        """Whether an unfenced diff is over: all rows are there, or the text is no row."""
        line = lines[at]
        if draft.complete() or line[:1] not in ("+", "-", " ", "", "\t"):
            return True
        following = next((other for other in lines[at : at + 3] if other.strip()), "")
        return not line and following[:1] not in ("+", "-", " ", "\t", "@")

    def _signs_off(self, draft: _Draft, lines: Sequence[str], at: int) -> bool:
        """Whether this is the signature under a patch from an e-mail (man git-format-patch), however the counts are."""
        if at + 1 == len(lines) or not _VERSION.match(lines[at + 1]):
            return False
        following = next((line for line in lines[at + 2 : at + 4] if line.strip()), "From ")
        return draft.complete() or not self.fenced or following.startswith("From ")

    def _unended(self) -> None:
        draft = self.sections[-1].drafts[-1]
        if draft.rows:
            draft.old_unended |= draft.rows[-1].op != "+"
            draft.new_unended |= draft.rows[-1].op != "-"
