"""What an endpoint gets for a turn: the messages of the chat, with the files read from their blobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitgen import context
from gitgen.ai import Completion, Recorded, Request
from gitgen.record import Chat, Outline, Part, Text, Turn
from gitgen.repository import Repository


def render(repository: Repository, chat: Chat, turn: Turn) -> Request:
    """The request as the endpoint gets it for the last turn of `chat`, the files read from their blobs."""
    messages = []
    for message in chat.conversation():
        texts = [_part_text(repository, part) for part in message.parts]
        messages.append({"role": message.role, "content": "\n\n".join(texts)})
    parameters = {key: value for key, value in turn.request.items() if not key.startswith("gen_ai.")}
    return Request(tuple(messages), parameters)


def recordings(repository: Repository, chats: Sequence[Chat]) -> tuple[Recorded, ...]:
    """Each reply of the chats that did not break off, with the request that it answered."""
    found = []
    for chat in chats:
        for number, turn in enumerate(chat.turns):
            # A pasted reply answers no request.
            if turn.reply is None or turn.reply.finish_reason is None or not turn.request:
                continue
            asked = replace(chat, turns=(*chat.turns[:number], replace(turn, reply=None)))
            request, completion = render(repository, asked, turn), Completion(turn.reply, turn.usage)
            found.append(Recorded(str(turn.request["gen_ai.request.model"]), request, completion))
    return tuple(found)


def _part_text(repository: Repository, part: Part) -> str:
    if isinstance(part, Text):
        return part.text
    text = context.as_text(repository.git.read(part.oid)) or ""
    if isinstance(part, Outline):
        return context.render_outline(part.path, text, part.spans)
    return context.render(part.path, text)
