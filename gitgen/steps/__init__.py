"""The steps: one small module each, named after the step, with its texts in `preprompts/`.

A step's module has a docstring whose first line tells what it does, a `subject` for its commit, and `run`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol, cast

from gitgen.draft import Draft, ask_again
from gitgen.errors import GitgenError
from gitgen.record import File, Message, Reads, assistant, system, user


class Ask(Protocol):
    """Sends messages, after all earlier ones of the step, and reads the reply into the step's draft."""

    def __call__(self, messages: tuple[Message, ...], reads: Reads) -> Draft: ...


@dataclass(frozen=True)
class Brief:
    """All that a step knows, and the one thing that it can do: `ask`."""

    inputs: Mapping[str, Any]
    """What the user gave with the command, as it stands in the chat file: `feedback`, `files`, ..."""
    prompt: File
    """The prompt of the session."""
    rounds: int
    """How often a reply that does not fit goes back to the model."""
    preprompt: Callable[[str], str]
    """The text of a preprompt, by name."""
    edit_format: Callable[[], str]
    """How the model writes edits best: `diff` or `whole`."""
    files: Callable[[], tuple[File, ...]]
    """The files to show: those that the user named, else all of a small tree."""
    ask: Ask

    def opening(self, edit_format: str) -> tuple[Message, ...]:
        """What every request for edits begins with: who answers, in which format, and an example talk in it.

        In the format's preprompt the lines `=== user` and `=== assistant` set the messages of the example apart.
        """
        instructions, *talk = re.split(r"^=== (user|assistant)\n", self.preprompt(f"format-{edit_format}"), flags=re.M)
        example = (
            user(text.strip()) if role == "user" else assistant(text.strip())
            for role, text in zip(talk[::2], talk[1::2], strict=True)
        )
        return (system(self.preprompt("system"), instructions.strip()), *example)

    def edits(self, *messages: Message) -> Draft:
        """Ask for edits; what of them does not fit goes back to the model, at most `rounds` times."""
        draft = self.ask(messages, reads="edits")
        for _ in range(self.rounds):
            if not draft.refusals:
                break
            draft = self.ask((user(ask_again(draft)),), reads="edits")
        return draft


class Step(Protocol):
    """A step's module."""

    def subject(self, inputs: Mapping[str, Any]) -> str:
        """The commit's subject, where the reply gives none."""
        ...

    def run(self, brief: Brief) -> None:
        """Ask the model; the edits in its replies are what the step does."""
        ...


def names() -> tuple[str, ...]:
    """The names of all steps."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def load(name: str) -> Step:
    """The step of this name; GitgenError if there is none."""
    if name not in names():
        raise GitgenError(f"There is no step {name}", f"the steps are: {', '.join(names())}")
    step: Any = import_module(f"{__name__}.{name}")
    return cast(Step, step)
