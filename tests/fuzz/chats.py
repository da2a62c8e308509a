"""What must hold for any text that comes back from an editor, and for any chat file on a stranger's branch."""

from __future__ import annotations

from gitgen.record import Chat, chat_text, deserialize_messages, serialize_messages
from gitgen.record.chat_text import Broken

OID = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
PIECES = (
    *("=== system\n", "=== user\n", "=== assistant\n", "=== reply\n", "===\n", "=== \n", "=== nobody\n", "====\n"),
    *("[file a.py]\n", f"[file a.py {OID}]\n", '[file "a\\nb"]\n', '[file "', f"[file {OID}]\n", "[file ", "]\n"),
    *(
        "\\",
        "\\===\n",
        "\\[file a]\n",
        "# a comment\n",
        "\n",
        "\n\n",
        " ",
        "a",
        "a b\n",
        "\r\n",
        "\u2028",
        "\ufeff",
        "\0",
    ),
)
PARTS = (
    *(
        '{"version": 1, "step": "fix", "inputs": {}, "turns": [',
        "]}",
        "{",
        "}",
        "[",
        "]",
        ",",
        "null",
        "1",
        '"x"',
        "-1.5",
    ),
    *('{"request": {}, "messages": [', '], "reads": "edits", "started": "", "seconds": 1}', '"ran": ', '"usage": '),
    *('{"role": "user", "content": [', '{"text": "a"}', f'{{"path": "a", "oid": "{OID}"}}', "]}", '"reads": "rest", '),
    *('{"outline": "a", "oid": "b", "spans": ["1-2"]}', '["1-2", "3"]', '"reply": {"content": "a", ', '"id": ""}'),
    *('"finish_reason": null, ', '"finish_reason": "stop", ', '"gen_ai.response.model": "m", ', '"\\ud800"', "1e999"),
    *('"inputs": {"files": ["a"]}', '"inputs": {"files": 5}', "NaN", "\ud800", "9" * 5000),
)


def _text(fuzz: bytes, pieces: tuple[str, ...]) -> str:
    if fuzz[:1] < b"\x80":
        return fuzz[1:].decode("utf-8", "surrogateescape")
    return "".join(pieces[number % len(pieces)] for number in fuzz[1:])


def check(fuzz: bytes) -> bool:
    """Whether the text was a talk or a chat; AssertionError where its parser breaks one of its promises."""
    return _check_text(_text(fuzz, PIECES)) | _check_file(_text(fuzz, PARTS))


def _check_text(text: str) -> bool:
    try:
        talk = chat_text.read(text)
    except Broken as broken:
        assert 1 <= broken.line <= text.count("\n") + 1
        return False
    assert talk[-1].reply is None and all(said.messages for said in talk)
    assert chat_text.read(chat_text.write(talk)) == talk, "what was written is read as something else"
    messages = talk[-1].messages
    assert deserialize_messages(serialize_messages(messages)) == messages
    return True


def _check_file(text: str) -> bool:
    try:
        chat = Chat.from_json(text)
    except ValueError:
        return False
    assert Chat.from_json(chat.to_json()) == chat or "NaN" in text, "what was written is read as something else"
    # Whatever reads a chat goes by these; a chat that was taken must bear them all.
    assert tuple(chat.conversation()) is not None and chat.replies() is not None
    assert chat.usage.total_tokens is not None and chat.models is not None
    return True
