"""What comes first in a request stays the same from one to the next, so an endpoint's prompt cache can serve it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

import pytest

from tests.conftest import HELLO, Gitgen, Ran, git, write
from tests.replies import FRENCH, MISFIT, diff
from tests.scripted import Endpoint, endpoint, says

Messages = Sequence[Mapping[str, str]]
WORLD = diff("hello.py", "print(greet('Ada'))", "print(greet('World'))")
Fix = Callable[..., Ran]


@pytest.fixture
def fix(gitgen: Gitgen, folder: Path) -> Fix:
    """A fix in a repository of three files, of which only hello.py ever changes."""
    write(folder, {"aaa.py": "A = 1\n" * 50, "zzz.py": "Z = 1\n" * 50})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Add files that stay as they are")

    def run(scripted: Endpoint, text: str, *args: str) -> Ran:
        ran = gitgen("fix", text, "--base-url", scripted.base_url, "--model", "m", *args)
        assert ran.code == 0, ran.err
        return ran

    return run


def shared(one: Messages, other: Messages) -> list[str]:
    """The contents that two requests begin with alike; of the first message that differs, the common beginning."""
    pairs = list(zip(one, other, strict=False))
    same = [a["content"] for a, b in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    if len(same) == len(pairs):
        return same
    a, b = pairs[len(same)]
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(a["content"], b["content"], strict=False))
    return [*same, "".join(letter for letter, _ in alike)]


def test_a_repair_round_sends_all_of_the_round_before_and_goes_on_from_it(fix: Fix) -> None:
    with endpoint(says(MISFIT), says(FRENCH)) as scripted:
        fix(scripted, "In French", "--name", "x")
        first, second = (request["messages"] for request in scripted.requests)
    assert second[: len(first)] == first
    assert [message["role"] for message in second[len(first) :]] == ["assistant", "user"]
    assert second[len(first)]["content"] == MISFIT


def test_two_fixes_share_all_up_to_the_first_file_that_changed(fix: Fix) -> None:
    with endpoint(says(FRENCH), says(WORLD)) as scripted:
        fix(scripted, "Greet in French", "--name", "x")
        fix(scripted, "Greet the world", "--branch", "gitgen/x")
        first, second = (request["messages"] for request in scripted.requests)
    same = shared(first, second)
    assert first[0]["role"] == "system" and same[0] == first[0]["content"]
    assert len(same) == len(first), "they differ in the last message only"
    assert "A = 1\n" * 50 in same[-1] and "hello.py" in same[-1] and "Bonjour" not in same[-1]
    assert first[-1]["content"].index(HELLO) < first[-1]["content"].index("Greet in French")


def test_two_fixes_of_the_same_files_share_all_but_the_talk(fix: Fix) -> None:
    with endpoint(says(FRENCH), says(WORLD)) as scripted:
        fix(scripted, "Greet in French", "--name", "x")
        fix(scripted, "Greet the world", "--name", "y")
        first, second = (request["messages"] for request in scripted.requests)
    same = shared(first, second)
    assert first[-1]["content"] == same[-1] + "in French" and second[-1]["content"] == same[-1] + "the world"


def test_what_came_from_the_cache_stands_in_the_trailer(fix: Fix, folder: Path) -> None:
    hit = 'data: {"id": "1", "model": "m", "choices": [], "usage": %s}'
    usage = '{"prompt_tokens": 900, "completion_tokens": 9, "total_tokens": 909, "prompt_cache_hit_tokens": 768}'
    with endpoint(says(MISFIT, cached=512), says(FRENCH, lines=(hit % usage,), usage=None)) as scripted:
        fix(scripted, "In French", "--name", "x")
    message = git(folder, "log", "-1", "--format=%B", "gitgen/x")
    assert "Gitgen-Prompt-Tokens: 1000\n" in message and "Gitgen-Cached-Tokens: 1280\n" in message
