"""`gitgen fix`: feedback on a branch becomes a commit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._asking import hide_import, world
from gitgen.commands._ground import begun, stand, tell
from gitgen.commands._landed import report
from gitgen.commands._naming import named_files, names_files
from gitgen.commands._options import asks_a_model, runs_programs
from gitgen.commands._planning import tested_by
from gitgen.errors import GitgenError
from gitgen.plan import tested
from gitgen.session import Run


@click.command()
@click.argument("text", required=False)
@names_files
@click.option("--test", metavar="CMD", help="A command that must pass; what fails goes back to the model.")
@click.option("--branch", help="The branch to work on; it need not be checked out.")
@click.option("--name", help="Name of the session, where one begins; by default the first words of the feedback.")
@click.option("--commit-dirty", is_flag=True, help="Commit uncommitted changes to tracked files first.")
@click.option("--pr", type=click.IntRange(1), metavar="N", help="Do what the open review threads of a request ask for.")
@click.option("--single-commit", is_flag=True, help="With --pr: one commit for all threads.")
@click.option("--resolve", is_flag=True, help="With --pr: resolve the threads that were done.")
@click.option("--dry-run", is_flag=True, help="With --pr: only say what would be asked and answered.")
@click.option("--max-rounds", type=click.IntRange(1), default=5, metavar="N", help="With --pr: so often at most (5).")
@click.option("--allow", multiple=True, metavar="PATTERN", help="With --pr: workflows, hooks or .git* that may change.")
@click.option("--remote", help="With --pr: the remote of the request.")
@runs_programs
@asks_a_model
def command(
    text: str | None, files: tuple[str, ...], read: tuple[str, ...], test: str | None, commit_dirty: bool, **flags: Any
) -> int:
    """Turn feedback into changes, as one commit on a session's branch.

    On a branch gitgen/NAME the commit goes on top. On any other branch a new session begins from its tip, and that
    branch stays as it is. TEXT is read from standard input if it is left out.

    \b
    Example:
      gitgen fix 'Dates are printed in the wrong order'
      gitgen fix --branch gitgen/todo -f todo.py 'Refuse empty items' --test 'pytest -q'
      gitgen fix --pr 12
    """
    hide_import(flags)
    repository = preflight.repository_at(Path.cwd())
    if flags["pr"]:
        from gitgen.commands._review import fix_request

        for name, given in (
            ("TEXT", text),
            ("--branch", flags["branch"]),
            ("--name", flags["name"]),
        ):
            if given:
                raise click.UsageError(f"{name} does not go with --pr")
        given = {**flags, **tested_by(repository, test, flags)}
        return fix_request(flags["pr"], named_files(repository, files, read), repository, given)
    feedback = feedback_of(text, "gitgen fix 'what shall be changed'")
    inputs = {"feedback": feedback.strip(), **named_files(repository, files, read)}
    proof = tested_by(repository, test, flags)
    with world(repository, flags) as here:
        ground = stand(repository, flags["branch"], flags["name"], commit_dirty)
        session = begun(here, ground, flags["name"], feedback, "fix")
        run = Run.start(here, session.branch, session.tip, "fix", inputs | proof)
        code = report(repository, session.branch, tested(run), flags["as_json"])
    tell(ground, session.branch, flags["as_json"])
    return code


def feedback_of(text: str | None, mend: str) -> str:
    """What the user wants changed: as given, else from standard input, else as they answer; GitgenError for nothing."""
    if text is None and not sys.stdin.isatty():
        content = sys.stdin.buffer.read()
        text = preflight.text_of(content, "Standard input") if content.strip() else ""
    if text is None:
        text = ui.ask("What shall be changed?")
    if not (text or "").strip():
        raise GitgenError("There is no feedback", mend)
    return preflight.text_of(os.fsencode(str(text)), "The feedback")
