"""Names of which many file systems hold only one: `README` and `readme`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from gitgen.paths import folded
from gitgen.values import Tree


class Twins:
    """The names in each folder by what is the same to a file system that ignores case.

    A folder is read when it is asked about; of a tree that tells modes but no names, none is.
    """

    def __init__(self, below: Tree, added: Iterable[str]) -> None:
        self._below = below
        self._read: dict[str, dict[str, list[str]]] = {}
        self._added: dict[str, dict[str, list[str]]] = {}
        self._all: dict[str, set[str]] | None = None
        for path in added:
            self.add(path)

    def of(self, folder: str, name: str) -> Iterator[str]:
        """The names in a folder (empty, or with its slash) that are taken for this one."""
        if folder not in self._read:
            by_fold = self._read.setdefault(folder, {})
            for one in self._names(folder):
                by_fold.setdefault(folded(one), []).append(one)
        for names in (self._read[folder], self._added.get(folder, {})):
            yield from names.get(folded(name), ())

    def add(self, path: str) -> None:
        """Take note of a new path, and of the folders on the way to it."""
        here = ""
        for name in path.split("/"):
            known = self._added.setdefault(here, {}).setdefault(folded(name), [])
            if name not in known:
                known.append(name)
            here += name + "/"

    def _names(self, folder: str) -> Iterable[str]:
        if hasattr(self._below, "names"):
            return (os.fsdecode(name) for name in self._below.names(folder.rstrip("/")))
        if self._all is None:
            self._all = {}
            for path in () if hasattr(self._below, "mode") else self._below:
                here = ""
                for name in path.split("/"):
                    self._all.setdefault(here, set()).add(name)
                    here += name + "/"
        return self._all.get(folder, ())
