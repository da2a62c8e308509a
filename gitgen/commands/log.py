"""`gitgen log`: the steps of a session."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at
from gitgen.state import Commit


@click.command()
@click.argument("branch", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
def command(branch: str | None, as_json: bool) -> int:
    """The steps of a session, newest first, with the commits of people between them.

    BRANCH is the one that is checked out if it is left out.

    \b
    Example:
      gitgen log
      gitgen log gitgen/todo --json
    """
    session = session_at(preflight.repository_at(Path.cwd()), branch)
    newest_first = session.commits[::-1]
    if as_json:
        ui.say_json([_as_dict(commit) for commit in newest_first])
        return 0
    for commit in newest_first:
        ui.say(_line(commit))
    if not newest_first:
        ui.note(f"{session.branch} has no step yet")
    return 0


def _line(commit: Commit) -> str:
    colour = {"ok": "green", "no-change": "yellow", "": "blue"}.get(commit.status, "red")
    oid = ui.styled(commit.oid[:10], fg="yellow")
    status = ui.styled(f"{ui.printable(commit.status) or 'human':<9}", fg=colour)
    spent = f"{ui.tokens(commit.usage.total_tokens):>6}" if commit.step else " " * 6
    about = ui.printable(", ".join(filter(None, (commit.model, ui.age(time.time() - commit.time)))))
    step = ui.printable(commit.step) or "-"
    return f"{oid}  {step:<10}  {status}  {spent}  {ui.printable(commit.subject)}  ({about})"


def _as_dict(commit: Commit) -> dict[str, object]:
    usage = commit.usage
    return {
        "commit": commit.oid,
        "step": commit.step or None,
        "status": commit.status or None,
        "subject": commit.subject,
        "author": commit.author,
        "time": commit.time,
        "model": commit.model or None,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "log": commit.trailers.get("Gitgen-Log"),
    }
