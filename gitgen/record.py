"""Chats: what was asked and answered in a step, as values and as the JSON file that its commit holds.

Names follow OpenTelemetry's semantic conventions for generative AI where they have one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import NoneType
from typing import Any, Literal, TypeAlias, cast

from gitgen.continuation import joined

VERSION = 1
FOLDER = ".gitgen"
ATTRIBUTES = f"{FOLDER}/.gitattributes"
ATTRIBUTES_TEXT = b"* linguist-generated=true\n"

Role: TypeAlias = Literal["system", "user", "assistant"]
Reads: TypeAlias = Literal["edits", "nothing", "rest"]
"""How the reply of a turn is taken: as edits of files, as talk that changes no file, or as the rest of a cut one."""

Source: TypeAlias = Literal["api", "estimated", "recorded"]
ENDLESS = "endless"
"""Our own finish reason, of a reply that was longer than any real one."""
UNFINISHED = ("length", "content_filter", ENDLESS)
"""Finish reasons of a reply that is not whole (OpenAI API reference, chat completion, `finish_reason`)."""


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


@dataclass(frozen=True)
class Exchange:
    """A question and all that was answered to it."""

    turns: tuple[Turn, ...]

    @property
    def whole(self) -> bool:
        """Whether the model itself ended its reply."""
        reply = self.turns[-1].reply
        return reply is not None and reply.whole

    @property
    def text(self) -> str:
        """The reply as far as there is one: of several tries the last, with the rest that was asked for."""
        text = ""
        for turn in self.turns:
            if turn.reads != "rest":
                text = ""
            if turn.reply is not None and turn.reply.finish_reason is not None:
                text = joined(text, turn.reply.content) if turn.reads == "rest" else turn.reply.content
        return text


@dataclass(frozen=True)
class Chat:
    """All turns of a step, and what the step was given (`inputs`), enough to run it again."""

    step: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    turns: tuple[Turn, ...] = ()
    ran: Ran | None = None
    """What was run on the files as the step leaves them."""

    def conversation(self) -> Iterator[Message]:
        """The messages so far, in order, as the next request would hold them; unfinished replies are left out.

        Where the rest of a reply is being asked for, what there is of it stands before the question.
        """
        for exchange in self.exchanges():
            yield from exchange.turns[0].messages
            if exchange.whole:
                yield assistant(exchange.text)
            elif exchange.turns[-1].reads == "rest":
                yield assistant(exchange.text)
                yield from next((turn.messages for turn in reversed(exchange.turns) if turn.messages), ())

    def replies(self) -> tuple[str, ...]:
        """The contents of the whole replies that are to be read as edits."""
        return tuple(each.text for each in self.exchanges() if each.whole and each.turns[0].reads == "edits")

    def exchanges(self) -> Iterator[Exchange]:
        """The turns by what they are about: a question, further tries of it, and the rest of a reply that was cut."""
        turns: list[Turn] = []
        for turn in self.turns:
            if turn.messages and turn.reads != "rest" and turns:
                yield Exchange(tuple(turns))
                turns = []
            turns.append(turn)
        if turns:
            yield Exchange(tuple(turns))

    @property
    def usage(self) -> Usage:
        """The sum over the turns."""
        first, *others = [turn.usage for turn in self.turns if turn.usage] or [Usage()]
        return sum(others, first)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that answered, as their responses name them, each once, in order."""
        return tuple(dict.fromkeys(turn.reply.model for turn in self.turns if turn.reply))

    def with_turn(self, turn: Turn) -> Chat:
        """This chat with one turn more."""
        return replace(self, turns=(*self.turns, turn))

    def answered(self, turn: Turn) -> Chat:
        """This chat with its last turn replaced."""
        return replace(self, turns=(*self.turns[:-1], turn))

    def to_json(self) -> str:
        """The chat as indented JSON with its keys in a fixed order; `from_json` gives it back."""
        return json.dumps(_chat_to_dict(self), indent=1, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str | bytes) -> Chat:
        """The chat that `to_json` wrote; ValueError if it is not one, or of a later version."""
        try:
            return _chat_from_dict(json.loads(text))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a chat file: {error!r}") from None
        except RecursionError:
            raise ValueError("not a chat file: it is nested too deeply") from None


def serialize_messages(messages: Sequence[Message]) -> str:
    """Messages as JSON; `deserialize_messages` gives them back."""
    return json.dumps([_message_to_dict(message) for message in messages], ensure_ascii=False)


def deserialize_messages(text: str) -> tuple[Message, ...]:
    """The messages that `serialize_messages` wrote; ValueError if these are none."""
    try:
        return tuple(_message_from_dict(item) for item in json.loads(text))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not messages: {error!r}") from None


