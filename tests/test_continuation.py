"""A reply that was cut off and its rest are one reply again, to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.record import Chat, Message, Reply, Turn, assistant, user
from gitgen.record.continuation import joined

FILE = "greet.py\n```python\ndef greet(name):\n    return 'Hello ' + name\n```\n"


@pytest.mark.parametrize("cut", range(1, len(FILE)))
def test_a_reply_is_whole_again_wherever_it_was_cut(cut: int) -> None:
    assert joined(FILE[:cut], FILE[cut:]) == FILE


@pytest.mark.parametrize(
    "rest",
    [
        " + name\n```\n",
        "```python\n + name\n```\n",
        "Here is the rest:\n\n```python\n + name\n```\n",
        "    return 'Hello ' + name\n```\n",
        "```py\n    return 'Hello ' + name\n```\n",
    ],
)
def test_what_models_say_again_at_the_seam_is_left_out(rest: str) -> None:
    assert joined(FILE[: FILE.index(" + name")], rest) == FILE


@pytest.mark.parametrize(
    ("piece", "rest"),
    [
        ("```\na\n}\n", "}\n```\n"),  # a line like the last whole one is another line
        ("```\na\n", "```\nb.py\n"),  # a bare fence closes
        ("```\na\n```\n", "b.py\n```python\nb\n```\n"),  # outside a fence, one opens
        ("a, a, ", "a, a, b"),
        ("x = --", "--y"),
    ],
)
def test_what_could_be_meant_stays(piece: str, rest: str) -> None:
    assert joined(piece, rest) == piece + rest


@given(st.text("a`\n:~ ", max_size=30), st.text("b`\n:~ ", max_size=30))
def test_nothing_of_a_piece_is_ever_lost(piece: str, rest: str) -> None:
    assert joined(piece, rest).startswith(piece)
    assert rest.endswith(joined(piece, rest)[len(piece) :])


def turn(content: str | None, finish: str | None, *messages: Message, reads: str = "edits") -> Turn:
    reply = None if content is None else Reply(content, finish, "m")
    return Turn({}, messages, reads, reply)  # type: ignore[arg-type]


def test_the_request_for_the_rest_holds_what_there_is_of_the_reply() -> None:
    ask, more = user("write"), user("go on")
    first, second = turn("one ", "length", ask), turn("two ", "length", more, reads="rest")
    waiting = Chat("fix", {}, (first, second, turn(None, None, more, reads="rest")))
    assert list(waiting.conversation()) == [ask, assistant("one two "), more]
    broken = Chat("fix", {}, (first, turn("tw", None, more, reads="rest"), turn(None, None, reads="rest")))
    assert list(broken.conversation()) == [ask, assistant("one "), more]


def test_afterwards_the_conversation_holds_the_reply_alone() -> None:
    ask, more, again = user("write"), user("go on"), user("mend")
    chat = Chat(
        "fix",
        {},
        (turn("one ", "length", ask), turn("two", "stop", more, reads="rest"), turn("three", "stop", again)),
    )
    assert list(chat.conversation()) == [ask, assistant("one two"), again, assistant("three")]
    assert chat.replies() == ("one two", "three")


def test_another_try_of_the_question_begins_anew() -> None:
    ask = user("write")
    chat = Chat("fix", {}, (turn("one ", "length", ask), turn("whole", "stop")))
    assert chat.replies() == ("whole",)
