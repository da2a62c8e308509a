"""`gitgen verify`: whether every step's files are what its chat makes them."""

from __future__ import annotations

from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import revision_at
from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.history.verify import Verdict, verify
from gitgen.repository import Repository


@click.command()
@click.argument("revisions", metavar="[RANGE]", required=False)
@click.option("--all", "everywhere", is_flag=True, help="Every step that any branch or tag reaches.")
@click.option("--json", "as_json", is_flag=True, help="Print the steps that do not hold as JSON.")
def command(revisions: str | None, everywhere: bool, as_json: bool) -> int:
    """Recompute the tree of each step from its parent and its chat, and name those that differ.

    RANGE is one of man gitrevisions, or a session; HEAD if it is left out. A step that was rebased still holds; one
    whose files or chat somebody has edited does not, and the exit code is 1. Nothing is asked of a model, and nothing
    has to be set up: it is made for CI.

    \b
    Example:
      gitgen verify
      gitgen verify origin/main..HEAD
      gitgen verify --all --json
    """
    if everywhere and revisions:
        raise click.UsageError("--all takes no RANGE.")
    repository = preflight.repository_at(Path.cwd())
    asked = "--all" if everywhere else revision_at(repository, revisions)
    count, failed = 0, []
    for verdict in _verdicts(repository, asked):
        count += 1
        if not verdict.holds:
            failed.append(verdict)
            if not as_json:
                ui.say(_line(verdict))
    if as_json:
        ui.say_json({"steps": count, "failed": [_as_dict(verdict) for verdict in failed]})
    if failed:
        oid = failed[-1].commit.oid[:10]
        raise GitgenError(f"{len(failed)} of {_steps(count)} not what the chats make", f"gitgen show {oid} --how")
    if not as_json:
        ui.say(f"{_steps(count)} what the chats make" if count else "there is no step to verify")
    return 0


def _verdicts(repository: Repository, asked: str) -> list[Verdict]:
    try:
        return list(verify(repository, asked))
    except GitFailed as error:
        if "revision" not in error.stderr:
            raise
        raise GitgenError(f"There is no commit or range {asked}", "git branch --list; man gitrevisions") from None


def _steps(count: int) -> str:
    return "1 step is" if count == 1 else f"{count} steps are"


def _line(verdict: Verdict) -> str:
    commit = verdict.commit
    what = verdict.why or f"differs in {', '.join(verdict.paths)}"
    head = f"{commit.oid[:10]}  {commit.step:<10}  {commit.subject}"
    return ui.printable(f"{head}\n  {what.replace(chr(10), ' ')}")


def _as_dict(verdict: Verdict) -> dict[str, object]:
    commit = verdict.commit
    session = commit.trailers.get("Gitgen-Session")
    return {
        "commit": commit.oid,
        "session": session,
        "step": commit.step,
        "paths": list(verdict.paths),
        "why": verdict.why or None,
    }
