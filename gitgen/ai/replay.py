"""A model that answers from the chats of a session: the same request gets the same reply, any other an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest

from gitgen.ai import Completion, Listener, Recorded, Request
from gitgen.errors import GitgenError
from gitgen.record import RECORDED

QUOTED = 100
"""So many characters of a line are quoted in an error."""


class Recordings:
    """Recorded requests with their completions; of equal requests each is answered once, then the last again."""

    def __init__(self, recorded: Sequence[Recorded]) -> None:
        self.all = tuple(recorded)
        self._used: set[int] = set()

    @property
    def unused(self) -> tuple[Recorded, ...]:
        return tuple(recorded for number, recorded in enumerate(self.all) if number not in self._used)

    def find(self, request: Request) -> Completion | None:
        """The recorded completion of this very request, or None."""
        equal = [number for number, recorded in enumerate(self.all) if recorded.request == request]
        if not equal:
            return None
        chosen = next((number for number in equal if number not in self._used), equal[-1])
        self._used.add(chosen)
        return self.all[chosen].completion

    def recall(self, request: Request) -> Completion | None:
        """The recorded reply to this very request, which now costs nothing; None if there is none."""
        found = self.find(request)
        return replace(found, usage=RECORDED) if found else None


class Replay:
    """A model whose replies are recorded ones."""

    def __init__(self, branch: str, recorded: Sequence[Recorded]) -> None:
        if not recorded:
            raise GitgenError(f"{branch} holds no reply to replay", f"gitgen log {branch} shows its steps")
        self.branch = branch
        self._recordings = Recordings(recorded)

    @property
    def name(self) -> str:
        """The model that the next recorded request went to, so that its profile asks as it did then."""
        return (self._recordings.unused or self._recordings.all)[0].model

    def complete(self, request: Request, listener: Listener) -> Completion:
        """The recorded completion of this very request; GitgenError naming the first difference if there is none."""
        completion = self._recordings.find(request)
        if completion is None:
            raise GitgenError(
                f"{self.branch} holds no reply to this request: {self._difference(request)}",
                "run it on the commit and with the options of the recording, or with a real --model",
            )
        listener.asking(completion.reply.model)
        listener.text(completion.reply.content)
        listener.answered(completion)
        return completion

    def _difference(self, request: Request) -> str:
        """The first difference from the one of the unused recordings that agrees longest."""
        unused = self._recordings.unused
        if not unused:
            return f"all its {len(self._recordings.all)} replies are used up"
        nearest = max((recorded.request for recorded in unused), key=lambda other: _agreement(other, request))
        return _different_message(nearest, request) or _different_parameter(nearest.parameters, request.parameters)


def _agreement(one: Request, other: Request) -> int:
    pairs = zip(one.messages, other.messages, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one.messages), len(other.messages)))


def _different_message(recorded: Request, asked: Request) -> str:
    for number, (theirs, ours) in enumerate(zip_longest(recorded.messages, asked.messages), 1):
        if theirs is None or ours is None:
            return f"it has {len(asked.messages)} messages, recorded were {len(recorded.messages)}"
        if theirs["role"] != ours["role"]:
            return f"message {number} is the {ours['role']}'s, recorded was the {theirs['role']}'s"
        for line, (then, now) in enumerate(zip_longest(theirs["content"].split("\n"), ours["content"].split("\n")), 1):
            if then != now:
                return f"message {number} ({ours['role']}), line {line} is {_quoted(now)}, recorded was {_quoted(then)}"
    return ""


def _different_parameter(recorded: Mapping[str, object], asked: Mapping[str, object]) -> str:
    for name in sorted({*recorded, *asked}):
        then, now = recorded.get(name), asked.get(name)
        if then != now:
            return f"the parameter {name} is {_quoted(now)}, recorded was {_quoted(then)}"
    return ""


def _quoted(value: object) -> str:
    """A value in quotes, cut so that what differs can still be read; nothing where there is none."""
    if value is None:
        return "missing"
    return repr(value) if len(repr(value)) <= QUOTED else repr(value)[:QUOTED] + "..."
