"""The list of a fleet: which repositories there are, and where the clones stand of those that are elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gitgen.errors import GitgenError
from gitgen.forge.remotes import remote_of

_SCP = re.compile(r"[^/:]+:(?!//)")
"""How `host:path` begins, a colon before any slash (man git-fetch, "Git URLs")."""


@dataclass(frozen=True)
class Member:
    """A repository of a fleet, by the name that the list gives it."""

    name: str
    folder: Path
    """Where it is worked on."""
    address: str = ""
    """Where that is cloned from; empty for a repository of the user's own, which is worked on where it is."""


def members(text: str, around: Path, clones: Path) -> tuple[Member, ...]:
    """The repositories that a list names, one a line, each once; `#` begins a comment.

    A folder is seen from `around`. What is a URL or a bare repository has its clone in `clones`, by host and path.
    GitgenError if there is none, or if one cannot have a clone there.
    """
    found: dict[Path, Member] = {}
    for line in text.splitlines():
        name = line.strip()
        if name and not name.startswith("#"):
            member = _member(name, around, clones)
            found.setdefault(member.folder, member)
    if not found:
        raise GitgenError("The list names no repository", "a path or a URL on each line")
    return tuple(found.values())


def _member(name: str, around: Path, clones: Path) -> Member:
    parts: tuple[str, ...] = ()
    # A host can be none (RFC 3986), a path hold what no file system takes, and `~name` be nobody's home.
    with suppress(ValueError, RuntimeError):
        folder = Path(os.path.normpath(around / Path(name).expanduser()))
        elsewhere = "://" in name or (_SCP.match(name) and not folder.exists())
        if not elsewhere and not _is_bare(folder):
            return Member(name, folder)
        address = name if elsewhere else str(folder)
        parts = tuple(_parts(address))
    if not parts or {"..", ".", ".git"} & {part.lower() for part in parts} or not name.isprintable():
        raise GitgenError(f"{name!r} is no address of a repository", "https://HOST/OWNER/NAME, or a folder")
    return Member(name, clones.joinpath(*parts), address)


def _is_bare(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def _parts(address: str) -> Iterator[str]:
    """The folders that a clone of an address lies in, and its own."""
    remote = remote_of("origin", address, {})
    path = remote.path or (urlsplit(address).path if "://" in address else address).removesuffix(".git")
    yield from (part for part in (remote.host.replace(":", "-"), *path.split("/")) if part)
