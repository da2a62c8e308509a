"""A step function run on its recorded chat alone: nothing is asked, read or written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from gitgen.draft import Draft
from gitgen.record import Chat, File, Message, Ran, Reads, Reply
from gitgen.steps import Answer, Brief, Step


def remembered(step: Step, chat: Chat, draft: Draft) -> Mapping[str, int]:
    """What of the chat's inputs the step was told on its way, each with how many replies it had heard by then.

    The other inputs it was given at its beginning. `draft` is the tree that it started from.
    """
    rehearsal = _Rehearsal(chat, draft)
    with suppress(_Over):
        step.run(
            Brief(
                inputs=chat.inputs,
                prompt=File("", ""),
                rounds=len(chat.turns),
                preprompt=lambda name: "",
                edit_format=lambda: "",
                bare=lambda: False,
                files=lambda: (),
                more=lambda paths: (),
                ask=rehearsal.ask,
                remember=rehearsal.remember,
                attended=False,
                person=lambda question, choices: None,
                earlier=lambda step: None,
                execute=rehearsal.execute,
            )
        )
    return rehearsal.told


class _Over(Exception):
    """The chat goes no further."""


class _Rehearsal:
    def __init__(self, chat: Chat, draft: Draft) -> None:
        self.chat = chat
        self.draft = draft
        self.told: dict[str, int] = {}
        self._replies = [exchange.text for exchange in chat.exchanges() if exchange.whole]
        self._heard = 0

    def ask(self, messages: tuple[Message, ...], reads: Reads, given: Reply | None = None) -> Answer:
        if self._heard == len(self._replies):
            raise _Over
        text = self._replies[self._heard]
        self._heard += 1
        if reads == "edits":
            self.draft = self.draft.read(text)
        return Answer(text, self.draft)

    def remember(self, name: str, value: Callable[[], Any]) -> Any:
        if name not in self.chat.inputs:
            raise _Over
        self.told.setdefault(name, self._heard)
        return self.chat.inputs[name]

    def execute(self, command: str) -> Ran:
        if self.chat.ran is None:
            raise _Over
        return self.chat.ran
