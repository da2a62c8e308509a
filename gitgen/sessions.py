"""All sessions of a clone, read from one `git log`."""

from __future__ import annotations

from collections import defaultdict

from gitgen.repository import HEADS, Repository
from gitgen.state import PREFIX, Commit, Session, history, session_of


def every(repository: Repository) -> tuple[Session, ...]:
    """The sessions on this clone's branches, the one with the newest commit first."""
    open_at = _tips(repository)
    if not open_at:
        return ()
    logs: dict[str, list[Commit]] = defaultdict(list)
    read: dict[str, Commit] = {}
    begun: list[Session] = []
    # git stops as soon as all sessions have been read to their beginnings.
    for commit in history(repository, f"--branches={PREFIX}*"):
        read[commit.oid] = commit
        here: Commit | None = commit
        while here is not None and (branches := open_at.pop(here.oid, None)):
            going_on = []
            for branch in branches:
                logs[branch].append(here)
                if here.begins(branch):
                    begun.append(session_of(branch, logs.pop(branch)))
                else:
                    going_on.append(branch)
            if going_on and here.parent:
                open_at[here.parent] += going_on
            # Where clocks disagree, a parent may have been read before its child.
            here = read.get(here.parent)
        if not open_at:
            break
    return tuple(sorted(begun, key=lambda session: session.time, reverse=True))


def _tips(repository: Repository) -> defaultdict[str, list[str]]:
    """The branches that may be sessions, by the commit they point at."""
    tips: defaultdict[str, list[str]] = defaultdict(list)
    for line in repository.git.text("for-each-ref", "--format=%(objectname) %(refname)", HEADS + PREFIX).split("\n"):
        oid, _, ref = line.partition(" ")
        if ref:
            tips[oid].append(ref.removeprefix(HEADS))
    return tips
