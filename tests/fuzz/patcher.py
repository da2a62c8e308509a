"""What must hold for any edits on any tree, also such as no reply has had so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gitgen import patch, values
from gitgen.edits import NEW_FILE, Delete, Edit, Hunk, Patch, Row, Write
from gitgen.patch.overlay import Overlay
from gitgen.paths import why_hostile

LINES = (
    "",
    "a",
    "b",
    "c",
    "    a",
    "\ta",
    "a ",
    "}",
    "...",
    "# ... rest of the code",
    "é",
    "\r",
    "\ufeffa",
    "ﬁ",
    "a\rb",
)
PATHS = (
    *("a.py", "src/b.txt", "empty", "bytes", "link", "link/x", "sub", "sub/x", "src", "src/b.txt/x", "A.PY"),
    *("new", "new/er", "a/a.py", "b/a.py", "b/new", "./a.py", "../a.py", ".git/x", "git~1", "/a.py", "x\\y", "C:x", ""),
    *("\0", "before/a.py", "after/a.py", "elsewhere/b.txt", NEW_FILE),
)
FILES = {
    "a.py": b"a\nb\n    a\n}\n\na\nb\n",
    "src/b.txt": b"a\r\nb\r\nc",
    "empty": b"",
    "bytes": b"\x00\xff",
    "wide": "\ufeffa\nb\n".encode("utf-16"),
}
MODES = {"link": values.SYMLINK, "sub": values.GITLINK, "a.py": values.EXECUTABLE}
_MODES = (None, values.REGULAR, values.EXECUTABLE, values.SYMLINK, values.GITLINK, "x")


class ModalTree(dict[str, bytes]):
    """Files, with a symbolic link and a submodule among them."""

    def mode(self, path: str) -> str | None:
        plain = values.REGULAR if path in self else None
        inside = any(name.startswith(path + "/") for name in (*self, *MODES))
        return MODES.get(path) or plain or (values.DIRECTORY if inside else None)


def edits_of(fuzz: bytes) -> Iterator[Edit]:
    """The edits that the bytes stand for, a few bytes each."""
    numbers = iter(fuzz)

    def one(of: tuple[str, ...]) -> str:
        return of[next(numbers, 0) % len(of)]

    for kind in numbers:
        if kind % 4 == 0:
            yield Delete(one(PATHS))
        elif kind % 4 == 1:
            yield Write(one(PATHS), "\n".join(one(LINES) for _ in range(next(numbers, 0) % 6)))
        else:
            old = one(PATHS)
            new = old if kind & 8 else one(PATHS)
            hunks = tuple(_hunk(numbers, one) for _ in range(next(numbers, 0) % 3))
            mode = _MODES[next(numbers, 0) % len(_MODES)] if kind & 16 else None
            yield Patch(old, new, hunks, mode, moves=bool(kind & 32), copies=bool(kind & 64))


def _hunk(numbers: Iterator[int], one: Callable[[tuple[str, ...]], str]) -> Hunk:
    rows = tuple(Row(one((" ", "-", "+")), one(LINES)) for _ in range(1 + next(numbers, 0) % 7))
    told = next(numbers, 0)
    return Hunk(
        rows,
        start=(None, 0, 1, 3, 99, 10**30)[told % 6],
        section=("", "a", "def x")[told % 3],
        counted=bool(told & 8),
        old_unended=bool(told & 16),
        new_unended=bool(told & 32),
        missing=(0, 0, 1, 10**30)[told >> 6],
        at_end=bool(told & 4),
    )


def check(fuzz: bytes) -> bool:
    """Whether all edits were made; AssertionError where the patcher breaks one of its promises."""
    edits, tree = tuple(edits_of(fuzz)), ModalTree(FILES)
    outcome = patch.apply(edits, tree)
    assert outcome == patch.apply(edits, tree), "the same edits were made in two ways"
    assert dict(tree) == FILES, "the tree that was passed in was changed"
    after = Overlay(tree, outcome.changes)
    written = [path for path, blob in outcome.changes.items() if blob is not None]
    for path in outcome.changes:
        assert why_hostile(path) is None, f"{path!r} came out"
        assert MODES.get(path) in (None, values.EXECUTABLE), f"{path} is no file"
    for path in written:
        assert after.mode(path) in (values.REGULAR, values.EXECUTABLE)
        for folder in _folders(path):
            assert after.mode(folder) == values.DIRECTORY and folder not in after, f"{path} is below a file"
    again = patch.apply((), tree, outcome.changes)
    assert dict(again.changes) == dict(outcome.changes) and not again.refusals
    return not outcome.refusals


def _folders(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path
