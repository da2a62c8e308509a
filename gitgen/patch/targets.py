"""Which path of the tree a name in a reply means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gitgen import paths, values
from gitgen.errors import Refusal
from gitgen.patch.overlay import Overlay
from gitgen.values import Tree

_SIDES = (
    "a",
    "b",
    "i",
    "w",
    "c",
    "o",
    "original",
    "modified",
    "old",
    "new",
    "orig",
    "updated",
    "before",
    "after",
)

_HERE = re.compile(r"^(?:\./)+")
_AGE = re.compile(r"(^|[._/-])(before|after|old|new|orig|original|modified|updated|fixed|patched|bak)(?=[._-]|$)")


@dataclass(frozen=True)
class Target:
    """The path in the tree, and a note where the reply spelt it differently."""

    path: str
    note: str = ""


class Names:
    """The tree's paths by their last part, walked at most once and only when somebody asks."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._paths: dict[str, list[str]] | None = None

    def like(self, name: str) -> list[str]:
        """The paths whose last part is this name."""
        if self._paths is None:
            self._paths = {}
            for path in self._tree:
                self._paths.setdefault(path.rpartition("/")[2], []).append(path)
        return self._paths.get(name, [])


def resolve(name: str, tree: Tree, names: Names) -> Target | Refusal:
    """The one path of the tree that the name means, with its prefix, root or missing folders mended."""
    if len(name) > paths.LONGEST_PATH:
        return Refusal("path", "the path is too long", name)
    clean = tidy(name)
    if clean in tree:
        return Target(clean)
    folder, _, rest = clean.partition("/")
    if folder in _SIDES and rest in tree:
        return Target(rest)
    parts = [part for part in clean.split("/") if part not in ("", ".")]
    if ".." in parts:
        return Refusal("path", "the path has a `..` part", name)
    inside = without_side(clean).partition("/")[0]
    # A folder, link or submodule that is there is meant as it stands, and lacks the file.
    outermost = 1 if values.mode_of(tree, inside) is None else len(parts)
    for cut in range(outermost, len(parts)):
        tail = "/".join(parts[cut:])
        if tail in tree:
            return Target(tail, f"{name}: taken for {tail}")
    wanted = "/" + "/".join(parts[1:] if parts[:1] and parts[0] in _SIDES and len(parts) > 1 else parts)
    alike = [path for path in names.like(wanted.rpartition("/")[2]) if path in tree]
    found = [path for path in alike if path.endswith(wanted)]
    if len(found) == 1:
        return Target(found[0], f"{name}: taken for {found[0]}")
    if found:
        return Refusal("ambiguous", f"several files end so: {', '.join(sorted(found)[:5])}", name)
    known = f"; of that name there is {', '.join(sorted(alike)[:5])}" if alike else ""
    return Refusal("missing-file", f"there is no such file{known}", without_side(clean))


def same_but_for_age(old: str, new: str) -> bool:
    """Whether two names differ only in words such as `before` and `after`: two states of one file."""
    return _AGE.sub("", old) == _AGE.sub("", new)


def tidy(name: str) -> str:
    """The name with slashes only and without `./`."""
    return _HERE.sub("", name if "/" in name else name.replace("\\", "/"))


def without_side(name: str) -> str:
    """The name without the `a/` or `b/` that diffs put before it."""
    folder, slash, rest = name.partition("/")
    return rest if slash and folder in ("a", "b") and rest else name


def why_not_writable(path: str, tree: Overlay, leaving: str = "") -> Refusal | None:
    """Why nothing may be written at this path of this tree, which `leaving` is about to leave."""
    reason = paths.why_hostile(path)
    if reason is not None:
        return Refusal("path", reason, path)
    mode = values.mode_of(tree, path)
    if mode == values.SYMLINK:
        return Refusal("path", "the path is a symbolic link", path)
    if mode == values.GITLINK:
        return Refusal("path", "the path is a submodule", path)
    if mode == values.DIRECTORY:
        return Refusal("path", "the path is a folder", path)
    return _why_no_folder(path, tree) or (_why_not_new(path, tree, leaving) if mode is None else None)


def _why_not_new(path: str, tree: Overlay, leaving: str) -> Refusal | None:
    """Why a name may not be added, though it would do no harm here: not every clone of the branch could hold it."""
    reason = paths.why_unportable(path)
    if reason is not None:
        return Refusal("path", reason, path)
    twin = tree.twin(path)
    if twin and twin != leaving:
        return Refusal("path", f"many file systems cannot hold it beside {twin}, which is there", path)
    return None


def _why_no_folder(path: str, tree: Tree) -> Refusal | None:
    folder = path.rpartition("/")[0]
    while folder:
        mode = values.mode_of(tree, folder)
        if mode == values.DIRECTORY:
            return None
        if mode is not None:
            return Refusal("path", f"{folder} is not a folder", path)
        folder = folder.rpartition("/")[0]
    return None
