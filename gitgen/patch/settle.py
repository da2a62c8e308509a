"""Which of several equal places a hunk means: numbers that prove right, order, or a landmark settle it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from gitgen.edits import Hunk

Key = tuple[int, int]
"""A hunk's number among those of its file, and which part of it: keys sort as the reply has the hunks."""
Places = Mapping[Key, Sequence[int]]
"""For a hunk, the 0-based lines where it fits equally well."""

_BEGINS_WORD = re.compile(r"[A-Za-z_$]")
_MOST_LANDMARKS = 30


def settle(hunks: Mapping[Key, Hunk], places: Places, lines: Sequence[str]) -> dict[Key, int]:
    """The one place of every hunk for which something decides; hunks that stay ambiguous are left out."""
    chosen = {key: at[0] for key, at in places.items() if len(at) == 1}
    _by_end(hunks, places, chosen, len(lines))
    _by_numbers(hunks, places, chosen)
    _by_order(places, chosen)
    _by_landmark(hunks, places, chosen, lines)
    _by_order(places, chosen)
    _by_repetition(hunks, places, chosen)
    return chosen


def _by_end(hunks: Mapping[Key, Hunk], places: Places, chosen: dict[Key, int], length: int) -> None:
    """Take the place at the end of the file, if the reply says that the hunk stands there."""
    for key, candidates in places.items():
        last = length - len(hunks[key].old)
        if key not in chosen and hunks[key].at_end and last in candidates:
            chosen[key] = last


def _by_numbers(hunks: Mapping[Key, Hunk], places: Places, chosen: dict[Key, int]) -> None:
    """Take the place that the header names, if the numbers that can be checked are all off by one shift."""
    proofs = {key: at for key, at in chosen.items() if hunks[key].old}
    shifts = {at + 1 - start for key, at in proofs.items() if (start := hunks[key].start) is not None}
    if len(shifts) > 1:
        return
    shift = shifts.pop() if shifts else 0
    for key, candidates in places.items():
        start = hunks[key].start
        if key not in chosen and start is not None and start - 1 + shift in candidates:
            chosen[key] = start - 1 + shift


def _by_order(places: Places, chosen: dict[Key, int]) -> None:
    """Take the only place between the neighbours, if all hunks that are placed stand in the reply's order."""
    if any(chosen[one] > chosen[other] for one, other in pairwise(sorted(chosen))):
        return
    ceilings: dict[Key, int] = {}
    ceiling = None
    for key in sorted(places, reverse=True):
        ceiling = chosen.get(key, ceiling)
        if ceiling is not None:
            ceilings[key] = ceiling
    floor = -1
    for key in sorted(places):
        if key not in chosen and (floor >= 0 or key in ceilings):
            top = ceilings.get(key)
            between = [at for at in places[key] if at > floor and (top is None or at < top)]
            if len(between) == 1:
                chosen[key] = between[0]
        floor = chosen.get(key, floor)


def _by_landmark(hunks: Mapping[Key, Hunk], places: Places, chosen: dict[Key, int], lines: Sequence[str]) -> None:
    """Take the only place that stands under the line which the header quotes."""
    marks: dict[str, list[int]] = {}
    headings: list[str] = []
    for key, candidates in places.items():
        section = hunks[key].section.strip()
        if key in chosen or not section:
            continue
        headings = headings or _headings(lines)
        under = [at for at in candidates if headings[at].startswith(section)]
        if not under and section not in marks and len(marks) < _MOST_LANDMARKS:
            marks[section] = [n for n, line in enumerate(lines) if line.strip().startswith(section)]
        if not under and len(marks.get(section, [])) == 1:
            under = [at for at in candidates if at >= marks[section][0]]
        if len(under) == 1:
            chosen[key] = under[0]


def _headings(lines: Sequence[str]) -> list[str]:
    """For every line what `git diff` would quote for a hunk there: the last line above that begins a word."""
    headings = [""]
    for line in lines:
        headings.append(line if _BEGINS_WORD.match(line) else headings[-1])
    return headings


def _by_repetition(hunks: Mapping[Key, Hunk], places: Places, chosen: dict[Key, int]) -> None:
    """Equal hunks that are just as many as their places take them in order."""
    groups: dict[object, list[Key]] = {}
    for key in places:
        if key not in chosen:
            groups.setdefault(hunks[key].rows, []).append(key)
    for keys in groups.values():
        candidates = places[keys[0]]
        if len(keys) > 1 and len(keys) == len(candidates):
            chosen.update(zip(sorted(keys), candidates, strict=True))
