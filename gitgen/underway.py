"""The chat of a step while it happens: each change of it is on the progress ref before anything else is done."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shlex import quote
from tempfile import NamedTemporaryFile
from typing import Any

from gitgen import user_cache
from gitgen.ai import Completion, Request
from gitgen.beginning import begin_branch
from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.models import tokens
from gitgen.progress import ASIDE, Progress, busy, message_of, ref_of
from gitgen.record import Chat, Message, Ran, Reads, Reply, Text, Turn, Usage
from gitgen.repository import LostRace
from gitgen.repository.tree import GitTree
from gitgen.state.chats import chat_path
from gitgen.state.commits import PREFIX
from gitgen.values import Blob
from gitgen.world import World


class UnderWay:
    """A chat that grows, and the progress ref that follows it; `path` is where its file stands."""

    def __init__(self, world: World, branch: str, tip: str, tree: GitTree, chat: Chat, progress: Progress | None):
        self.world = world
        self.branch = branch
        self.tip = tip
        self.tree = tree
        self.chat = chat
        self._stored = progress.oid if progress else None
        self.path = progress.path if progress else ""
        if not self.path or self.path in tree:
            self.path = chat_path(branch.removeprefix(PREFIX), tree, chat.step)

    @property
    def blob(self) -> Blob:
        """The chat file."""
        return Blob(self.chat.to_json().encode())

    def remember(self, name: str, value: Callable[[], Any]) -> Any:
        """What `value` gives when it is asked for the first time, kept among the chat's inputs; then always that."""
        if name not in self.chat.inputs:
            given = redacted(value(), self.world.redact)
            self.chat = replace(self.chat, inputs={**self.chat.inputs, name: given})
            self.store()
        return self.chat.inputs[name]

    def ran(self, ran: Ran) -> None:
        """Keep what was run on the files."""
        redact = self.world.redact
        self.chat = replace(self.chat, ran=replace(ran, command=redact(ran.command), output=redact(ran.output)))
        self.store()

    def pasted(self, reply: Reply, messages: tuple[Message, ...] = (), reads: Reads = "edits") -> None:
        """Keep a reply that came from elsewhere, and what it answers."""
        kept = replace(reply, content=self.world.redact(reply.content))
        started = self.world.now().isoformat(timespec="seconds")
        said = tuple(without_secrets(message, self.world.redact) for message in messages)
        request = {"gen_ai.request.model": reply.model} if messages else {}
        self.chat = self.chat.with_turn(Turn(request, said, reads, kept, Usage(), started))
        self.store()

    def asks(self, turn: Turn) -> Turn:
        """Keep a request before it is sent; the turn as it is kept. A last turn that has no reply is asked anew."""
        turn = replace(turn, messages=tuple(without_secrets(m, self.world.redact) for m in turn.messages))
        last = self.chat.turns[-1] if self.chat.turns else None
        unanswered = last is not None and last.reply is None
        self.chat = self.chat.answered(turn) if unanswered else self.chat.with_turn(turn)
        return turn

    def keeper(self, turn: Turn, request: Request) -> Callable[[Completion], None]:
        """A function that keeps each completion of a turn; a further try becomes a turn of its own."""
        began = self.world.now()

        def keep(completion: Completion) -> None:
            nonlocal began
            now = self.world.now()
            reply = replace(completion.reply, content=self.world.redact(completion.reply.content))
            if self.chat.turns[-1].reply is not None:
                self.chat = self.chat.with_turn(replace(turn, messages=()))
            answered = replace(
                self.chat.turns[-1],
                reply=reply,
                usage=completion.usage or _estimated(request, reply),
                started=began.isoformat(timespec="seconds"),
                seconds=round((now - began).total_seconds(), 3),
            )
            self.chat = self.chat.answered(answered)
            try:
                self.store()
            except GitFailed as error:
                raise self._kept_elsewhere(error) from None
            began = now

        return keep

    def landed(self) -> None:
        """Delete the progress ref. Who has taken it meanwhile has a step of their own under way."""
        if self._stored:
            with suppress(LostRace):
                self.world.repository.move(ref_of(self.branch), None, self._stored, "step landed")

    def store(self) -> None:
        """Put the chat so far on the progress ref: what was paid for is in Git before anything is done with it."""
        repository = self.world.repository
        oid = self._commit()
        try:
            repository.move(ref_of(self.branch), oid, self._stored, "step under way")
        except LostRace:
            raise self._overtaken(oid) from None
        first, self._stored = self._stored is None, oid
        if first and repository.tip(self.branch) is None:
            begin_branch(repository, self.branch, self.tip)

    def _commit(self) -> str:
        """The chat so far as a commit that stands on no ref yet."""
        changes = {self.path: self.blob}
        return self.world.repository.commit(self.tip, message_of(self.chat), changes, self.tree, sign=False)

    def _kept_elsewhere(self, error: GitFailed) -> GitgenError:
        """The error for a reply that the progress ref cannot take: it is kept on another ref, or else in a file."""
        ref = ref_of(self.branch)
        try:
            oid = self._commit()
            aside = self._aside(oid)
        except GitFailed:
            return _kept_outside(self.chat, self.branch, error)
        mend = f"{error.mend} && git update-ref {ref} {oid}" if error.lock else f"git update-ref {ref} {oid}"
        return GitgenError(f"{error.what}; the reply is kept as {aside}", f"{mend}; then: gitgen resume {self.branch}")

    def _aside(self, oid: str) -> str:
        """A ref of its own for a commit that the progress ref does not take."""
        aside = f"{ASIDE}{self.branch.removeprefix(PREFIX)}-{oid[:10]}"
        self.world.repository.move(aside, oid, None, "kept aside")
        return aside

    def _overtaken(self, oid: str) -> GitgenError:
        """The error for a progress ref that another process has moved; a reply of ours is kept on a ref of its own."""
        if not self.chat.turns or self.chat.turns[-1].reply is None:
            return busy(self.branch)
        aside, repository, ref = self._aside(oid), self.world.repository, ref_of(self.branch)
        if not repository.refs(ref) and repository.tip(self.branch) == self.tip:
            return GitgenError(
                f"{ref} was deleted meanwhile; the reply is kept as {aside}",
                f"git update-ref {ref} {oid}; then: gitgen resume {self.branch}",
            )
        return GitgenError(
            f"The step on {self.branch} was taken on or ended elsewhere; this reply is kept as {aside}",
            f"git show {aside}; gitgen log {self.branch} shows how the step ended",
        )


def redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """A value of a chat's inputs without the secrets in it."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {key: redacted(item, redact) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item, redact) for item in value]
    return value


def without_secrets(message: Message, redact: Callable[[str], str]) -> Message:
    """A message without the secrets in its texts."""
    parts = (replace(part, text=redact(part.text)) if isinstance(part, Text) else part for part in message.parts)
    return replace(message, parts=tuple(parts))


def _estimated(request: Request, reply: Reply) -> Usage:
    prompt = tokens.count([message["content"] for message in request.messages], reply.model)
    completion = tokens.counter(reply.model)(reply.content)
    return Usage(prompt, completion, prompt + completion, None, "estimated")


def _kept_outside(chat: Chat, branch: str, error: GitFailed) -> GitgenError:
    """The error for a reply that Git cannot take, on a full disk say; the chat is put into a file instead."""
    for folder in (tempfile.gettempdir, lambda: user_cache.make("kept")):
        with suppress(OSError):
            kept = quote(_written(chat.to_json(), folder()))
            mend = f"mend that, then: gitgen resume --kept {kept} {branch}"
            return GitgenError(f"{error.what}; the reply is kept in {kept}", mend)
    return error


def _written(text: str, folder: str | Path) -> str:
    """The path of a new file with a text; OSError if there is no room for all of it."""
    with NamedTemporaryFile("w", encoding="utf-8", prefix="gitgen-", suffix=".json", dir=folder, delete=False) as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            Path(file.name).unlink()
            raise
    return file.name
