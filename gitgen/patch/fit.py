"""All hunks of one file held against its text: placed, skipped or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gitgen.edits import Hunk
from gitgen.errors import Refusal
from gitgen.patch import rungs, settle, splice
from gitgen.patch.splice import Match, Splice
from gitgen.patch.text import Text


@dataclass(frozen=True)
class Fitted:
    """A file after the hunks that fit, and what became of the others."""

    text: Text
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    applied: tuple[Hunk, ...]


@dataclass
class _Fit:
    """The hunks of one file on their way to a place."""

    path: str
    text: Text
    hunks: Sequence[Hunk]
    open: set[int] = field(default_factory=set)
    matches: dict[int, Match] = field(default_factory=dict)
    refusals: dict[int, Refusal] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    made: dict[int, list[Splice]] = field(default_factory=dict)

    def skip(self, number: int, why: str) -> None:
        self.open.discard(number)
        self.notes.append(f"{self.path}: hunk {number + 1} skipped, {why}")

    def refuse(self, number: int, kind: str, reason: str, places: Sequence[int] = ()) -> None:
        self.open.discard(number)
        hunk = self.hunks[number]
        self.refusals[number] = Refusal(
            kind, reason, self.path, number + 1, hunk.old, hunk.changed, (), tuple(at + 1 for at in places)
        )


def fit(path: str, hunks: Sequence[Hunk], text: Text) -> Fitted:
    """The text with every hunk made that has one place; the others are refused, none is guessed."""
    state = _Fit(path, text, hunks, set(range(len(hunks))))
    _skip_idle(state)
    _climb(state)
    for number in sorted(state.open):
        state.refuse(number, "no-place", "the old lines are not in the file")
    _make(state)
    return _result(state)


def _skip_idle(state: _Fit) -> None:
    seen: dict[Hunk, int] = {}
    for number, hunk in enumerate(state.hunks):
        if hunk.old == hunk.new and hunk.old_unended == hunk.new_unended:
            state.skip(number, "it changes nothing")
        elif hunk in seen:
            if hunk.start is not None:
                state.skip(number, "it is the same as an earlier one")
        seen.setdefault(hunk, number)


def _climb(state: _Fit) -> None:
    """Try rung after rung for the hunks that have no place yet."""
    places: settle.Places = {}
    reached: dict[int, rungs.Rung] = {}
    for number in sorted(state.open):
        if not state.hunks[number].old:
            places[number] = _by_number_alone(state.hunks[number], state.text)
            reached[number] = rungs.EXACT
    for rung in rungs.LADDER:
        waiting = [number for number in sorted(state.open) if not places.get(number)]
        if not waiting:
            break
        found = rungs.find([state.hunks[number].old for number in waiting], state.text.lines, rung)
        for number, at in zip(waiting, found, strict=True):
            if at:
                places[number], reached[number] = at, rung
    places = {number: at for number, at in places.items() if at}
    chosen = settle.settle(state.hunks, places, state.text.lines)
    for number, at in chosen.items():
        size = len(state.hunks[number].old)
        state.matches[number] = Match(tuple(range(at, at + size)), reached[number], at)
        state.open.discard(number)
    for number in set(places) - set(chosen):
        state.refuse(number, "ambiguous", "the old lines are there more than once", places[number])


def _by_number_alone(hunk: Hunk, text: Text) -> list[int]:
    """Where a hunk of nothing but new lines goes: an empty file, or where a header with right counts says."""
    if not any(line.strip() for line in text.lines):
        return [len(text.lines)]
    if hunk.counted and hunk.start is not None and 0 <= hunk.start <= len(text.lines):
        return [hunk.start]
    return []


def _make(state: _Fit) -> None:
    """Turn places into splices, and refuse what does not go together."""
    for number in sorted(state.matches):
        hunk = state.hunks[number]
        found = splice.splices(hunk, state.matches[number], state.text)
        if found is None:
            state.refuse(number, "no-place", "the old lines are there, but indented in no regular way")
        elif any(splice.clash(found, other) for other in state.made.values()):
            state.refuse(number, "ambiguous", "it changes lines that an earlier hunk changes too")
        else:
            state.made[number] = found


def _result(state: _Fit) -> Fitted:
    ended = state.text.ended
    for number in state.made:
        hunk, match = state.hunks[number], state.matches[number]
        last = max((at for at in match.at if at is not None), default=match.start - 1)
        if last == len(state.text.lines) - 1 and (hunk.old_unended or hunk.new_unended):
            ended = not hunk.new_unended
        if match.rung is not rungs.EXACT:
            state.notes.append(f"{state.path}: hunk {number + 1} matched {match.rung.how}")
    every = [one for number in sorted(state.made) for one in state.made[number]]
    text = splice.apply(state.text, every, ended=ended) if every or ended != state.text.ended else state.text
    refusals = tuple(state.refusals[number] for number in sorted(state.refusals))
    return Fitted(
        text, refusals, tuple(state.notes), tuple(state.hunks[number] for number in sorted(state.made))
    )
