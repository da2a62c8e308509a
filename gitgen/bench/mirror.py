"""A repository whose runs stand on a remote too: what was paid for in one clone is not asked for in another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from gitgen.bench.tasks import REFS as TASKS
from gitgen.errors import GitgenError
from gitgen.git import Git, GitFailed
from gitgen.progress import REFS as PROGRESS
from gitgen.progress import ref_of
from gitgen.repository import HEADS, Repository
from gitgen.state.commits import PREFIX

TIDY = 40
"""After so many pushes of its own a clone is tidied up, and so is the remote if it is a folder."""
_bringing = Lock()
"""Of the threads of a process, which share a clone, one at a time fetches its tasks."""


class Mirrored(Repository):
    """A bare clone that pushes a run when a reply has been stored, before anything that takes time, and at its end.

    Refs move there as they do here, by compare-and-swap (man git-push, `--force-with-lease`): of two that do the
    same run one is stopped.
    """

    def __init__(self, git: Git, remote: str) -> None:
        super().__init__(git, None)
        self.remote = remote
        self._here: dict[str, str | None] = {}
        self._there: dict[str, str] = {}
        """Where the refs of the run stand, here and on the remote."""
        self._owed = False
        """Whether a reply stands here and not there."""
        self._sent = 0

    def bring(self, branch: str, task: str) -> None:
        """Bring what the remote has of a run and of its task; what is here beyond that stays."""
        self._here, run, of_task = {}, (HEADS + branch, ref_of(branch)), TASKS + task
        listed = self.git.text("ls-remote", self.remote, *run, of_task).split("\n")
        there = {ref: oid for oid, _, ref in (line.partition("\t") for line in listed) if ref}
        with _bringing:
            if self.resolve(of_task) != there.get(of_task):
                # All of them at once: to reach a remote takes longer than to bring a few more.
                self.git.run("fetch", "-q", "--no-tags", self.remote, f"+{TASKS}*:{TASKS}*")
                _tidy(self.git)
        self._there = {ref: oid for ref, oid in there.items() if ref in run}
        wanted = [ref for ref, oid in self._there.items() if self.resolve(ref) != oid]
        if wanted:
            self.git.run("fetch", "-q", "--no-tags", self.remote, *(there[ref] for ref in wanted))
        for ref in wanted:
            here = self.resolve(ref)
            if here is None or not self._follows(here, there[ref]):
                self.move(ref, there[ref], here, "from the remote")
        self._here = {ref: self.resolve(ref) for ref in run}

    def move_all(self, moves: Sequence[tuple[str, str | None, str | None]], reason: str) -> None:
        """Move refs here; a reply that came before is pushed first if this is a request, which takes its time.

        LostRace, or GitgenError from there. What comes of a reply is made in a moment, so both go in one push.
        """
        asks = [old for ref, new, old in moves if ref in self._here and ref.startswith(PROGRESS) and new]
        if asks and self._owed:
            self.send()
        super().move_all(moves, reason)
        self._here |= {ref: new for ref, new, _ in moves if ref in self._here}
        # A request alone has cost nothing yet.
        self._owed = self._owed or any(asks)

    def send(self) -> None:
        """Push the run as it stands here; GitgenError if it was taken on elsewhere."""
        self._owed = False
        moved = {ref: oid for ref, oid in self._here.items() if oid != self._there.get(ref)}
        if not moved:
            return
        leases = (f"--force-with-lease={ref}:{self._there.get(ref, '')}" for ref in moved)
        try:
            self.git.run(
                "push", "-q", "--atomic", *leases, self.remote, *(f"{oid or ''}:{at}" for at, oid in moved.items())
            )
        except GitFailed as error:
            if "stale info" not in error.stderr:
                raise
            ref = next(iter(moved))
            raise GitgenError(f"{ref} was taken on elsewhere", "the same command again, when that has ended") from None
        self._there = {ref: oid for ref, oid in self._here.items() if oid}
        self._sent += 1
        if self._sent % TIDY == 0:
            _tidy(self.git, *_as_folder(self.remote))

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
    _tidy(*_as_folder(remote))


def _tidy(*gits: Git) -> None:
    """Pack refs and objects (man git-maintenance): a push has both sides look at every ref there is, and at its tip."""
    for git in gits:
        tasks = ("--task=pack-refs", "--task=loose-objects", "--task=commit-graph")
        git.run("maintenance", "run", "--quiet", *tasks, check=False)


def _as_folder(remote: str) -> tuple[Git, ...]:
    """The remote, if it is a folder here: nobody else tidies that up."""
    return (Git(Path(remote)),) if Path(remote).is_dir() else ()


def clone_at(folder: Path, remote: str) -> Mirrored:
    """The bare repository in a folder, made if it is not there."""
    if not (folder / "HEAD").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        Git(folder).run("init", "-q", "--bare")
    return Mirrored(Git(folder), remote)
