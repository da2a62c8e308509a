"""The last rung: a hunk whose context is not quite the file's, laid along the file where it costs least.

Removed lines must be there. Context may have a word changed, a line too few or too many, blank lines
more or less; each costs, and the whole must stay cheap and cheaper than anywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence

from gitgen.edits import Hunk, Row
from gitgen.patch.run import Run
from gitgen.patch.rungs import FAR, Rung, bare
from gitgen.patch.splice import Match, lines_below

LOOSE = Rung("although its context differs")

_ALTERED = 0.5
_SKIPPED = 1.5
_INVENTED = 1.0
_AT_EDGE = 0.6
_BLANK = 0.1
_CLEARLY_WORSE = 1.0
_HOPELESS = 4.0
"""How much dearer than the best so far a way may be before it is given up."""
_BAND = 12
_MOST_ANCHORS = 24
_MOST_CELLS = 50_000
_ALIKE = 0.6


class Aligner:
    """Finds loose places in one file; gives up once it has worked enough for any honest reply."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._keys = FAR[-1].seen(lines)
        self._index: dict[str, list[int]] = {}
        for number, key in enumerate(self._keys):
            self._index.setdefault(key, []).append(number)
        self._cells = 0

    def __contains__(self, key: str) -> bool:
        return key in self._index

    def places(self, hunk: Hunk) -> list[Match]:
        """The cheapest places of the hunk, none of them clearly better than the others."""
        old = [(row, bare(row.text)) for row in hunk.rows if row.op != "+"]
        anchors = self._anchors(old)
        tried = [self._along(old, number, at) for number, positions in anchors for at in positions]
        found = [match for match in tried if match is not None]
        found = [match for match in found if self._holds(hunk, match)]
        best = min((match.cost for match in found), default=0.0)
        close = [match for match in found if match.cost < best + _CLEARLY_WORSE]
        distinct = {_effect(hunk, match): match for match in sorted(close, key=lambda match: -match.cost)}
        return sorted(distinct.values(), key=lambda match: (match.start, -match.cost))

    def _anchors(self, old: Sequence[tuple[Row, str]]) -> list[tuple[int, list[int]]]:
        """The old rows that stand in the fewest places; none where a removed line is nowhere."""
        known = []
        for number, (row, key) in enumerate(old):
            positions = self._index.get(key, []) if key else []
            if key and row.op == "-" and not positions:
                return []
            if 0 < len(positions) <= _MOST_ANCHORS:
                known.append((len(positions), row.op != "-", number, positions))
        rarest = sorted(known)[:1] + sorted(one for one in known if one[1])[:1]
        return [(number, positions) for _, _, number, positions in rarest]

    def _along(self, old: Sequence[tuple[Row, str]], number: int, at: int) -> Match | None:
        """The cheapest alignment that has row `number` on line `at`."""
        after = self._walk(old[number + 1 :], at + 1, 1)
        before = self._walk(old[:number][::-1], at - 1, -1)
        if after is None or before is None:
            return None
        places = (*before[1][::-1], at, *after[1])
        cost = before[0] + after[0]
        sure = [number for number, (_, key) in enumerate(old) if key and places[number] is not None]
        dropped = [number for number, (_, key) in enumerate(old) if key and places[number] is None]
        unique = any(old[n][0].op == "-" and len(self._index[old[n][1]]) == 1 for n in sure)
        if cost > 0.5 + (0.7 if unique else 0.45) * len(sure):
            return None
        if sum(sure[0] < n < sure[-1] for n in dropped) > 1 or (len(dropped) > 2 and not unique):
            return None
        start = next(one for one in places if one is not None)
        return Match(places, LOOSE, start, cost)

    def _walk(
        self, rows: Sequence[tuple[Row, str]], start: int, step: int
    ) -> tuple[float, tuple[int | None, ...]] | None:
        """The cheapest way to lay the rows along the lines from `start` on, in one direction."""
        trails: dict[int, _Trail] = {start: None}
        costs: dict[int, float] = {start: 0.0}
        rest = _edge_costs(rows)
        best: tuple[float, _Trail, int] | None = (rest[0], None, 0) if rest[0] is not None else None
        for number, (row, key) in enumerate(rows):
            costs, trails = self._skips(costs, trails, step)
            costs, trails = self._row(row, key, costs, trails, step)
            if self._cells > _MOST_CELLS:
                return None
            if not costs:
                break
            edge = rest[number + 1]
            if edge is not None:
                at, cost = min(costs.items(), key=lambda item: item[1])
                if best is None or cost + edge < best[0]:
                    best = cost + edge, trails[at], number + 1
        if best is None:
            return None
        return best[0], _unwound(best[1], len(rows))

    def _skips(
        self, costs: dict[int, float], trails: dict[int, _Trail], step: int
    ) -> tuple[dict[int, float], dict[int, _Trail]]:
        """Where one stands after leaving lines of the file out."""
        low = min(costs.values())
        costs = {at: cost for at, cost in costs.items() if cost <= low + _HOPELESS}
        reached, ways = dict(costs), {at: trails[at] for at in costs}
        for at in sorted(costs, reverse=step < 0):
            cost = costs[at]
            trail = trails[at]
            here = at
            for _ in range(_BAND):
                self._cells += 1
                if not 0 <= here < len(self._keys):
                    break
                cost += _SKIPPED if self._keys[here] else _BLANK
                here += step
                if cost > low + _HOPELESS:
                    break
                # On a tie the later skip wins, so that rows which follow each other stay together.
                if cost <= reached.get(here, 1e9):
                    reached[here], ways[here] = cost, trail
        return reached, ways

    def _row(
        self, row: Row, key: str, costs: dict[int, float], trails: dict[int, _Trail], step: int
    ) -> tuple[dict[int, float], dict[int, _Trail]]:
        """Where one stands after this row: on a line like it, or with the row left out."""
        reached: dict[int, float] = {}
        ways: dict[int, _Trail] = {}

        def reach(at: int, cost: float, trail: _Trail, line: int | None) -> None:
            if cost < reached.get(at, 1e9):
                reached[at], ways[at] = cost, (line, trail)

        for at, cost in costs.items():
            self._cells += 1
            theirs = self._keys[at] if 0 <= at < len(self._keys) else None
            if theirs is not None and theirs == key:
                reach(at + step, cost, trails[at], at)
            elif row.op == " " and key and theirs and _alike(key, theirs):
                reach(at + step, cost + _ALTERED, trails[at], at)
            if not key:
                reach(at, cost + _BLANK, trails[at], None)
            elif row.op == " ":
                reach(at, cost + _INVENTED, trails[at], None)
        return reached, ways

    def _holds(self, hunk: Hunk, match: Match) -> bool:
        """Whether every run of changed lines has one place: on lines that touch, or between such."""
        keys = self._keys
        places = iter(match.at)
        run = Run()
        before: int | None = None
        lost: str | None = None
        altered: set[str] = set()
        for row in (*hunk.rows, Row(" ", "\0")):
            if row.op != " " and run.empty:
                run = Run(before, self._elsewhere(lost), altered=altered)
            if row.op == "+":
                run.added.append(bare(row.text))
                continue
            at = next(places, None)
            if row.op == "-":
                run.mixed = run.mixed or bool(run.added)
                run.removed += [at] if at is not None else []
                run.taken.add(bare(row.text))
            elif at is not None or row.text.strip():
                altered = {keys[at]} if at is not None and keys[at] != bare(row.text) else set()
                run.altered = run.altered | altered
                run.lost_below = at is None and self._elsewhere(bare(row.text))
                if at is None and bare(row.text) in run.taken:
                    return False  # removed and kept at once, where the file has it once
                if not run.has_one_place(at, row.text == "\0", keys, self._only_here):
                    return False
                run = Run()
            before, lost = (at, None) if at is not None else (before, bare(row.text) or lost)
        return True

    def _only_here(self, at: int) -> bool:
        """Whether the line at this place, which is not blank, stands nowhere else in the file."""
        return len(self._index[self._keys[at]]) == 1 and self._keys[at] != ""

    def _elsewhere(self, lost: str | None) -> bool:
        """Whether a context row that is not where it should be is a line of the file all the same."""
        return lost is not None and len(lost) > 3 and lost in self._index


