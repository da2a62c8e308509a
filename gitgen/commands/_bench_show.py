"""How the results of a bench are printed, and written as pages."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gitgen import ui
from gitgen.bench.results import Comparison, Result, Row, rows
from gitgen.errors import GitgenError
from gitgen.repository import Repository

NOISE = 0.05
"""What is less likely than this by chance is told as a difference."""
_COLUMNS = ("runs", "passed", "rate", "95 %", "tokens", "USD", "seconds")


def say_table(found: Sequence[Result], wanted: int) -> None:
    """A row for each configuration and model, then what is not among them."""
    table = rows(found)
    names = [ui.printable(row.name) for row in table] or [""]
    width = max(map(len, names))
    if table:
        ui.say(ui.styled(" " * width + "".join(f"{column:>11}" for column in _COLUMNS), dim=True))
    for name, row in zip(names, table, strict=False):
        ui.say(f"{name:<{width}}" + "".join(f"{cell:>11}" for cell in _cells(row)))
    ended = sum(result.final for result in found)
    if ended < wanted:
        ui.note(f"{wanted - ended} of {wanted} runs have not ended")


def _cells(row: Row) -> tuple[str, ...]:
    low, high = row.interval
    final = len(row.final)
    return (
        str(final),
        str(row.passed) if row.checked else "-",
        f"{row.passed / row.checked:.0%}" if row.checked else "-",
        f"{low:.0%}-{high:.0%}" if row.checked else "-",
        ui.tokens(row.tokens),
        "-" if row.cost is None else f"{row.cost:.4f}",
        f"{row.seconds:.1f}",
    )


def say_json(found: Sequence[Result]) -> None:
    """The rows with their runs."""
    ui.say_json({"rows": [_row_dict(row) for row in rows(found)], "runs": [_result_dict(result) for result in found]})


def say_csv(found: Sequence[Result]) -> None:
    """The runs, a line each."""
    table = [
        {name: "" if value is None else ui.printable(str(value)) for name, value in _result_dict(result).items()}
        for result in found
    ]
    writer = csv.DictWriter(sys.stdout, list(table[0]) if table else ["branch"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)


def _row_dict(row: Row) -> dict[str, Any]:
    return {
        "configuration": row.configuration,
        "model": row.model,
        "runs": len(row.final),
        "checked": row.checked,
        "passed": row.passed,
        "rate": row.rate,
        "interval": [round(bound, 4) for bound in row.interval],
        "total_tokens": row.tokens,
        "cost": row.cost,
        "seconds": round(row.seconds, 3),
    }


def _result_dict(result: Result) -> dict[str, Any]:
    return {
        "branch": result.branch,
        "task": result.task,
        "configuration": result.configuration,
        "model": result.model,
        "repeat": result.repeat,
        "state": result.state,
        "why": result.why,
        "prompt_tokens": result.usage.prompt_tokens,
        "completion_tokens": result.usage.completion_tokens,
        "total_tokens": result.usage.total_tokens,
        "cost": result.cost,
        "seconds": round(result.seconds, 3),
    }


def say_comparison(one: str, other: str, sides: Comparison, as_json: bool) -> None:
    """What differs between two sides, and whether that is more than noise."""
    if as_json:
        ui.say_json(
            {
                "a": one,
                "b": other,
                "pairs": len(sides.pairs),
                "checked_pairs": len(sides.decided),
                "passed": sides.passed,
                "passed_alone": sides.only,
                "p_passed_mcnemar_exact": sides.p_passed,
                "median_tokens": sides.tokens,
                "fewer_tokens": sides.fewer,
                "p_tokens_sign_test": sides.p_tokens,
            }
        )
        return
    ui.say(ui.printable(f"A  {one}\nB  {other}"))
    ui.say(f"{len(sides.pairs)} pairs of runs, {len(sides.decided)} of them checked on both sides")
    for line in (_passed(sides), _tokens(sides)):
        ui.say(line)


def _passed(sides: Comparison) -> str:
    total, passed, only = len(sides.decided), sides.passed, sides.only
    what = _verdict(sides.p_passed, "passes more often", only[0] > only[1])
    return (
        f"passed   A {passed[0]} of {total}, B {passed[1]}; A alone {only[0]}, B alone {only[1]}: {what} "
        f"(McNemar's exact test, p = {sides.p_passed:.3g})"
    )


def _tokens(sides: Comparison) -> str:
    middle, fewer = sides.tokens, sides.fewer
    what = _verdict(sides.p_tokens, "takes fewer", fewer[0] > fewer[1])
    return (
        f"tokens   A {middle[0]:.0f}, B {middle[1]:.0f} in the median; A fewer in {fewer[0]}, B in {fewer[1]}: {what} "
        f"(sign test, p = {sides.p_tokens:.3g})"
    )


def _verdict(p: float, what: str, first: bool) -> str:
    return f"{'A' if first else 'B'} {what}" if p < NOISE else "no difference beyond noise"


def write_pages(repository: Repository, found: Sequence[Result], target: Path) -> None:
    """Write the page of a bench, and beside it, in a folder of its name, one for each run."""
    from gitgen.report import MARK, bench_page, report_of
    from gitgen.state.log import load

    if target.is_file() and MARK not in target.read_text("utf-8", "replace")[:1000]:
        raise GitgenError(f"{target} is there, and is no report of gitgen", "--html OTHER")
    folder = target.parent / f"{target.stem}-runs"
    folder.mkdir(parents=True, exist_ok=True)
    links = {}
    for result in found:
        session = load(repository, result.branch)
        page = folder / f"{result.branch.rpartition('/')[2]}.html"
        if session is not None:
            page.write_text(report_of(repository, session), encoding="utf-8")
            links[result.branch] = f"{folder.name}/{page.name}"
    target.write_text(bench_page(found, links), encoding="utf-8")
    ui.note(str(target))
