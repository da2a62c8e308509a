"""Sessions that are put away: their branch and what is under way on it move to keep-refs, and can come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from gitgen.errors import GitgenError
from gitgen.progress import ref_of
from gitgen.repository import HEADS, LostRace, Repository
from gitgen.repository.worktree import worktree_of
from gitgen.state.commits import PREFIX

REMOVED, ARCHIVED = "refs/gitgen/removed/", "refs/gitgen/archive/"
_BRANCH, _PROGRESS = "branch", "progress"


@dataclass(frozen=True)
class Kept:
    """A session that is put away; `ref` is the folder of its refs, of which `tip` was the branch."""

    name: str
    number: int
    ref: str
    tip: str
    progress: str | None = None

    @property
    def branch(self) -> str:
        """The branch that it was, and would be again."""
        return PREFIX + self.name


def kept(refs: Mapping[str, str], root: str) -> list[Kept]:
    """What is put away under a root, in the order in which it was, by name; `refs` are ids by the names of refs."""
    found = []
    for ref, tip in refs.items():
        words = ref.removeprefix(root).split("/")
        if ref.startswith(root) and len(words) == 3 and words[1].isdecimal() and words[2] == _BRANCH:
            folder = ref.removesuffix(_BRANCH)
            progress = refs.get(folder + _PROGRESS)
            found.append(Kept(unquote(words[0], errors="surrogateescape"), int(words[1]), folder, tip, progress))
    return sorted(found, key=lambda one: (one.name, one.number))


def free(repository: Repository, branch: str) -> None:
    """GitgenError if a work tree has the branch checked out."""
    worktree = worktree_of(repository, branch)
    if worktree is not None:
        raise GitgenError(f"{branch} is checked out at {worktree.top}", "git switch OTHER there, then the same again")


def put_away(repository: Repository, branch: str, root: str) -> Kept:
    """Move a branch, and what is under way on it, to keep-refs below `root`, all in one transaction."""
    free(repository, branch)
    name = branch.removeprefix(PREFIX)
    # A name with a slash would make a folder among the numbers of another.
    folder = root + quote(name, safe="", errors="surrogateescape")
    number = 1 + max((one.number for one in kept(repository.refs(folder), root)), default=0)
    here = repository.refs(HEADS + branch, ref_of(branch))
    tip, progress = here.get(HEADS + branch), here.get(ref_of(branch))
    if tip is None:
        raise _moved(branch)
    away = Kept(name, number, f"{folder}/{number}/", tip, progress)
    _move(
        repository,
        branch,
        [(HEADS + branch, away.ref + _BRANCH, tip), (ref_of(branch), away.ref + _PROGRESS, progress)],
    )
    return away


def bring_back(repository: Repository, name: str, root: str) -> Kept:
    """Make the session that was put away last under a name a branch again; GitgenError if there is none, or no room."""
    name = name.removeprefix(PREFIX)
    found = [one for one in kept(repository.refs(root), root) if one.name == name]
    if not found:
        option = "--removed" if root == REMOVED else "--archived"
        raise GitgenError(f"No session {name} is put away", f"gitgen sessions {option} lists what there is")
    back = found[-1]
    if repository.tip(back.branch) is not None:
        raise GitgenError(f"The branch {back.branch} is there already", f"git branch -m {back.branch} {back.branch}-2")
    moves = [
        (back.ref + _BRANCH, HEADS + back.branch, back.tip),
        (back.ref + _PROGRESS, ref_of(back.branch), back.progress),
    ]
    _move(repository, back.branch, moves)
    return back


def _move(repository: Repository, branch: str, moves: Iterable[tuple[str, str, str | None]]) -> None:
    """Rename refs, given as (from, to, id); those without an id are not there."""
    there = [(start, end, oid) for start, end, oid in moves if oid]
    try:
        repository.move_all(
            [(end, oid, None) for _, end, oid in there] + [(start, None, oid) for start, _, oid in there], "keep"
        )
    except LostRace:
        raise _moved(branch) from None


def _moved(branch: str) -> GitgenError:
    return GitgenError(f"{branch} moved meanwhile; nothing was changed", "the same again")
