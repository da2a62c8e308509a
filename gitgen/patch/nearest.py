"""The part of a file that a hunk without a place most likely means."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from gitgen.patch.rungs import bare

_AROUND = 2
_MOST_LINES = 24
_TOO_LONG = 10_000
"""In a file of so many lines nobody looks for words."""
_COMMON = 20
"""A line that stands in more places than this says nothing about the place."""


def nearest(old: Sequence[str], keys: Sequence[str], lines: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Numbered lines where most of the old side stands; `keys` are the lines' `bare` forms."""
    start = _by_lines(old, keys)
    if start is None:
        start = _by_words(old, lines)
    if start is None:
        return ()
    first = max(0, start - _AROUND)
    last = min(len(lines), start + len(old) + _AROUND, first + _MOST_LINES)
    return tuple((number + 1, lines[number].removesuffix("\r")) for number in range(first, last))


def _by_lines(old: Sequence[str], keys: Sequence[str]) -> int | None:
    """Where the hunk begins in the eyes of most of its lines; a line that is rare has more of a say."""
    offsets: dict[str, list[int]] = {}
    for number, text in enumerate(old):
        if any(letter.isalnum() for letter in text):
            offsets.setdefault(bare(text), []).append(number)
    stands: dict[str, list[int]] = {key: [] for key in offsets}
    for number, key in enumerate(keys):
        if key in stands and len(stands[key]) <= _COMMON:
            stands[key].append(number)
    votes: Counter[int] = Counter()
    for key, places in stands.items():
        if 0 < len(places) <= _COMMON:
            for place in places:
                votes[place - offsets[key][0]] += 1000 // len(places)
    return max(0, min(votes, key=lambda start: (-votes[start], start))) if votes else None


def _by_words(old: Sequence[str], lines: Sequence[str]) -> int | None:
    """Where the line stands that shares most words with the hunk's longest line."""
    longest = max(old, key=len, default="") if len(lines) < _TOO_LONG else ""
    wanted = set(re.findall(r"\w{3,}", longest))
    if not wanted:
        return None
    best = 0.0, -1
    for number in {number for word in wanted for number, line in enumerate(lines) if word in line}:
        words = set(re.findall(r"\w{3,}", lines[number]))
        alike = len(wanted & words) / len(wanted | words) if words else 0.0
        best = max(best, (alike, -number - 1))
    return max(0, -best[1] - 1 - list(old).index(longest)) if best[0] > 0.3 else None