def _message_to_dict(message: Message) -> dict[str, Any]:
    return {"role": message.role, "content": [_part_to_dict(part) for part in message.parts]}


def _part_to_dict(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"text": part.text}
    if isinstance(part, Outline):
        # Written as text, a span takes one line of the file instead of four.
        return {"outline": part.path, "oid": part.oid, "spans": [f"{first}-{last}" for first, last in part.spans]}
    return {"path": part.path, "oid": part.oid}


def _message_from_dict(item: Mapping[str, Any]) -> Message:
    parts = (_part_from_dict(part) for part in item["content"])
    role = _of(str, item, "role")
    if role not in ("system", "user", "assistant"):
        raise TypeError(f"there is no role {role[:20]}")
    return Message(cast(Role, role), tuple(parts))


def _part_from_dict(item: Mapping[str, Any]) -> Part:
    if "text" in item:
        return Text(_of(str, item, "text"))
    if "outline" in item:
        spans = [re.fullmatch(r"([0-9]{1,9})-([0-9]{1,9})", span) for span in _of(list, item, "spans")]
        pairs = tuple((int(span[1]), int(span[2])) for span in spans if span)
        if len(pairs) < len(spans):
            raise TypeError("a span is no pair of lines")
        return Outline(_of(str, item, "outline"), _of(str, item, "oid"), pairs)
    return File(_of(str, item, "path"), _of(str, item, "oid"))


def _turn_to_dict(turn: Turn) -> dict[str, Any]:
    item: dict[str, Any] = {
        "request": dict(turn.request),
        "messages": [_message_to_dict(message) for message in turn.messages],
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


def _turn_from_dict(item: Mapping[str, Any]) -> Turn:
    reply, usage = item.get("reply"), item.get("usage")
    return Turn(
        request=_of(dict, item, "request"),
        messages=tuple(_message_from_dict(message) for message in item["messages"]),
        reads=cast(Reads, item["reads"]) if item["reads"] in ("nothing", "rest") else "edits",
        reply=None if reply is None else _reply_from_dict(reply),
        usage=None if usage is None else _usage_from_dict(usage),
        started=_of(str, item, "started"),
        seconds=_of((int, float), item, "seconds"),
    )


def _reply_from_dict(item: Mapping[str, Any]) -> Reply:
    return Reply(
        _of(str, item, "content"),
        _of((str, NoneType), item, "finish_reason"),
        _of(str, item, "gen_ai.response.model"),
        _of(str, item, "id"),
    )


def _usage_from_dict(item: Mapping[str, Any]) -> Usage:
    return Usage(
        _of(int, item, "gen_ai.usage.input_tokens"),
        _of(int, item, "gen_ai.usage.output_tokens"),
        _of(int, item, "total_tokens"),
        _of((int, NoneType), item, "cached_tokens"),
        source_of(item["source"]),
    )


def _of(kind: type | tuple[type, ...], item: Mapping[str, Any], key: str) -> Any:
    """The value of a key; TypeError if it is of another kind: a chat may come from a stranger's branch."""
    value = item[key]
    if not isinstance(value, kind):
        raise TypeError(f"{key} is {type(value).__name__}")
    return value


def _chat_to_dict(chat: Chat) -> dict[str, Any]:
    turns = [_turn_to_dict(turn) for turn in chat.turns]
    ran = {"ran": vars(chat.ran)} if chat.ran else {}
    return {"version": VERSION, "step": chat.step, "inputs": dict(chat.inputs), "turns": turns, **ran}


def _chat_from_dict(item: Mapping[str, Any]) -> Chat:
    if _of(int, item, "version") > VERSION:
        raise ValueError(f"the chat file is of version {item['version']}; this gitgen reads up to {VERSION}")
    turns = tuple(_turn_from_dict(turn) for turn in _of(list, item, "turns"))
    inputs = _of(dict, item, "inputs")
    for name in ("files", "read"):
        for path in _of(list, {name: [], **inputs}, name):
            _of(str, {name: path}, name)
    ran = item.get("ran")
    return Chat(_of(str, item, "step"), inputs, turns, None if ran is None else _ran_from_dict(ran))


def _ran_from_dict(item: Mapping[str, Any]) -> Ran:
    return Ran(
        _of(str, item, "command"),
        _of(int, item, "exit_code"),
        _of(str, item, "output"),
        "bubblewrap" if item["sandbox"] == "bubblewrap" else "none",
        _of((int, float), item, "seconds"),
    )
