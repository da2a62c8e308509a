"""Two steps, or two sessions, beside each other: what was asked, what was answered, what it made of the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff

from gitgen.history.diff_tree import PROGRAM
from gitgen.record import Chat, File, Message, Ran, Usage
from gitgen.record.trailers import one_line
from gitgen.repository import Repository
from gitgen.state.chats import chat_of, prompt_path
from gitgen.state.commits import Commit, Session

_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--no-relative", "-M")
_CONTEXT = 2


@dataclass(frozen=True)
class Side:
    """A step, or all steps of a session: the commit it starts from and the one it ends at, and its chats."""

    name: str
    asked: str
    before: str
    after: str
    steps: tuple[Commit, ...]
    chats: tuple[Chat, ...]

    @property
    def status(self) -> str:
        """That of the last step."""
        return self.steps[-1].status if self.steps else ""

    @property
    def models(self) -> tuple[str, ...]:
        """All that answered, each once."""
        return tuple(dict.fromkeys(model for chat in self.chats for model in chat.models))

    @property
    def usage(self) -> Usage:
        """The tokens of all steps."""
        return sum((step.usage for step in self.steps), Usage())

    @property
    def seconds(self) -> float:
        """How long the models took."""
        return round(sum(turn.seconds for chat in self.chats for turn in chat.turns), 3)

    @property
    def ran(self) -> Ran | None:
        """The last command that was run on its files."""
        return next((chat.ran for chat in reversed(self.chats) if chat.ran), None)

    def requests(self) -> list[str]:
        """All messages that were sent, line by line; files by their blobs."""
        messages = (message for chat in self.chats for turn in chat.turns for message in turn.messages)
        return [line for message in messages for line in (f"{message.role}:", *_text(message).split("\n"))]

    def replies(self) -> list[str]:
        """All that was answered, line by line."""
        replies = (turn.reply for chat in self.chats for turn in chat.turns if turn.reply)
        return [line for reply in replies for line in reply.content.rstrip("\n").split("\n")]


def step_side(repository: Repository, step: Commit) -> Side:
    """A step as a side; GitgenError if its chat cannot be read."""
    asked = step.asked or step.subject
    return Side(f"{step.oid[:10]} {step.step}", asked, step.parent, step.oid, (step,), (chat_of(repository, step),))


def session_side(repository: Repository, session: Session) -> Side:
    """A session as a side; GitgenError if a chat of it cannot be read."""
    prompt = repository.tree(session.tip).get(prompt_path(session.name), b"").decode("utf-8", "replace")
    chats = tuple(chat_of(repository, step) for step in session.steps)
    return Side(session.branch, one_line(prompt), session.first.oid, session.tip, session.steps, chats)


def differences(a: Sequence[str], b: Sequence[str]) -> list[str]:
    """What differs between two texts, as the hunks of a unified diff; nothing if they are the same."""
    return [line.rstrip("\n") for line in unified_diff(a, b, n=_CONTEXT, lineterm="")][2:]


def changed(repository: Repository, old: str, new: str, *options: str) -> str:
    """What git diff says between two commits (man git-diff), gitgen's own files left out."""
    output = repository.git.run("diff", *_PLAIN, *options, old, new, "--", *PROGRAM)
    return output.decode("utf-8", "replace").rstrip("\n")


def _text(message: Message) -> str:
    return "\n\n".join(f"[{p.path}, blob {p.oid[:10]}]" if isinstance(p, File) else p.text for p in message.parts)
