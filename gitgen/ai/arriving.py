"""A reply while it arrives: a stream of chunks, or now and then one whole answer where a stream was asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gitgen.ai import Completion, Listener
from gitgen.ai.failures import Garbled, Idle
from gitgen.record import ENDLESS, Reply, Usage

LONGEST_REPLY = 24_000_000
"""Characters; what is longer is taken for a stream that never ends."""


class Arriving:
    """What has come of a reply so far."""

    def __init__(self, model: str, patience: float) -> None:
        """`patience` is for how many seconds there may be no word of the reply, whatever keeps the stream alive."""
        self.pieces: list[str] = []
        self.finish_reason: str | None = None
        self.model = model
        self.id = ""
        self.usage: Usage | None = None
        self._calls: dict[int, tuple[str, str]] = {}
        self._whole: list[bytes] = []
        self._length = 0
        self._patience = patience
        self._heard = time.monotonic()

    @property
    def begun(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.pieces or self.finish_reason or self.usage)

    @property
    def completion(self) -> Completion:
        return Completion(Reply("".join(self.pieces), self.finish_reason, self.model, self.id), self.usage)

    def watched(self, read: Callable[[], Iterable[bytes]], kind: str) -> Callable[[], Iterator[bytes]]:
        """The way to read an answer of a content type; it raises Idle where only signs of life come for too long."""

        def reading() -> Iterator[bytes]:
            for piece in read():
                if time.monotonic() - self._heard > self._patience:
                    raise Idle(self._patience)
                if kind.startswith("application/json"):
                    self._whole.append(piece)
                yield piece

        return reading

    def follow(self, stream: Iterable[Any], listener: Listener) -> None:
        """Take in the stream to its end; Garbled if it is none of chat completions."""
        for chunk in stream:
            self._hear(chunk, listener)
            if self._length > LONGEST_REPLY:
                self.finish_reason = ENDLESS
                return
        whole = _completion(b"".join(self._whole)) if self._whole and not self.begun else None
        if whole is not None:
            self._hear(whole, listener)
        for name, arguments in self._calls.values():
            listener.note(f"{self.model} called a tool ({name}), and none was offered: the call is read as text")
            call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
            self._say(f"\n```json\n{call}\n```\n", listener)

    def _hear(self, chunk: Any, listener: Listener) -> None:
        try:
            piece, alive = self._take(chunk), _lives(chunk)
        except (AttributeError, TypeError):
            # The client does not check what it parses.
            raise Garbled from None
        if piece:
            self._say(piece, listener)
        if piece or alive:
            self._heard = time.monotonic()

    def _say(self, piece: str, listener: Listener) -> None:
        self.pieces.append(piece)
        self._length += len(piece)
        listener.text(piece)

    def _take(self, chunk: Any) -> str:
        self.model = chunk.model or self.model
        self.id = chunk.id or self.id
        if chunk.usage is not None:
            self.usage = _usage(chunk.usage)
        for choice in (chunk.choices or ())[:1]:
            self.finish_reason = choice.finish_reason or self.finish_reason
            said = _said(choice)
            for number, call in enumerate(getattr(said, "tool_calls", None) or ()):
                self._call(getattr(call, "index", number), call.function)
            return "" + (said.content or getattr(said, "refusal", None) or "") if said else ""
        return ""

    def _call(self, number: int, function: Any) -> None:
        name, arguments = self._calls.get(number, ("", ""))
        self._calls[number] = (name + (function.name or ""), arguments + (function.arguments or ""))


def _said(choice: Any) -> Any:
    """What a choice adds to the reply: of a chunk its delta, of a whole completion its message."""
    return choice.delta if hasattr(choice, "delta") else choice.message


def _lives(chunk: Any) -> bool:
    """Whether a chunk has anything of the model in it, such as thoughts that are no part of the reply."""
    return any(told for choice in chunk.choices or () for name, told in _said(choice) or () if name != "role")


def _completion(body: bytes) -> Any:
    """The chat completion that an endpoint sent in one piece; None where it is something else."""
    from openai.types.chat import ChatCompletion

    try:
        found = json.loads(body)
    except ValueError:
        return None
    if not isinstance(found, dict) or not found.get("choices"):
        return None
    return ChatCompletion.construct(**{"id": "", "model": "", "usage": None, **found})


def _usage(usage: Any) -> Usage | None:
    prompt, completion, total = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    return Usage(prompt, completion, total if isinstance(total, int) else prompt + completion, _cached(usage))


def _cached(usage: Any) -> int | None:
    """The prompt tokens that came from the endpoint's cache, however it spells them; None if it does not say.

    OpenAI's own name is in the details; the others are those of DeepSeek, of Anthropic, and of Moonshot.
    """
    details = getattr(usage.prompt_tokens_details, "cached_tokens", None)
    others = ("prompt_cache_hit_tokens", "cache_read_input_tokens", "cached_tokens")
    said = (details, *(getattr(usage, name, None) for name in others))
    return next((count for count in said if isinstance(count, int)), None)
