"""Taking the files of a commit back by another commit, as `git revert` does, and nothing of its chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import join

from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.record import FOLDER
from gitgen.record.trailers import compose
from gitgen.repository import Repository
from gitgen.repository.advance import advance
from gitgen.state.commits import REDOES, REVERTS, UNDOES, Commit, Session
from gitgen.state.log import changing

NAMED = 10
"""So many conflicting paths are named; of more, only the number."""
_CONFLICTS, _USAGE = 1, 129


@dataclass(frozen=True)
class Reverted:
    """A commit that took another one's files back."""

    branch: str
    oid: str
    reverts: Commit
    subject: str
    files: tuple[str, ...]


def to_undo(repository: Repository, session: Session) -> Commit:
    """The last step that changed files and is not taken back; GitgenError if there is none."""
    undone = session.undone()
    steps = {commit.oid: commit for commit in session.steps if commit.oid not in undone}
    found = next((steps[oid] for oid in changing(repository, session) if oid in steps), None)
    if found is None:
        raise GitgenError(
            f"{session.branch} has no step to take back", "gitgen log lists what there is; git revert takes all back"
        )
    return found


def to_redo(session: Session) -> tuple[Commit, Commit]:
    """The last undo that still holds, and the step that it took back; GitgenError if there is none."""
    undone = tuple(session.undone().items())
    if not undone:
        raise GitgenError(f"Nothing is undone on {session.branch}", "gitgen undo takes a step back")
    commits = {commit.oid: commit for commit in session.commits}
    step, undo = undone[-1]
    return commits[undo], commits[step]


def undo(repository: Repository, session: Session, tip: str, step: Commit, again: str) -> Reverted:
    """Take the files of a step of a session back, and what a hook has changed of them, as `_revert` does."""
    subject, names = f'Revert "{step.subject}"', {UNDOES: step.log}
    return _revert(repository, session.branch, tip, step, session.end_of(step), subject, names, again)


def redo(repository: Repository, branch: str, tip: str, undone: tuple[Commit, Commit], again: str) -> Reverted:
    """Take an undo back, as `_revert` does; `undone` is that commit, and its step."""
    by, step = undone
    return _revert(repository, branch, tip, by, by.oid, f'Reapply "{step.subject}"', {REDOES: step.log}, again)


def _revert(
    repository: Repository,
    branch: str,
    tip: str,
    commit: Commit,
    end: str,
    subject: str,
    names: Mapping[str, str],
    again: str,
) -> Reverted:
    """Put a commit on the branch, from its `tip`, that takes the files of an earlier one back.

    `end` is the commit itself, or the one on top with what a hook has changed of its files. `names` is the trailer that
    names the step, `again` the command to repeat where the branch could not move. GitgenError, and nothing is changed,
    where later work is in the way, or nothing is left to take back.
    """
    short = commit.oid[:10]
    tree = _without(repository, branch, tip, commit, end)
    changed = repository.git.run("diff-tree", "-r", "-z", "--name-only", tip, tree).decode("utf-8", "surrogateescape")
    if not changed:
        raise GitgenError(f"There is nothing of {short} to take back", f"git show --stat {short} tells what it did")
    message = compose(subject, "", {"Gitgen-Session": branch, REVERTS: commit.oid, **names})
    oid = repository.commit_tree(tip, message, tree)
    advance(repository, branch, tip, oid, "revert", again=again)
    return Reverted(branch, oid, commit, subject, tuple(changed.split("\0")[:-1]))


def _without(repository: Repository, branch: str, tip: str, commit: Commit, end: str) -> str:
    """The tree of `tip` without what the commit did to its files.

    It is git's merge of `tip` with a commit that does no more than take this one back: what both have in common is
    this commit, so renames, modes, symlinks and submodules are weighed as `git revert` would. No file is written.
    """
    back = repository.commit_tree(end, "Take back\n", _files_before(repository, commit), sign=False)
    try:
        merged = repository.git.text("merge-tree", "--write-tree", "--no-messages", "--name-only", "-z", tip, back)
    except GitFailed as error:
        if error.status == _USAGE:
            raise GitgenError("This git cannot merge without a work tree", "install git 2.38 or later") from None
        if error.status != _CONFLICTS:
            raise
        paths = [path for path in error.stdout.decode("utf-8", "surrogateescape").split("\0")[1:] if path]
        short = commit.oid[:10]
        raise GitgenError(
            f"Later work on {branch} builds on what {short} did: {_named(paths)}",
            f"git log --oneline {join((f'{short}..{branch}', '--', *paths[:NAMED]))} shows it; take that back first",
        ) from None
    return merged.rstrip("\0")


def _files_before(repository: Repository, commit: Commit) -> str:
    """The tree before a commit, but for gitgen's own folder, which is the commit's."""
    before = repository.git.run("ls-tree", "-z", commit.parent).split(b"\0")
    own = repository.git.run("ls-tree", "-z", commit.oid, FOLDER)
    entries = [entry for entry in before if entry and entry.partition(b"\t")[2] != FOLDER.encode()]
    stdin = b"".join(entry + b"\0" for entry in entries) + own
    return repository.git.run("mktree", "-z", "--missing", stdin=stdin).decode().strip()


def _named(paths: list[str]) -> str:
    if len(paths) <= NAMED:
        return ", ".join(paths)
    return f"{', '.join(paths[:NAMED])} and {len(paths) - NAMED} more"
