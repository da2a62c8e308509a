"""`gitgen usage`: what sessions have cost."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import is_branch_of_session, session_at
from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.history import spending
from gitgen.history.spending import Spent
from gitgen.models.prices import cost
from gitgen.record import Usage
from gitgen.repository import Repository
from gitgen.settings import resolve
from gitgen.state.absent import no_branch

COLUMNS = ("prompt", "cached", "completion", "total")
BY = ("commit", "step", "model", "session", "day", "author")
EVERYWHERE = ("--exclude=refs/gitgen/aside/*", "--all")
"""What was overtaken repeats what has landed."""


@dataclass
class Row:
    """What one line of the table adds up."""

    usage: Usage = Usage()  # noqa: RUF009  (frozen)
    steps: int = 0
    cost: float | None = None
    """In USD, as far as the prices are known."""
    complete: bool = True
    """Whether all prices are known."""

    def add(self, spent: Spent, own: Path | None) -> None:
        """Add what a step has spent, at the prices of the user's file `own` before gitgen's."""
        self.usage += spent.usage
        self.steps += 1
        price = cost(spent.usage, spent.model, own)
        if price is not None:
            self.cost = (self.cost or 0.0) + price
        elif spent.usage.total_tokens:
            self.complete = False

    def join(self, other: Row) -> None:
        self.usage += other.usage
        self.steps += other.steps
        if other.cost is not None:
            self.cost = (self.cost or 0.0) + other.cost
        self.complete = self.complete and other.complete


@click.command()
@click.argument("revisions", metavar="[BRANCH | RANGE]", required=False)
@click.option("--by", type=click.Choice(BY), help="What a row is: commit unless --all, then session.")
@click.option("--all", "everywhere", is_flag=True, help="All that this clone knows of, each step once.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the rows as CSV.")
def command(revisions: str | None, by: str | None, everywhere: bool, as_json: bool, as_csv: bool) -> int:
    """Tokens and cost of a session, or of any range of commits, as the endpoint counted them.

    BRANCH is the one that is checked out if it is left out; RANGE is one of man gitrevisions. Numbers come from the
    commits' trailers; after a squash that lost them, from the chat files. A * marks what gitgen had to estimate, a +
    a cost without that of models whose price is not known.

    \b
    Example:
      gitgen usage
      gitgen usage gitgen/todo --by model --json
      gitgen usage v1.0..main --by day --csv
    """
    if (everywhere and revisions) or (as_json and as_csv):
        raise click.UsageError("--all takes no BRANCH or RANGE, and --json no --csv.")
    repository = preflight.repository_at(Path.cwd())
    spent = _spent(repository, revisions, everywhere)
    own = resolve({}, os.environ, repository.config).profiles
    rows, total = _rows(spent, by or ("session" if everywhere else "commit"), own)
    if as_json:
        printed = [_as_dict(name, row) for name, row in rows.items()]
        ui.say_json({"rows": printed, "total": _as_dict("total", total)})
    elif as_csv:
        _say_csv(rows)
    else:
        _say_table({**rows, "total": total}, with_cost=total.cost is not None)
    return 0


def _spent(repository: Repository, revisions: str | None, everywhere: bool) -> list[Spent]:
    if everywhere:
        return spending.of_revisions(repository, *EVERYWHERE)
    if revisions is None or is_branch_of_session(repository, revisions):
        return spending.of_session(repository, session_at(repository, revisions))
    try:
        return spending.of_revisions(repository, revisions)
    except GitFailed:
        if ".." not in revisions:
            raise no_branch(repository, revisions) from None
        raise GitgenError(f"There is no range {revisions}", "git branch --list; man gitrevisions") from None


def _rows(spent: Iterable[Spent], by: str, own: Path | None) -> tuple[dict[str, Row], Row]:
    rows: dict[str, Row] = {}
    for one in spent:
        rows.setdefault(_key(one, by), Row()).add(one, own)
    total = Row()
    for row in rows.values():
        total.join(row)
    return dict(sorted(rows.items())) if by == "day" else rows, total


def _key(spent: Spent, by: str) -> str:
    if by == "commit":
        return f"{spent.commit[:10] or '-':<10} {spent.step}"
    if by == "day":
        return time.strftime("%Y-%m-%d", time.localtime(spent.time))
    return str(getattr(spent, by)) or "-"


def _say_table(rows: dict[str, Row], with_cost: bool) -> None:
    names = {name: ui.printable(name) for name in rows}
    width = max(map(len, names.values()))
    columns = (*COLUMNS, "USD") if with_cost else COLUMNS
    ui.say(ui.styled(" " * width + "".join(f"{column:>12}" for column in columns), dim=True))
    for name, row in rows.items():
        cells = _cells(row)[: len(columns)]
        ui.say(f"{names[name]:<{width}}" + "".join(f"{cell:>12}" for cell in cells))


def _cells(row: Row) -> tuple[str, ...]:
    usage = row.usage
    mark = "*" if usage.source == "estimated" else ""
    cached = "-" if usage.cached_tokens is None else str(usage.cached_tokens)
    price = "-" if row.cost is None else f"{row.cost:.4f}{'' if row.complete else '+'}"
    return (str(usage.prompt_tokens), cached, str(usage.completion_tokens), f"{usage.total_tokens}{mark}", price)


def _as_dict(name: str, row: Row) -> dict[str, object]:
    return {
        "name": name,
        "steps": row.steps,
        "prompt_tokens": row.usage.prompt_tokens,
        "completion_tokens": row.usage.completion_tokens,
        "total_tokens": row.usage.total_tokens,
        "cached_tokens": row.usage.cached_tokens,
        "usage": row.usage.source,
        "cost": None if row.cost is None else round(row.cost, 6),
        "cost_is_complete": row.complete,
    }


def _say_csv(rows: dict[str, Row]) -> None:
    writer = csv.DictWriter(sys.stdout, list(_as_dict("", Row())), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**_as_dict(ui.printable(name), row)} for name, row in rows.items())
