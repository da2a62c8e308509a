"""A work tree of any commit for running things in, apart from the user's own, kept between runs as a cache."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from itertools import count
from pathlib import Path

from gitgen import user_cache
from gitgen.git import Git, GitFailed
from gitgen.repository import Repository
from gitgen.running import toolchains
from gitgen.running.sandbox import Place

DEPENDENCIES = (
    ".venv",
    "venv",
    "node_modules",
    "target",
    ".tox",
    ".nox",
    ".gradle",
    ".bundle",
    ".stack-work",
    "_build",
    "Pods",
)
"""Folders that installing and building fill: in a work tree for running they live on, where git does not track them."""

LENT = (".venv", "venv", "node_modules")
"""Those of the user's work tree that can be read where the other has none of its own."""

# What a user has configured for work trees of their own is not for this one, and nothing of theirs shall run.
_PLAIN = (
    "-c",
    f"core.hooksPath={os.devnull}",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.sparseCheckout=false",
    "-c",
    "submodule.recurse=false",
)


@contextmanager
def checked_out(repository: Repository, name: str, commit: str, head: str = "") -> Iterator[Place]:
    """The files of a commit and nothing else but the dependencies of earlier runs of this name, to run things in.

    It lies in the cache folder, with an index and a HEAD of its own: no work tree, index, HEAD, stash or ref of the
    user's is touched, and git lists it nowhere. Git works in it. Another process that runs things under the same name
    meanwhile gets another one, which is removed afterwards. With `head` all that the commit has beyond it is staged.
    """
    common = repository.common
    root = user_cache.make("run") / sha256(os.fsencode(common)).hexdigest()[:16]
    root.mkdir(exist_ok=True)
    (root / "repository").write_bytes(os.fsencode(common))
    _forget_the_gone(root.parent)
    with _alone(root, name.replace("/", "%")) as (folder, spare):
        try:
            try:
                _bring(folder, common, commit, head or commit)
            except GitFailed:
                # Whatever a kill, a full disk or a program has left there: nothing in it is needed.
                _remove(folder)
                _bring(folder, common, commit, head or commit)
            yield _place(repository, folder, common)
        finally:
            if spare:
                _remove(folder)


def in_place(top: Path) -> Place:
    """A work tree of the user's as a place to run things in, with all that is Git's only to be read."""
    git = Git(top)
    common = Repository(git, top).common
    own = Path(git.text("rev-parse", "--absolute-git-dir"))
    shown = dict.fromkeys((top / ".git", own, common, *_alternates(common)))
    return Place(top, top, tuple((path, path) for path in shown))


def forget(repository: Repository, name: str) -> None:
    """Remove what is kept for the runs of a session, unless one is under way."""
    root = user_cache.folder("run") / sha256(os.fsencode(repository.common)).hexdigest()[:16]
    slot = name.replace("/", "%")
    if (root / slot).exists():
        with _alone(root, slot) as (folder, spare):
            if not spare:
                _remove(folder)


def stale() -> Iterator[Path]:
    """The folders that are kept for nothing: of repositories that are gone, and spare ones that a kill has left."""
    for note in user_cache.folder("run").glob("*/repository"):
        if not Path(os.fsdecode(note.read_bytes())).exists():
            yield note.parent
            continue
        for spare in note.parent.glob("*+*"):
            if spare.is_dir():
                with _held(spare) as ours:
                    if ours:
                        yield spare


def discard(path: Path) -> None:
    """Remove a file or folder, unless a run uses it."""
    with _held(path) as ours:
        if ours:
            _remove(path)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Whether nobody else uses a folder for runs, nor can while the block lasts."""
    import fcntl

    lock = folder.with_name(f"{folder.name}.lock")
    if not lock.exists():
        yield True
        return
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _bring(folder: Path, common: Path, commit: str, head: str) -> None:
    """Make `folder/tree` hold the commit, and `folder/git` be its git directory, with a detached HEAD.

    It is what `git worktree add` makes, but not below the repository's `worktrees`, where git would list it
    (man gitrepository-layout, "commondir"). The link is there so that the sandbox can show the repository at its place
    even where the work tree covers the real one.
    """
    tree, own, link = folder / "tree", folder / "git", folder / "common"
    for path in (tree, own):
        path.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(common)
    (own / "commondir").write_text("../common\n")
    (own / "HEAD").write_text(f"{head}\n")
    if not (tree / ".git").is_file():
        _remove(tree / ".git")
    (tree / ".git").write_bytes(b"gitdir: " + os.fsencode(own) + b"\n")
    environ = {"GIT_DIR": str(own), "GIT_WORK_TREE": str(tree)}
    kept = [word for name in DEPENDENCIES for word in ("-e", name)]
    git = Git(tree)
    git.run(*_PLAIN, "clean", "-ffdxq", *kept, environ=environ)
    git.run(*_PLAIN, "read-tree", "--reset", "-u", commit, environ=environ)


def _place(repository: Repository, folder: Path, common: Path) -> Place:
    """The work tree, seen where the user's is: what is installed there in editable form, or built, finds its paths."""
    tree, top = folder / "tree", repository.top
    shown = [(folder / "git", folder / "git"), (common, folder / "common")]
    shown += [(path, path) for path in _alternates(common)]
    if top is None or any(system.is_relative_to(top) for system in toolchains.SYSTEM):
        return Place(tree, tree, (*shown, (tree / ".git", tree / ".git")))
    place = Place(tree, top)
    lent = [top / name for name in LENT if (top / name).is_dir() and not place.has_own(top / name)]
    return Place(tree, top, (*shown, (tree / ".git", top / ".git"), *((path, path) for path in lent)))


def _alternates(common: Path) -> Iterator[Path]:
    """Other object stores that the repository borrows from (man gitrepository-layout, "objects/info/alternates")."""
    objects = common / "objects"
    with suppress(OSError):
        for line in (objects / "info" / "alternates").read_bytes().splitlines():
            borrowed = (objects / os.fsdecode(line)).resolve()
            if line and not line.startswith(b"#") and borrowed.is_dir():
                yield borrowed
                yield from _alternates(borrowed.parent)


@contextmanager
def _alone(root: Path, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that no other process uses while the block runs, and whether it is a spare one."""
    import fcntl

    for number in count(1):
        slot = name if number == 1 else f"{name}+{number}"
        with (root / f"{slot}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield root / slot, number > 1
            return


def _forget_the_gone(runs: Path) -> None:
    """Remove what is kept for repositories that are no longer there."""
    for note in runs.glob("*/repository"):
        if not Path(os.fsdecode(note.read_bytes())).exists():
            _remove(note.parent)


def _remove(path: Path) -> None:
    """Remove a file, or a folder with all in it, also what a program has taken its own rights from."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)
