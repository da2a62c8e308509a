"""Runs taken in turns, so that whatever else the machine does meets all contenders alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Contender:
    """Something to time: `prepare` goes before each run and is not timed."""

    name: str
    run: Callable[[], object]
    prepare: Callable[[], object] = lambda: None
    limit: float | None = None
    """Seconds that it should stay under."""
    share: float | None = None
    """The part of the reference's time that it should stay under."""


@dataclass(frozen=True)
class Row:
    """What was measured of a contender; `ratio` is to the reference, the first contender of its race."""

    contender: Contender
    seconds: float
    ratio: float

    @property
    def verdict(self) -> str:
        """The target and whether it was met, or an empty string where there is none."""
        targets, met = [], True
        if self.contender.limit is not None:
            targets.append(f"under {self.contender.limit * 1000:.0f} ms")
            met = self.seconds < self.contender.limit
        if self.contender.share is not None:
            targets.append(f"under x {self.contender.share:.2f}")
            met = met and self.ratio < self.contender.share
        return f"{', '.join(targets)}: {'met' if met else 'missed'}" if targets else ""


def race(contenders: Sequence[Contender], runs: int) -> list[Row]:
    """Run the contenders in turns, A B A B, after one round that does not count; the median of each."""
    times: list[list[float]] = [[] for _ in contenders]
    for number in range(runs + 1):
        for contender, own in zip(contenders, times, strict=True):
            contender.prepare()
            began = time.perf_counter()
            contender.run()
            if number:
                own.append(time.perf_counter() - began)
    return [
        # Rounds are compared one by one: a slow spell of the machine then weighs on both sides.
        Row(contender, median(own), median(mine / reference for mine, reference in zip(own, times[0], strict=True)))
        for contender, own in zip(contenders, times, strict=True)
    ]
