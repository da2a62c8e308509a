"""Where a session stands beside the branch it is meant for."""

from __future__ import annotations

from gitgen.repository import HEADS, Repository
from gitgen.state.commits import PREFIX

_REMOTES = "refs/remotes/"


def default_branch(repository: Repository) -> str | None:
    """The branch that work is meant for: the remote's default one, else `init.defaultBranch`, main or master."""
    names = (repository.config.get("init.defaultbranch", ("",))[-1], "main", "master")
    wanted = [f"{HEADS}{name}" for name in names if name and not name.startswith(PREFIX)]
    listed = repository.git.text("for-each-ref", "--format=%(refname) %(symref)", f"{_REMOTES}origin/HEAD", *wanted)
    there = dict(line.split(" ") for line in listed.split("\n") if line)
    remote = there.get(f"{_REMOTES}origin/HEAD", "").removeprefix(f"{_REMOTES}origin/")
    if remote:
        return remote if repository.tip(remote) else f"origin/{remote}"
    return next((ref.removeprefix(HEADS) for ref in wanted if ref in there), None)


def ahead_behind(repository: Repository, tip: str, branch: str) -> tuple[int, int]:
    """How many commits a tip has that a branch has not, and the other way round."""
    counts = repository.git.text("rev-list", "--count", "--left-right", f"{tip}...{branch}", "--").split()
    return int(counts[0]), int(counts[1])


def ahead_behind_after(repository: Repository, tip: str, first: str, count: int, branch: str) -> tuple[int, int]:
    """What `ahead_behind` says of a tip that is `count` commits, none of them a merge, after `first`.

    These are not read once more: where the branch has not even the first of them, it has none of them.
    """
    ahead, behind = ahead_behind(repository, first, branch)
    return (ahead + count, behind) if ahead else ahead_behind(repository, tip, branch)
