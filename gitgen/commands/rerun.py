"""`gitgen rerun`: a past step asked again, on a branch of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._asking import hide_import, world
from gitgen.commands._editing import edited, forget
from gitgen.commands._landed import report
from gitgen.commands._options import asks_a_model, runs_programs
from gitgen.commands._planning import check_programs
from gitgen.commands._reading import branch_of_step, session_at, step_at
from gitgen.errors import GitgenError
from gitgen.plan import go_on
from gitgen.repository import Repository
from gitgen.rerun import asked_again, begin_again, runs_what_was_built, talk_of
from gitgen.session import Landed, Run
from gitgen.state.chats import chat_of
from gitgen.state.commits import DONE, PREFIX, Session


@click.command()
@click.argument("step")
@click.option("--edit", is_flag=True, help="Edit the chat first, in the editor that git uses.")
@click.option("--branch", metavar="NAME", help="Name of the new branch; by default the session's with -rerun.")
@click.option("--replay", is_flag=True, help="Then let the later steps follow.")
@click.option("--session", "of", metavar="BRANCH", help="The session of STEP; by default the one that is checked out.")
@runs_programs
@asks_a_model
def command(step: str, edit: bool, branch: str | None, replay: bool, of: str | None, **flags: Any) -> int:
    """Ask a past step again, on a new branch from the step's parent.

    STEP is a commit, or the number of the step. The model of --model or of the settings is asked what stands in the
    chat, also if nothing of it is changed; then the step goes on as ever: edits that do not fit go back, a test is
    run. The session that STEP is of stays as it is.

    With --edit the chat is text with a line `=== user` above each message. A line `[file PATH]` shows a file; take it
    out, or put another path of the step's parent. Of a step that talks (clarify, respec) there are the replies as well:
    the last request is asked, and what stands above it is taken as it stands; delete from the end to go further back.
    Nothing is asked if the editor fails or the text is empty. A text that cannot be read is kept, and opened again.

    With --replay the later steps are done again too. Where a request has not changed, its recorded reply is taken, and
    no token counted; the others are asked anew. Commits of people are brought over; programs and tests are run again;
    reviews, and steps that were rejected, are left out. It stops where something does not apply, and
    gitgen resume goes on.

    \b
    Example:
      gitgen rerun 2 --model gpt-4.1
      gitgen rerun 2 --edit --replay --branch shorter
    """
    hide_import(flags)
    repository = preflight.repository_at(Path.cwd())
    _ = repository.identity
    session = session_at(repository, of or branch_of_step(repository, step))
    commit = step_at(session, step, repository)
    chat = chat_of(repository, commit)
    talk = talk_of(chat)
    new = _branch_for(repository, session, branch)
    if runs_what_was_built(repository, session, commit, replay=replay):
        check_programs(repository, flags)
    with world(repository, flags) as here:
        here.shelf.load(commit.step)
        if edit:
            talk = edited(repository, commit, talk)
        first = begin_again(here, session, commit, new, replay=replay)
        run = Run.of(here, new, first, asked_again(here, commit, talk, commit.oid))
        try:
            code = report(repository, new, _steps(run), flags["as_json"])
        finally:
            if repository.tip(new) is not None:
                forget(repository, commit)
    if not flags["as_json"]:
        ui.note(f"on {new}: git diff {session.branch}..{new}")
    return code


def _steps(run: Run) -> Iterator[Landed]:
    landed = run.run()
    yield landed
    if landed.status in DONE:
        yield from go_on(run.world, run.branch)


def _branch_for(repository: Repository, session: Session, named: str | None) -> str:
    """The new branch: the one that the user named, else the first of `x-rerun`, `x-rerun-2`, ... that is free."""
    if named:
        try:
            return preflight.branch_for(repository, named, "")
        except GitgenError as error:
            raise GitgenError(error.what, error.mend.replace("--name", "--branch")) from None
    name = re.sub(r"-rerun(-[0-9]+)?$", "", session.name)
    names = (f"{name}-rerun", *(f"{name}-rerun-{number}" for number in range(2, 1000)))
    free = next((n for n in names if repository.tip(PREFIX + n) is None), names[-1])
    return preflight.branch_for(repository, free, "")
