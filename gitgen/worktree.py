"""The one thing that gitgen does to a work tree: bring a checked-out session branch forward after a step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gitgen.git import Git, GitFailed
from gitgen.repository import HEADS, Repository


@dataclass(frozen=True)
class Worktree:
    """A work tree (main or linked, man git-worktree) that has a certain branch checked out."""

    top: Path

    @property
    def git(self) -> Git:
        return Git(self.top)

    def dirty(self) -> tuple[str, ...]:
        """The tracked files that differ from HEAD, in the index or on disk. The index is not written."""
        status = self.git.run("--no-optional-locks", "status", "--porcelain", "-z", "-uno", "--no-renames")
        return tuple(line[3:].decode("utf-8", "surrogateescape") for line in status.split(b"\0") if line)

    def in_the_way(self, old: str, new: str) -> str | None:
        """Why index and files cannot go from commit `old` to `new` without losing something, or None."""
        return self._read_tree(old, new, "--dry-run")

    def fast_forward(self, old: str, new: str) -> str | None:
        """Take index and files from commit `old` to `new`; why not, or None if it is done (also if it was).

        Git's own two-tree merge (man git-read-tree): what was changed, or is there untracked, is never overwritten.
        """
        return self._read_tree(old, new)

    def _read_tree(self, old: str, new: str, *more: str) -> str | None:
        try:
            self.git.run("read-tree", "-m", "-u", *more, old, new)
        except GitFailed:
            # Git takes a file for changed when its times differ; refreshing looks at the content.
            self.git.run("update-index", "-q", "--refresh", check=False)
            try:
                self.git.run("read-tree", "-m", "-u", *more, old, new)
            except GitFailed as error:
                return error.stderr.strip().splitlines()[0].removeprefix("error: ")
        return None

    def commit_tracked(self, message: str) -> None:
        """Commit all changes to tracked files as the user would, hooks and signing included."""
        self.git.run("commit", "-q", "-a", "-m", message)

    def adopt(self, branch: str) -> str | None:
        """Check a branch out where nothing is checked out yet; files that already lie there are kept as they are."""
        self.git.run("symbolic-ref", "HEAD", HEADS + branch)
        self.git.run("read-tree", "HEAD")
        self.git.run("checkout-index", "-a", "-q", check=False)
        changed = self.dirty()
        return f"kept as they were: {', '.join(changed)}" if changed else None


def worktree_of(repository: Repository, branch: str) -> Worktree | None:
    """The work tree that has the branch checked out, or None (man git-worktree, "Porcelain format")."""
    top = ""
    for line in (
        repository.git.run("worktree", "list", "--porcelain", "-z").decode("utf-8", "surrogateescape").split("\0")
    ):
        if line.startswith("worktree "):
            top = line.removeprefix("worktree ")
        elif line == f"branch {HEADS}{branch}" and Path(top).is_dir():
            return Worktree(Path(top))
    return None
