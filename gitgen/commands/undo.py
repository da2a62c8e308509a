"""`gitgen undo`: take the files of a step back."""

from __future__ import annotations

from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._ground import stand
from gitgen.commands._reading import session_at, step_at
from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.revert import Reverted, to_undo, undo
from gitgen.state.commits import Commit, Session


@click.command()
@click.argument("step", required=False)
@click.option("--branch", help="The session; by default the one that is checked out.")
@click.option("--commit-dirty", is_flag=True, help="Commit uncommitted changes to tracked files first.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(step: str | None, branch: str | None, commit_dirty: bool, as_json: bool) -> int:
    """Take the files of a step back, by a commit of yours on top; its chat stays.

    STEP is a commit or the number of the step; if it is left out, the last one that changed files and is not taken
    back, so that several in a row walk back. Where later work builds on the step nothing is changed, and the files are
    named. gitgen redo brings it back.

    \b
    Example:
      gitgen undo
      gitgen undo 3 --branch gitgen/todo
    """
    repository = preflight.repository_at(Path.cwd())
    session = session_at(repository, branch)
    ground = stand(repository, session.branch, None, commit_dirty)
    commit = _chosen(repository, session, step)
    again = f"gitgen undo {commit.oid[:10]} --branch {session.branch}"
    show("undo", undo(repository, session, ground.tip, commit, again), as_json)
    return 0


def _chosen(repository: Repository, session: Session, step: str | None) -> Commit:
    if step is None:
        return to_undo(repository, session)
    commit = step_at(session, step, repository)
    by = session.undone().get(commit.oid)
    if by:
        raise GitgenError(f"{commit.oid[:10]} is taken back already, by {by[:10]}", "gitgen log shows it")
    return commit


def show(done_by: str, done: Reverted, as_json: bool) -> None:
    """Tell what was taken back, in a line or as JSON."""
    if as_json:
        ui.say_json({"branch": done.branch, "commit": done.oid, "reverts": done.reverts.oid, "files": list(done.files)})
        return
    files = "1 file" if len(done.files) == 1 else f"{len(done.files)} files"
    ui.say(ui.printable(f"{done.oid[:10]}  {done_by:<10}  {files}  {done.subject}"))
