"""A commit's tree as a mapping from paths to contents, read as far as it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from gitgen.values import DIRECTORY

_ENTRY_SHA1 = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_ENTRY_SHA256 = re.compile(rb"([0-7]+) ([^\0]+)\0(.{32})", re.DOTALL)
"""An entry of a raw tree object. Each begins where the last one ends, so none is found inside an id."""


_RawFolder: TypeAlias = dict[bytes, tuple[bytes, bytes]]
"""Turned into entries when they are asked for: of a folder with thousands of them, few are."""


@dataclass(frozen=True)
class Entry:
    """One entry of a tree; `path` is full, `mode` as `git ls-tree` prints it."""

    path: str
    mode: str
    oid: str


class Reader(Protocol):
    """Reads objects: git itself, or what was read of it before."""

    def read(self, oid: str, most: int | None = None) -> bytes: ...


class GitTree(Mapping[str, bytes]):
    """A commit's tree, read lazily: only the tree objects on the way to an asked path, only the asked blobs."""

    def __init__(self, git: Reader, oid: str | None) -> None:
        self._git = git
        self._oid = oid
        self._folders: dict[str, _RawFolder] = {}

    def _folder(self, oid: str) -> _RawFolder:
        if oid not in self._folders:
            self._folders[oid] = _parse_tree(self._git.read(oid), len(oid) // 2)
        return self._folders[oid]

    def _entries(self, folder: Entry) -> Iterator[Entry]:
        prefix = folder.path + "/" if folder.path else ""
        for name, raw in self._folder(folder.oid).items():
            yield _entry(prefix + name.decode("utf-8", "surrogateescape"), raw)

    def entry(self, path: str) -> Entry | None:
        """The entry at a path, be it a file, a folder, a symlink or a submodule; None where there is none."""
        here = Entry("", DIRECTORY, self._oid) if self._oid else None
        for name in path.split("/"):
            if here is None or here.mode != DIRECTORY:
                return None
            raw = self._folder(here.oid).get(name.encode("utf-8", "surrogateescape"))
            here = _entry(f"{here.path}/{name}" if here.path else name, raw) if raw else None
        return here

    def entries(self) -> Iterable[Entry]:
        """The entries of the root, folders included."""
        return self._entries(Entry("", DIRECTORY, self._oid)) if self._oid else ()

    def names(self, path: str) -> Iterable[bytes]:
        """The names of what is in a folder (the root has none), as they stand in its tree object."""
        entry = self.entry(path) if path else Entry("", DIRECTORY, self._oid) if self._oid else None
        return self._folder(entry.oid) if entry is not None and entry.mode == DIRECTORY else ()

    def mode(self, path: str) -> str | None:
        """The mode of the entry at `path`; None where there is nothing."""
        entry = self.entry(path)
        return entry.mode if entry else None

    def children(self, path: str = "") -> Iterator[Entry]:
        """The entries of a folder, in Git's order; none where there is no folder."""
        top = self.entry(path) if path else Entry("", DIRECTORY, self._oid) if self._oid else None
        if top is not None and top.mode == DIRECTORY:
            yield from self._entries(top)

    def walk(self, path: str = "") -> Iterator[Entry]:
        """The entries below a folder that are no folders themselves, in Git's order, read as you go."""
        for entry in self.children(path):
            if entry.mode == DIRECTORY:
                yield from self.walk(entry.path)
            else:
                yield entry

    def __getitem__(self, path: str) -> bytes:
        entry = self.entry(path)
        if entry is None or not entry.mode.startswith("10"):
            raise KeyError(path)
        return self._git.read(entry.oid)

    def start_of(self, path: str, most: int) -> bytes:
        """The first `most` bytes of the file at `path`."""
        entry = self.entry(path)
        if entry is None or not entry.mode.startswith("10"):
            raise KeyError(path)
        return self._git.read(entry.oid, most)

    def __contains__(self, path: object) -> bool:
        entry = self.entry(path) if isinstance(path, str) else None
        return entry is not None and entry.mode.startswith("10")

    def __iter__(self) -> Iterator[str]:
        return (entry.path for entry in self.walk() if entry.mode.startswith("10"))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _parse_tree(raw: bytes, width: int) -> _RawFolder:
    """The entries of a raw tree object (Git's Documentation: "Git Objects", tree objects): name to mode and id."""
    pattern = _ENTRY_SHA1 if width == 20 else _ENTRY_SHA256
    return {name: (mode, oid) for mode, name, oid in pattern.findall(raw)}


def _entry(path: str, raw: tuple[bytes, bytes]) -> Entry:
    mode, oid = raw
    return Entry(path, mode.decode("ascii").zfill(6), oid.hex())