def _effect(hunk: Hunk, match: Match) -> tuple[int, ...]:
    """For every changed row the line that it changes: ways that differ in context alone are one place."""
    changed: list[int] = []
    places = iter(match.at)
    below = lines_below(hunk, match)
    cursor = match.start
    for number, row in enumerate(hunk.rows):
        cursor = below.get(number, cursor)
        at = next(places) if row.op != "+" else None
        if row.op != " ":
            changed.append(cursor if at is None else at)
        cursor = cursor if at is None else at + 1
    return tuple(changed)


_Trail = tuple[int | None, "_Trail"] | None
"""The lines that the rows so far stand on, the last first."""


def _unwound(trail: _Trail, length: int) -> tuple[int | None, ...]:
    lines: list[int | None] = []
    while trail is not None:
        line, trail = trail
        lines.append(line)
    lines.reverse()
    return (*lines, *([None] * (length - len(lines))))


def _edge_costs(rows: Sequence[tuple[Row, str]]) -> list[float | None]:
    """What it costs to do without the rows from each on; None where a removed line is among them."""
    costs: list[float | None] = [0.0]
    for row, key in reversed(rows):
        last = costs[-1]
        costs.append(None if last is None or (row.op == "-" and key) else last + (_AT_EDGE if key else _BLANK))
    return costs[::-1]


def _alike(mine: str, theirs: str) -> bool:
    """Whether one line can be the other with a word changed: most of it, from both ends, is the same."""
    longest, shortest = max(len(mine), len(theirs)), min(len(mine), len(theirs))
    if shortest < _ALIKE * longest:
        return False
    head = next((n for n in range(shortest) if mine[n] != theirs[n]), shortest)
    rest = shortest - head
    tail = next((n for n in range(rest) if mine[-1 - n] != theirs[-1 - n]), rest)
    return head + tail >= _ALIKE * longest
