"""What must hold for the trailers of any commit message, whoever wrote it."""

from __future__ import annotations

from gitgen.record import interpret_trailers
from gitgen.record.trailers import OURS, compose, one_line, parse, summary_of, usage_of

PIECES = (
    *(
        "Gitgen-Step: fix",
        "Gitgen-Total-Tokens: 12",
        "Gitgen-Total-Tokens : 1",
        "Gitgen-Log:abc",
        "Gitgen-Step:",
        "Key: v",
    ),
    *("\n", "\n\n", " ", "\t", "\r", "\n folded", "\n\t", "Signed-off-by: Ada <a@x>", "(cherry picked from commit 01)"),
    *(
        "---",
        "\n---\n",
        "# a comment",
        "#",
        "Conflicts:\n",
        "\tx.py",
        ":",
        ": ",
        "-",
        "x_y: z",
        "a\u2028b: c",
        "\x0b",
        "\0",
    ),
    *("# ------------------------ >8 ------------------------\n", "Summary: do it", "**Summary:** x", "é", "9" * 30),
    *("\x1b[31m", "\u202e", "\ud800"),
)
BLOCK = {"Gitgen-Session": "gitgen/x", "Gitgen-Step": "fix", "Gitgen-Total-Tokens": "12"}


def check(fuzz: bytes) -> bool:
    """Whether the message had trailers; AssertionError where they are read otherwise than they were written."""
    if fuzz[:1] < b"\x80":
        text = fuzz[1:].decode("utf-8", "surrogateescape")
    else:
        text = "".join(PIECES[number % len(PIECES)] for number in fuzz[1:])
    found = parse(text)
    for key, value in found.items():
        assert key.startswith(OURS) and "\n" not in value
    usage = usage_of(found)
    assert 0 <= usage.prompt_tokens < 10**18 and 0 <= usage.total_tokens < 10**18
    start, end = interpret_trailers.block(text)
    assert 0 <= start <= end <= len(text) + 1
    message = compose(text, text, {**BLOCK, "Gitgen-Feedback": text})
    subject, _, body = message.partition("\n")
    assert 0 < len(subject) <= 72
    assert {key: parse(body)[key] for key in BLOCK} == BLOCK, "words of a reply forged a trailer"
    assert set(parse(body)) <= {*BLOCK, "Gitgen-Feedback"}
    assert parse(message.partition("\n\n")[2]) == parse(body)
    assert "\n" not in one_line(text) + summary_of(text) and "\x1b" not in message
    return bool(found)
