"""A turn and what belongs to it, as values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal, TypeAlias, cast

from gitgen.record.checked import value_of
from gitgen.record.message import Message, message_from_dict, message_to_dict

Reads: TypeAlias = Literal["edits", "nothing", "rest"]
"""How the reply of a turn is taken: as edits of files, as talk that changes no file, or as the rest of a cut one."""

Source: TypeAlias = Literal["api", "estimated", "recorded"]
ENDLESS = "endless"
"""Our own finish reason, of a reply that was longer than any real one."""
UNFINISHED = ("length", "content_filter", ENDLESS)
"""Finish reasons of a reply that is not whole (OpenAI API reference, chat completion, `finish_reason`)."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one turn or of several; `source` tells whether the endpoint counted them or gitgen did.

    A reply that was taken over from another step (`recorded`) has used nothing: its tokens stand with that step.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int | None = None
    source: Source = "api"

    def __add__(self, other: Usage) -> Usage:
        cached = [n for n in (self.cached_tokens, other.cached_tokens) if n is not None]
        sources = {self.source, other.source}
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            sum(cached) if cached else None,
            "estimated" if "estimated" in sources else "recorded" if sources == {"recorded"} else "api",
        )


RECORDED = Usage(source="recorded")
"""The usage of a reply that was taken over."""


def source_of(word: object) -> Source:
    """The source that a chat file or a trailer names."""
    if word == "estimated":
        return "estimated"
    return "recorded" if word == "recorded" else "api"


@dataclass(frozen=True)
class Reply:
    """What a model answered; `finish_reason` None means that the stream broke off."""

    content: str
    finish_reason: str | None
    model: str
    id: str = ""

    @property
    def whole(self) -> bool:
        """Whether the model itself ended the reply."""
        return self.finish_reason is not None and self.finish_reason not in UNFINISHED


@dataclass(frozen=True)
class Turn:
    """One request and, once it is there, its reply; `messages` are those added since the turn before."""

    request: Mapping[str, Any]
    messages: tuple[Message, ...]
    reads: Reads = "edits"
    reply: Reply | None = None
    usage: Usage | None = None
    started: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Ran:
    """A command that was run on the files of a step, and how it ended."""

    command: str
    exit_code: int
    """As a shell tells it: 128 and the signal's number where one ended it, 124 where the time limit did."""
    output: str
    """Standard output and error as they came, at the length that the sandbox keeps."""
    sandbox: Literal["bubblewrap", "none"]
    seconds: float


def turn_to_dict(turn: Turn) -> dict[str, Any]:
    item: dict[str, Any] = {
        "request": dict(turn.request),
        "messages": [message_to_dict(message) for message in turn.messages],
        "reads": turn.reads,
    }
    if turn.reply is not None:
        item["reply"] = {
            "content": turn.reply.content,
            "finish_reason": turn.reply.finish_reason,
            "gen_ai.response.model": turn.reply.model,
            "id": turn.reply.id,
        }
    if turn.usage is not None:
        item["usage"] = {
            "gen_ai.usage.input_tokens": turn.usage.prompt_tokens,
            "gen_ai.usage.output_tokens": turn.usage.completion_tokens,
            "total_tokens": turn.usage.total_tokens,
            "cached_tokens": turn.usage.cached_tokens,
            "source": turn.usage.source,
        }
    return {**item, "started": turn.started, "seconds": turn.seconds}


def turn_from_dict(item: Mapping[str, Any]) -> Turn:
    reply, usage = item.get("reply"), item.get("usage")
    return Turn(
        request=value_of(dict, item, "request"),
        messages=tuple(message_from_dict(message) for message in item["messages"]),
        reads=cast(Reads, item["reads"]) if item["reads"] in ("nothing", "rest") else "edits",
        reply=None if reply is None else _reply_from_dict(reply),
        usage=None if usage is None else _usage_from_dict(usage),
        started=value_of(str, item, "started"),
        seconds=value_of((int, float), item, "seconds"),
    )


def _reply_from_dict(item: Mapping[str, Any]) -> Reply:
    return Reply(
        value_of(str, item, "content"),
        value_of((str, NoneType), item, "finish_reason"),
        value_of(str, item, "gen_ai.response.model"),
        value_of(str, item, "id"),
    )


def _usage_from_dict(item: Mapping[str, Any]) -> Usage:
    return Usage(
        value_of(int, item, "gen_ai.usage.input_tokens"),
        value_of(int, item, "gen_ai.usage.output_tokens"),
        value_of(int, item, "total_tokens"),
        value_of((int, NoneType), item, "cached_tokens"),
        source_of(item["source"]),
    )


def ran_from_dict(item: Mapping[str, Any]) -> Ran:
    return Ran(
        value_of(str, item, "command"),
        value_of(int, item, "exit_code"),
        value_of(str, item, "output"),
        "bubblewrap" if item["sandbox"] == "bubblewrap" else "none",
        value_of((int, float), item, "seconds"),
    )
