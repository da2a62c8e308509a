"""`gitgen show`: the chat for a person, the replies and the request for a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import HELLO, Gitgen, git
from tests.replies import FRENCH, MISFIT
from tests.scripted import endpoint, says
from tests.test_log import on_a_terminal


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def requests(gitgen: Gitgen, folder: Path) -> list[dict[str, Any]]:
    """A session `s`, checked out, with a step of two turns; the requests as the endpoint got them."""
    with endpoint(says(MISFIT), says(FRENCH + "\x1b[2J")) as running:
        args = ("fix", "Greet in French", "--name", "s", "--temperature", "0.5")
        ran = gitgen(*args, GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m")
    assert ran.code == 0, ran.err
    git(folder, "switch", "-q", "gitgen/s")
    return running.requests


def test_a_chat_is_shown_with_its_files_by_name_and_size(requests: list[Any], gitgen: Gitgen) -> None:
    out = gitgen("show").out
    assert f"[hello.py, {len(HELLO)} bytes]" in out and "def greet" not in out.partition("--- assistant")[0]
    headings = [line.split()[1] for line in out.splitlines() if line.endswith(" ---")]
    assert headings[-4:] == ["user", "assistant", "user", "assistant"]
    assert "--- assistant (m, 100 + 20 tokens, " in out and "\x1b" not in out
    assert gitgen("show", "--turn", "2").out in out
    assert "Hallo" not in gitgen("show", "--turn", "2").out.partition("--- assistant")[2]


def test_each_request_is_the_very_one_that_the_endpoint_got(requests: list[Any], gitgen: Gitgen) -> None:
    assert len(requests) == 2
    assert json.loads(gitgen("show", "--request").out) == requests[1]
    assert json.loads(gitgen("show", "--request", "--turn", "1").out) == requests[0]


def test_a_step_that_is_named_by_its_commit_needs_no_branch(requests: list[Any], folder: Path, gitgen: Gitgen) -> None:
    shown, commit = gitgen("show").out, git(folder, "rev-parse", "gitgen/s")
    git(folder, "switch", "-q", "main")
    assert gitgen("show", commit).out == gitgen("show", "gitgen/s").out == shown
    assert gitgen("show", "main").err.startswith("error: main is not a session")


def test_the_raw_reply_is_what_was_stored(requests: list[Any], gitgen: Gitgen) -> None:
    assert gitgen("show", "--raw", "--turn", "2").out == FRENCH + "\x1b[2J"
    assert gitgen("show", "--raw").out == MISFIT + "\n" + FRENCH + "\x1b[2J"


def test_the_diff_of_a_step_applies(requests: list[Any], folder: Path, gitgen: Gitgen) -> None:
    command = [sys.executable, "-m", "gitgen", "show", "--diff"]
    diff = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout
    assert b".gitgen" not in diff
    subprocess.run(["git", "apply", "-R", "-"], cwd=folder, input=diff, check=True)
    assert (folder / "hello.py").read_text() == HELLO


def test_on_a_terminal_diffs_are_coloured_and_nothing_is_obeyed(requests: list[Any], folder: Path) -> None:
    git(folder, "config", "core.pager", "cat")
    for args in ((), ("--diff",)):
        seen = on_a_terminal(folder, "show", *args)
        assert "\x1b[32m+    return 'Bonjour ' + name\x1b[0m" in seen and "\x1b[31m-    return 'Hello" in seen
        assert "\x1b[2J" not in seen
    assert "\x1b" not in on_a_terminal(folder, "show", "--raw")


def test_what_cannot_be_shown_is_said(requests: list[Any], gitgen: Gitgen) -> None:
    ran = gitgen("show", "--turn", "3")
    assert ran.code == 1 and "has 2 turns" in ran.err
    assert gitgen("show", "--raw", "--diff").code == 2


def test_the_request_for_the_rest_of_a_reply_is_shown_as_it_was_sent(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH[:90], finish_reason="length"), says(FRENCH[90:])) as running:
        assert gitgen("fix", "In French", "--name", "cut", "--model", "m", "--base-url", running.base_url).code == 0
        shown = gitgen("show", "--request", "--branch", "gitgen/cut").out
        assert json.loads(shown)["messages"] == running.requests[1]["messages"]
