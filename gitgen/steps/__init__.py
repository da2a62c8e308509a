"""The steps: one small module each, named after the step, with its texts in `preprompts/`.

A step's module has a docstring whose first line tells what it does, a `subject` for its commit, and `run`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from gitgen.draft import Draft, ask_again
from gitgen.record import Chat, File, Message, Part, Ran, Reads, Reply, assistant, system, user

RUN = "sh run.sh"
"""How a program is started that the step `entrypoint` has made startable."""
HEAL = "self_heal"
"""The step that mends what a test finds."""

CHECK = "check"
"""The step of a bench that tells whether the result is right."""
CHECKED_BY = "sh .gitgen/check"
"""How it does: what a bench lays over the result."""

MOST_ASKED = 20
_NEED = re.compile(r"^[ \t]*NEED:[ \t]*`?([^`\r\n]+?)`?[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Answer:
    """A reply and, where it was read as edits, what all replies of the step come to."""

    text: str
    draft: Draft


class Ask(Protocol):
    """Sends messages, after all earlier ones of the step, and reads the reply into the step's draft."""

    def __call__(self, messages: tuple[Message, ...], reads: Reads, given: Reply | None = None) -> Answer:
        """With `given` it is not the model that is asked: its reply came with that of another step."""
        ...


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
    bare: Callable[[], bool]
    """Whether the model changes files best when nothing is said of how to write edits."""
    files: Callable[[], tuple[Part, ...]]
    """The files to show: those that the user named, else all of a small tree, else those that matter most."""
    more: Callable[[tuple[str, ...]], tuple[Part, ...]]
    """The files of these paths, which a reply asked to see, and what is to be said of them."""
    ask: Ask
    remember: Callable[[str, Callable[[], Any]], Any]
    """What a function gives the first time, kept under a name in the chat file; a step that goes on gets it again."""
    attended: bool
    """Whether there is somebody to ask."""
    person: Callable[[str, tuple[str, ...]], str | None]
    """What the user answers to a question, of these choices if there are any; None where nobody can be asked."""
    earlier: Callable[[str], Chat | None]
    """The chat of the last step of a name that the session has done."""
    execute: Callable[[str], Ran]
    """Runs a command on the files as the step has them; what came of it is kept with the step."""

    def opening(self, edit_format: str, like: str = "") -> tuple[Message, ...]:
        """What every request for edits begins with: who answers, in which format, and an example talk in it.

        In the format's preprompt the lines `=== user` and `=== assistant` set the messages of the example apart. With
        `like`, only those examples go out that contain the text of the preprompt of that name, if any does: of a new
        program small models copy what an example of something else made. Of files that are there already they copy the
        more, the fewer examples there are, so a fix has no `like`.
        """
        instructions, *talk = re.split(
            r"^=== (?:user|assistant)\n", self.preprompt(f"format-{edit_format}"), flags=re.M
        )
        examples = list(zip(talk[::2], talk[1::2], strict=True))
        task = self.preprompt(like) if like else ""
        alike = [example for example in examples if task in example[0]] or examples
        shown = ((user(asked.strip()), assistant(answer.strip())) for asked, answer in alike)
        return (system(self.preprompt("system"), instructions.strip()), *chain.from_iterable(shown))

    def edits(self, *messages: Message, given: Reply | None = None) -> Draft:
        """Ask for edits; what of them does not fit goes back to the model, at most `rounds` times.

        A reply that asks to see further files gets them, once.
        """
        answer = self.ask(messages, reads="edits", given=given)
        if paths := asked_for(answer.text):
            answer = self.ask((user(*self.more(paths)),), reads="edits")
        draft = answer.draft
        for _ in range(self.rounds):
            if not draft.refusals:
                break
            draft = self.ask((user(ask_again(draft)),), reads="edits").draft
        return draft

    def talk(self, *messages: Message) -> str:
        """Ask for words that change no file."""
        return self.ask(messages, reads="nothing").text

    def question(self, name: str, text: str, *choices: str) -> str:
        """The user's answer, kept as `name` before anything else happens; empty where nobody can be asked."""
        answer: str = self.remember(name, lambda: self.person(text, choices) or "")
        return answer

    def said(self, *steps: str) -> str:
        """The last reply of the first of these steps that the session has done; empty if it has done none."""
        for step in steps:
            chat = self.earlier(step)
            replies = [each.text for each in chat.exchanges() if each.whole] if chat else []
            if replies:
                return replies[-1]
        return ""


def asked_for(reply: str) -> tuple[str, ...]:
    """The paths that a reply asks to see, in lines `NEED: path`."""
    return tuple(dict.fromkeys(_NEED.findall(reply)))[:MOST_ASKED]


class Step(Protocol):
    """A step's module."""

    __doc__: str | None

    def subject(self, inputs: Mapping[str, Any]) -> str:
        """The commit's subject, where the reply gives none."""
        ...

    def run(self, brief: Brief) -> None:
        """Ask the model; the edits in its replies are what the step does."""
        ...
