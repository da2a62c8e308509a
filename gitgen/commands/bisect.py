"""`gitgen bisect`: the step that broke something, and what had been asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._asking import limits
from gitgen.commands._options import runs_programs
from gitgen.commands._reading import session_at, step_at
from gitgen.errors import GitgenError
from gitgen.history.bisection import Verdict, first_bad, verdict_of
from gitgen.history.comparison import changed
from gitgen.record import Ran
from gitgen.repository import Repository
from gitgen.repository.checkout import checked_out
from gitgen.running import sandbox
from gitgen.settings import resolve
from gitgen.state.chats import chat_of, prompt_path
from gitgen.state.commits import Commit, Session
from gitgen.state.log import changing


@dataclass(frozen=True)
class _Search:
    """A search on a session: the command, how it is run on a commit, and whether each run is told."""

    command: str
    run: Callable[[str], Ran]
    runs: list[dict[str, object]]

    def verdict(self, commit: Commit) -> Verdict:
        """What the command says of a commit; GitgenError if it says that the search has to end."""
        ran = self.run(commit.oid)
        verdict = verdict_of(ran.exit_code)
        self.runs.append({"commit": commit.oid, "exit_code": ran.exit_code, "verdict": verdict})
        if verdict is None:
            what = f"{self.command} ended with exit code {ran.exit_code} on {commit.oid[:10]}, which ends the search"
            raise GitgenError(what, "exit codes: 0 good, 125 cannot be told, 1 to 127 bad")
        ui.note(ui.printable(f"{commit.oid[:10]}  {verdict:<4}  {commit.subject}"))
        return verdict


@click.command()
@click.argument("branch", required=False)
@click.option("--run", "run", metavar="CMD", required=True, help="The command that tells good files from bad.")
@click.option("--good", metavar="STEP", help="Where it is known to pass; by default where the session began.")
@runs_programs
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def command(branch: str | None, run: str, good: str | None, as_json: bool, **flags: Any) -> int:
    """Find the step that broke something, by binary search, and show what had been asked for and what it changed.

    CMD is run by the shell on the files of the steps, in the sandbox and in a work tree of its own. Its exit codes are
    those of git bisect run: 0 good, 125 cannot be told, else up to 127 bad; above, the search ends. Commits of people
    are looked at as well. BRANCH is the session that is checked out if it is left out.

    \b
    Example:
      gitgen bisect --run 'python -m pytest -q tests/test_list.py'
      gitgen bisect --run './run.sh | grep -q Hello' --good 2 gitgen/todo
    """
    repository = preflight.repository_at(Path.cwd())
    session = session_at(repository, branch)
    settings = resolve(flags, os.environ, repository.config)
    start, candidates = _row(repository, session, good)
    if settings.sandbox == "bubblewrap":
        sandbox.check_bubblewrap()

    def on(commit: str) -> Ran:
        with checked_out(repository, session.name, commit) as place:
            network = bool(flags["network"])
            return sandbox.run(run, place, limits=limits(settings), mode=settings.sandbox, network=network)

    search = _Search(run, on, [])
    _check_ends(search, start, candidates[-1], session.branch)
    found = [candidates[at] for at in first_bad(len(candidates), lambda at: search.verdict(candidates[at]))]
    if as_json:
        ui.say_json(_as_dict(repository, session, found, search))
    elif len(found) == 1:
        _tell(repository, session, found[0])
    if len(found) > 1:
        among = ", ".join(commit.oid[:10] for commit in found)
        raise GitgenError(f"The first bad one is one of {among}: {run} can tell nothing of the others", "gitgen show")
    return 0


def _row(repository: Repository, session: Session, good: str | None) -> tuple[Commit, list[Commit]]:
    """Where the search starts, and the commits after it that changed files, oldest first."""
    after = session.commits
    start = session.first
    if good is not None:
        start = step_at(session, good, repository)
        after = after[after.index(start) + 1 :]
    touched = set(changing(repository, session))
    candidates = [commit for commit in after if commit.oid in touched]
    if not candidates:
        raise GitgenError(
            f"No file has changed on {session.branch} since {start.oid[:10]}", "gitgen log lists the steps"
        )
    return start, candidates


def _check_ends(search: _Search, start: Commit, end: Commit, branch: str) -> None:
    """GitgenError unless the start is good and the end is bad: of a search between others nothing would follow."""
    look = f"gitgen run {branch} --command CMD shows what it prints"
    if search.verdict(start) != "good":
        raise GitgenError(f"{search.command} does not pass at {start.oid[:10]}, the start", f"--good STEP; {look}")
    if search.verdict(end) != "bad":
        raise GitgenError(f"{search.command} does not fail at {end.oid[:10]}, the last commit that changed files", look)


def _tell(repository: Repository, session: Session, guilty: Commit) -> None:
    by = f"step {guilty.step}, {guilty.model}" if guilty.step else f"by hand, {guilty.author}"
    ui.say(ui.styled(ui.printable(f"{guilty.oid[:10]}  {guilty.subject}  ({by})"), bold=True))
    if guilty.step:
        ui.say(f"\n{ui.styled('--- asked ---', bold=True)}")
        ui.say(ui.printable(_asked(repository, session, guilty)))
    ui.say(f"\n{ui.styled('--- changed ---', bold=True)}")
    ui.say(ui.printable(changed(repository, guilty.parent, guilty.oid)))


def _asked(repository: Repository, session: Session, step: Commit) -> str:
    """What a step was to do: the feedback, or the failure that it was to mend, or else the session's prompt."""
    try:
        inputs = chat_of(repository, step).inputs
    except GitgenError:  # What was searched for is told all the same.
        return step.asked or step.subject
    prompt = repository.tree(step.oid).get(prompt_path(session.name), b"").decode("utf-8", "replace")
    return str(inputs.get("feedback") or inputs.get("failure") or prompt).strip()


def _as_dict(repository: Repository, session: Session, found: list[Commit], search: _Search) -> dict[str, object]:
    guilty = found[0] if len(found) == 1 else None
    return {
        "branch": session.branch,
        "guilty": guilty.oid if guilty else None,
        "among": [commit.oid for commit in found],
        "step": guilty.step or None if guilty else None,
        "author": guilty.author if guilty else None,
        "model": guilty.model or None if guilty else None,
        "subject": guilty.subject if guilty else None,
        "asked": _asked(repository, session, guilty) if guilty and guilty.step else None,
        "diff": changed(repository, guilty.parent, guilty.oid) if guilty else None,
        "runs": search.runs,
    }
