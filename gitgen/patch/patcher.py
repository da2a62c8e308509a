"""Every edit of a reply made on one tree in memory, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gitgen import values
from gitgen.edits import NEW_FILE, Delete, Edit, Hunk, Patch, Write
from gitgen.errors import Refusal
from gitgen.patch import elisions, rungs, shapes, targets, text
from gitgen.patch.fit import fit
from gitgen.patch.overlay import Overlay
from gitgen.patch.splice import Habits
from gitgen.values import Blob, Changes, Tree

MOST_COPIED = 20_000_000
"""Bytes of all copies that a reply asks for: a line of it can ask for a whole file again and again."""
_MODES = {"100644": values.REGULAR, "100755": values.EXECUTABLE}


@dataclass(frozen=True)
class Outcome:
    """A tree's changes after a reply's edits, and what did not fit."""

    changes: Changes
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    whole: frozenset[str]
    """Paths that were written or deleted as a whole."""
    applied: tuple[tuple[str, Hunk], ...]
    """Hunks that were made or are already there, with their path."""


@dataclass
class _Patcher:
    tree: Overlay
    names: targets.Names
    habits: Habits = field(default_factory=Habits)
    shown: set[Habits] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    whole: set[str] = field(default_factory=set)
    applied: list[tuple[str, Hunk]] = field(default_factory=list)
    copied: int = 0

    def make(self, edit: Edit) -> None:
        if isinstance(edit, Write):
            self._write(edit)
        elif isinstance(edit, Delete):
            self._delete(edit)
        elif edit.new == NEW_FILE:
            self._remove(edit)
        else:
            self._patch(edit)

    def _refuse(self, kind: str, reason: str, path: str, hunks: Sequence[Hunk] = ()) -> None:
        old = hunks[0].old if len(hunks) == 1 else ()
        changed = tuple(line for hunk in hunks for line in hunk.changed)
        self.refusals.append(Refusal(kind, reason, path, 0, old, changed))

    def _target(self, hunks: Sequence[Hunk], *names: str) -> str | None:
        """The existing, writable path that the first of the names to mean one means; otherwise the refusal is noted."""
        for name in dict.fromkeys(names):
            found = targets.resolve(name, self.tree, self.names)
            if isinstance(found, targets.Target):
                break
        if isinstance(found, Refusal):
            self._refuse(found.kind, found.reason, found.path, hunks)
            return None
        if not self._writable(found.path, hunks):
            return None
        self.notes.extend([found.note] if found.note else [])
        return found.path

    def _writable(self, path: str, hunks: Sequence[Hunk], leaving: str = "") -> bool:
        why = targets.why_not_writable(path, self.tree, leaving)
        if why is not None:
            self._refuse(why.kind, why.reason, path, hunks)
        return why is None

    def _write(self, edit: Write) -> None:
        path = targets.tidy(edit.path)
        lines = edit.text.split("\n")
        if not self._writable(path, ()):
            return
        if path in self.tree and any(elisions.says_so(line) for line in lines):
            self._refuse("elided", "the new text leaves lines of the file out", path)
            return
        content = _in_the_style_of(self.tree.get(path), edit.text)
        if content is None:
            self._refuse("undecodable", "the new text cannot be written in the file's encoding", path)
            return
        self.whole.add(path)
        self.tree.put(path, Blob(content))

    def _delete(self, edit: Delete) -> None:
        path = targets.tidy(edit.path)
        if not self._writable(path, ()):
            return
        if path not in self.tree:
            self._refuse("missing-file", "there is no such file to delete", path)
            return
        self.whole.add(path)
        self.tree.put(path, None)

    def _remove(self, edit: Patch) -> None:
        """A diff to `/dev/null`: the file goes, unless the diff takes lines away that it does not have."""
        path = self._target(edit.hunks, edit.old)
        if path is None:
            return
        found = text.decode(self.tree[path])
        there = {rungs.bare(line) for line in found.lines} if found else set()
        gone = [row.text for hunk in edit.hunks for row in hunk.rows if row.op == "-"]
        strange = [line for line in gone if rungs.bare(line) and rungs.bare(line) not in there]
        if strange:
            self._refuse("no-place", "the file to delete does not have the removed lines", path, edit.hunks)
            return
        self.whole.add(path)
        self.tree.put(path, None)

    def _patch(self, edit: Patch) -> None:
        if edit.mode and edit.mode not in _MODES:
            self._refuse("path", "symbolic links and submodules are not written", edit.new, edit.hunks)
            return
        if edit.old == NEW_FILE or self._is_new(edit):
            self._create(edit)
            return
        source = self._target(edit.hunks, edit.old, edit.new)
        if source is None:
            return
        moved = self._destination(edit, source)
        if moved is None or (edit.copies and not self._may_copy(source, edit)):
            return
        if not edit.hunks:
            self._put(edit, source, moved, self.tree[source])
            return
        found = text.decode(self.tree[source])
        if found is None:
            self._refuse("undecodable", "the file is no text", source, edit.hunks)
            return
        if not self.tree[source] and shapes.fills(edit.hunks):
            self._create(replace(edit, old=NEW_FILE, new=source))
            return
        fitted = fit(moved, edit.hunks, found, self.habits)
        content = text.encoded(found, fitted.text)
        if content is None:
            self._refuse("undecodable", "the file's encoding has no room for the new lines", moved, edit.hunks)
            return
        self.shown.add(fitted.habits)
        self.refusals.extend(fitted.refusals)
        self.notes.extend(fitted.notes)
        self.applied.extend((moved, hunk) for hunk in fitted.applied)
        self._put(edit, source, moved, content)

    def _may_copy(self, source: str, edit: Patch) -> bool:
        if self.copied <= MOST_COPIED:
            self.copied += len(self.tree[source])
        if self.copied > MOST_COPIED:
            self._refuse("path", f"the copies come to more than {MOST_COPIED // 1_000_000} MB", edit.new, edit.hunks)
        return self.copied <= MOST_COPIED

    def _put(self, edit: Patch, source: str, moved: str, content: bytes) -> None:
        """Hold the content under its new name, with its old mode unless the edit names another."""
        mode = _MODES.get(edit.mode or "")
        if moved != source:
            mode = mode or self.tree.mode(source)
            if not edit.copies:
                self.tree.put(source, None)
            self.whole.update((source, moved))
        elif content == self.tree[source] and mode in (None, self.tree.mode(source)):
            return
        self.tree.put(moved, Blob(content, mode))

    def _destination(self, edit: Patch, source: str) -> str | None:
        """Where the patched text goes: the same path, or the one that the reply renames it to."""
        if edit.new == edit.old:
            return source
        new = edit.new if edit.moves else targets.without_side(targets.tidy(edit.new))
        old = edit.old if edit.moves else targets.without_side(targets.tidy(edit.old))
        if new in (old, source):
            return source
        if not edit.moves and (old != source or targets.same_but_for_age(old, new)):
            return source
        if not edit.moves and isinstance(targets.resolve(edit.new, self.tree, self.names), targets.Target):
            return source
        if not self._writable(new, edit.hunks, "" if edit.copies else source):
            return None
        if new in self.tree:
            self._refuse("exists", "the new name is taken", new, edit.hunks)
            return None
        return new

    def _is_new(self, edit: Patch) -> bool:
        """Whether a diff without `/dev/null` means a new file: nothing but new lines, and no such path."""
        if edit.moves or not edit.hunks or any(row.op != "+" for hunk in edit.hunks for row in hunk.rows):
            return False
        if any(hunk.start not in (None, 0, 1) for hunk in edit.hunks):
            return False
        path = targets.tidy(edit.new)
        known = path in self.tree or targets.without_side(path) in self.tree
        return not known and not path.startswith("/")

    def _create(self, edit: Patch) -> None:
        path = targets.without_side(targets.tidy(edit.new))
        rows = tuple(row for hunk in edit.hunks for row in hunk.rows if row.op != "-")
        lines = [row.text for row in rows]
        ended = not (edit.hunks and edit.hunks[-1].new_unended)
        content = text.Text(lines, ended).encode()
        if path in self.tree and self.tree[path].strip():
            if self.tree[path].split() == content.split():
                self.notes.append(f"{path}: is there already, with this very text")
                self.applied.extend((path, hunk) for hunk in edit.hunks)
                return
            self._refuse("exists", "the file exists already", path, edit.hunks)
            return
        if not self._writable(path, edit.hunks):
            return
        self.whole.add(path)
        self.tree.put(path, Blob(content, _MODES.get(edit.mode or "")))


def _in_the_style_of(before: bytes | None, new: str) -> bytes | None:
    """The new text's bytes with the line ends, byte order mark and encoding of what it replaces."""
    found = text.decode(before) if before else None
    if found is None:
        return new.encode("utf-8", "surrogateescape")
    lines = new.split("\n")
    ended = lines[-1] == ""
    lines = lines[:-1] if ended else lines
    if found.returns:
        lines = [line if line.endswith("\r") else line + "\r" for line in lines]
    if found.lines and found.lines[0].startswith(text.BOM) and lines and not lines[0].startswith(text.BOM):
        lines[0] = text.BOM + lines[0]
    return text.encoded(found, found.with_lines(lines, ended=ended))


