"""The progress ref of a session: the chat of the step under way, from its first request until it has landed."""

from __future__ import annotations

from dataclasses import dataclass

from gitgen.errors import GitgenError
from gitgen.git import NoObject
from gitgen.record import Chat
from gitgen.repository import Repository
from gitgen.state.commits import PREFIX
from gitgen.values import Blob

REFS = "refs/gitgen/progress/"
ASIDE = "refs/gitgen/aside/"
"""Where what can no longer be a step under way is kept."""


@dataclass(frozen=True)
class Progress:
    """A step under way: a commit on the branch's tip of then, whose one change is the chat file so far."""

    branch: str
    oid: str
    parent: str
    path: str
    chat: Chat


def ref_of(branch: str) -> str:
    """The progress ref of a session's branch."""
    return REFS + branch.removeprefix(PREFIX)


def progress_of(repository: Repository, branch: str, at: str | None = None) -> Progress | None:
    """The step under way on a branch (`at` another commit than its ref's), or None; GitgenError if it is none."""
    ref = ref_of(branch)
    try:
        oid = repository.git.id_of(at or ref)
    except NoObject:
        return None
    try:
        path = repository.git.text("diff-tree", "--no-commit-id", "--name-only", "-r", "-z", oid).split("\0")[0]
        parent = repository.resolve(f"{oid}^") or ""
        chat = Chat.from_json(repository.tree(oid)[path])
    except (NoObject, KeyError, ValueError) as error:
        why = str(error) if isinstance(error, ValueError) else "it holds no chat"
        aside = f"git update-ref {ASIDE}{ref.removeprefix(REFS)} {oid} && git update-ref -d {ref}"
        raise GitgenError(f"What is under way on {branch} cannot be read: {why}", f"set it aside: {aside}") from None
    return Progress(branch, oid, parent, path, chat)


def message_of(chat: Chat) -> str:
    """The message of a commit on a progress ref."""
    return f"Under way: {chat.step}\n"


def put_back(repository: Repository, progress: Progress, chat: Chat) -> Progress:
    """Put a chat that Git could not take when it came onto the progress ref of its step; GitgenError if it is none."""
    if not _goes_on(progress.chat, chat):
        raise GitgenError(
            f"The reply does not belong to the step under way on {progress.branch}",
            f"gitgen resume {progress.branch} goes on without it",
        )
    tree, content = repository.tree(progress.oid), Blob(chat.to_json().encode())
    oid = repository.commit(progress.parent, message_of(chat), {progress.path: content}, tree, sign=False)
    repository.move(ref_of(progress.branch), oid, progress.oid, "reply put back")
    return Progress(progress.branch, oid, progress.parent, progress.path, chat)


def _goes_on(before: Chat, after: Chat) -> bool:
    """Whether a chat is another one with more turns or an answer to its last one."""
    if before.step != after.step or before.inputs != after.inputs or not before.turns:
        return False
    asked = len(before.turns) - 1
    return after.turns[:asked] == before.turns[:asked] and [turn.messages for turn in after.turns[asked:][:1]] == [
        before.turns[asked].messages
    ]


def under_way(repository: Repository) -> tuple[str, ...]:
    """The branches that have a step under way."""
    names = repository.git.text("for-each-ref", "--format=%(refname)", REFS).split()
    return tuple(PREFIX + name.removeprefix(REFS) for name in names)


def busy(branch: str) -> GitgenError:
    """The error for a session whose last step has not ended."""
    return GitgenError(
        f"A step is under way on {branch}, or was interrupted",
        f"gitgen resume {branch} (or: gitgen resume --drop {branch})",
    )


def branch_taken(branch: str) -> GitgenError:
    """The error for a session that is there already."""
    mend = f"--name OTHER; or to go on: gitgen resume {branch}, or fix and apply with --branch {branch}"
    return GitgenError(f"The branch {branch} is there already", mend)


def landed_already(repository: Repository, progress: Progress) -> bool:
    """Whether the step of a progress ref stands on its branch; if so, the ref is deleted."""
    tip = repository.tip(progress.branch)
    if tip is None:
        return False
    there, ours = (
        repository.tree(tip).entry(progress.path),
        repository.tree(progress.oid).entry(progress.path),
    )
    if there is None or ours is None or there.oid != ours.oid:
        return False
    repository.move(ref_of(progress.branch), None, progress.oid, "step landed")
    return True
