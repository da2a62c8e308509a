"""`gitgen reparse`: what today's reader makes of a reply that is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._asking import world
from gitgen.commands._ground import stand
from gitgen.commands._landed import report
from gitgen.commands._reading import session_at, step_at
from gitgen.errors import GitgenError, Rejected
from gitgen.record import Chat, Reply
from gitgen.repository import Repository
from gitgen.session import Run
from gitgen.state.chats import chat_of, draft_of
from gitgen.state.commits import Commit


@click.command()
@click.argument("step")
@click.option("--branch", help="The session; by default the one that is checked out.")
@click.option("--commit-dirty", is_flag=True, help="Commit uncommitted changes to tracked files first.")
@click.option("--no-verify", is_flag=True, help="Run no pre-commit hook of yours; the commit says so.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(step: str, commit_dirty: bool, **flags: Any) -> int:
    """Read the stored reply of a past step again, without asking a model, and commit the difference.

    STEP is a commit, or the number of the step. Useful for a reply that was rejected by an older gitgen.

    \b
    Example:
      gitgen reparse 3
    """
    repository = preflight.repository_at(Path.cwd())
    session = session_at(repository, flags["branch"])
    commit = step_at(session, step, repository)
    chat = chat_of(repository, commit)
    difference = _difference(repository, commit, chat)
    if not difference:
        ui.note("today's reader makes the same of it")
        return 0
    ground = stand(repository, session.branch, None, commit_dirty)
    subject = f"Read the reply of {commit.oid[:10]} again"
    with world(repository, flags, sure_to_ask=False) as here:
        reply = Reply(f"{subject}.\n\n{difference}", "stop", commit.model)
        run = Run.pasted(here, ground.branch, ground.tip, reply, {"subject": subject, "step": commit.oid})
        return report(repository, ground.branch, (one.run() for one in [run]), flags["as_json"])


def _difference(repository: Repository, commit: Commit, chat: Chat) -> str:
    """The way from what the step made of its replies to what they come to today, as a diff; empty if there is none."""
    draft = draft_of(repository, commit, chat)
    if draft.refusals:
        raise GitgenError(f"The reply still does not fit: {Rejected(draft.refusals)}", f"gitgen show {commit.oid[:10]}")
    parent = repository.tree(commit.parent)
    today = repository.commit(commit.parent, "Reparsed\n", draft.changes, parent, sign=False)
    # gitgen's own files are no part of what a reply can change.
    arguments = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--full-index", commit.oid, today)
    diff = repository.git.run(*arguments, "--", ".", ":(exclude).gitgen")
    try:
        return f"````diff\n{diff.decode()}````\n" if diff else ""
    except UnicodeDecodeError:
        raise GitgenError("The difference is no UTF-8 text", f"git diff {commit.oid[:10]} {today[:10]}") from None
