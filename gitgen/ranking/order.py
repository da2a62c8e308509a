"""In which order files are offered to a budget: whoever pays for a large file pays with several small ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

FIRST = 1
"""So many of the best keep their place whatever they cost: what a text is about is shown."""
TOP, TOP_POWER = 5, 0.15
"""The next ones, up to this place, change it among themselves: for a much cheaper one of much the same score."""
REST_POWER = 0.5
"""Further down scores lie close together, and tell less than costs do."""
LEAST = 400
"""Terms, about 900 tokens; what costs less than this is as good as free."""


def by_worth(ranked: Sequence[T], score: Callable[[T], float], cost: Callable[[T], int]) -> list[T]:
    """Files that come best first, ordered anew by what each is worth for what it costs, in terms of its text."""

    def worth(power: float) -> Callable[[T], float]:
        return lambda file: -score(file) / max(cost(file), LEAST) ** power

    top, rest = ranked[FIRST:TOP], ranked[TOP:]
    return [*ranked[:FIRST], *sorted(top, key=worth(TOP_POWER)), *sorted(rest, key=worth(REST_POWER))]
