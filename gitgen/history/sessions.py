"""All sessions of a clone, read from one `git log`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from gitgen.repository import HEADS, Repository
from gitgen.state.commits import PREFIX, Commit, Session
from gitgen.state.log import history, session_of


def every(repository: Repository) -> tuple[Session, ...]:
    """The sessions on this clone's branches, the one with the newest commit first."""
    tips = repository.refs(HEADS + PREFIX)
    found = sessions_at(repository, tips, {ref: ref.removeprefix(HEADS) for ref in tips}, f"--branches={PREFIX}*")
    return tuple(sorted(found.values(), key=lambda session: session.time, reverse=True))


def sessions_at(
    repository: Repository, tips: Mapping[str, str], branches: Mapping[str, str], *revisions: str
) -> dict[str, Session]:
    """The sessions at refs, by ref; `tips` are their commits, `branches` the branch that each is or was.

    `revisions` is for git log what names the same refs.
    """
    open_at: defaultdict[str, list[str]] = defaultdict(list)
    for ref in branches:
        open_at[tips[ref]].append(ref)
    if not open_at:
        return {}
    logs: dict[str, list[Commit]] = defaultdict(list)
    read: dict[str, Commit] = {}
    begun: dict[str, Session] = {}
    # git stops as soon as all sessions have been read to their beginnings.
    for commit in history(repository, *revisions):
        read[commit.oid] = commit
        here: Commit | None = commit
        while here is not None and (refs := open_at.pop(here.oid, None)):
            going_on = []
            for ref in refs:
                logs[ref].append(here)
                if here.begins(branches[ref]):
                    begun[ref] = session_of(branches[ref], logs.pop(ref))
                else:
                    going_on.append(ref)
            if going_on and here.parent:
                open_at[here.parent] += going_on
            # Where clocks disagree, a parent may have been read before its child.
            here = read.get(here.parent)
        if not open_at:
            break
    return begun
