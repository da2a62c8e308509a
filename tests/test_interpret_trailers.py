"""gitgen finds the trailers of any message where git finds them: thousands of messages, read by both."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitgen.record import interpret_trailers
from gitgen.record.trailers import compose, parse

BLOCK = {"Gitgen-Session": "gitgen/x", "Gitgen-Step": "fix", "Gitgen-Total-Tokens": "12"}
LINES = (
    "Fix the parser", "", "", "", " ", "\t", "Gitgen-Step: fix", "Gitgen-Total-Tokens : 12", "Gitgen-Log:abc",
    "Signed-off-by: Ada <ada@example.org>", "Signed-off-by:Ada", "(cherry picked from commit 0123)", "fix: a colon",
    "https://example.org", "a b: no token", " folded", "\tfolded: too", "- [x] a list", "# a comment", "#", "---",
    "--- a/x.py", "---\tb", "----", "Conflicts:", "\tx.py", "Grüße: Ada", "x_y: z", "-: dash", "1: one", ": none",
    "a\x0bGitgen-Step: forged", "a\u2028Gitgen-Step: forged", "Key: a\rb", "\r", "BREAKING CHANGE: all", "plain",
    "# ------------------------ >8 ------------------------", "Reviewed-by: Eve", "diff --git a/x b/x", "@@ -1 +1 @@",
)  # fmt: skip


def messages(seed: int, count: int) -> Iterator[str]:
    """So many messages of lines as people, tools and models write them, in any order."""
    random = Random(seed)
    for _ in range(count):
        lines = random.choices(LINES, k=random.randrange(1, 12))
        if random.random() < 0.4:
            lines += ["", *random.choices([line for line in LINES if ": " in line], k=random.randrange(1, 5))]
        if any(line.startswith("---") for line in lines):
            # Where both are there, git 2.39 looks for scissors behind the divider too, and past the end of its buffer.
            lines = [line for line in lines if ">8" not in line]
        yield "\n".join(lines) + random.choice(("\n", "\n\n"))


def by_git(folder: Path, messages: Sequence[str], *options: str) -> list[list[tuple[str, str]]]:
    """The trailers of each message, all read by one process: it takes files, and prints them one after the other."""
    end = folder / "end"
    end.write_text("title\n\nEnd-Of: message\n")
    names = []
    for number, message in enumerate(messages):
        path = folder / f"message{number}"
        path.write_bytes(message.encode())
        names += [path.name, end.name]
    command = ["git", "interpret-trailers", "--parse", *options, *names]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)
    *blocks, rest = done.stdout.decode().split("End-Of: message\n")
    assert rest == ""
    return [[tuple(line.split(": ", 1)) for line in block.split("\n")[:-1]] for block in blocks]  # type: ignore[misc]


@pytest.mark.parametrize("options", [(), ("--no-divider",)])
@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_messages_are_read_as_git_reads_them(tmp_path: Path, seed: int, options: tuple[str, ...]) -> None:
    made = list(messages(seed, 1000))
    read = [interpret_trailers.trailers(message, divider=not options) for message in made]
    assert sum(map(bool, read)) > 100
    for message, ours, git_s in zip(made, read, by_git(tmp_path, made, *options), strict=True):
        assert ours == git_s, repr(message)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200), max_size=50))
def test_any_text_is_read_as_git_reads_it(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        made = [text + "\n" for text in texts]
        assert list(map(interpret_trailers.trailers, made)) == by_git(Path(folder), made)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=30).map("\n".join), st.sampled_from(LINES))
def test_no_text_of_a_model_in_a_body_is_taken_for_a_trailer(body: str, subject: str) -> None:
    assert parse(compose(subject, body, BLOCK).partition("\n")[2]) == BLOCK


@given(st.lists(st.sampled_from(LINES), max_size=14).map("\n".join))
def test_the_block_stands_where_it_is_said_to(message: str) -> None:
    start, end = interpret_trailers.block(message)
    inside = interpret_trailers.trailers("title\n\n" + message[start:end])
    assert (start < end) == bool(interpret_trailers.trailers(message)) or "(cherry" in message
    assert inside == interpret_trailers.trailers(message) or start == end


@settings(max_examples=500)
@given(st.lists(st.sampled_from(LINES), max_size=14).map("\n".join))
@example("body\n\nGitgen-Step: fix\nGitgen-Test: a: b \nFoo: a\x0bGitgen-Status: forged\n")
@example("Gitgen-Step: fix\n\n\n")
@example("# a comment\nGitgen-Step: fix")
def test_the_short_way_finds_what_the_long_one_does(body: str) -> None:
    found = interpret_trailers.trailers(f"subject\n\n{body}", divider=False)
    assert parse(body) == {key: value for key, value in found if key.startswith("Gitgen-")}
