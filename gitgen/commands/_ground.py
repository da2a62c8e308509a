"""Where a command that changes a branch stands: on a session, or on a branch that a session begins from."""

from __future__ import annotations

from dataclasses import dataclass

from gitgen import preflight, ui
from gitgen.beginning import begin
from gitgen.errors import GitgenError
from gitgen.progress import busy, progress_of
from gitgen.repository import Repository
from gitgen.state import load
from gitgen.worktree import worktrees
from gitgen.world import World


@dataclass(frozen=True)
class Ground:
    """A branch at its tip; `is_session` tells whether a step goes on top or begins a session from it."""

    branch: str
    tip: str
    is_session: bool


def stand(repository: Repository, named: str | None, name: str | None, commit_dirty: bool) -> Ground:
    """The ground on the branch that the user named or has checked out; GitgenError where no step may begin.

    `name` is the one for a new session, which a session that is there cannot take.
    """
    _ = repository.identity
    branch, tip = (named, preflight.tip_of(repository, named)) if named else preflight.branch_of_head(repository)
    session = load(repository, branch)
    if session is not None and name:
        raise GitgenError(f"{branch} is a session already, and keeps its name", "the same again without --name")
    if session is not None and progress_of(repository, branch) is not None:
        raise busy(branch)
    if commit_dirty:
        preflight.commit_dirty(repository, branch)
        tip = preflight.tip_of(repository, branch)
    elif session is not None:
        preflight.clean_work_tree(repository, branch, "git commit, git stash, or the same again with --commit-dirty")
    else:
        _warn_of_uncommitted(repository, branch)
    return Ground(branch, tip, session is not None)


def begun(here: World, ground: Ground, name: str | None, prompt: str, *plan: str) -> Ground:
    """The ground of a session: this one, or a new one whose first commit is written but stands on no branch yet."""
    if ground.is_session:
        return ground
    branch = preflight.branch_for(here.repository, name, prompt)
    return Ground(branch, begin(here, branch, base=ground.tip, prompt=prompt, plan=plan), False)


def tell(ground: Ground, landed_on: str, as_json: bool) -> None:
    """Say how to look at a session that has just begun."""
    if not ground.is_session and not as_json:
        ui.note(f"on {landed_on}: git diff {ground.branch}...{landed_on}")


def _warn_of_uncommitted(repository: Repository, branch: str) -> None:
    """The branch that a session begins from stays as it is, so its uncommitted changes are safe, but not seen."""
    worktree = next((tree for tree, checked_out in worktrees(repository) if checked_out == branch), None)
    if worktree and worktree.dirty():
        ui.note(f"the uncommitted changes on {branch} are not seen (--commit-dirty commits them first)")
