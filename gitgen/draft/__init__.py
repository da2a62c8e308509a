"""A step while its replies come in: what fits is held in memory, what does not is asked for again."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from gitgen import patch, reply
from gitgen.draft import again, guard
from gitgen.draft.sections import declined
from gitgen.edits import Edit, Patch, Row
from gitgen.errors import Refusal, Rejected
from gitgen.patch import Outcome
from gitgen.patch.overlay import Overlay
from gitgen.paths import LONGEST_PATH
from gitgen.values import EXECUTABLE, Blob, Changes, Tree

MAY_DECLINE = "may_decline"
"""The input of a step by which a reply may say that nothing is to be changed."""
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
    allowed: tuple[str, ...] | None = None
    """Where paths are guarded, the patterns of those that may be touched all the same."""
    reference: tuple[str, ...] = ()
    """The paths that were given to be read only."""
    may_decline: bool = False
    """Whether a reply may say that nothing is to be changed."""
    declined: str = ""
    """The reason that it gave."""

    @staticmethod
    def of(parent: Tree, inputs: Mapping[str, Any]) -> Draft:
        """The draft that a step begins with: what its chat's inputs guard and allow is part of how replies are read."""
        return Draft(
            parent,
            allowed=guard.allowed_by(inputs),
            reference=guard.reference_in(inputs),
            may_decline=bool(inputs.get(MAY_DECLINE)),
        )

    def read(self, text: str) -> Draft:
        """The draft with one more reply on top; nothing of this one is lost or changed."""
        if self.may_decline and not self.changes and (reason := declined(text)):
            return replace(self, refusals=(), declined=reason)
        with _collector_at_rest():
            reading = reply.read(text)
            outcome = patch.apply(tuple(_not_held(reading.edits, self.held)), self.parent, self.changes)
            changes, forbidden = guard.held_back(
                dict(_effect(outcome.changes, self.parent)), self.allowed, self.reference
            )
            left_alone = {refusal.path for refusal in forbidden}
            fresh = reading.refusals + outcome.refusals + forbidden
            left = tuple(_not_settled(self.refusals, outcome, failed=bool(fresh)))
            return Draft(
                self.parent,
                MappingProxyType(changes),
                tuple(dict.fromkeys(left + fresh)),
                tuple(dict.fromkeys(self.notes + reading.notes + outcome.notes)),
                self.held | {(path, hunk.rows) for path, hunk in outcome.applied if path not in left_alone},
                self.allowed,
                self.reference,
                self.may_decline,
            )


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """A reply becomes very many small values without a cycle, which Python's collector would walk over and over."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _not_held(edits: tuple[Edit, ...], held: frozenset[tuple[str, tuple[Row, ...]]]) -> Iterable[Edit]:
    """The edits without the hunks that an earlier reply of the same talk has put in place."""
    there: dict[str, set[tuple[Row, ...]]] = {}
    for path, rows in held:
        there.setdefault(path, set()).add(rows)
    return (left for edit in edits if (left := _without(edit, there))) if held else edits


def _without(edit: Edit, there: Mapping[str, set[tuple[Row, ...]]]) -> Edit | None:
    """The edit without the hunks that are there, under its path or the end of it; None where nothing is left."""
    if not isinstance(edit, Patch) or not edit.hunks:
        return edit
    ends = {path for name in (edit.old, edit.new) for path in _ends(name)}
    known = set().union(*(there.get(path, ()) for path in ends))
    hunks = tuple(hunk for hunk in edit.hunks if hunk.rows not in known)
    return replace(edit, hunks=hunks) if hunks or edit.mode or edit.moves or edit.copies else None


def _ends(name: str) -> Iterator[str]:
    """The path and what is left of it without its first folders."""
    while 0 < len(name) <= LONGEST_PATH:
        yield name
        name = name.partition("/")[2]


def _effect(changes: Changes, parent: Tree) -> Iterator[tuple[str, Blob | None]]:
    """The changes that really change the tree; a new file that names its interpreter becomes executable."""
    modes = Overlay(parent, {})
    for path, blob in changes.items():
        before = modes.mode(path)
        if blob is not None and blob.mode is None and before is None and blob.content.startswith(b"#!"):
            blob = replace(blob, mode=EXECUTABLE)
        if blob is None and before is None:
            continue
        if blob is None or before is None or blob.mode not in (None, before) or blob.content != parent[path]:
            yield path, blob


def _not_settled(outstanding: tuple[Refusal, ...], outcome: Outcome, *, failed: bool) -> Iterator[Refusal]:
    """The earlier refusals that the reply behind this outcome does not really cover."""
    if not outstanding:
        return
    asked = Counter(one.path for one in outstanding)
    applied = Counter(path for path, _ in outcome.applied)
    made: dict[str, set[str]] = {}
    for path, hunk in outcome.applied:
        made.setdefault(path, set()).update(hunk.changed)
    anywhere = set().union(*made.values())
    for old in outstanding:
        if old.kind == guard.KIND:
            settled = not failed  # It can only be left out.
        elif old.kind in _OF_NO_FILE and not old.path:
            settled = not failed and bool(outcome.applied or outcome.whole)
        else:
            settled = old.path in outcome.whole or applied[old.path] >= asked[old.path]
        # Where the name itself was wrong, the right one is another.
        here = anywhere if old.kind in _OF_THE_NAME else made.get(old.path, set())
        if not settled and not _covers(here, old):
            yield old


def _covers(made: set[str], old: Refusal) -> bool:
    """Whether half of what a refused hunk wanted to add, or else to remove, is among the lines made now."""
    telling = [line for line in old.changed if re.search(r"\w", line)]
    wanted = {line for line in telling if line.startswith("+")} or set(telling)
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
