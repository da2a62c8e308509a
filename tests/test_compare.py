"""`gitgen compare`: what two steps or sessions have in common is left out, what differs is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitgen.history.comparison import differences
from gitgen.record import Ran, Usage
from gitgen.repository import Repository
from tests.conftest import HELLO, Gitgen, git
from tests.sessions import BRANCH, Making
from tests.test_cli import imported

FRENCH, SPANISH = (HELLO.replace("Hello", word).encode() for word in ("Bonjour", "Hola"))


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def made(repository: Repository) -> Making:
    """Two sessions of a step each; the first has a second step that a test was run on."""
    Making(repository, branch="gitgen/other").step(
        "I say Hola.", {"hello.py": SPANISH}, feedback="In Spanish", model="n"
    )
    made = Making(repository)
    made.step("I say Bonjour.", {"hello.py": FRENCH}, feedback="In French")
    ran = Ran("pytest -q", 1, "failed", "none", 0.5)
    made.step("I say Hola.", {"hello.py": SPANISH, "b": b"b\n"}, feedback="In Spanish", ran=ran, usage=Usage(7, 3, 10))
    return made


def test_two_steps_are_told_side_by_side_with_what_differs(gitgen: Gitgen, folder: Path, made: Making) -> None:
    ran = gitgen("compare", "1", "2", "--branch", "made")
    assert ran.code == 0, ran.err
    first, second = (git(folder, "rev-parse", "--short=10", name) for name in (f"{BRANCH}^", BRANCH))
    lines = ran.out.splitlines()
    assert max(map(len, lines)) <= 80
    column = lines[0].index(second)
    facts = {line[:9].strip(): (line[11:column].strip(), line[column:]) for line in lines[:9]}
    assert facts == {
        "": (f"{first} fix", f"{second} fix"),
        "asked": ("In French", "In Spanish"),
        "steps": ("fix", "fix"),
        "status": ("ok", "ok"),
        "model": ("scripted", "scripted"),
        "tokens": ("120 (100 + 20)", "10 (7 + 3)"),
        "time": ("1.5 s", "1.5 s"),
        "test": ("-", "exit 1, 0.5 s: pytest -q"),
        "changed": ("1 file +1 -1", "2 files +2 -1"),
    }
    assert lines[10:] == [
        "--- asked ---",
        "@@ -1,2 +1,2 @@",
        " user:",
        "-In French",
        "+In Spanish",
        "",
        "--- answered ---",
        "@@ -1 +1 @@",
        "-I say Bonjour.",
        "+I say Hola.",
        "",
        "--- files ---",
        " b        | 1 +",
        " hello.py | 2 +-",
        " 2 files changed, 2 insertions(+), 1 deletion(-)",
    ]


def test_the_difference_of_the_files_is_shown_line_by_line_when_asked_for(gitgen: Gitgen, made: Making) -> None:
    out = gitgen("compare", f"{BRANCH}~1", "gitgen/other~0", "--diff").out
    assert "-    return 'Bonjour ' + name\n+    return 'Hola ' + name\n" in out and ".gitgen" not in out


def test_what_is_the_same_is_said_to_be(gitgen: Gitgen, made: Making) -> None:
    out = gitgen("compare", "1", "1", "--branch", "made").out
    assert out.count("the same") == 3


def test_two_sessions_are_compared_as_a_whole(gitgen: Gitgen, folder: Path, made: Making) -> None:
    told = json.loads(gitgen("compare", "made", "gitgen/other", "--json").out)
    steps = git(folder, "log", "--reverse", "--format=%H", "-2", BRANCH).split()
    assert told["a"] == {
        "name": BRANCH,
        "commit": git(folder, "rev-parse", BRANCH),
        "asked": "Count.",
        "steps": steps,
        "status": "ok",
        "models": ["scripted"],
        "prompt_tokens": 107,
        "completion_tokens": 23,
        "total_tokens": 130,
        "cached_tokens": 60,
        "seconds": 3.0,
        "ran": {"command": "pytest -q", "exit_code": 1, "output": "failed", "sandbox": "none", "seconds": 0.5},
    }
    assert told["b"]["models"] == ["n"] and told["b"]["ran"] is None
    assert told["asked"] == ["@@ -1,4 +1,2 @@", "-user:", "-In French", " user:", " In Spanish"]
    assert told["answered"] == ["@@ -1,2 +1 @@", "-I say Bonjour.", " I say Hola."]
    assert told["files"] == [{"path": "b", "insertions": 0, "deletions": 1}]


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (("main", "made"), "main is not a session"),
        (("nope", "made"), "nope is no step and no session"),
        ((f"{BRANCH}~2", "made"), "is no step and no session"),
        (("9", "1", "--branch", "made"), "9 is no step of gitgen/made"),
    ],
)
def test_what_cannot_be_compared_is_told(gitgen: Gitgen, made: Making, args: tuple[str, ...], what: str) -> None:
    ran = gitgen("compare", *args)
    assert ran.code == 1 and what in ran.err


def test_nothing_reaches_the_terminal_that_it_would_act_upon(gitgen: Gitgen, repository: Repository) -> None:
    made = Making(repository)
    made.step("a\x1b[31m", feedback="f\x1b[31m", model="m\x1b[31m", ran=Ran("x\x1b", 1, "", "none", 1))
    made.step("b\x1b[32m", {"n\x1b": b""}, feedback="g")
    assert "\x1b" not in gitgen("compare", "1", "2", "--branch", "made").out


def test_differences_are_hunks_without_a_head() -> None:
    assert differences(["a", "b"], ["a", "b"]) == []
    assert differences(["--- x", "b"], ["--- y", "b"]) == ["@@ -1,2 +1,2 @@", "---- x", "+--- y", " b"]


def test_it_imports_no_client(folder: Path, made: Making) -> None:
    code, *names = imported(folder, "compare", "made", "other")
    assert code == "0" and not {"openai", "httpx2", "tiktoken", "questionary", "rich"} & set(names)
