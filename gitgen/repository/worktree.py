"""The one thing that gitgen does to a work tree: bring a checked-out session branch forward after a step."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shlex import quote

from gitgen.errors import GitgenError
from gitgen.git import Git, GitFailed
from gitgen.repository import HEADS, Repository

PATIENCE = 2.0
"""Seconds that a lock of the index is waited for: git itself does not."""


@dataclass(frozen=True)
class Worktree:
    """A work tree (main or linked, man git-worktree) that has a certain branch checked out."""

    top: Path

    @property
    def git(self) -> Git:
        return Git(self.top)

    def dirty(self) -> tuple[str, ...]:
        """The tracked files that differ from HEAD, in the index or on disk. The index is not written."""
        status = self.git.run(
            "--no-optional-locks",
            "status",
            "--porcelain",
            "-z",
            "-uno",
            "--no-renames",
            # What is uncommitted in a submodule is no change that could be committed or stashed here.
            "--ignore-submodules=dirty",
        )
        return tuple(line[3:].decode("utf-8", "surrogateescape") for line in status.split(b"\0") if line)

    def in_the_way(self, old: str, new: str) -> str | None:
        """Why index and files cannot go from commit `old` to `new` without losing something, or None."""
        return self._read_tree(old, new, "--dry-run")

    def fast_forward(self, old: str, new: str) -> str | None:
        """Take index and files from commit `old` to `new`; why not, or None if it is done (also if it was).

        Git's own two-tree merge (man git-read-tree): what was changed, or is there untracked, is never overwritten.
        """
        problem = self._read_tree(old, new)
        if problem and self._take_back(old, new):
            problem = self._read_tree(old, new)
        return problem

    def _take_back(self, old: str, new: str) -> bool:
        """Remove what a git that was killed has written of `new`, if nothing else is in the way; whether it is gone.

        Those are whole files, and one perhaps not to its end. Git writes the index when all are there, so without it
        they look like the user's. Nothing goes that is not in Git.
        """
        names = self.git.text("diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new).split("\0")[:-1]
        listed = self.git.run("ls-files", "-z", "--modified", "--", *names, environ={"GIT_LITERAL_PATHSPECS": "1"})
        modified = listed.decode("utf-8", "surrogateescape").split("\0")
        changed = {*filter(None, modified), *self._untracked(old, new)}
        there = [name for name in changed if os.path.lexists(self.top / name)]
        if not there or not all(self._has_begun(name, new) for name in there):
            return False
        for name in there:
            (self.top / name).unlink()
        return True

    def _read_tree(self, old: str, new: str, *more: str) -> str | None:
        untracked = self._untracked(old, new)
        if untracked:
            return f"{untracked[0]} is in the way, and untracked"
        merge = ("read-tree", "-m", "-u", *more, old, new)
        try:
            self._patiently(*merge)
        except GitFailed:
            # Git takes a file for changed when its times differ; refreshing looks at the content.
            self.git.run("update-index", "-q", "--refresh", check=False)
            try:
                self._patiently(*merge)
            except GitFailed as error:
                if error.lock:
                    raise
                return error.stderr.strip().splitlines()[0].removeprefix("error: ")
        return None

    def _patiently(self, *args: str) -> None:
        """Run git; while somebody else has the index locked, as each `git add` does, again for a while."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.git.run(*args)
                return
            except GitFailed as error:
                if not error.lock or time.monotonic() > until:
                    raise
            time.sleep(0.05)

    def _untracked(self, old: str, new: str) -> list[str]:
        """The untracked files that stand where `new` brings one; those that are ignored git would overwrite."""
        added = self.git.text("diff-tree", "-r", "-z", "--no-renames", "--diff-filter=A", "--name-only", old, new)
        occupied = {name for path in added.split("\0") if path for name in _occupied(self.top, path)}
        if not occupied:
            return []
        listed = self.git.run(
            "ls-files", "--others", "-z", "--", *sorted(occupied), environ={"GIT_LITERAL_PATHSPECS": "1"}
        )
        return [name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]

    def _has_begun(self, name: str, commit: str) -> bool:
        """Whether a file is the one that a commit has there, or no more than its beginning."""
        path = self.top / name
        if path.is_symlink() or not path.is_file():
            return False
        there = self.git.text("rev-parse", "-q", "--verify", f"{commit}:{name}", check=False)
        if not there or there == self.git.text("hash-object", "--", name):
            return bool(there)
        return self.git.run("cat-file", "--filters", f"{commit}:{name}").startswith(path.read_bytes())

    def rebases(self, branch: str) -> bool:
        """Whether a rebase of the branch is under way here; git then shows HEAD as detached."""
        own = Path(self.git.text("rev-parse", "--absolute-git-dir"))
        return any(_line(own / state / "head-name") == HEADS + branch for state in ("rebase-merge", "rebase-apply"))

    def commit_tracked(self, message: str) -> None:
        """Commit all changes to tracked files as the user would, hooks and signing included."""
        self.git.run("commit", "-q", "-a", "-m", message)

    def adopt(self, branch: str) -> str | None:
        """Check a branch out where nothing is checked out yet; files that already lie there are kept as they are.

        Where that was begun and killed, it is done again.
        """
        self.git.run("symbolic-ref", "HEAD", HEADS + branch)
        self.git.run("read-tree", "HEAD")
        for name in self.git.text("ls-files", "-z", "--modified").split("\0")[:-1]:
            if self._has_begun(name, "HEAD"):
                (self.top / name).unlink()
        self.git.run("checkout-index", "-a", "-q", check=False)
        changed = self.dirty()
        return f"kept as they were: {', '.join(changed)}" if changed else None


