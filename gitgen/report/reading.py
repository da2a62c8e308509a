"""A session read from Git for a report: its log, one `git diff-tree`, its chats, the sizes of the files shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gitgen.context import as_text
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.record import Chat, File, Message, Part, Turn
from gitgen.report.diffs import diffs_of
from gitgen.report.values import Entry, FileDiff, Opening, Passage, Repeat, Report, Said, ShownFile, ShownTurn
from gitgen.repository import Repository
from gitgen.state.chats import chat_of, draft_of, prompt_path
from gitgen.state.commits import Commit, Session

_SHORT = 300
"""Characters; a shorter text is shown again rather than pointed at."""
_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def read(repository: Repository, session: Session) -> Report:
    """The session as a report shows it; GitgenError if Git cannot tell what its commits change."""
    diffs = diffs_of(repository.git, session.commits)
    chats = {commit.oid: _chat(repository, commit) for commit in session.steps}
    found = [chat for chat in chats.values() if isinstance(chat, Chat)]
    messages = _Messages(sizes_of(repository.git, _shown(found)))
    entries, number = [], 0
    for commit in session.commits:
        files = diffs.get(commit.oid, ())
        if commit.step:
            number += 1
            entries.append(_step(repository, commit, number, files, chats[commit.oid], messages))
        else:
            entries.append(Entry(0, commit, files))
    return Report(
        session.name,
        session.branch,
        session.tip,
        session.base,
        _prompt(repository, session),
        session.left(),
        tuple(entries),
    )


def sizes_of(git: Git, oids: Iterable[str]) -> Mapping[str, int]:
    """The sizes of the objects that are there, in bytes."""
    # The ids may come from a stranger's chat: what is none must not be read as another command.
    asked = "".join(f"{oid}\n" for oid in dict.fromkeys(oids) if _OID.fullmatch(oid))
    printed = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked.encode()).decode()
    told = (line.split(" ") for line in printed.splitlines())
    return {oid: int(size) for oid, size in told if size.isdigit()}


def _step(
    repository: Repository,
    commit: Commit,
    number: int,
    files: tuple[FileDiff, ...],
    chat: Chat | GitgenError,
    messages: _Messages,
) -> Entry:
    if isinstance(chat, GitgenError):
        return Entry(number, commit, files, problem=chat.what)
    said = {name: text.strip() for name, text in chat.inputs.items() if isinstance(text, str) and text.strip()}
    return Entry(
        number,
        commit,
        files,
        said.get("feedback", ""),
        tuple((name, text) for name, text in said.items() if name not in ("feedback", "test")),
        tuple(messages.turn(turn, number) for turn in chat.turns),
        draft_of(repository, commit, chat).refusals if commit.status == "rejected" else (),
        chat.ran,
    )


class _Messages:
    """The messages of a session from its first to its last; what is sent again is told by where it stands."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = sizes
        self._places: dict[object, Repeat] = {}

    def turn(self, turn: Turn, step: int) -> ShownTurn:
        """A turn of the step of this number, as it is shown."""
        *before, asked = turn.messages or (None,)
        opening = self._opening(tuple(message for message in before if message), step)
        said = self._said(asked, step) if asked else None
        return ShownTurn(opening, said, turn.reply, turn.usage, turn.seconds)

    def _opening(self, messages: tuple[Message, ...], step: int) -> Opening | Repeat | None:
        if not messages:
            return None
        if messages in self._places:
            return self._places[messages]
        anchor = self._place(messages, step)
        return Opening(tuple(self._said(message, step) for message in messages), anchor)

    def _said(self, message: Message, step: int) -> Said:
        return Said(message.role, tuple(self._part(part, step) for part in message.parts))

    def _part(self, part: Part, step: int) -> Passage | Repeat | ShownFile:
        if isinstance(part, File):
            return ShownFile(part.path, self._sizes.get(part.oid))
        if len(part.text) < _SHORT:
            return Passage(part.text)
        return self._places.get(part.text) or Passage(part.text, self._place(part.text, step))

    def _place(self, key: object, step: int) -> str:
        anchor = f"sent-{len(self._places) + 1}"
        self._places[key] = Repeat(anchor, step)
        return anchor


def _shown(chats: Iterable[Chat]) -> Iterable[str]:
    for chat in chats:
        for turn in chat.turns:
            for message in turn.messages:
                yield from (part.oid for part in message.parts if isinstance(part, File))


def _chat(repository: Repository, commit: Commit) -> Chat | GitgenError:
    try:
        return chat_of(repository, commit)
    except GitgenError as error:
        return error


def _prompt(repository: Repository, session: Session) -> str:
    content = repository.tree(session.tip).get(prompt_path(session.name), b"")
    return (as_text(content) or "").strip()
