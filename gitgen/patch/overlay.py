"""A tree as it looks once changes are made to it, without copying it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gitgen import values
from gitgen.patch.twins import Twins
from gitgen.values import Blob, Changes, Tree


class Overlay(Mapping[str, bytes]):
    """A tree with changes on top; reading it never walks the tree below unless it is walked itself."""

    def __init__(self, below: Tree, changes: Changes) -> None:
        self._below = below
        self._changes: dict[str, Blob | None] = dict(changes)
        self._folders: set[str] = set()
        self._folders_below: frozenset[str] | None = None
        self._twins: Twins | None = None
        for path in changes:
            self._add_folders(path)

    @property
    def changes(self) -> Changes:
        """What was changed, by path."""
        return dict(self._changes)

    def put(self, path: str, blob: Blob | None) -> None:
        """Let the path hold this from now on, or nothing."""
        if blob is None and path not in self._below:
            self._changes.pop(path, None)
            return
        self._changes[path] = blob
        self._add_folders(path)

    def _add_folders(self, path: str) -> None:
        if self._changes.get(path) is None:
            return
        if self._twins is not None:
            self._twins.add(path)
        folder = path.rpartition("/")[0]
        while folder and folder not in self._folders:
            self._folders.add(folder)
            folder = folder.rpartition("/")[0]

    def mode(self, path: str) -> str | None:
        """The mode of the entry at the path, as `values.mode_of` gives it."""
        if path in self._changes:
            blob = self._changes[path]
            if blob is None:
                return values.DIRECTORY if path in self._folders else None
            below = self._mode_below(path)
            return blob.mode or (values.REGULAR if below in (None, values.DIRECTORY) else below)
        return values.DIRECTORY if path in self._folders else self._mode_below(path)

    def _mode_below(self, path: str) -> str | None:
        """The mode in the tree below; one that knows no modes is walked once, not at every question."""
        if hasattr(self._below, "mode") or path in self._below:
            return values.mode_of(self._below, path)
        if self._folders_below is None:
            self._folders_below = frozenset(values.folders_of(self._below))
        return values.DIRECTORY if path in self._folders_below else None

    def twin(self, path: str) -> str | None:
        """A path that is there, of which many file systems could not hold this new one too: `README` of `readme/x`."""
        if self._twins is None:
            self._twins = Twins(self._below, (one for one, blob in self._changes.items() if blob is not None))
        here = ""
        for name in path.split("/"):
            if self.mode(here + name) is None:
                found = (here + twin for twin in self._twins.of(here, name))
                return next((twin for twin in found if self.mode(twin) is not None), None)
            here += name + "/"
        return None

    def __getitem__(self, path: str) -> bytes:
        if path in self._changes:
            blob = self._changes[path]
            if blob is None:
                raise KeyError(path)
            return blob.content
        return self._below[path]

    def __contains__(self, path: object) -> bool:
        if path in self._changes:
            return self._changes[path] is not None
        return path in self._below

    def __iter__(self) -> Iterator[str]:
        yield from (path for path in self._below if path not in self._changes)
        yield from (path for path, blob in self._changes.items() if blob is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
