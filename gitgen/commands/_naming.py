"""The files that a user names with --file and --read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from gitgen.errors import GitgenError
from gitgen.paths import tellable
from gitgen.repository import Repository

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "-f",
        "--file",
        "files",
        multiple=True,
        metavar="PATH",
        help="A file to show to the model; repeat for more.",
    ),
    click.option("--read", multiple=True, metavar="PATH", help="A file that the model may read but not change."),
)


def names_files(function: F) -> F:
    """Give a command the options that name files."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def named_files(repository: Repository, files: Sequence[str], read: Sequence[str]) -> dict[str, list[str]]:
    """The inputs of a step that name files, seen from the root; GitgenError for one that is named both ways."""
    to_change, to_read = ([_in_tree(repository, file) for file in given] for given in (files, read))
    if both := sorted(set(to_change) & set(to_read)):
        raise GitgenError(
            f"{both[0]} is given with --file and with --read", "give it with --read if it shall not change"
        )
    return {"files": to_change, **({"read": to_read} if to_read else {})}


def _in_tree(repository: Repository, file: str) -> str:
    """A path as the user gave it, seen from the root of the work tree; in a bare repository it is that already."""
    if not tellable(file):
        what = f"{file!r} cannot be told to a model: its name is not UTF-8, or has control characters"
        raise GitgenError(what, "git mv it to another name")
    if repository.top is None:
        return Path(os.path.normpath(file)).as_posix()
    full = Path(os.path.normpath(Path.cwd() / file))
    try:
        return full.relative_to(repository.top.resolve()).as_posix()
    except ValueError:
        raise GitgenError(f"{file} is outside the repository", f"name a file under {repository.top}") from None
