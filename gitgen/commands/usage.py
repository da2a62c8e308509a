"""`gitgen usage`: the tokens of a session."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at
from gitgen.record import Usage
from gitgen.state import Commit

COLUMNS = ("prompt", "cached", "completion", "total")


@click.command()
@click.argument("branch", required=False)
@click.option("--by", type=click.Choice(["step", "model", "commit"]), default="commit", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def command(branch: str | None, by: str, as_json: bool) -> int:
    """The tokens of a session's steps, as the endpoint counted them.

    BRANCH is the one that is checked out if it is left out. A * marks what gitgen had to estimate.

    \b
    Example:
      gitgen usage
      gitgen usage gitgen/todo --by model --json
    """
    session = session_at(preflight.repository_at(Path.cwd()), branch)
    rows: dict[str, Usage] = defaultdict(Usage)
    for commit in session.steps:
        rows[_key(commit, by)] += commit.usage
    total = sum(rows.values(), Usage())
    if as_json:
        ui.say_json(
            {
                "rows": [_as_dict(name, usage) for name, usage in rows.items()],
                "total": _as_dict("total", total),
            }
        )
        return 0
    width = max((len(name) for name in (*rows, "total")), default=0)
    ui.say(ui.styled(" " * width + "".join(f"{column:>12}" for column in COLUMNS), dim=True))
    for name, usage in (*rows.items(), ("total", total)):
        ui.say(f"{ui.printable(name):<{width}}" + "".join(f"{cell:>12}" for cell in _cells(usage)))
    return 0


def _key(commit: Commit, by: str) -> str:
    if by == "commit":
        return f"{commit.oid[:10]} {commit.step}"
    return commit.step if by == "step" else commit.model or "-"


def _cells(usage: Usage) -> tuple[str, ...]:
    mark = "*" if usage.source == "estimated" else ""
    cached = "-" if usage.cached_tokens is None else str(usage.cached_tokens)
    return (str(usage.prompt_tokens), cached, str(usage.completion_tokens), f"{usage.total_tokens}{mark}")


def _as_dict(name: str, usage: Usage) -> dict[str, object]:
    return {
        "name": name,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "usage": usage.source,
    }
