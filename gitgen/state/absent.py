"""What to say where there is no session."""

from __future__ import annotations

from gitgen.errors import GitgenError
from gitgen.repository import HEADS, Repository
from gitgen.state.commits import PREFIX


def is_shallow(repository: Repository) -> bool:
    """Whether this clone lacks what is older than some commits (man git-clone, `--depth`)."""
    return repository.git.text("rev-parse", "--is-shallow-repository") == "true"


def no_session(repository: Repository, branch: str) -> GitgenError:
    """The error for a branch that is no session, or whose beginning or very tip this clone does not have."""
    if repository.tip(branch) is None:
        return no_branch(repository, branch)
    if branch.startswith(PREFIX) and is_shallow(repository):
        return GitgenError(f"This clone is shallow, and has not the beginning of {branch}", "git fetch --unshallow")
    return GitgenError(f"{branch} is not a session of gitgen", "gitgen sessions lists them")


def no_branch(repository: Repository, branch: str) -> GitgenError:
    """The error for a branch that is not there, or only on a remote."""
    remote = repository.git.text("for-each-ref", "--count=1", "--format=%(refname:short)", f"refs/remotes/*/{branch}")
    if branch and remote:
        return GitgenError(f"The branch {branch} is only on a remote: {remote}", f"git branch {branch} {remote}")
    if branch and _points_nowhere(repository, branch):
        return GitgenError(f"{branch} points at no commit that git can read", "git fsck tells more")
    return GitgenError(f"There is no branch {branch}", "gitgen sessions, or git branch --list, lists them")


def _points_nowhere(repository: Repository, branch: str) -> bool:
    """Whether there is such a ref, though what it holds is no id, or that of an object that is missing."""
    ref = HEADS + branch
    named = repository.git.text("rev-parse", "-q", "--verify", ref, check=False)
    return bool(named) or (repository.common / ref).is_file()
