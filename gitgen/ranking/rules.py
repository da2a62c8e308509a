"""What the repository itself says that no model is to be shown: `.gitgenignore` and `.gitattributes`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from gitgen.repository.tree import GitTree

if TYPE_CHECKING:
    from pathspec import PathSpec
    from pathspec.pattern import Pattern

IGNORE, ATTRIBUTES = ".gitgenignore", ".gitattributes"
_SAID = {"linguist-generated": "generated", "linguist-vendored": "vendored", "binary": "binary"}
_LARGEST = 1 << 20


class Rules:
    """The rules in a tree; those of a folder hold below it, in the patterns of gitignore(5)."""

    def __init__(self, tree: GitTree) -> None:
        self._tree = tree
        self._ignore = lru_cache(maxsize=None)(self._read_ignore)
        self._attributes = lru_cache(maxsize=None)(self._read_attributes)

    def ignored(self, path: str) -> bool:
        """Whether a `.gitgenignore` names the path."""
        said = False
        for folder, below in _folders(path):
            spec = self._ignore(folder)
            found = spec.check_file(below).include if spec else None
            said = said if found is None else found
        return said

    def left_out(self, path: str) -> str | None:
        """Why the path is not to be shown, or None."""
        if self.ignored(path):
            return f"in {IGNORE}"
        said: dict[str, bool] = {}
        for folder, below in _folders(path):
            for spec, attributes in self._attributes(folder):
                if spec.match_file(below):
                    said |= attributes
        return next((f"{why} by {ATTRIBUTES}" for name, why in _SAID.items() if said.get(name)), None)

    def _read_ignore(self, folder: str) -> PathSpec[Pattern] | None:
        lines = self._lines(folder + IGNORE)
        return _spec(lines) if lines else None

    def _read_attributes(self, folder: str) -> list[tuple[PathSpec[Pattern], dict[str, bool]]]:
        found = []
        for line in self._lines(folder + ATTRIBUTES):
            pattern, *words = line.split() or [""]
            states = {word.lstrip("-!").partition("=")[0]: _is_set(word) for word in words}
            states = {name: state for name, state in states.items() if name in _SAID}
            if states and not pattern.startswith(("#", "!", "[attr]")):
                found.append((_spec([pattern.strip('"')]), states))
        return found

    def _lines(self, path: str) -> list[str]:
        if path not in self._tree:
            return []
        return self._tree.start_of(path, _LARGEST).decode("utf-8", "replace").splitlines()


def _folders(path: str) -> Iterator[tuple[str, str]]:
    """Each folder above a path, the topmost first, with the path as it is seen from there."""
    parts = path.split("/")
    for depth in range(len(parts)):
        yield "".join(f"{part}/" for part in parts[:depth]), "/".join(parts[depth:])


def _spec(lines: list[str]) -> PathSpec[Pattern]:
    from pathspec import PathSpec

    return PathSpec.from_lines("gitignore", lines)


def _is_set(word: str) -> bool:
    return not word.startswith(("-", "!")) and not word.endswith("=false")
