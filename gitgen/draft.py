"""A step while its replies come in: what fits is held in memory, what does not is asked for again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from gitgen import again, patch, reply
from gitgen.edits import Edit, Patch, Row
from gitgen.errors import Refusal, Rejected
from gitgen.patch import Outcome
from gitgen.patch.overlay import Overlay
from gitgen.values import EXECUTABLE, Blob, Changes, Tree, mode_of

_OF_NO_FILE = ("no-files", "no-name", "cut-off")
_OF_THE_NAME = ("path", "missing-file", "exists")


@dataclass(frozen=True)
class Draft:
    """A tree and what the replies read so far make of it; a step may land only when no refusal is left."""

    parent: Tree
    changes: Changes = field(default_factory=lambda: MappingProxyType({}))
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    held: frozenset[tuple[str, tuple[Row, ...]]] = frozenset()
    """The hunks that are in `changes`, with their paths: a reply that repeats one does not ask for it twice."""

    def read(self, text: str) -> Draft:
        """The draft with one more reply on top; nothing of this one is lost or changed."""
        reading = reply.read(text)
        outcome = patch.apply(tuple(_not_held(reading.edits, self.held)), self.parent, self.changes)
        fresh = reading.refusals + outcome.refusals
        left = tuple(old for old in self.refusals if not _settled(old, self.refusals, outcome, bool(fresh)))
        return Draft(
            self.parent,
            MappingProxyType(dict(_effect(outcome.changes, self.parent))),
            tuple(dict.fromkeys(left + fresh)),
            self.notes + reading.notes + outcome.notes,
            self.held | {(path, hunk.rows) for path, hunk in outcome.applied},
        )


def _not_held(edits: tuple[Edit, ...], held: frozenset[tuple[str, tuple[Row, ...]]]) -> Iterator[Edit]:
    """The edits without the hunks that an earlier reply of the same talk has put in place."""
    for edit in edits:
        if not isinstance(edit, Patch) or not edit.hunks:
            yield edit
            continue
        spelled = ("/" + edit.old, "/" + edit.new)
        there = {rows for path, rows in held if any(name.endswith("/" + path) for name in spelled)}
        hunks = tuple(hunk for hunk in edit.hunks if hunk.rows not in there)
        if hunks or edit.mode or edit.moves or edit.copies:
            yield replace(edit, hunks=hunks)


def _effect(changes: Changes, parent: Tree) -> Iterator[tuple[str, Blob | None]]:
    """The changes that really change the tree; a new file that names its interpreter becomes executable."""
    for path, blob in changes.items():
        before = mode_of(parent, path)
        if blob is not None and blob.mode is None and before is None and blob.content.startswith(b"#!"):
            blob = replace(blob, mode=EXECUTABLE)
        if blob is None and before is None:
            continue
        if blob is None or before is None or blob.mode not in (None, before) or blob.content != parent[path]:
            yield path, blob


def _settled(old: Refusal, outstanding: tuple[Refusal, ...], outcome: Outcome, failed: bool) -> bool:
    """Whether the reply behind this outcome really covers an earlier refusal."""
    if old.kind in _OF_NO_FILE and not old.path:
        return not failed and bool(outcome.applied or outcome.whole)
    if old.path in outcome.whole:
        return True
    here = [hunk for path, hunk in outcome.applied if path == old.path]
    if here and len(here) >= sum(one.path == old.path for one in outstanding):
        return True
    return _covered(old, outcome)


def _covered(old: Refusal, outcome: Outcome) -> bool:
    """Whether half of what a refused hunk wanted to add (or else to remove) was now made, where it belongs."""
    telling = [line for line in old.changed if re.search(r"\w", line)]
    wanted = {line for line in telling if line.startswith("+")} or set(telling)
    # Where the name itself was wrong, the right one is another.
    anywhere = old.kind in _OF_THE_NAME
    made = {line for path, hunk in outcome.applied if anywhere or path == old.path for line in hunk.changed}
    return 0 < len(wanted) <= 2 * len(wanted & made)


def apply_reply(text: str, tree: Tree) -> Mapping[str, bytes]:
    """The tree after the reply's edits; raises `Rejected`, and then nothing of the reply is applied."""
    draft = Draft(tree).read(text)
    if draft.refusals:
        raise Rejected(draft.refusals, draft.notes)
    return Overlay(tree, draft.changes)


def ask_again(draft: Draft) -> str:
    """What to tell the model: the edits that did not fit, and the lines of the files that they must fit."""
    return again.ask(draft.refusals, Overlay(draft.parent, draft.changes), kept=bool(draft.changes))
