"""Where a command that changes a branch stands: on a session, or on a branch that a session begins from."""

from __future__ import annotations

from dataclasses import dataclass

from gitgen import preflight, publish, ui
from gitgen.beginning import begin
from gitgen.errors import GitgenError
from gitgen.forge.remotes import Remote
from gitgen.progress import branch_taken, busy, progress_of
from gitgen.repository import HEADS, LostRace, Repository
from gitgen.repository.advance import advance
from gitgen.repository.worktree import worktrees
from gitgen.state.absent import is_shallow, no_session
from gitgen.state.commits import PREFIX
from gitgen.state.log import load
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
    if session is None and branch.startswith(PREFIX) and is_shallow(repository):
        # It may well be one, which began before what this clone has.
        raise no_session(repository, branch)
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


def newest(repository: Repository, remote: Remote, branch: str, token: str) -> str | None:
    """The tip of a session, here or on a remote, whichever is ahead; None if neither has it.

    GitgenError where the two have gone different ways.
    """
    there = publish.fetch(repository, remote, branch, token)
    here = repository.tip(branch)
    if here is None or there is None:
        return here or there
    common = repository.git.text("merge-base", here, there, check=False)
    if common not in (here, there):
        mend = f"git switch {branch} && git pull --rebase {remote.name} {branch}, then the same again"
        raise GitgenError(f"{branch} is not the same here and on {remote.name}", mend)
    return there if common == here else here


def bring(repository: Repository, branch: str, tip: str) -> None:
    """Move a branch here forward to a tip that a remote had, or create it there."""
    here = repository.tip(branch)
    if here is None:
        try:
            repository.move(HEADS + branch, tip, None, "fetched")
        except LostRace:
            raise branch_taken(branch) from None
    elif here != tip:
        preflight.clean_work_tree(repository, branch)
        advance(repository, branch, here, tip, "fetched")


def tell(ground: Ground, landed_on: str, as_json: bool) -> None:
    """Say how to look at a session that has just begun."""
    if not ground.is_session and not as_json:
        ui.note(f"on {landed_on}: git diff {ground.branch}...{landed_on}")


def _warn_of_uncommitted(repository: Repository, branch: str) -> None:
    """The branch that a session begins from stays as it is, so its uncommitted changes are safe, but not seen."""
    worktree = next((tree for tree, checked_out in worktrees(repository) if checked_out == branch), None)
    if worktree and worktree.dirty():
        ui.note(f"the uncommitted changes on {branch} are not seen (--commit-dirty commits them first)")
