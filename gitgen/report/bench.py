"""The page of a bench: plots by configuration and model, and every run with a link to its own page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitgen.bench.results import Result, Row, rows
from gitgen.report.page import render

WIDTH = 100
"""Of every plot; a row is one unit high."""


@dataclass(frozen=True)
class Bar:
    """A row of a plot: where its bar ends, where its interval lies, and what is written beside it."""

    name: str
    end: float
    low: float
    high: float
    label: str


@dataclass(frozen=True)
class Plot:
    """One figure of every row, drawn to the same scale."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Line:
    """The runs of one task: for each row, in order, each run with its link."""

    task: str
    cells: tuple[tuple[tuple[Result, str], ...], ...]


def bench_page(results: Sequence[Result], links: Mapping[str, str]) -> str:
    """The page as HTML that needs no other file; `links` are the pages of the runs, by branch."""
    table = rows(results)
    return render(
        "bench.html",
        rows=table,
        results=results,
        plots=[plot for plot in (_rates(table), _tokens(table), _costs(table), _times(table)) if plot.bars],
        lines=_lines(table, results, links),
        tokens=sum(row.tokens for row in table),
        final=sum(len(row.final) for row in table),
    )


def _rates(table: Sequence[Row]) -> Plot:
    bars = []
    for row in table:
        if row.rate is not None:
            low, high = row.interval
            label = f"{row.rate:.0%} ({row.passed} of {row.checked}), {low:.0%} to {high:.0%}"
            bars.append(Bar(row.name, row.rate * WIDTH, low * WIDTH, high * WIDTH, label))
    return Plot("Passed, with the 95 % interval (Wilson)", tuple(bars))


def _tokens(table: Sequence[Row]) -> Plot:
    each = [(row, row.tokens / len(row.results), f"{row.tokens / len(row.results):,.0f}") for row in table]
    return Plot("Tokens of a run, on average", _scaled(each))


def _costs(table: Sequence[Row]) -> Plot:
    costs = [(row, row.cost / len(row.results)) for row in table if row.cost is not None]
    return Plot("Cost of a run in USD, on average", _scaled([(row, cost, f"{cost:.4f}") for row, cost in costs]))


def _times(table: Sequence[Row]) -> Plot:
    return Plot(
        "Seconds until all replies were there, median", _scaled([(r, r.seconds, f"{r.seconds:.1f}") for r in table])
    )


def _scaled(each: Sequence[tuple[Row, float, str]]) -> tuple[Bar, ...]:
    longest = max((value for _, value, _ in each), default=0.0) or 1.0
    return tuple(Bar(row.name, value * WIDTH / longest, 0, 0, label) for row, value, label in each)


def _lines(table: Sequence[Row], results: Sequence[Result], links: Mapping[str, str]) -> list[Line]:
    def cell(row: Row, task: str) -> tuple[tuple[Result, str], ...]:
        return tuple((result, links.get(result.branch, "")) for result in row.results if result.task == task)

    tasks = dict.fromkeys(result.task for result in results)
    return [Line(task, tuple(cell(row, task) for row in table)) for task in tasks]
