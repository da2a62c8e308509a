"""`gitgen sessions`: all sessions of the clone."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.history.listing import Summary, on_branches, put_away
from gitgen.keep import ARCHIVED, REMOVED
from gitgen.repository import Repository

_COLOURS = {"finished": "green", "waiting": "yellow", "interrupted": "yellow"}


@click.command()
@click.option("--archived", is_flag=True, help="Those that gitgen archive has put away instead.")
@click.option("--removed", is_flag=True, help="Those that gitgen rm has put away instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the sessions as JSON.")
def command(archived: bool, removed: bool, as_json: bool) -> int:
    """All sessions of this clone, the last one used first: state, steps, tokens, last use, and where it began.

    A session is finished; waiting for an answer of yours; interrupted, with a step under way or left to do; rejected,
    its last reply did not fit; or failing, its last test did. gitgen resume goes on with all but the first. A * marks
    the one that is checked out here, a + those that other work trees have.

    \b
    Example:
      gitgen sessions
      gitgen sessions --removed
    """
    if archived and removed:
        raise click.UsageError("--archived and --removed are two lists")
    repository = preflight.repository_at(Path.cwd())
    try:
        found, others = _found(repository, archived, removed)
    finally:
        repository.git.close()
    if as_json:
        ui.say_json([_as_dict(one) for one in found])
        return 0
    width = max((len(ui.printable(one.session.name)) for one in found), default=0)
    for one in found:
        ui.say(_line(one, width, repository.top))
    if not found:
        ui.note("there is no session here" + (", or none put away so" if archived or removed else ""))
    if others:
        ui.note(ui.printable(f"no sessions of gitgen, or not whole in this clone: {', '.join(others)}"))
    return 0


def _found(repository: Repository, archived: bool, removed: bool) -> tuple[list[Summary], list[str]]:
    if archived or removed:
        return put_away(repository, REMOVED if removed else ARCHIVED), []
    return on_branches(repository)


def _line(one: Summary, width: int, here: Path | None) -> str:
    mark = "*" if one.worktree and one.worktree == here else "+" if one.worktree else " "
    name = ui.styled(f"{ui.printable(one.session.name):<{width}}", fg="green" if mark == "*" else None)
    state = ui.styled(f"{one.state:<11}", fg=_COLOURS.get(one.state, "red"))
    count = len(one.session.steps)
    steps = f"{count:>3} step{' ' if count == 1 else 's'}"
    base = one.base[:10] if one.base == one.session.base else ui.printable(one.base)
    about = f"{steps}  {ui.tokens(one.usage.total_tokens):>5}  {ui.age(time.time() - one.time):<14}"
    where = f"  at {ui.printable(str(one.worktree))}" if mark == "+" else ""
    return f"{mark} {name}  {state}  {about}  {f'from {base}' if base else ''}{where}".rstrip()


def _as_dict(one: Summary) -> dict[str, object]:
    session, usage = one.session, one.usage
    return {
        "branch": session.branch,
        "commit": session.tip,
        "state": one.state,
        "steps": len(session.steps),
        "left": list(session.left()),
        "time": one.time,
        "base": session.base or None,
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "worktree": str(one.worktree) if one.worktree else None,
        "ref": one.ref or None,
    }
