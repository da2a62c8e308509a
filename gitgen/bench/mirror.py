"""A repository whose runs stand on a remote too: what was paid for in one clone is not asked for in another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gitgen.bench.tasks import REFS as TASKS
from gitgen.errors import GitgenError
from gitgen.git import Git, GitFailed
from gitgen.progress import REFS as PROGRESS
from gitgen.progress import ref_of
from gitgen.repository import HEADS, Repository
from gitgen.state import PREFIX


class Mirrored(Repository):
    """A bare clone whose every reply and every step is pushed as soon as it is stored.

    Refs move there as they do here, by compare-and-swap (man git-push, `--force-with-lease`): of two that do the
    same run one is stopped.
    """

    def __init__(self, git: Git, remote: str) -> None:
        super().__init__(git, None)
        self.remote = remote
        self._there: dict[str, str] = {}
        """Where the refs of runs stand on the remote."""

    def bring(self, branch: str, task: str) -> None:
        """Bring what the remote has of a run and of its task; what is here beyond that stays."""
        run = (HEADS + branch, ref_of(branch))
        listed = self.git.text("ls-remote", self.remote, *run, TASKS + task).split("\n")
        there = {ref: oid for oid, _, ref in (line.partition("\t") for line in listed) if ref}
        self._there = {ref: oid for ref, oid in there.items() if ref in run}
        wanted = [ref for ref, oid in there.items() if self.resolve(ref) != oid]
        if not wanted:
            return
        self.git.run("fetch", "-q", "--no-tags", self.remote, *(there[ref] for ref in wanted))
        for ref in wanted:
            here = self.resolve(ref)
            if here is None or not self._follows(here, there[ref]):
                self.move(ref, there[ref], here, "from the remote")

    def move_all(self, moves: Sequence[tuple[str, str | None, str | None]], reason: str) -> None:
        """Move refs here, then there, where a reply or a step has come of it; LostRace, or GitgenError from there."""
        super().move_all(moves, reason)
        for ref, new, old in moves:
            # A request alone, or the beginning of a session, has cost nothing yet.
            if new and old and new != self._there.get(ref) and ref.startswith((HEADS + PREFIX, PROGRESS)):
                self._push(ref, new)

    def _push(self, ref: str, new: str) -> None:
        moved: dict[str, str | None] = {ref: new}
        progress = PROGRESS + ref.removeprefix(HEADS + PREFIX)
        if ref.startswith(HEADS) and progress in self._there:
            moved[progress] = None
        leases = (f"--force-with-lease={name}:{self._there.get(name, '')}" for name in moved)
        try:
            self.git.run(
                "push", "-q", "--atomic", *leases, self.remote, *(f"{to or ''}:{at}" for at, to in moved.items())
            )
        except GitFailed as error:
            if "stale info" not in error.stderr:
                raise
            raise GitgenError(f"{ref} was taken on elsewhere", "the same command again, when that has ended") from None
        self._there = {name: oid for name, oid in {**self._there, **moved}.items() if oid}

    def _follows(self, here: str, there: str) -> bool:
        """Whether what is here was made on what is there."""
        try:
            self.git.run("merge-base", "--is-ancestor", there, here)
        except GitFailed:
            return False
        return True


def bring_all(repository: Repository, remote: str) -> None:
    """Bring all runs and tasks of the remote that have not gone on here; GitFailed if it cannot be reached."""
    kinds = (f"{HEADS}{PREFIX}*", f"{PROGRESS}*", f"{TASKS}*")
    repository.git.run("ls-remote", remote)
    repository.git.run("fetch", "-q", "--no-tags", remote, *(f"{refs}:{refs}" for refs in kinds), check=False)


def offer(repository: Repository, remote: str) -> None:
    """Put the tasks on the remote; GitgenError if others of their names are there."""
    try:
        repository.git.run("push", "-q", remote, f"{TASKS}*:{TASKS}*")
    except GitFailed as error:
        if "rejected" not in error.stderr:
            raise
        what = f"The tasks on {remote} are not those of here"
        raise GitgenError(what, "another remote, or another repository for the results") from None


def clone_at(folder: Path, remote: str) -> Mirrored:
    """The bare repository in a folder, made if it is not there."""
    if not (folder / "HEAD").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        Git(folder).run("init", "-q", "--bare")
    return Mirrored(Git(folder), remote)
