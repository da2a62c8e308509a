"""Talking to a model from a script: messages and replies as values, nothing written anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType

from gitgen.ai import Completion, Model, Request, retry
from gitgen.budget import Bill, Metered
from gitgen.errors import GitgenError
from gitgen.models import tokens
from gitgen.models.profiles import Profile, profile_of
from gitgen.record import Chat, Message, Reply, Text, Turn, Usage, user
from gitgen.record.usage import UsageLog
from gitgen.settings import Settings

OnText = Callable[[str], None]


class ChatModel:
    """A model that is ready to be asked. Close it, or use it in a `with`, to end an embedded engine."""

    def __init__(self, model: Model, settings: Settings, stack: ExitStack | None = None) -> None:
        self.model = model
        self.settings = settings
        self._stack = stack or ExitStack()

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def profile(self) -> Profile:
        """How the model is asked: context, edit format, parameters, price."""
        return profile_of(self.name, self.settings.profiles)

    def start(self, *messages: Message | str, step: str = "chat", on_text: OnText | None = None) -> Conversation:
        """A conversation that begins with these messages, and the model's reply to them; as `Conversation.next`."""
        return Conversation(self, Chat(step)).next(*messages, step=step, on_text=on_text)

    def send_messages(self, messages: Sequence[Message], on_text: OnText | None = None) -> Completion:
        """The model's completion of these messages alone; errors as `Conversation.next`."""
        last = self.start(*messages, on_text=on_text).chat.turns[-1]
        assert last.reply is not None
        return Completion(last.reply, last.usage)

    def send_message(self, text: str, on_text: OnText | None = None) -> str:
        """The text of the model's reply to one user message; errors as `Conversation.next`."""
        return self.send_messages((user(text),), on_text).reply.content

    def close(self) -> None:
        """End what was started for this model."""
        self._stack.close()

    def __enter__(self) -> ChatModel:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


@dataclass(frozen=True)
class Conversation:
    """What was said so far; the next message makes a new conversation and leaves this one as it is.

    `chat.to_json()` keeps it, and `Conversation(model, Chat.from_json(text))` goes on with it.
    """

    model: ChatModel
    chat: Chat

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages as the next request would hold them, the model's whole replies included."""
        return tuple(self.chat.conversation())

    @property
    def reply(self) -> Reply:
        """The last reply; its `whole` tells whether the model itself ended it. GitgenError if there is none."""
        last = self.chat.turns[-1].reply if self.chat.turns else None
        if last is None:
            raise GitgenError("The conversation has no reply yet", "ask for one with next(...)")
        return last

    @property
    def usage(self) -> Usage:
        """The tokens of all requests, tries that broke off included."""
        return self.chat.usage

    @property
    def log(self) -> UsageLog:
        """The tokens by the `step` that each message was sent with."""
        steps = list(self.chat.inputs.get("steps", ()))
        turns = [(step, turn.usage or Usage()) for step, turn in zip(steps, self.chat.turns, strict=False)]
        return UsageLog(tuple(turns))

    def next(self, *messages: Message | str, step: str = "", on_text: OnText | None = None) -> Conversation:
        """The conversation with these messages (a text is the user's) and the reply; `on_text` gets it piece by piece.

        Tried again where the endpoint is busy or the stream breaks off, within the budget of the settings. GitgenError
        if there was no answer, Interrupted on Ctrl-C.
        """
        said = tuple(user(message) if isinstance(message, str) else message for message in messages)
        name, settings = self.model.name, self.model.settings
        parameters = self.model.profile.request(name, settings.temperature)
        turn = Turn(parameters, self.model.profile.suited(said), "nothing")
        asking = _Asking(self.chat, turn, step or self.chat.step)
        sent = tuple({"role": m.role, "content": text_of(m)} for m in asking.chat.conversation())
        request = Request(sent, {key: value for key, value in parameters.items() if not key.startswith("gen_ai.")})
        metered = Metered(self.model.model, request, settings, lambda: asking.chat, Bill)
        retry.persist(metered, request, asking.keep, _Told(on_text or (lambda piece: None)), settings.retries)
        return replace(self, chat=asking.chat)


def text_of(message: Message) -> str:
    """What an endpoint gets as the content of a message; GitgenError for a part that is a file of a repository."""
    files = [part.path for part in message.parts if not isinstance(part, Text)]
    if files:
        raise GitgenError(f"{files[0]} is a file of a repository, which a conversation cannot see", "send its text")
    return "\n\n".join(part.text for part in message.parts if isinstance(part, Text))


def count_tokens(text: str, model: str) -> int:
    """The tokens of a text for a model, counted offline."""
    return tokens.counter(model)(text)


def count_message_tokens(messages: Sequence[Message], model: str) -> int:
    """The tokens of a request with these messages, counted offline."""
    return tokens.count([text_of(message) for message in messages], model)


class _Asking:
    """A chat while one more turn of it is answered; a further try becomes a turn of its own."""

    def __init__(self, chat: Chat, turn: Turn, step: str) -> None:
        self.turn = turn
        self.step = step
        self.chat = self._with(chat, turn)
        self.began = datetime.now(UTC)

    def keep(self, completion: Completion) -> None:
        if self.chat.turns[-1].reply is not None:
            self.chat = self._with(self.chat, replace(self.turn, messages=()))
        now = datetime.now(UTC)
        answered = replace(
            self.chat.turns[-1],
            reply=completion.reply,
            usage=completion.usage or self._estimated(completion.reply),
            started=self.began.isoformat(timespec="seconds"),
            seconds=round((now - self.began).total_seconds(), 3),
        )
        self.chat, self.began = self.chat.answered(answered), now

    def _with(self, chat: Chat, turn: Turn) -> Chat:
        steps = [*chat.inputs.get("steps", ()), self.step]
        return replace(chat.with_turn(turn), inputs={**chat.inputs, "steps": steps})

    def _estimated(self, reply: Reply) -> Usage:
        sent = replace(self.chat, turns=(*self.chat.turns[:-1], replace(self.chat.turns[-1], reply=None)))
        prompt = count_message_tokens(tuple(sent.conversation()), reply.model)
        completion = count_tokens(reply.content, reply.model)
        return Usage(prompt, completion, prompt + completion, None, "estimated")


@dataclass(frozen=True)
class _Told:
    """Hands on the pieces of a reply."""

    on_text: OnText = field()

    def asking(self, model: str) -> None: ...
    def text(self, piece: str) -> None:
        self.on_text(piece)

    def answered(self, completion: Completion) -> None: ...
    def waiting(self, seconds: float, why: str) -> None: ...
    def note(self, line: str) -> None: ...
