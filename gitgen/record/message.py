"""Messages, as values and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from gitgen.record.checked import value_of

Role: TypeAlias = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Text:
    """A part of a message that is written out."""

    text: str


@dataclass(frozen=True)
class File:
    """A part of a message that shows a file: it points at the blob, and is rendered when it is sent."""

    path: str
    oid: str


@dataclass(frozen=True)
class Outline(File):
    """A file that is shown in outline: the first line of each of its definitions.

    `spans` are their first and last lines, from 1. They are kept, so that what was sent can be rendered again from the
    blob alone, however definitions are found by then.
    """

    spans: tuple[tuple[int, int], ...]


Part: TypeAlias = Text | File


@dataclass(frozen=True)
class Message:
    """One message of a chat."""

    role: Role
    parts: tuple[Part, ...]


def system(*texts: str) -> Message:
    """A system message of these paragraphs."""
    return Message("system", tuple(Text(text) for text in texts))


def user(*parts: Part | str) -> Message:
    """A user message of these paragraphs and files."""
    return Message("user", tuple(Text(part) if isinstance(part, str) else part for part in parts))


def assistant(text: str) -> Message:
    """An assistant message of this text."""
    return Message("assistant", (Text(text),))


def serialize_messages(messages: Sequence[Message]) -> str:
    """Messages as JSON; `deserialize_messages` gives them back."""
    return json.dumps([message_to_dict(message) for message in messages], ensure_ascii=False)


def deserialize_messages(text: str) -> tuple[Message, ...]:
    """The messages that `serialize_messages` wrote; ValueError if these are none."""
    try:
        return tuple(message_from_dict(item) for item in json.loads(text))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not messages: {error!r}") from None


def message_to_dict(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": [_part_to_dict(part) for part in message.parts]}


def _part_to_dict(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, Outline):
        # Written as text, a span takes one line of the file instead of four.
        return {"outline": part.path, "oid": part.oid, "spans": [f"{first}-{last}" for first, last in part.spans]}
    return {"path": part.path, "oid": part.oid}


def message_from_dict(item: Mapping[str, Any]) -> Message:
    parts = (_part_from_dict(part) for part in item["content"])
    role = value_of(str, item, "role")
    if role not in ("system", "user", "assistant"):
        raise TypeError(f"there is no role {role[:20]}")
    return Message(cast(Role, role), tuple(parts))


def _part_from_dict(item: Mapping[str, Any]) -> Part:
    if "text" in item:
        return Text(value_of(str, item, "text"))
    if "outline" in item:
        spans = [re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", span) for span in value_of(list, item, "spans")]
        pairs = tuple((int(span[1]), int(span[2])) for span in spans if span)
        if len(pairs) < len(spans):
            raise TypeError("a span is no pair of lines")
        return Outline(value_of(str, item, "outline"), value_of(str, item, "oid"), pairs)
    return File(value_of(str, item, "path"), value_of(str, item, "oid"))
