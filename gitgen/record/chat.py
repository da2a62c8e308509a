"""The chat of a step, as a value and as the JSON file that its commit holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitgen.record.checked import value_of
from gitgen.record.continuation import joined
from gitgen.record.message import Message, assistant
from gitgen.record.turn import Ran, Turn, Usage, ran_from_dict, turn_from_dict, turn_to_dict

VERSION = 1
FOLDER = ".gitgen"
ATTRIBUTES = f"{FOLDER}/.gitattributes"
ATTRIBUTES_TEXT = b"* linguist-generated=true\n"


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


def _chat_to_dict(chat: Chat) -> dict[str, Any]:
    turns = [turn_to_dict(turn) for turn in chat.turns]
    ran = {"ran": vars(chat.ran)} if chat.ran else {}
    return {"version": VERSION, "step": chat.step, "inputs": dict(chat.inputs), "turns": turns, **ran}


def _chat_from_dict(item: Mapping[str, Any]) -> Chat:
    if value_of(int, item, "version") > VERSION:
        raise ValueError(f"the chat file is of version {item['version']}; this gitgen reads up to {VERSION}")
    turns = tuple(turn_from_dict(turn) for turn in value_of(list, item, "turns"))
    inputs = value_of(dict, item, "inputs")
    for name in ("files", "read"):
        for path in value_of(list, {name: [], **inputs}, name):
            value_of(str, {name: path}, name)
    ran = item.get("ran")
    return Chat(value_of(str, item, "step"), inputs, turns, None if ran is None else ran_from_dict(ran))
