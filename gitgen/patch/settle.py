"""Which of several equal places a hunk means: settled by numbers that prove right, by order, by its landmark."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitgen.edits import Hunk

Places = dict[int, list[int]]
"""For the number of a hunk, the 0-based lines where it fits equally well."""


def settle(hunks: Sequence[Hunk], places: Places, lines: Sequence[str]) -> dict[int, int]:
    """The one place of every hunk for which something decides; hunks that stay ambiguous are left out."""
    chosen = {number: at[0] for number, at in places.items() if len(at) == 1}
    _by_numbers(hunks, places, chosen)
    _by_order(places, chosen)
    _by_landmark(hunks, places, chosen, lines)
    _by_order(places, chosen)
    _by_repetition(hunks, places, chosen)
    return chosen


def _by_numbers(hunks: Sequence[Hunk], places: Places, chosen: dict[int, int]) -> None:
    """Take the place that the header names, if all numbers that can be checked are off by one common shift."""
    shifts = {at + 1 - start for number, at in chosen.items() if (start := hunks[number].start) is not None}
    if len(shifts) > 1:
        return
    shift = shifts.pop() if shifts else 0
    for number, candidates in places.items():
        start = hunks[number].start
        if number not in chosen and start is not None and start - 1 + shift in candidates:
            chosen[number] = start - 1 + shift


def _by_order(places: Places, chosen: dict[int, int]) -> None:
    """Take the only place between the neighbours, if all hunks that are placed stand in the reply's order."""
    if sorted(chosen.values()) != [chosen[number] for number in sorted(chosen)]:
        return
    for number in sorted(set(places) - set(chosen)):
        floor = max((chosen[other] for other in chosen if other < number), default=-1)
        ceiling = min((chosen[other] for other in chosen if other > number), default=None)
        if floor < 0 and ceiling is None:
            continue
        between = [at for at in places[number] if at > floor and (ceiling is None or at < ceiling)]
        if len(between) == 1:
            chosen[number] = between[0]


def _by_landmark(hunks: Sequence[Hunk], places: Places, chosen: dict[int, int], lines: Sequence[str]) -> None:
    """Take the only place that stands under the line which the header quotes."""
    for number, candidates in places.items():
        section = hunks[number].section.strip()
        if number in chosen or not section:
            continue
        under = [at for at in candidates if _heading(lines, at).startswith(section)]
        if not under:
            marks = [n for n, line in enumerate(lines) if line.strip().startswith(section)]
            under = [at for at in candidates if len(marks) == 1 and at >= marks[0]]
        if len(under) == 1:
            chosen[number] = under[0]


def _heading(lines: Sequence[str], at: int) -> str:
    """The line that `git diff` would quote for a hunk here: the last one above that begins with a letter."""
    return next((lines[n] for n in range(at - 1, -1, -1) if re.match(r"[A-Za-z_$]", lines[n])), "")


def _by_repetition(hunks: Sequence[Hunk], places: Places, chosen: dict[int, int]) -> None:
    """Equal hunks that are just as many as their places take them in order."""
    groups: dict[object, list[int]] = {}
    for number in places:
        if number not in chosen:
            groups.setdefault(hunks[number].rows, []).append(number)
    for numbers in groups.values():
        candidates = places[numbers[0]]
        if len(numbers) > 1 and len(numbers) == len(candidates):
            chosen.update(zip(sorted(numbers), candidates, strict=True))
