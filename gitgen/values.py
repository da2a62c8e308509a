"""What the layers hand each other: frozen values that know nothing of Git, the network or the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

REGULAR, EXECUTABLE, SYMLINK, GITLINK, DIRECTORY = "100644", "100755", "120000", "160000", "040000"
"""Git's modes of a tree's entries, as `git ls-tree` prints them."""

Tree: TypeAlias = Mapping[str, bytes]
"""A read-only Git tree: full path to bytes. A plain dict serves; a view of a real tree also knows modes."""


def mode_of(tree: Tree, path: str) -> str | None:
    """The mode of the tree's entry at `path`, directories included; None where there is nothing."""
    ask = getattr(tree, "mode", None)
    if ask is not None:
        mode: str | None = ask(path)
        return mode
    if path in tree:
        return REGULAR
    return DIRECTORY if any(other.startswith(path + "/") for other in tree) else None


def folders_of(tree: Tree) -> Iterator[str]:
    """The directories of a tree that is walked for them, some of them more than once."""
    for path in tree:
        while path := path.rpartition("/")[0]:
            yield path


@dataclass(frozen=True)
class Blob:
    """What a path holds after a step; `mode` None keeps the mode it had, or `REGULAR` for a new path."""

    content: bytes
    mode: str | None = None


Changes: TypeAlias = Mapping[str, Blob | None]
"""A step's effect on a tree: path to its new content, or to None where the path is deleted."""
