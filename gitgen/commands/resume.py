"""`gitgen resume`: go on where a session stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._asking import hide_import, world
from gitgen.commands._landed import as_dict, line_of, report
from gitgen.commands._options import asks_a_model, runs_programs
from gitgen.commands._planning import planned
from gitgen.errors import GitgenError
from gitgen.plan import go_on, run_all
from gitgen.progress import landed_already, progress_of, put_back, under_way
from gitgen.record import Chat
from gitgen.repository import Repository
from gitgen.repository.advance import catch_up
from gitgen.session import Landed, Run
from gitgen.state.commits import DONE, PREFIX
from gitgen.state.log import load
from gitgen.world import World


@click.command()
@click.argument("branch", required=False)
@click.option("--drop", is_flag=True, help="End the step under way instead: its chat is kept, its edits are not.")
@click.option(
    "--kept",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take the reply in FILE, which Git could not take when it came.",
)
@click.option("--steps", metavar="NAME|A,B", help="Then run these steps as well.")
@runs_programs
@asks_a_model
def command(branch: str | None, drop: bool, kept: Path | None, steps: str | None, **flags: Any) -> int:
    """Go on where a session stopped, from Git alone; what was answered is never asked again.

    BRANCH is the session that is checked out if it is left out, else the only one with a step under way. A last step
    that was rejected or broke off is asked again; then the rest of the plan is run.

    \b
    Example:
      gitgen resume
      gitgen resume gitgen/todo --steps execute,review
      gitgen resume --kept /tmp/gitgen-x.json gitgen/todo
    """
    hide_import(flags)
    repository = preflight.repository_at(Path.cwd())
    plan = planned(repository, steps, None, flags).steps if steps else ()
    branch = branch or _branch(repository)
    _ = repository.identity
    catch_up(repository, branch)
    progress = progress_of(repository, branch)
    if progress is not None and landed_already(repository, progress):
        progress = None
        session = load(repository, branch)
        failed = session.failed() if session else None
        if failed:
            # Its command was killed on the way to this very error; asking again is the user's to say.
            raise GitgenError(f"The last step has landed as {failed.status}", f"gitgen resume {branch} asks again")
    if kept is not None:
        if progress is None:
            raise GitgenError(f"No step is under way on {branch}", "gitgen log shows the steps")
        progress = put_back(repository, progress, _chat_in(kept))
    if drop and progress is None:
        raise GitgenError(f"No step is under way on {branch}", "gitgen log shows the steps")
    if repository.tip(branch) is not None:
        preflight.clean_work_tree(repository, branch, f"git commit or git stash there, then: gitgen resume {branch}")
    with world(repository, flags, sure_to_ask=False) as here:
        if drop and progress is not None:
            landed = Run.resume(here, preflight.tip_of(repository, branch), progress).land("partial")
            if flags["as_json"]:
                ui.say_json([as_dict(landed)])
            else:
                ui.say(line_of(landed))
            return 0
        return report(repository, branch, _steps(here, branch, plan), flags["as_json"])


def _steps(here: World, branch: str, more: tuple[str, ...]) -> Iterator[Landed]:
    """What is left of the session and, if all of that was done, these steps."""
    landed = None
    for landed in go_on(here, branch):
        yield landed
    if landed is None or landed.status in DONE:
        yield from run_all(here, branch, more)


def _chat_in(file: Path) -> Chat:
    """The chat that was kept in a file."""
    try:
        return Chat.from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise GitgenError(
            f"{file} holds no reply that was kept: {why}", "gitgen doctor lists those there are"
        ) from None


def _branch(repository: Repository) -> str:
    """The session that is checked out, else the only one that has a step under way."""
    head = repository.head_branch() or ""
    if head.startswith(PREFIX):
        return head
    branches = under_way(repository)
    if len(branches) == 1:
        return branches[0]
    if not branches:
        raise GitgenError("No step is under way", "gitgen resume BRANCH goes on with a session's plan")
    raise GitgenError(f"Steps are under way on {', '.join(branches)}", "gitgen resume BRANCH")
