"""Which of several equal places a hunk means: numbers that prove right, order, or a landmark settle it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from gitgen.edits import Hunk

Key = tuple[int, int]
"""A hunk's number among those of its file, and which part of it: keys sort as the reply has the hunks."""
Places = dict[Key, list[int]]
"""For a hunk, the 0-based lines where it fits equally well."""


def settle(hunks: Mapping[Key, Hunk], places: Places, lines: Sequence[str]) -> dict[Key, int]:
    """The one place of every hunk for which something decides; hunks that stay ambiguous are left out."""
    chosen = {key: at[0] for key, at in places.items() if len(at) == 1}
    _by_numbers(hunks, places, chosen)
    _by_order(places, chosen)
    _by_landmark(hunks, places, chosen, lines)
    _by_order(places, chosen)
    _by_repetition(hunks, places, chosen)
    return chosen


def _by_numbers(hunks: Mapping[Key, Hunk], places: Places, chosen: dict[Key, int]) -> None:
    """Take the place that the header names, if the numbers that can be checked are all off by one shift."""
    shifts = {at + 1 - start for key, at in chosen.items() if (start := hunks[key].start) is not None}
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
    for key in sorted(set(places) - set(chosen)):
        floor = max((chosen[other] for other in chosen if other < key), default=-1)
        ceiling = min((chosen[other] for other in chosen if other > key), default=None)
        if floor < 0 and ceiling is None:
            continue
        between = [at for at in places[key] if at > floor and (ceiling is None or at < ceiling)]
        if len(between) == 1:
            chosen[key] = between[0]


def _by_landmark(hunks: Mapping[Key, Hunk], places: Places, chosen: dict[Key, int], lines: Sequence[str]) -> None:
    """Take the only place that stands under the line which the header quotes."""
    for key, candidates in places.items():
        section = hunks[key].section.strip()
        if key in chosen or not section:
            continue
        under = [at for at in candidates if _heading(lines, at).startswith(section)]
        if not under:
            marks = [n for n, line in enumerate(lines) if line.strip().startswith(section)]
            under = [at for at in candidates if len(marks) == 1 and at >= marks[0]]
        if len(under) == 1:
            chosen[key] = under[0]


def _heading(lines: Sequence[str], at: int) -> str:
    """The line that `git diff` would quote for a hunk here: the last one above that begins with a letter."""
    return next((lines[n] for n in range(at - 1, -1, -1) if re.match(r"[A-Za-z_$]", lines[n])), "")


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
