"""What of a repository is trusted where its work tree may hold the very files that are under review."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gitgen.commands._asking import settings_of
from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.repository.tree import GitTree


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether nobody sits at this machine: every CI that is known sets `CI`."""
    return environ.get("CI", "").lower() not in ("", "0", "false")


@contextmanager
def trusted(repository: Repository, base: GitTree, flags: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The flags for a run in CI: preprompts and profiles of models that lie in the work tree are those of `base`."""
    settings = settings_of(repository, flags)
    taken = {}
    with TemporaryDirectory(prefix="gitgen-") as place:
        if (folder := _inside(repository, settings.preprompts)) is not None:
            taken["preprompts"] = _written(base, folder, Path(place, "preprompts"))
        if (file := _inside(repository, settings.profiles)) is not None:
            if file not in base:
                mend = "git config gitgen.models FILE, with one that is there"
                raise GitgenError(f"The branch that is merged into has no {file}", mend)
            # With those beside it, which it may name.
            beside, _, name = file.rpartition("/")
            taken["models"] = _written(base, beside, Path(place, "models")) / name
        yield {**flags, **{name: str(path) for name, path in taken.items()}}


def _inside(repository: Repository, path: Path | None) -> str | None:
    """Where a path is in the work tree; None if it is outside, or if there is none.

    A link in the work tree may lead anywhere, so how the path is written counts first.
    """
    if path is None or repository.top is None:
        return None
    top, full = repository.top.resolve(), Path.cwd() / path
    for form in (Path(os.path.normpath(full)), full.resolve()):
        if form.is_relative_to(top):
            return "" if form == top else form.relative_to(top).as_posix()
    return None


def _written(tree: GitTree, folder: str, place: Path) -> Path:
    """Write the files of a folder of a tree, without its folders, to a new one; that one."""
    place.mkdir()
    for entry in tree.children(folder):
        if entry.mode.startswith("10"):
            (place / entry.path.rpartition("/")[2]).write_bytes(tree[entry.path])
    return place
