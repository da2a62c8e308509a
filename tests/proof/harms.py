"""What can befall a repository before a command, or while its model answers; each can be healed again.

The mounts need a mount namespace of one's own (man unshare): `tests/proof/mishaps.py` runs in one.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Timer

from tests.conftest import git, write
from tests.proof.cases import BRANCH

Act = Callable[[Path], object]
"""What is done to a repository, given its root."""

BEFORE, DURING, BOTH = ("before",), ("during",), ("before", "during")
PROGRESS = "refs/gitgen/progress/x"


@dataclass(frozen=True)
class Harm:
    """A harm by its name, what does it and what takes it away again, and what its user sees of it."""

    name: str
    hurt: Act
    heal: Act
    sees: str
    """What is printed has to hold this pattern; empty where all goes well in spite of it."""
    when: tuple[str, ...] = BOTH
    quick: bool = False
    """Whether it is among the tests."""


def nothing(root: Path) -> None: ...


def harms() -> Iterator[Harm]:
    """All of them."""
    yield from _read_only()
    yield from _locks()
    yield from _refs()
    yield from _objects()
    yield from _files()
    yield from _housekeeping()


def _read_only() -> Iterator[Harm]:
    def mount(name: str) -> Harm:
        return Harm(
            f"{name or 'everything'} is read-only",
            _mounted(name),
            _unmounted(name),
            "Read-only file system|unable to create directory",
        )

    yield mount(".git")
    yield mount(".git/objects")
    yield mount(".git/refs")
    yield mount("")


def _mounted(name: str) -> Act:
    def hurt(root: Path) -> None:
        subprocess.run(["mount", "--bind", root / name, root / name], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", root / name], check=True)

    return hurt


def _unmounted(name: str) -> Act:
    return lambda root: subprocess.run(["umount", "--lazy", root / name], check=True)


def _locks() -> Iterator[Harm]:
    for path, when in (
        ("packed-refs", BOTH),
        ("index", BOTH),
        (f"refs/heads/{BRANCH}", BOTH),
        (PROGRESS, BOTH),
        ("HEAD", BOTH),
    ):
        yield Harm(f"{path}.lock is held", _locked(path), _unlocked(path), f"{path}.lock is in the way", when)
    for path in ("packed-refs", "index", f"refs/heads/{BRANCH}", PROGRESS):
        yield Harm(f"{path}.lock is held for a second", _locked(path, 1.0), nothing, "", DURING, path != "packed-refs")


def _locked(path: str, seconds: float = 0) -> Act:
    def hurt(root: Path) -> None:
        lock = root / ".git" / f"{path}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        if seconds:
            Timer(seconds, lock.unlink, kwargs={"missing_ok": True}).start()

    return hurt


def _unlocked(path: str) -> Act:
    return lambda root: (root / ".git" / f"{path}.lock").unlink(missing_ok=True)


def _refs() -> Iterator[Harm]:
    def deleted(ref: str) -> Act:
        return lambda root: git(root, "update-ref", "-d", ref)

    def brought_back(root: Path) -> None:
        git(root, "update-ref", f"refs/heads/{BRANCH}", (root / ".git/ORIG").read_text())

    gone, ref = f"refs/heads/{BRANCH}", PROGRESS
    yield Harm("the branch is deleted", deleted(gone), brought_back, "There is no branch", BEFORE, quick=True)
    yield Harm("the branch is deleted", deleted(gone), brought_back, f"{BRANCH} moved meanwhile", DURING)
    yield Harm("the progress ref is deleted", deleted(ref), nothing, "was deleted meanwhile", DURING, quick=True)
    unreadable = "no commit that git can read|moved meanwhile"
    yield Harm("the branch's ref is garbage", _spoilt(gone), _restored(gone), unreadable)
    yield Harm("packed-refs is garbage", _spoilt("packed-refs"), _restored("packed-refs"), "packed-refs")


def _objects() -> Iterator[Harm]:
    unreadable = "fsck|Not a valid commit|corrupt loose object|Can't load tree|bad tree object|inflate"
    for name, revision, sees, when in (
        ("the tip's commit", BRANCH, unreadable, BOTH),
        ("the tip's tree", f"{BRANCH}^{{tree}}", unreadable, BOTH),
        ("the file that is edited", f"{BRANCH}:hello.py", unreadable, BOTH),
        ("the session's prompt", f"{BRANCH}:.gitgen/x/prompt", "", BEFORE),
        ("the step under way", PROGRESS, "", DURING),
    ):
        for how, damage in (("is missing", _missing), ("is damaged", _damaged)):
            yield Harm(f"{name} {how}", damage(revision), _objects_restored, sees, when)


def _object(root: Path, revision: str) -> Path:
    oid = git(root, "rev-parse", revision)
    return root / ".git/objects" / oid[:2] / oid[2:]


def _missing(revision: str) -> Act:
    def hurt(root: Path) -> None:
        path = _object(root, revision)
        shutil.move(path, _aside(root) / "-".join(path.parts[-2:]))

    return hurt


def _damaged(revision: str) -> Act:
    def hurt(root: Path) -> None:
        path = _object(root, revision)
        shutil.copy2(path, _aside(root) / "-".join(path.parts[-2:]))
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-5] + b"\0\0\0\0\0")

    return hurt


def _objects_restored(root: Path) -> None:
    for path in _aside(root).iterdir():
        folder, _, name = path.name.partition("-")
        (root / ".git/objects" / folder / name).unlink(missing_ok=True)
        shutil.move(path, root / ".git/objects" / folder / name)


def _aside(root: Path) -> Path:
    aside = root.with_name(f"{root.name}.aside")
    aside.mkdir(exist_ok=True)
    return aside


def _files() -> Iterator[Harm]:
    for name, sees in (
        ("config", "config"),
        ("HEAD", "no repository that git|not a git repository"),
        ("index", "index"),
    ):
        yield Harm(f"{name} is garbage", _spoilt(name), _restored(name), sees)
    yield Harm("the repository is gone", _away(".git"), _back(".git"), "no Git repository", BEFORE)
    yield Harm("the repository is gone", _away(".git"), _back(".git"), "not a git repository", DURING)
    edit = lambda root: write(root, {"hello.py": "mine\n"})  # noqa: E731
    yield Harm("a file is edited", edit, lambda root: git(root, "checkout", "hello.py"), "uncommitted changes", BEFORE)
    yield Harm("a file is edited", edit, lambda root: git(root, "checkout", "hello.py"), "cannot take the step", DURING)


def _spoilt(name: str) -> Act:
    def hurt(root: Path) -> None:
        path = root / ".git" / name
        if path.exists():
            shutil.copy2(path, _aside(root) / name.replace("/", "%"))
        path.write_bytes(b"\x7fgarbage\n")

    return hurt


def _restored(name: str) -> Act:
    def heal(root: Path) -> None:
        kept = _aside(root) / name.replace("/", "%")
        (root / ".git" / name).unlink()
        if kept.exists():
            shutil.move(kept, root / ".git" / name)

    return heal


def _away(name: str) -> Act:
    return lambda root: (root / name).rename(_aside(root) / name)


def _back(name: str) -> Act:
    return lambda root: (_aside(root) / name).rename(root / name)


def _git(command: tuple[str, ...], root: Path) -> None:
    git(root, *command)


def _housekeeping() -> Iterator[Harm]:
    for command in (
        ("gc", "-q", "--prune=now"),
        ("repack", "-adq"),
        ("pack-refs", "--all"),
        ("worktree", "prune"),
        ("reflog", "expire", "--expire=now", "--all"),
    ):
        yield Harm(f"git {' '.join(command)}", partial(_git, command), nothing, "", DURING, quick=True)
    stale = lambda root: (root / ".git/gc.pid").write_text("999999999 elsewhere\n")  # noqa: E731
    yield Harm("a gc.pid of another machine's", stale, lambda root: (root / ".git/gc.pid").unlink(), "", BOTH)
