"""What steps have cost in tokens: from the trailers where they parse, else from the chat files in the tree.

The blob id of its chat file is what a step is known by: it outlives a rebase and a squash, so nothing counts twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitgen.git import GitFailed
from gitgen.progress import ref_of
from gitgen.record import FOLDER, Chat, Usage
from gitgen.record.squash import SQUASHED
from gitgen.repository import Repository
from gitgen.repository.tree import GitTree
from gitgen.state.commits import PREFIX, Commit, Session
from gitgen.state.log import history
from gitgen.values import DIRECTORY

_CHAT = re.compile(r"[0-9]{1,9}-[^/]*\.json")


@dataclass(frozen=True)
class Spent:
    """The usage of one step, as far as one model answered in it."""

    commit: str
    """Empty where it is not known."""
    session: str
    step: str
    model: str
    author: str
    time: int
    usage: Usage


def of_session(repository: Repository, session: Session) -> list[Spent]:
    """What the steps of a session have cost, oldest first, the one under way last."""
    base = [session.base] if session.base else []
    before = _chats_in(repository, base, session.name)
    there = _chats_in(repository, [session.tip, ref_of(session.branch)], session.name)
    revisions = (session.tip, f"--glob={ref_of(session.branch)}", *(f"^{oid}" for oid in base))
    return _count(repository, session.commits, _without(there, before), revisions)


def of_revisions(repository: Repository, *revisions: str) -> list[Spent]:
    """What the steps that revisions and ranges reach have cost, oldest first; GitFailed if there is no such revision.

    They are those of man gitrevisions, and options such as `--all`.
    """
    names = dict.fromkeys(repository.git.text("rev-parse", *revisions, "--").split()[:-1])
    there = _chats_in(repository, (name for name in names if name[0] != "^"))
    before = _chats_in(repository, (name[1:] for name in names if name[0] == "^"))
    commits = list(history(repository, *revisions, first_parent=False))[::-1]
    return _count(repository, commits, _without(there, before), revisions)


def _count(
    repository: Repository, commits: Sequence[Commit], there: Mapping[str, str], revisions: Sequence[str]
) -> list[Spent]:
    """The steps' own trailers first, then what squashes tell, then the chat files that neither has told of."""
    counted: set[str] = set()
    spent: list[Spent] = []
    for commit in commits:
        log = commit.trailers.get("Gitgen-Log", "")
        if commit.step and not (log and log in counted):
            counted.add(log)
            spent += _of_step(repository, commit, log)
    for commit in commits:
        fresh = [oid for oid in commit.trailers.get(SQUASHED, "").split() if oid not in counted]
        if fresh and not commit.step:
            counted.update(fresh)
            spent += _of_squash(repository, commit, fresh)
    left = {oid: name for oid, name in there.items() if oid not in counted}
    if left:
        spent += _of_files(repository, left, revisions)
    return spent


def _of_step(repository: Repository, commit: Commit, log: str) -> Iterator[Spent]:
    chat = _chat(repository, log) if "," in commit.model else None
    if chat is not None:
        # A sum over several models has no price.
        yield from _of_chat(chat, commit, commit.trailers.get("Gitgen-Session", ""))
    else:
        yield _told(commit, commit.step, commit.usage)


def _of_squash(repository: Repository, commit: Commit, logs: Sequence[str]) -> Iterator[Spent]:
    chats = [_chat(repository, oid) for oid in logs]
    if all(chats):
        for chat in chats:
            yield from _of_chat(chat, commit, commit.trailers.get("Gitgen-Session", "")) if chat else ()
    elif len(logs) == len(commit.trailers[SQUASHED].split()):
        yield _told(commit, "squash", commit.usage)


def _of_files(repository: Repository, left: Mapping[str, str], revisions: Sequence[str]) -> Iterator[Spent]:
    added = _added(repository, revisions)
    for oid, name in left.items():
        chat = _chat(repository, oid)
        if chat is not None:
            yield from _of_chat(chat, added.get(oid), PREFIX + name)


def _told(commit: Commit, step: str, usage: Usage) -> Spent:
    session = commit.trailers.get("Gitgen-Session", "")
    return Spent(commit.oid, session, step, commit.model, commit.author, commit.time, usage)


def _of_chat(chat: Chat, commit: Commit | None, session: str) -> Iterator[Spent]:
    """The usage of a chat by the models that answered in it."""
    usages: dict[str, Usage] = {}
    for turn in chat.turns:
        if turn.reply and turn.usage:
            usages[turn.reply.model] = usages.get(turn.reply.model, Usage()) + turn.usage
    oid, author, time = (commit.oid, commit.author, commit.time) if commit else ("", "", _started(chat))
    for model, usage in usages.items():
        yield Spent(oid, session, chat.step, model, author, time, usage)


def _started(chat: Chat) -> int:
    try:
        return int(datetime.fromisoformat(chat.turns[0].started).timestamp()) if chat.turns else 0
    except (ValueError, OverflowError):
        return 0


def _chat(repository: Repository, oid: str) -> Chat | None:
    """The chat in a blob, or None where this clone has none that can be read: it then tells nothing."""
    try:
        return Chat.from_json(repository.git.read(oid))
    except (GitFailed, ValueError):
        return None


def _added(repository: Repository, revisions: Sequence[str]) -> dict[str, Commit]:
    """The commits that brought chat files, by the blob."""
    options = (
        "--reverse",
        "-m",
        "--raw",
        "--no-renames",
        "--no-abbrev",
        "--diff-filter=A",
        "--format=%x00%H%n%at%n%an",
    )
    listed = repository.git.text("log", *options, *revisions, "--", FOLDER)
    found: dict[str, Commit] = {}
    for record in listed.split("\0")[1:]:
        oid, time, author, *changed = record.split("\n")
        commit = Commit(oid, "", author, int(time or 0), "", {})
        found |= {words[3]: commit for line in changed if len(words := line.split(" ")) > 3 and words[3] not in found}
    return found


def _without(there: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    return {oid: name for oid, name in there.items() if oid not in before}


def _chats_in(repository: Repository, tips: Iterable[str], only: str = "") -> dict[str, str]:
    """The chat files in the trees of commits: blob to the name of the session; of one session alone, if it is named."""
    asked = "".join(f"{tip}:{FOLDER}\n" for tip in tips)
    answers = repository.git.run("cat-file", "--batch-check", stdin=asked.encode()).decode().splitlines()
    tops = {answer.split()[0] for answer in answers if answer.split()[1:2] == ["tree"]}
    folders = {entry for top in tops for entry in GitTree(repository.git, top).entries() if entry.mode == DIRECTORY}
    return {
        chat.oid: folder.path
        for folder in sorted(folders, key=lambda entry: entry.path)
        if folder.path == (only or folder.path)
        for chat in GitTree(repository.git, folder.oid).entries()
        if _CHAT.fullmatch(chat.path)
    }
