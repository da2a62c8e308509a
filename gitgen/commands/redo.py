"""`gitgen redo`: take the last undo back."""

from __future__ import annotations

from pathlib import Path

import click

from gitgen import preflight
from gitgen.commands._ground import stand
from gitgen.commands._reading import session_at
from gitgen.commands.undo import show
from gitgen.revert import redo, to_redo


@click.command()
@click.option("--branch", help="The session; by default the one that is checked out.")
@click.option("--commit-dirty", is_flag=True, help="Commit uncommitted changes to tracked files first.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(branch: str | None, commit_dirty: bool, as_json: bool) -> int:
    """Take the last gitgen undo back, by a commit of yours on top; several in a row take back several.

    \b
    Example:
      gitgen undo
      gitgen redo
    """
    repository = preflight.repository_at(Path.cwd())
    session = session_at(repository, branch)
    ground = stand(repository, session.branch, None, commit_dirty)
    again = f"gitgen redo --branch {session.branch}"
    show("redo", redo(repository, ground.branch, ground.tip, to_redo(session), again), as_json)
    return 0
