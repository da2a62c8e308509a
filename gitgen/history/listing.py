"""The list of a clone's sessions: what each is at, where it began, who has it checked out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from gitgen.errors import GitgenError
from gitgen.history.sessions import sessions_at
from gitgen.keep import kept
from gitgen.progress import REFS, progress_of, ref_of
from gitgen.record import Usage
from gitgen.repository import HEADS, Repository
from gitgen.repository.worktree import worktrees
from gitgen.state.commits import PREFIX, Session
from gitgen.state.log import history

State: TypeAlias = Literal["finished", "waiting", "interrupted", "rejected", "failing"]
"""`waiting` is for the user's answer, `interrupted` has a step under way or left to do, `failing` a test that fails."""

_ASK_THE_USER = ("clarify", "review")
"""The steps that ask a person, and stop where nobody answers."""


@dataclass(frozen=True)
class Summary:
    """A session as a list shows it."""

    session: Session
    state: State
    time: int
    """When something last happened on it, in seconds since the epoch."""
    base: str
    """The branch that still stands where the session began, else the commit."""
    worktree: Path | None = None
    """The work tree that has it checked out."""
    ref: str = ""
    """Where it is kept, if it is put away."""

    @property
    def usage(self) -> Usage:
        """The tokens of its steps."""
        return sum((step.usage for step in self.session.steps), Usage())


def on_branches(repository: Repository) -> tuple[list[Summary], list[str]]:
    """The sessions of the clone, the last one used first, and the branches below `gitgen/` that are none."""
    refs = repository.refs(HEADS, REFS)
    branches = {ref: ref.removeprefix(HEADS) for ref in refs if ref.startswith(HEADS + PREFIX)}
    found = sessions_at(repository, refs, branches, f"--branches={PREFIX}*")
    progress = {ref: oid for ref in found if (oid := refs.get(ref_of(branches[ref])))}
    checked_out = {branch: worktree.top for worktree, branch in worktrees(repository) if branch}
    listed = [
        replace(one, worktree=checked_out.get(one.session.branch))
        for one in _summaries(repository, found, progress, refs).values()
    ]
    return _last_used_first(listed), [branch for ref, branch in branches.items() if ref not in found]


def put_away(repository: Repository, root: str) -> list[Summary]:
    """The sessions that are kept under a root, the last one used first."""
    refs = repository.refs(HEADS, root)
    there = {one.ref: one for one in kept(refs, root)}
    tips = {ref: one.tip for ref, one in there.items()}
    branches = {ref: one.branch for ref, one in there.items()}
    found = sessions_at(repository, tips, branches, f"--glob={root}*/*/branch")
    progress = {ref: oid for ref in found if (oid := there[ref].progress)}
    listed = _summaries(repository, found, progress, refs)
    return _last_used_first([replace(one, ref=ref.rstrip("/")) for ref, one in listed.items()])


def _last_used_first(summaries: list[Summary]) -> list[Summary]:
    return sorted(summaries, key=lambda one: -one.time)


def _summaries(
    repository: Repository, found: Mapping[str, Session], progress: Mapping[str, str], refs: Mapping[str, str]
) -> dict[str, Summary]:
    """What a list says of each session; `progress` is what is under way on it, `refs` where bases are looked for."""
    names = {oid: ref.removeprefix(HEADS) for ref, oid in refs.items() if ref.startswith(HEADS)}
    bases = {oid: name for oid, name in names.items() if not name.startswith(PREFIX)}
    used = _times(repository, progress.values())
    return {
        ref: Summary(
            session,
            state_of(repository, session, progress.get(ref)),
            max(session.time, used.get(progress.get(ref, ""), 0)),
            bases.get(session.base, session.base),
        )
        for ref, session in found.items()
    }


def _times(repository: Repository, oids: Iterable[str]) -> dict[str, int]:
    listed = tuple(oids)
    return {commit.oid: commit.time for commit in history(repository, "--no-walk", *listed)} if listed else {}


def state_of(repository: Repository, session: Session, progress: str | None) -> State:
    """What a session is at; `progress` is the commit of what is under way on it, if anything is."""
    if progress:
        return "waiting" if _waits(repository, session.branch, progress) else "interrupted"
    if failed := session.failed():
        return "rejected" if failed.status == "rejected" else "interrupted"
    if session.left():
        return "interrupted"
    last = session.steps[-1] if session.steps else None
    fails = last and last.oid not in session.undone() and last.exit_code
    return "failing" if fails else "finished"


def _waits(repository: Repository, branch: str, progress: str) -> bool:
    """Whether it is the user's turn to speak."""
    try:
        under_way = progress_of(repository, branch, progress)
    except GitgenError:
        return False
    chat = under_way.chat if under_way else None
    return (
        chat is not None
        and chat.step in _ASK_THE_USER
        and not chat.inputs.get("assume")
        and all(turn.reply is not None and turn.reply.whole for turn in chat.turns[-1:])
    )
