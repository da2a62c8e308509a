"""Answers from recorded chats: the same request gets the same reply, and any other is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitgen.ai import Completion, Recorded, Request
from gitgen.ai.replay import Replay
from gitgen.errors import GitgenError
from gitgen.record import Reply, Usage
from tests.conftest import Gitgen, git
from tests.listening import Heard
from tests.scripted import endpoint, says


def request(*texts: str, role: str = "user", **parameters: object) -> Request:
    return Request(tuple({"role": role, "content": text} for text in texts), parameters)


def recorded(asked: Request, reply: str, model: str = "gpt-4o") -> Recorded:
    return Recorded(model, asked, Completion(Reply(reply, "stop", f"{model}-2024"), Usage(3, 4, 7)))


def difference(asked: Request, *recordings: Recorded) -> str:
    with pytest.raises(GitgenError) as raised:
        Replay("gitgen/old", recordings).complete(asked, Heard())
    assert raised.value.what.startswith("gitgen/old holds no reply to this request: ")
    return raised.value.what.partition("request: ")[2]


def test_the_same_request_gets_the_same_reply_with_its_usage() -> None:
    heard = Heard()
    completion = Replay("b", [recorded(request("a"), "one"), recorded(request("b"), "two")]).complete(
        request("b"), heard
    )
    assert completion == Completion(Reply("two", "stop", "gpt-4o-2024"), Usage(3, 4, 7))
    assert (heard.asked, heard.pieces, heard.answers) == (["gpt-4o-2024"], ["two"], [completion])


def test_equal_requests_are_answered_in_their_order_then_by_the_last() -> None:
    model = Replay("b", [recorded(request("a"), "one"), recorded(request("a"), "two")])
    assert [model.complete(request("a"), Heard()).reply.content for _ in range(3)] == ["one", "two", "two"]


def test_its_name_is_that_of_the_model_that_the_next_request_went_to() -> None:
    model = Replay("b", [recorded(request("a"), "one", "gpt-4o"), recorded(request("b"), "two", "smollm2")])
    names = [model.name]
    for text in "ab":
        model.complete(request(text), Heard())
        names.append(model.name)
    assert names == ["gpt-4o", "smollm2", "gpt-4o"]


def test_a_session_without_a_reply_cannot_be_replayed() -> None:
    with pytest.raises(GitgenError, match="gitgen/old holds no reply"):
        Replay("gitgen/old", [])


@pytest.mark.parametrize(
    ("asked", "then", "told"),
    [
        (request("a", "x\nz"), request("a", "x\ny"), "message 2 (user), line 2 is 'z', recorded was 'y'"),
        (request("x"), request("x\ny"), "message 1 (user), line 2 is missing, recorded was 'y'"),
        (request("x\ny"), request("x"), "message 1 (user), line 2 is 'y', recorded was missing"),
        (request("x\n"), request("x"), "message 1 (user), line 2 is '', recorded was missing"),
        (request("x", role="system"), request("x"), "message 1 is the system's, recorded was the user's"),
        (request("a"), request("a", "b"), "it has 1 messages, recorded were 2"),
        (request("a", seed=2), request("a", seed=1), "the parameter seed is 2, recorded was 1"),
        (request("a"), request("a", seed=1), "the parameter seed is missing, recorded was 1"),
        (request("a", seed=2), request("a"), "the parameter seed is 2, recorded was missing"),
    ],
)
def test_the_first_difference_is_named(asked: Request, then: Request, told: str) -> None:
    assert difference(asked, recorded(then, "one")) == told


def test_the_recording_that_agrees_longest_is_compared() -> None:
    near, far = recorded(request("a", "b", "c"), "near"), recorded(request("x", "b", "d"), "far")
    assert difference(request("a", "b", "d"), far, near) == "message 3 (user), line 1 is 'd', recorded was 'c'"


def test_long_lines_are_quoted_in_part() -> None:
    assert len(difference(request("x" * 5000), recorded(request("y" * 5000), "one"))) < 300


def test_a_request_after_the_last_recorded_one_is_told() -> None:
    model = Replay("b", [recorded(request("a"), "one")])
    model.complete(request("a"), Heard())
    with pytest.raises(GitgenError, match="all its 1 replies are used up"):
        model.complete(request("b"), Heard())


PROGRAM = "hello.py\n```python\nprint('hello')\n```\n"
START = "run.sh\n```sh\npython3 hello.py\n```\n"
PROMPT = (".", "--steps=benchmark", "-m", "A program that says hello")


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


def files_of(folder: Path, branch: str) -> list[str]:
    """The files of a branch with their blobs, without gitgen's own."""
    return [line for line in git(folder, "ls-tree", "-r", branch).splitlines() if "\t.gitgen/" not in line]


def test_a_session_is_replayed_in_a_clone_without_any_endpoint(gitgen: Gitgen, folder: Path, tmp_path: Path) -> None:
    with endpoint(says(PROGRAM), says(START)) as running:
        ran = gitgen("new", *PROMPT, "--name", "old", "--base-url", running.base_url, "--model", "gpt-4o")
    assert ran.code == 0, ran.err
    git(tmp_path, "clone", "-q", str(folder), "copy")
    copy = tmp_path / "copy"
    git(copy, "branch", "-q", "gitgen/old", "origin/gitgen/old")
    ran = gitgen("new", *PROMPT, "--name", "again", "--model", "replay:gitgen/old", cwd=copy)
    assert ran.code == 0, ran.err
    assert files_of(copy, "gitgen/again") == files_of(folder, "gitgen/old")
    assert "hello.py" in git(copy, "ls-tree", "--name-only", "gitgen/again")
    totals = "--format=%(trailers:key=Gitgen-Step,key=Gitgen-Model,key=Gitgen-Total-Tokens)"
    assert git(copy, "log", totals, "main..gitgen/again") == git(copy, "log", totals, "main..gitgen/old")


def test_another_prompt_than_the_recorded_one_is_an_error(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(PROGRAM), says(START)) as running:
        ask = ("--base-url", running.base_url, "--model", "m")
        assert gitgen("new", *PROMPT, "--name", "old", *ask).code == 0
    ran = gitgen("new", *PROMPT[:-1], "Something else", "--name", "other", "--model", "replay:gitgen/old")
    assert ran.code == 1
    assert "is 'Something else', recorded was 'A program that says hello'" in ran.err
    assert "Traceback" not in ran.err


def test_a_branch_that_is_no_session_cannot_be_replayed(gitgen: Gitgen) -> None:
    ran = gitgen("fix", "Greet", "--model", "replay:main")
    assert (ran.code, ran.err.splitlines()[-2]) == (1, "error: main is not a session of gitgen")
