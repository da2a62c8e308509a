"""The tokens of a session as the shapes of a chart: numbers in, coordinates of an SVG out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from gitgen.record import Usage
from gitgen.report.values import Entry

HEIGHT = 100
"""Of every chart; its width is a unit for each step."""
FEWEST = 8
"""A chart is as wide as if it had at least so many steps, so that a few do not become walls."""
SERIES = ("cached", "prompt", "completion")
"""From the bottom up; `prompt` is what was not cached of it."""


@dataclass(frozen=True)
class Tick:
    """A line across a chart; `y` from the top."""

    y: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Shapes of one chart: for each of `SERIES` the path to fill."""

    width: int
    ticks: tuple[Tick, ...]
    paths: tuple[tuple[str, str], ...]


def bars(steps: Sequence[Entry]) -> Chart:
    """The tokens of each step, as bars."""
    stacks = [_stack(step.usage) for step in steps]
    scale = _Scale(max((stack[-1] for stack in stacks), default=0))
    gap = 0.2 if len(steps) <= 60 else 0.1
    paths = []
    for place, name in enumerate(SERIES):
        shapes = (_bar(x, gap, scale.y(low), scale.y(high)) for x, low, high in _bounds(stacks, place) if high > low)
        paths.append((name, "".join(shapes)))
    return Chart(max(FEWEST, len(steps)), scale.ticks, tuple(paths))


def sums(steps: Sequence[Entry]) -> Chart:
    """The tokens of the session up to and with each step, as areas that rise with the steps."""
    totals = accumulate((step.usage for step in steps), lambda one, other: one + other)
    stacks = [_stack(usage) for usage in totals]
    scale = _Scale(stacks[-1][-1] if stacks else 0)
    paths = []
    for place, name in enumerate(SERIES):
        bounds = [(scale.y(low), scale.y(high)) for _, low, high in _bounds(stacks, place)]
        above = "".join(f"V{_n(high)}h1" for _, high in bounds)
        below = "".join(f"V{_n(low)}h-1" for low, _ in reversed(bounds))
        paths.append((name, f"M0 {HEIGHT}{above}{below}z" if any(low > high for low, high in bounds) else ""))
    return Chart(max(FEWEST, len(steps)), scale.ticks, tuple(paths))


def _stack(usage: Usage) -> tuple[int, int, int]:
    """The upper bounds of the series."""
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
    return cached, usage.prompt_tokens, usage.prompt_tokens + usage.completion_tokens


def _bounds(stacks: Iterable[tuple[int, ...]], place: int) -> Iterable[tuple[int, int, int]]:
    for x, stack in enumerate(stacks):
        yield x, stack[place - 1] if place else 0, stack[place]


def _bar(x: int, gap: float, bottom: float, top: float) -> str:
    width = 1 - gap
    return f"M{_n(x + gap / 2)} {_n(bottom)}V{_n(top)}h{_n(width)}V{_n(bottom)}z"


def _n(value: float) -> str:
    """A coordinate in few letters."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class _Scale:
    """From tokens to places on a chart, and three or four round numbers to put lines at."""

    def __init__(self, highest: int) -> None:
        step = 1
        # 1, 2, 5, 10, 20, 50 ...: the first that needs no more than four lines.
        while highest > 4 * step:
            step = step * 5 // 2 if str(step)[0] == "2" else step * 2
        count = max(1, -(-highest // step))
        self._top = count * step
        self.ticks = tuple(Tick(round(self.y(n * step), 2), _short(n * step)) for n in range(1, count + 1))

    def y(self, tokens: int) -> float:
        """The place of so many tokens, from the top."""
        return HEIGHT - tokens * HEIGHT / self._top


def _short(count: int) -> str:
    for unit, length in (("M", 1_000_000), ("k", 1000)):
        if count >= length:
            return f"{count / length:.1f}".removesuffix(".0") + unit
    return str(count)
