"""What git's hooks about a commit's and a push's content do. Git waits for them each time: nothing heavy here."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from gitgen.errors import GitgenError
from gitgen.git import HOOK_INDEX, STEP

if TYPE_CHECKING:
    from gitgen.leaks import Find, Problem
    from gitgen.repository import Repository

COMMIT, PUSH = "pre-commit", "pre-push"
"""The hooks by git's names for them (man githooks)."""


def run(name: str, arguments: Sequence[str], stdin: TextIO, environ: Mapping[str, str]) -> None:
    """Do what the hook of this name does, with the arguments and the standard input that git gives it.

    GitgenError with the last thing that is wrong; what else is has been told before, in the same form.
    """
    if environ.get(STEP):
        return  # What a step brings has been made of a chat without secrets.
    from gitgen.repository import Repository

    repository = Repository.find(Path.cwd())
    if repository is None:
        # A bare one is found; not one of which git was told in words where it is.
        sys.stderr.write("gitgen finds no repository here, and has looked at nothing\n")
        return
    if name == COMMIT:
        _refuse(_staged(repository, environ))
    else:
        _refuse(_pushed(repository, arguments, stdin, environ))


def _staged(repository: Repository, environ: Mapping[str, str]) -> Iterable[Problem]:
    from gitgen import leaks

    return leaks.staged(repository, _finder(repository, environ), environ.get(HOOK_INDEX, ""))


def _pushed(
    repository: Repository, arguments: Sequence[str], stdin: TextIO, environ: Mapping[str, str]
) -> Iterable[Problem]:
    """What is wrong with a push, as git tells of it (man githooks), or pre-commit, or else of all that HEAD has."""
    from gitgen import leaks

    if arguments:
        lines = (line.rsplit(maxsplit=3) for line in stdin.read().splitlines())
        refs = [leaks.Pushed(name, oid, there) for name, oid, _, there in lines]
        return leaks.pushed(repository, _finder(repository, environ), refs, arguments[0])
    name = environ.get("PRE_COMMIT_LOCAL_BRANCH", "HEAD")
    oid = repository.resolve(environ.get("PRE_COMMIT_TO_REF") or name) or ""
    ref = leaks.Pushed(name, oid, environ.get("PRE_COMMIT_FROM_REF", ""))
    return leaks.pushed(repository, _finder(repository, environ), [ref], environ.get("PRE_COMMIT_REMOTE_NAME", ""))


def _finder(repository: Repository, environ: Mapping[str, str]) -> Find:
    """Finds what a chat would not hold either."""
    from gitgen.redact import finder
    from gitgen.scanner import scanner

    return finder(environ, *repository.config.get("gitgen.apikey", ()), scan=scanner())


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        from gitgen.ui import printable

        for problem in found[:-1]:
            sys.stderr.write(printable(f"error: {problem.what}\n") + printable(f"hint: {problem.mend}\n"))
        raise GitgenError(found[-1].what, found[-1].mend)
