"""Chats and messages go to JSON and back without loss, and read well on the way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.record import (
    Chat,
    File,
    Message,
    Ran,
    Reply,
    Text,
    Turn,
    Usage,
    assistant,
    deserialize_messages,
    serialize_messages,
    system,
    user,
)

texts = st.text(st.characters(blacklist_categories=["Cs"]))
numbers = st.integers(0, 10**9)
parts = st.one_of(st.builds(Text, texts), st.builds(File, texts, st.text("0123456789abcdef", min_size=40, max_size=40)))
messages = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.lists(parts).map(tuple))
replies = st.builds(Reply, texts, st.none() | st.sampled_from(["stop", "length"]), texts, texts)
usages = st.builds(
    Usage, numbers, numbers, numbers, st.none() | numbers, st.sampled_from(["api", "estimated"])
)  # fmt: skip
plain = st.dictionaries(texts, st.none() | texts | numbers | st.lists(texts))
turns = st.builds(
    Turn,
    request=plain,
    messages=st.lists(messages, max_size=3).map(tuple),
    reads=st.sampled_from(["edits", "nothing", "rest"]),
    reply=st.none() | replies,
    usage=st.none() | usages,
    started=texts,
    seconds=st.floats(0, 1e6),
)
runs = st.builds(
    Ran, texts, st.integers(0, 255), texts, st.sampled_from(["bubblewrap", "none"]), st.floats(0, 1e6)
)  # fmt: skip
chats = st.builds(Chat, texts, plain, st.lists(turns, max_size=3).map(tuple), st.none() | runs)


@given(chats)
def test_a_chat_survives_its_file(chat: Chat) -> None:
    text = chat.to_json()
    assert Chat.from_json(text) == chat
    assert Chat.from_json(text.encode()).to_json() == text


@given(st.lists(messages).map(tuple))
def test_messages_survive_serialisation(some: tuple[Message, ...]) -> None:
    assert deserialize_messages(serialize_messages(some)) == some


def test_the_file_has_its_keys_in_order_and_its_text_as_written() -> None:
    turn = Turn(
        {"gen_ai.request.model": "m"}, (user("Grüße", File("a.py", "0" * 40)),), "edits", Reply("ok", "stop", "m")
    )
    text = Chat("fix", {"feedback": "Grüße"}, (turn,)).to_json()
    assert list(json.loads(text)) == ["version", "step", "inputs", "turns"]
    assert list(json.loads(text)["turns"][0]) == ["request", "messages", "reads", "reply", "started", "seconds"]
    assert "Grüße" in text and text.endswith("}\n") and text.count("\n") > 20


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 99, "step": "x"}', "null", "\0"])
def test_what_is_no_chat_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Chat.from_json(text)


def test_the_conversation_leaves_unfinished_replies_out() -> None:
    first = Turn({}, (system("s"), user("u")), "edits", Reply("half", None, "m"))
    second = Turn({}, (), "edits", Reply("whole", "stop", "m"))
    third = Turn({}, (user("again"),), "nothing", Reply("talk", "stop", "m"))
    chat = Chat("fix", {}, (first, second, third))
    assert list(chat.conversation()) == [system("s"), user("u"), assistant("whole"), user("again"), assistant("talk")]
    assert chat.replies() == ("whole",)


def test_usage_adds_up_and_one_estimate_marks_the_sum() -> None:
    one, two = Usage(1, 2, 3), Usage(10, 20, 30, 5)
    assert one + two == Usage(11, 22, 33, 5)
    assert (one + Usage(1, 1, 2, None, "estimated")).source == "estimated"
    assert (one + one).cached_tokens is None
