"""The chats of a session: where they stand, and what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitgen.errors import GitgenError
from gitgen.record import FOLDER, Chat
from gitgen.repository import Repository
from gitgen.repository.tree import GitTree
from gitgen.state.commits import PREFIX, Commit
from gitgen.values import Tree

if TYPE_CHECKING:
    from gitgen.draft import Draft

_CHAT_NUMBER = re.compile(rb"(?<![^\0])([0-9]{1,9})-[^\0]*\.json(?![^\0])")


def folder_of(name: str) -> str:
    """Where a session keeps its prompt and its chats."""
    return f"{FOLDER}/{name}"


def prompt_path(name: str) -> str:
    """Where a session keeps its prompt."""
    return f"{folder_of(name)}/prompt"


def chat_path(name: str, tree: GitTree, step: str) -> str:
    """The path of the next chat file: the highest number in the session's folder plus one, then the step."""
    # All at once: the folder of a long session has thousands of them.
    numbers = _CHAT_NUMBER.findall(b"\0".join(tree.names(folder_of(name))))
    number = max(map(int, numbers), default=0)
    return f"{folder_of(name)}/{number + 1:04d}-{step}.json"


def draft_of(repository: Repository, commit: Commit, chat: Chat) -> Draft:
    """What today's reader makes of a step's replies on the tree that the step started from."""
    return draft_on(repository.tree(commit.parent), chat)


def draft_on(tree: Tree, chat: Chat) -> Draft:
    """What today's reader makes of a chat's replies on a tree."""
    from gitgen.draft import Draft  # Most of what reads a session needs no reader of replies.

    draft = Draft.of(tree, chat.inputs)
    for reply in chat.replies():
        draft = draft.read(reply)
    return draft


def chat_of(repository: Repository, commit: Commit) -> Chat:
    """The chat of a step's commit; GitgenError if the commit holds none that can be read."""
    short = commit.oid[:10]
    log = commit.trailers.get("Gitgen-Log", "")
    if not log:
        raise GitgenError(f"{short} is no step", "gitgen log lists the steps")
    try:
        return Chat.from_json(repository.git.read(log))
    except ValueError as error:
        raise GitgenError(f"The chat of {short} cannot be read: {error}", f"git show {short}") from None


def asked_of(repository: Repository, commit: Commit) -> str:
    """What a person asked for with a step: the feedback, else the prompt of the session; its subject if neither is."""
    try:
        asked = chat_of(repository, commit).inputs.get("feedback")
        if isinstance(asked, str) and asked.strip():
            return asked.strip()
        name = commit.trailers.get("Gitgen-Session", "").removeprefix(PREFIX)
        prompt = repository.tree(commit.oid).get(prompt_path(name), b"").decode("utf-8", "replace")
    except GitgenError:
        prompt = ""
    return prompt.strip() or commit.subject
