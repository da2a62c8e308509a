"""A branch brought to a new commit, and the work tree that has it checked out after it; a killed one is caught up on.

Ref and work tree cannot move at once. So the commit that the work tree still stands at is kept on a ref of its own,
`refs/gitgen/behind/<branch>`: set in the transaction that moves the branch, deleted when the work tree has followed.
In a repository that gitgen has made, nothing is checked out at first: there it is the empty tree.
"""

from __future__ import annotations

from gitgen.errors import GitgenError
from gitgen.repository import HEADS, LostRace, Repository
from gitgen.repository.worktree import Worktree, worktree_of

BEHIND = "refs/gitgen/behind/"


def advance(repository: Repository, branch: str, old: str, new: str, step: str, *, again: str = "") -> None:
    """Move a branch by compare-and-swap, then the work tree that has it checked out.

    GitgenError if the work tree could not take the new commit, or the branch is no longer at `old`; then nothing
    was moved. `again` is the command that can simply be given again; of a step, a resume lands the replies.
    """
    kept, then = ("Nothing was changed:", again) if again else ("The replies are kept, but", f"gitgen resume {branch}")
    worktree = worktree_of(repository, branch)
    in_the_way = worktree.in_the_way(old, new) if worktree else None
    if in_the_way:
        raise GitgenError(
            f"{kept} the work tree cannot take the step: {in_the_way}",
            f"commit it, stash it or move it away there, then: {then}",
        )
    moves: list[tuple[str, str | None, str | None]] = [(HEADS + branch, new, old)]
    if worktree:
        moves.insert(0, (BEHIND + branch, old, None))
    try:
        repository.move_all(moves, step)
    except LostRace:
        refuse_behind(repository, branch)
        raise GitgenError(
            f"{kept} {branch} moved meanwhile",
            again or f"{then} reads them again on the new tip, for free",
        ) from None
    if worktree:
        catch_up(repository, branch)


def catch_up(repository: Repository, branch: str) -> None:
    """Bring the work tree of a branch to its tip, where a command was killed before it could; GitgenError if it can't.

    Elsewhere nothing is done, nor where a person has brought it there.
    """
    behind = repository.refs(BEHIND + branch).get(BEHIND + branch)
    if behind is None:
        return
    if behind == _empty_tree(repository):
        _check_out(repository, branch, behind)
        return
    worktree, tip = worktree_of(repository, branch), repository.tip(branch)
    problem = worktree.fast_forward(behind, tip) if worktree and tip else None
    if worktree and problem:
        raise GitgenError(
            f"The commit is on {branch}, but the work tree at {worktree.top} stays behind: {problem}",
            f"mend that, then: gitgen resume {branch}",
        )
    repository.move(BEHIND + branch, None, behind, "caught up")


def begin_checked_out(repository: Repository, main: str, first: str, branch: str, begun: str) -> str | None:
    """Put `main` at the first commit of a new repository, and check the session's `branch` out; what was kept there.

    Raises LostRace if one of the branches is there already; then nothing has changed.
    """
    empty = _empty_tree(repository)
    moves = [(BEHIND + branch, empty, None), (HEADS + main, first, None), (HEADS + branch, begun, None)]
    repository.move_all(moves, "begin a session")
    return _check_out(repository, branch, empty)


def _check_out(repository: Repository, branch: str, empty: str) -> str | None:
    assert repository.top is not None
    kept = Worktree(repository.top).adopt(branch)
    repository.move(BEHIND + branch, None, empty, "checked out")
    return kept


def _empty_tree(repository: Repository) -> str:
    return repository.git.text("mktree")


def refuse_behind(repository: Repository, branch: str) -> None:
    """GitgenError if the work tree of a branch is behind: what differs there are no changes of the user's."""
    if repository.refs(BEHIND + branch):
        raise GitgenError(
            f"The work tree of {branch} has not followed it: a command was interrupted", f"gitgen resume {branch}"
        )
