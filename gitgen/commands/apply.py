"""`gitgen apply`: a reply from anywhere becomes a step."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._asking import world
from gitgen.commands._ground import begun, stand, tell
from gitgen.commands._landed import report
from gitgen.draft import Draft
from gitgen.errors import GitgenError, Rejected
from gitgen.record import Reply
from gitgen.record.trailers import summary_of
from gitgen.repository import Repository
from gitgen.session import Run

PASTED = "pasted"


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only print the diff that it comes to.")
@click.option("--branch", help="The branch to work on; it need not be checked out.")
@click.option("--name", help="Name of the session, where one begins; by default its summary.")
@click.option("--commit-dirty", is_flag=True, help="Commit uncommitted changes to tracked files first.")
@click.option("--no-verify", is_flag=True, help="Run no pre-commit hook of yours; the commit says so.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(file: str | None, dry_run: bool, commit_dirty: bool, **flags: Any) -> int:
    """Apply a model's reply that you have as text, from a web chat for example.

    The reply is FILE, or standard input: diffs, whole files under their names, SEARCH/REPLACE blocks, `*** Begin
    Patch`, tool calls in JSON, with whatever talk is around them. It becomes a step like any other, on top of a
    session or at the beginning of a new one.

    \b
    Example:
      gitgen apply reply.txt --dry-run
      xclip -o | gitgen apply
    """
    repository = preflight.repository_at(Path.cwd())
    text = _reply(file)
    if dry_run:
        named = flags["branch"]
        tip = preflight.tip_of(repository, named) if named else preflight.branch_of_head(repository)[1]
        return _show(repository, tip, text)
    ground = stand(repository, flags["branch"], flags["name"], commit_dirty)
    with world(repository, flags, sure_to_ask=False) as here:
        prompt = summary_of(text) or "Apply a pasted reply"
        session = begun(here, ground, flags["name"], prompt)
        reply = Reply(text, "stop", PASTED)
        run = Run.pasted(here, session.branch, session.tip, reply, {"subject": "Apply a pasted reply"})
        code = report(repository, session.branch, (step.run() for step in [run]), flags["as_json"])
    tell(ground, session.branch, flags["as_json"])
    return code


def _show(repository: Repository, tip: str, text: str) -> int:
    tree = repository.tree(tip)
    draft = Draft(tree).read(text)
    if draft.refusals:
        raise GitgenError(f"The reply does not fit: {Rejected(draft.refusals)}", "git status, and compare the lines")
    for line in draft.notes:
        ui.note(ui.printable(line))
    oid = repository.commit(tip, "Dry run\n", draft.changes, tree, sign=False)
    click.echo(repository.git.run("diff", "--no-color", tip, oid, "--"), nl=False)
    return 0


def _reply(file: str | None) -> str:
    if file in (None, "-") and sys.stdin.isatty():
        raise GitgenError("There is no reply", "gitgen apply FILE, or pipe it in")
    try:
        content = sys.stdin.buffer.read() if file in (None, "-") else Path(str(file)).read_bytes()
    except OSError as error:
        raise GitgenError(f"{file} cannot be read: {error.strerror}", "gitgen apply FILE") from None
    return preflight.text_of(content, "The reply", "gitgen apply FILE, or pipe it in")
