"""`gitgen log`: the steps of a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain, islice
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import branch_at
from gitgen.history import tracking
from gitgen.history.diff_tree import Stat, stats
from gitgen.history.sessions import every
from gitgen.repository import Repository
from gitgen.state.absent import no_session
from gitgen.state.commits import UNDOES, Commit, Session
from gitgen.state.log import walk
from gitgen.ui.pager import pager_for

FIRST, CHUNK = 50, 1000
"""So many commits are shown before more are read, then twice as many, up to this: most readers leave early."""
MOST = 1000
"""Of a longer log nobody waits for all its diffs at once: only a pager, which asks for a screen, shows them unasked."""

_COLOURS = {"ok": "green", "no-change": "yellow", "undone": "yellow", "human": "blue", "hook": "blue"}

Paint = Callable[..., str]


@click.command()
@click.argument("branch", required=False)
@click.option("--all", "all_sessions", is_flag=True, help="All sessions, the one with the newest commit first.")
@click.option(
    "--stat/--no-stat", default=None, help="Files and lines changed; left out of a long log that goes to no terminal."
)
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
def command(branch: str | None, all_sessions: bool, stat: bool | None, as_json: bool) -> int:
    """The steps of a session, newest first, with the commits of people between them.

    Each with what was asked for, or else its subject; then how far the session is ahead of the branch it is meant
    for, and behind. BRANCH is the one that is checked out if it is left out.

    \b
    Example:
      gitgen log
      gitgen log gitgen/todo --json
    """
    if all_sessions and branch:
        raise click.UsageError("BRANCH and --all do not go together.")
    repository = preflight.repository_at(Path.cwd())
    branches = _every(repository) if all_sessions else [(b := branch_at(repository, branch), _read(repository, b))]
    if as_json:
        _say_json(repository, branches, stat is not False, all_sessions)
        return 0
    pager = pager_for(repository, "log")
    paint = ui.styled if pager.colour else lambda text, **_: text
    chunks = chain.from_iterable(
        _session(repository, name, commits, all_sessions, _wanted(stat, bool(pager.command)), paint)
        for name, commits in branches
    )
    pager.show(chunks)
    return 0


def _every(repository: Repository) -> list[tuple[str, Iterator[Commit]]]:
    sessions = every(repository)
    if not sessions:
        ui.note("there is no session yet")
    return [(session.branch, _newest_first(session)) for session in sessions]


def _newest_first(session: Session) -> Iterator[Commit]:
    yield from reversed(session.commits)
    yield session.first


def _read(repository: Repository, branch: str) -> Iterator[Commit]:
    """The commits of a session as they come; GitgenError if it is none, as soon as that is known."""
    held: list[Commit] = []
    commits = walk(repository, branch, preflight.tip_of(repository, branch))
    for last in commits:
        held.append(last)
        # Its own steps tell a session before its beginning is read.
        if last.step and last.trailers.get("Gitgen-Session") == branch:
            yield from held
            held.clear()
            for last in commits:
                yield last
    if not last.begins(branch):
        raise no_session(repository, branch)
    yield from held


def _wanted(stat: bool | None, paged: bool) -> Callable[[bool], bool]:
    """Whether the diffs of a log are shown, given whether it is long."""
    return lambda is_long: stat if stat is not None else paged or not is_long


def _session(
    repository: Repository,
    branch: str,
    commits: Iterator[Commit],
    headed: bool,
    wanted: Callable[[bool], bool],
    paint: Paint,
) -> Iterator[str]:
    if headed:
        yield paint(ui.printable(branch), bold=True)
    ahead = list(islice(commits, FIRST))
    if not wanted(True):
        ahead += islice(commits, MOST)
    shown = wanted(len(ahead) > MOST)
    count, linear, fate = 0, True, _Fate()
    while ahead:
        steps = ahead[:-1] if ahead[-1].begins(branch) else ahead
        of = stats(repository, steps) if shown else {}
        now = time.time()
        if steps:
            yield "\n".join(_line(commit, fate.undone(commit), of.get(commit.oid), now, paint) for commit in steps)
        elif len(ahead) == 1 and not headed:
            ui.note(f"{branch} has no step yet")
        count += len(steps)
        linear = linear and not any(commit.merges for commit in steps)
        last, ahead = ahead[-1], list(islice(commits, min(2 * len(ahead), CHUNK)))
    yield from _beginning(repository, branch, last, count if linear else None, paint)
    if headed:
        yield ""


class _Fate:
    """What became of the steps that it is told of, newest first."""

    def __init__(self) -> None:
        self._last: dict[str, bool] = {}

    def undone(self, commit: Commit) -> bool:
        """Whether a commit is a step that is taken back."""
        if commit.step:
            return self._last.get(commit.log, False)
        if commit.reverted:
            self._last.setdefault(commit.reverted, UNDOES in commit.trailers)
        return False


def _line(commit: Commit, undone: bool, stat: Stat | None, now: float, paint: Paint) -> str:
    step, status = commit.step, "undone" if undone else commit.status
    if status == "ok" and commit.exit_code:
        status = f"exit {commit.exit_code}"
    if not step:
        step = ("undo" if UNDOES in commit.trailers else "redo") if commit.reverted else "-"
        status = "hook" if commit.hook else "human"
    step, status, model = ui.printable(f"{step}\n{status}\n{commit.model}").split("\n")
    colour = _COLOURS.get(status, "red")
    changed = f"{_changed(stat):<18}  " if stat else ""
    spent = f"{ui.tokens(commit.total_tokens):>6}" if commit.step else "      "
    age = ui.age(now - commit.time)
    about = f"{model}, {age}" if model else age
    head = f"{paint(commit.oid[:10], fg='yellow')}  {step:<10}  {paint(f'{status:<9}', fg=colour)}"
    return f"{head}  {changed}{spent}  {ui.printable(commit.asked or commit.subject)}  ({about})"


def _changed(stat: Stat) -> str:
    files = "1 file" if stat.files == 1 else f"{stat.files} files"
    return f"{files} +{stat.insertions} -{stat.deletions}" if stat.files else "-"


def _beginning(repository: Repository, branch: str, first: Commit, count: int | None, paint: Paint) -> Iterator[str]:
    """Where the session began; `count` is how many commits are after that, None if there are merges among them."""
    base = tracking.default_branch(repository)
    if base is None or not first.parent:
        return
    if count is None:
        ahead, behind = tracking.ahead_behind(repository, branch, base)
    else:
        ahead, behind = tracking.ahead_behind_after(repository, branch, first.oid, count, base)
    oid = paint(first.oid[:10], fg="yellow")
    yield f"{oid}  {'begin':<10}  {ahead} ahead of {ui.printable(base)}, {behind} behind"


def _say_json(
    repository: Repository, branches: list[tuple[str, Iterator[Commit]]], with_stat: bool, all_sessions: bool
) -> None:
    printed: list[dict[str, object]] = []
    for branch, commits in branches:
        steps = [commit for commit in commits if not commit.begins(branch)]
        of, fate = stats(repository, steps) if with_stat else {}, _Fate()
        session = {"session": branch} if all_sessions else {}
        printed += [{**session, **_as_dict(commit, fate.undone(commit), of.get(commit.oid))} for commit in steps]
    ui.say_json(printed)


def _as_dict(commit: Commit, undone: bool, stat: Stat | None) -> dict[str, object]:
    usage = commit.usage
    return {
        "commit": commit.oid,
        "step": commit.step or None,
        "status": commit.status or None,
        "undone": undone,
        "exit_code": commit.exit_code,
        "subject": commit.subject,
        "asked": commit.asked or None,
        "author": commit.author,
        "time": commit.time,
        "model": commit.model or None,
        **(vars(stat) if stat else {}),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "log": commit.trailers.get("Gitgen-Log"),
    }
