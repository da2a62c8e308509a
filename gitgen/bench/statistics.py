"""Is it more than noise? Pure functions on counts and pairs."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb, sqrt

_Z = 1.959964
"""The standard deviations that hold 95 % of a normal distribution."""


def wilson(passed: int, total: int) -> tuple[float, float]:
    """The bounds of a share, with 95 % confidence (Wilson's score interval, 1927); all of 0 to 1 for no trial."""
    if not total:
        return 0.0, 1.0
    share, square = passed / total, _Z * _Z
    centre = share + square / (2 * total)
    off = _Z * sqrt(share * (1 - share) / total + square / (4 * total * total))
    whole = 1 + square / total
    return max(0.0, (centre - off) / whole), min(1.0, (centre + off) / whole)


def two_sided(one: int, other: int) -> float:
    """How likely a fair coin is to fall at least as unevenly as this (exact binomial test, two-sided).

    Of pairs that differ it is McNemar's exact test where they passed or failed, the sign test where they are numbers.
    """
    total, fewer = one + other, min(one, other)
    as_uneven: int = sum(comb(total, count) for count in range(fewer + 1))
    return min(1.0, 2 * as_uneven / (1 << total))


def signs(pairs: Iterable[tuple[float, float]]) -> tuple[int, int]:
    """In how many pairs the first is the smaller, and in how many the second."""
    known = list(pairs)
    return sum(first < second for first, second in known), sum(second < first for first, second in known)
