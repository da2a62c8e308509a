"""All hunks of one file held against its text: placed, skipped or refused."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from gitgen.edits import Hunk
from gitgen.errors import Refusal
from gitgen.patch import rungs, settle, shapes, splice
from gitgen.patch.align import Aligner
from gitgen.patch.indent import Conversion
from gitgen.patch.nearest import nearest
from gitgen.patch.rungs import Rung, bare
from gitgen.patch.settle import Key
from gitgen.patch.splice import Habits, Match, Splice
from gitgen.patch.text import Text

_MOST_SHOWN = 8
"""For so many refused hunks of a file the nearest lines are looked up."""


@dataclass(frozen=True)
class Fitted:
    """A file after the hunks that fit, and what became of the others."""

    text: Text
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    applied: tuple[Hunk, ...]
    """The hunks that were made, and those that the file has already."""
    habits: Habits
    """What these hunks show about the reply they are from."""


def fit(path: str, hunks: Sequence[Hunk], text: Text, habits: Habits) -> Fitted:
    """The text with every hunk made that has one place; the others are refused, none is guessed."""
    fitting = _Fitting(path, hunks, text, habits)
    fitting.skip_idle()
    fitting.climb(rungs.NEAR)
    if fitting.waiting():
        fitting.skip_applied()
        fitting.climb(rungs.FAR)
        fitting.read_otherwise()
        fitting.align()
    fitting.settle()
    fitting.make()
    return fitting.result()


class _Fitting:
    """The hunks of one file on their way to a place, rung by rung."""

    def __init__(self, path: str, hunks: Sequence[Hunk], text: Text, habits: Habits) -> None:
        self.path = path
        self.habits = habits
        self.shown: set[Conversion] = set()
        self.whole = hunks
        self.text = text
        self.hunks: dict[Key, Hunk] = {(number, 0): hunk for number, hunk in enumerate(hunks)}
        self.options: dict[Key, Sequence[int]] = {}
        """Where each hunk may begin."""
        self.rungs: dict[Key, Rung] = {}
        self.loose: dict[Key, dict[int, Match]] = {}
        self.matches: dict[Key, Match] = {}
        self.parts: dict[int, int] = {}
        self.cut: set[int] = set()
        self.made = splice.Made()
        self.refusals: dict[int, Refusal] = {}
        self.notes: dict[int, str] = {}
        self.there: list[int] = []
        self._aligner: Aligner | None = None
        self._known: dict[str, bool] = {}

    @property
    def aligner(self) -> Aligner:
        self._aligner = self._aligner or Aligner(self.text.lines)
        return self._aligner

    def knows(self, line: str) -> bool:
        """Whether the file has this line, but for blanks."""
        known = self._known.get(line)
        if known is None:
            known = self._known[line] = bare(line) in self.aligner
        return known

    def waiting(self) -> list[Key]:
        """The hunks that no rung has found a place for."""
        return [key for key in sorted(self.hunks) if key not in self.options]

    def skip(self, key: Key, why: str) -> None:
        del self.hunks[key]
        self.notes[key[0]] = f"skipped, {why}"

    def refuse(self, number: int, kind: str, reason: str, places: Iterable[int] = ()) -> None:
        for part in range(self.parts.get(number, 1)):
            self.hunks.pop((number, part), None)
            self.options.pop((number, part), None)
            self.matches.pop((number, part), None)
            self.made.remove((number, part))
        hunk = self.whole[number]
        at = tuple(place + 1 for place in places)
        self.refusals.setdefault(number, Refusal(kind, reason, self.path, number + 1, hunk.old, hunk.changed, (), at))

    def skip_idle(self) -> None:
        """Leave out hunks that change nothing and repetitions; refuse what is not written out."""
        seen: set[Hunk] = set()
        for key, hunk in sorted(self.hunks.items()):
            if hunk.old == hunk.new and hunk.old_unended == hunk.new_unended:
                self.skip(key, "it changes nothing")
            elif hunk in seen and hunk.start is not None:
                self.skip(key, "it is the same as an earlier one")
            elif shapes.leaves_out(hunk, self.knows):
                self.refuse(key[0], "elided", "a new line stands for lines that are not written out")
            seen.add(hunk)

    def climb(self, ladder: Sequence[Rung]) -> None:
        """Look for every waiting hunk as a whole, rung after rung."""
        for key in self.waiting():
            if not self.hunks[key].old and (at := self._by_number_alone(self.hunks[key])) is not None:
                self.options[key], self.rungs[key] = [at], rungs.EXACT
        before: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None
        waiting, checked = [key for key in self.waiting() if self.hunks[key].old], False
        for rung in ladder:
            waiting = [key for key in waiting if key not in self.options]
            if rung is not rungs.EXACT and not checked:
                waiting, checked = [key for key in waiting if all(map(self.knows, self.hunks[key].old))], True
            if not waiting:
                return
            seen = rung.seen(self.text.lines), [rung.seen(self.hunks[key].old) for key in waiting]
            if seen == before:
                continue
            before = seen
            hints = [start - 1 if (start := self.hunks[key].start) else None for key in waiting]
            for key, places in zip(waiting, rungs.find(seen[1], seen[0], hints), strict=True):
                if places:
                    self.options[key], self.rungs[key] = places, rung

    def _by_number_alone(self, hunk: Hunk) -> int | None:
        """Where nothing but new lines go: where a header with right counts says, or into an empty file."""
        if hunk.counted and hunk.start is not None and 0 <= hunk.start <= len(self.text.lines):
            return hunk.start
        return None if any(line.strip() for line in self.text.lines) else 0

    def skip_applied(self) -> None:
        """Leave out hunks whose new side is in the file already, while their old side is not."""
        waiting = [key for key in self.waiting() if shapes.is_there(self.hunks[key])]
        waiting = [key for key in waiting if all(map(self.knows, self.hunks[key].new))]
        if not waiting:
            return
        new = [rungs.NEAR[-1].seen(self.hunks[key].new) for key in waiting]
        found = rungs.find(new, rungs.NEAR[-1].seen(self.text.lines), [None] * len(new))
        for key, places in zip(waiting, found, strict=True):
            if places:
                self.there.append(key[0])
                self.skip(key, "the file has it already")

    def read_otherwise(self) -> None:
        """Try the waiting hunks without line numbers, and cut at lines that stand for lines."""
        changed = False
        for key in self.waiting():
            hunk = self.hunks[key]
            plain = shapes.without_line_numbers(hunk, self.text.lines) or hunk
            parts = shapes.split_at_elisions(plain, self.knows)
            changed = changed or parts != [hunk]
            self.parts[key[0]] = len(parts)
            self.cut.update([key[0]] if parts != [plain] else [])
            for number, part in enumerate(parts):
                self.hunks[key[0], number] = part
        if changed:
            self.climb((*rungs.NEAR, *rungs.FAR))

    def align(self) -> None:
        """Lay what is still waiting along the file loosely; refuse what does not hold anywhere."""
        for key in self.waiting():
            if key not in self.hunks:
                continue
            hunk = self.hunks[key]
            found = self.aligner.places(hunk) if hunk.old else []
            if found:
                self.loose[key] = {match.start: match for match in found}
                self.options[key] = list(self.loose[key])
            elif hunk.changed:
                self._refuse_lost(key[0])
            else:
                del self.hunks[key]

    def _refuse_lost(self, number: int) -> None:
        missing = [row.text for row in self.whole[number].rows if row.op == "-" and not self.knows(row.text)]
        if number in self.cut:
            self.refuse(number, "elided", "lines are left out, and what is written fits in no one place")
        elif not self.whole[number].old:
            self.refuse(number, "no-place", "it has no line of the file to say where it goes")
        elif missing:
            self.refuse(number, "no-place", "it removes lines that the file does not have")
        else:
            self.refuse(number, "no-place", "the old lines do not stand together in the file")

    def settle(self) -> None:
        """Choose among several places; a hunk for which nothing decides is refused as ambiguous."""
        places = {key: starts for key, starts in self.options.items() if key in self.hunks}
        chosen = settle.settle(self.hunks, places, self.text.lines)
        for key in sorted(places):
            if key not in self.hunks:
                continue  # another part of its hunk was refused
            if key in chosen and shapes.may_begin_higher(self.hunks[key], chosen[key]):
                self.refuse(key[0], "ambiguous", "a line is left out of its context, just where the new lines go")
            elif key in chosen:
                self.matches[key] = self._match(key, chosen[key])
            elif self.hunks[key].changed:
                self.refuse(key[0], "ambiguous", "the old lines are there more than once", places[key])

    def _match(self, key: Key, at: int) -> Match:
        if key in self.loose:
            return self.loose[key][at]
        return Match(tuple(range(at, at + len(self.hunks[key].old))), self.rungs[key], at)

    def make(self) -> None:
        """Turn places into splices, and refuse what does not go together."""
        for key in sorted(self.matches):
            if key not in self.matches:
                continue
            hunk, match = self.hunks[key], self.matches[key]
            shift = splice.shift_of(hunk, match, self.text, self.habits)
            found = splice.splices(hunk, match, self.text, shift) if shift else None
            self.shown.update([shift.habit] if shift and shift.habit else [])
            if found is None:
                self.refuse(key[0], "no-place", "the old lines are there, but indented in no regular way")
            elif self.made.free(found):
                self.made.add(key, found)
            elif self.made.crowded(found):
                self.refuse(key[0], "ambiguous", "too many hunks add lines at the same place")
            elif self.made.repeats(found):
                self.skip(key, "it is the same as an earlier one")
            elif self._has_room(key, found):
                self.made.add(key, found)
            else:
                self.refuse(key[0], "ambiguous", "it changes lines that an earlier hunk changes too")

    def _has_room(self, key: Key, found: list[Splice]) -> bool:
        """Whether no other hunk changes these lines; an earlier draft of the same change gives way."""
        draft = self.hunks[key].draft
        again = {other for other in self.made.repeated_by(found) if self.hunks[other].draft < draft}
        others = self.made.clashing(found) - again
        if any(self.hunks[other].draft >= draft for other in others):
            return False
        if not all(splice.covers(found, self.made.splices[other]) for other in others):
            return False
        for other in others | again:
            self.made.remove(other)
            self.notes[other[0]] = "left aside for a later draft of it"
        return True

    def result(self) -> Fitted:
        ended, unmarked = self.text.ended, False
        for key in self.made.splices:
            hunk, match = self.hunks[key], self.matches[key]
            now = splice.ended_after(hunk, match, self.text, unmarked=self.habits.unmarked)
            ended = now if now != self.text.ended else ended
            unmarked = unmarked or splice.leaves_mark_out(hunk, match, self.text)
            if match.rung is not rungs.EXACT:
                self.notes[key[0]] = f"matched {match.rung.how}"
        every = [one for key in sorted(self.made.splices) for one in self.made.splices[key]]
        text = splice.apply(self.text, every, ended=ended) if every or ended != self.text.ended else self.text
        applied = sorted({key[0] for key in self.made.splices} | set(self.there))
        return Fitted(
            text,
            _with_nearest([self.refusals[number] for number in sorted(self.refusals)], text, every),
            tuple(f"{self.path}: hunk {number + 1} {self.notes[number]}" for number in sorted(self.notes)),
            tuple(self.whole[number] for number in applied),
            Habits(self.shown.pop() if len(self.shown) == 1 else None, unmarked),
        )


def _with_nearest(refusals: Sequence[Refusal], text: Text, made: Sequence[Splice]) -> tuple[Refusal, ...]:
    """The refusals in terms of the new text: its lines that the first are about, and its line numbers."""
    keys = [bare(line) for line in text.lines] if refusals else []
    ends = sorted((one.end, len(one.lines) - (one.end - one.start)) for one in made)
    growth = [0, *accumulate(more for _, more in ends)]

    def moved(place: int) -> int:
        return place + growth[bisect_left(ends, (place, -len(text.lines)))]

    return tuple(
        replace(
            one,
            nearest=() if one.places or number >= _MOST_SHOWN else nearest(one.old, keys, text.lines),
            places=tuple(map(moved, one.places)),
        )
        for number, one in enumerate(refusals)
    )
