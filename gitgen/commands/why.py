"""`gitgen why`: the step, the prompt and the model behind a line."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import revision_at
from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.history.blame import Line, blame, commits_of
from gitgen.repository import Repository
from gitgen.state.chats import asked_of
from gitgen.state.commits import Commit

UNCOMMITTED = "not committed yet"
PLACE = re.compile(r"(.+?):([0-9]{1,9})(?:,([0-9]{1,9}))?", re.DOTALL)


@click.command()
@click.argument("place", metavar="FILE[:LINE[,LINE]]")
@click.option("--at", "revision", metavar="REVISION", help="The file at a commit or in a session; else as it is here.")
@click.option("--json", "as_json", is_flag=True, help="Print every line, and the shares, as JSON.")
def command(place: str, revision: str | None, as_json: bool) -> int:
    """The step behind each line: what was asked, which model wrote it, and when; or the person who did.

    Through renames, moves and the commits of people. Without a line: how much of the file each step has written, and
    each author, be it a model or a person.

    \b
    Example:
      gitgen why hello.py:12
      gitgen why hello.py:12,20 --at gitgen/todo
      gitgen why hello.py
    """
    repository = preflight.repository_at(Path.cwd())
    path, span = _place(place)
    lines = _lines(repository, path, revision_at(repository, revision) if revision else "", span)
    commits = commits_of(repository, lines)
    if as_json:
        ui.say_json(_as_dict(repository, path, lines, commits))
    elif span:
        for oid, group in groupby(lines, key=lambda line: line.oid):
            _tell(repository, path, commits.get(oid), list(group))
    else:
        _tell_shares("step", _shares(lines, lambda line: _name(commits.get(line.oid))))
        ui.say()
        _tell_shares("author", _shares(lines, lambda line: _author(commits.get(line.oid))))
    return 0


def _place(place: str) -> tuple[str, tuple[int, int] | None]:
    """The file and the lines that are meant; a file whose own name ends like one is meant as a whole."""
    found = None if Path(place).exists() else PLACE.fullmatch(place)
    if found is None:
        return place, None
    first, last = int(found[2]), int(found[3] or found[2])
    return found[1], (min(first, last), max(first, last))


def _lines(repository: Repository, path: str, revision: str, span: tuple[int, int] | None) -> list[Line]:
    inside = os.path.relpath(Path.cwd() / path, repository.top) if repository.top else path
    try:
        lines = blame(repository, Path(inside).as_posix(), revision)
    except GitFailed as error:
        what = error.stderr.strip().removeprefix("fatal: ") or error.what
        raise GitgenError(f"{path} cannot be blamed on anybody: {what}", "git ls-files lists the files") from None
    first, last = span or (1, len(lines))
    if not 1 <= first <= max(1, len(lines)):
        raise GitgenError(f"{path} has {len(lines)} lines", f"gitgen why {path}")
    return lines[first - 1 : last]


def _tell(repository: Repository, path: str, commit: Commit | None, lines: Sequence[Line]) -> None:
    ui.say(ui.styled(_head(commit), fg="yellow"))
    if commit is not None and commit.step:
        for asked in asked_of(repository, commit).splitlines():
            ui.say(ui.printable(f"    {asked}"))
    if lines[0].path != path and commit is not None:
        ui.say(ui.printable(f"    (in {lines[0].path})"))
    for line in lines:
        ui.say(ui.printable(f"{line.number:>6}  {line.text}"))


def _head(commit: Commit | None) -> str:
    if commit is None:
        return UNCOMMITTED
    day = time.strftime("%Y-%m-%d", time.localtime(commit.time))
    if commit.hook:
        return ui.printable(f"{commit.oid[:10]}  by the {commit.hook} hook, {day}: {commit.subject}")
    if not commit.step:
        return ui.printable(f"{commit.oid[:10]}  by a person, {commit.author}, {day}: {commit.subject}")
    return ui.printable(
        f"{commit.oid[:10]}  {commit.step}, {commit.model or 'no model'}, {day}, asked by {commit.author}"
    )


def _name(commit: Commit | None) -> str:
    if commit is None:
        return UNCOMMITTED
    kind = commit.step or ("hook" if commit.hook else "human")
    return f"{commit.oid[:10]}  {kind:<10}  {commit.asked or commit.subject}"


def _author(commit: Commit | None) -> str:
    if commit is None:
        return UNCOMMITTED
    return commit.model or commit.step if commit.step else commit.author


def _shares(lines: Sequence[Line], name: Callable[[Line], str]) -> list[tuple[str, int, float]]:
    """How many lines each name has, and which part of all, the largest first."""
    counted = Counter(map(name, lines))
    return [(name, count, count / len(lines)) for name, count in counted.most_common()]


def _tell_shares(what: str, shares: Sequence[tuple[str, int, float]]) -> None:
    ui.say(ui.styled(f"{'lines':>6}  {'share':>6}  {what}", dim=True))
    for name, count, share in shares:
        ui.say(ui.printable(f"{count:>6}  {share:>6.1%}  {name}"))


def _as_dict(repository: Repository, path: str, lines: Sequence[Line], commits: dict[str, Commit]) -> dict[str, object]:
    told = {oid: _commit(repository, commit) for oid, commit in commits.items()}
    return {
        "file": path,
        "lines": [
            {"line": one.number, "path": one.path, **told.get(one.oid, _commit(repository, None))} for one in lines
        ],
        "steps": [_share(*share) for share in _shares(lines, lambda line: line.oid if line.committed else UNCOMMITTED)],
        "authors": [_share(*share) for share in _shares(lines, lambda line: _author(commits.get(line.oid)))],
    }


def _commit(repository: Repository, commit: Commit | None) -> dict[str, object]:
    if commit is None:
        return {"commit": None, "step": None, "model": None, "author": None, "time": None, "asked": None}
    return {
        "commit": commit.oid,
        "step": commit.step or None,
        "model": commit.model or None,
        "author": commit.author,
        "time": commit.time,
        "asked": asked_of(repository, commit) if commit.step else None,
    }


def _share(name: str, lines: int, share: float) -> dict[str, object]:
    return {"name": name, "lines": lines, "share": round(share, 4)}