def _grouped(edits: Sequence[Edit]) -> list[Edit]:
    """The edits with all patches of one file made one, so that their hunks can settle each other's places."""
    groups: list[list[Edit]] = []
    patches: dict[tuple[str, str], list[Edit]] = {}
    for edit in edits:
        if not isinstance(edit, Patch):
            patches.clear()
            groups.append([edit])
        elif (edit.old, edit.new) in patches:
            patches[edit.old, edit.new].append(edit)
        else:
            groups.append([edit])
            patches[edit.old, edit.new] = groups[-1]
    return [_as_one(group) for group in groups]


def _as_one(group: Sequence[Edit]) -> Edit:
    """A lone edit as it is, patches of one file as one patch."""
    patches = [edit for edit in group if isinstance(edit, Patch)]
    if len(patches) < 2:
        return group[0]
    hunks = tuple(replace(hunk, draft=draft) for draft, patch in enumerate(patches) for hunk in patch.hunks)
    mode = next((patch.mode for patch in reversed(patches) if patch.mode), None)
    moves = any(patch.moves for patch in patches)
    return replace(patches[-1], hunks=hunks, mode=mode, moves=moves)


def _common(shown: set[Habits]) -> Habits:
    """What is true of the whole reply, given what its files show."""
    conversions = {habits.conversion for habits in shown} - {None}
    conversion = conversions.pop() if len(conversions) == 1 else None
    return Habits(conversion, any(habits.unmarked for habits in shown))


def apply(edits: Sequence[Edit], tree: Tree, changes: Changes | None = None) -> Outcome:
    """Make the edits on the tree with the changes held so far; the tree itself is only read."""
    grouped = _grouped(edits)
    names = targets.Names(Overlay(tree, changes or {}))
    patcher = _Patcher(Overlay(tree, changes or {}), names)
    for edit in grouped:
        patcher.make(edit)
    habits = _common(patcher.shown)
    if habits != Habits():
        patcher = _Patcher(Overlay(tree, changes or {}), names, habits)
        for edit in grouped:
            patcher.make(edit)
    return Outcome(
        patcher.tree.changes,
        tuple(patcher.refusals),
        tuple(patcher.notes),
        frozenset(patcher.whole),
        tuple(patcher.applied),
    )