def worktree_of(repository: Repository, branch: str) -> Worktree | None:
    """The work tree that has the branch checked out, or None.

    GitgenError where a step would harm it: when two have it checked out, or one is in the middle of rebasing it.
    """
    found = []
    for worktree, checked_out in worktrees(repository):
        if checked_out == branch:
            found.append(worktree)
        elif checked_out is None and worktree.rebases(branch):
            mend = "git rebase --continue or git rebase --abort there"
            raise GitgenError(f"{branch} is being rebased at {worktree.top}", mend)
    if len(found) > 1:
        mend = f"git -C {quote(str(found[1].top))} switch --detach"
        raise GitgenError(f"{branch} is checked out both at {found[0].top} and at {found[1].top}", mend)
    return found[0] if found else None


def worktrees(repository: Repository) -> Iterator[tuple[Worktree, str | None]]:
    """The work trees that are there, each with its branch (man git-worktree, "Porcelain format")."""
    listed = repository.git.run("worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape")
    for number, entry in enumerate(listed.split("\0\0")):
        lines = entry.split("\0")
        top = Path(lines[0].removeprefix("worktree "))
        branch = next((line.removeprefix(f"branch {HEADS}") for line in lines if line.startswith("branch ")), None)
        if "bare" not in lines and lines[0] and top.is_dir():
            yield Worktree(top if number else _main(repository, top)), branch


def _main(repository: Repository, listed: Path) -> Path:
    """The top of the main work tree, which git lists by its `.git`, and so wrongly where that is a link or a file."""
    here = repository.top
    if here and (here / ".git").is_dir():
        return here
    if (listed / ".git").exists():
        return listed
    own, common = (
        repository.git.run("rev-parse", "--path-format=absolute", asked) for asked in ("--git-dir", "--git-common-dir")
    )
    if here and own == common:
        return here
    # From a linked one only `core.worktree` tells, which a submodule has.
    return Path(os.fsdecode(Git(listed).run("rev-parse", "--show-toplevel", check=False)).removesuffix("\n") or listed)


def _occupied(top: Path, path: str) -> Iterator[str]:
    """The path, and each folder above it, where something stands that a file of this path cannot stand beside."""
    for above in PurePosixPath(path).parents[:-1]:
        here = top / above
        if here.is_symlink() or (here.exists() and not here.is_dir()):
            yield str(above)
    if os.path.lexists(top / path):
        yield path


def _line(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else ""
