"""The model: what it is asked, what it answers, and who shows the user that something happens meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from gitgen.errors import GitgenError
from gitgen.record import Reply, Usage

ASSUMED_REPLY = 4_096
"""Tokens that a reply is reckoned with where nothing caps it."""


@dataclass(frozen=True)
class Request:
    """What an endpoint gets: messages as `{"role", "content"}`, and the parameters that go with them."""

    messages: tuple[Mapping[str, str], ...]
    parameters: Mapping[str, Any]

    @property
    def longest_reply(self) -> int:
        """The tokens to reckon with for the reply: its cap, or what is assumed."""
        caps = (self.parameters.get(name) for name in ("max_tokens", "max_completion_tokens"))
        return next((cap for cap in caps if isinstance(cap, int)), ASSUMED_REPLY)


@dataclass(frozen=True)
class Completion:
    """What came back; `usage` None where the endpoint told none."""

    reply: Reply
    usage: Usage | None = None


@dataclass(frozen=True)
class Recorded:
    """A request of an earlier session, the model that it went to, and what came back."""

    model: str
    request: Request
    completion: Completion


class Listener(Protocol):
    """Who is told what happens while a step runs."""

    def asking(self, model: str) -> None: ...
    def text(self, piece: str) -> None: ...
    def answered(self, completion: Completion) -> None: ...
    def waiting(self, seconds: float, why: str) -> None: ...
    def note(self, line: str) -> None: ...


class Model(Protocol):
    """Anything that answers requests. `name` picks the profile (context size, edit format)."""

    @property
    def name(self) -> str: ...

    def complete(self, request: Request, listener: Listener) -> Completion:
        """Ask once. Raises Busy, Stopped or GitgenError; a stream that broke off has no `finish_reason`."""
        ...


class Busy(Exception):
    """The endpoint did not answer but may do so later; `seconds` as it asked for, or None."""

    def __init__(self, why: str, seconds: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.seconds = seconds


class Stopped(Exception):
    """Ctrl-C in the middle of a reply, with what had arrived."""

    def __init__(self, completion: Completion) -> None:
        super().__init__("interrupted")
        self.completion = completion


class NoModel(GitgenError):
    """There is nothing to ask."""
