"""What the commands that read a session share."""

from __future__ import annotations

import re

from gitgen import preflight
from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.state.absent import no_session
from gitgen.state.commits import PREFIX, Commit, Session
from gitgen.state.log import history, load


def branch_at(repository: Repository, branch: str | None) -> str:
    """The branch that the user named, in full or by the session's name, else the one that is checked out.

    GitgenError if it is not there, or cannot be a session.
    """
    branch = branch or preflight.branch_of_head(repository)[0]
    if repository.tip(branch) is None and repository.tip(PREFIX + branch) is not None:
        branch = PREFIX + branch
    preflight.tip_of(repository, branch)
    if not branch.startswith(PREFIX):
        raise no_session(repository, branch)
    return branch


def revision_at(repository: Repository, named: str | None) -> str:
    """The revision or range that the user named, HEAD if none; the name of a session stands for its branch."""
    if named is None:
        if repository.resolve("HEAD") is None:
            preflight.branch_of_head(repository)  # Says what is wrong with it.
        return "HEAD"
    return PREFIX + named if repository.tip(PREFIX + named) and repository.resolve(named) is None else named


def is_branch_of_session(repository: Repository, named: str) -> bool:
    """Whether a name is that of a session or of its branch, and no other revision, such as one before its tip."""
    if re.search(r"[~^:]|@\{|\.\.", named):  # No branch has these in its name (man git-check-ref-format).
        return False
    return any(name.startswith(PREFIX) and repository.tip(name) is not None for name in (named, PREFIX + named))


def session_at(repository: Repository, branch: str | None) -> Session:
    """The session on the branch that the user named, else on the one that is checked out; GitgenError if none is."""
    branch = branch_at(repository, branch)
    session = load(repository, branch)
    if session is None:
        raise no_session(repository, branch)
    return session


def branch_of_step(repository: Repository, step: str | None) -> str | None:
    """The branch of the session that a step belongs to, if it was named by its commit and the branch is there."""
    oid = repository.resolve(step) if step and not re.fullmatch(r"[0-9]{1,9}", step) else None
    if oid is None:
        return None
    branch = next(history(repository, "--max-count=1", oid)).trailers.get("Gitgen-Session")
    return branch if branch and repository.tip(branch) else None


def step_at(session: Session, step: str | None, repository: Repository) -> Commit:
    """The step that the user named by its commit, or its number from the first, or the last one."""
    if not session.steps:
        raise GitgenError(f"{session.branch} has no step yet", "gitgen resume")
    if step is None:
        return session.steps[-1]
    if re.fullmatch(r"[0-9]{1,9}", step) and 0 < int(step) <= len(session.steps):
        return session.steps[int(step) - 1]
    oid = repository.resolve(step)
    found = next((commit for commit in session.steps if commit.oid == oid), None)
    if found is None:
        raise GitgenError(f"{step} is no step of {session.branch}", "gitgen log lists the steps")
    return found
