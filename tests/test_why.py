"""`gitgen why`: the step, prompt and model behind a line, through renames, moves and the commits of people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Gitgen, git, write
from tests.replies import FRENCH, PROGRAM, RUN_SH
from tests.scripted import endpoint, says


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def session(gitgen: Gitgen, folder: Path) -> Path:
    """A session `s`, checked out, with one step that changed line 2 of hello.py."""
    with endpoint(says(FRENCH, model="m-2026")) as running:
        args = ("fix", "Greet in French\nand only so", "--name", "s")
        ran = gitgen(*args, GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m")
    assert ran.code == 0, ran.err
    git(folder, "switch", "-q", "gitgen/s")
    return folder


def test_a_line_of_a_step_is_told_with_its_prompt_and_its_model(session: Path, gitgen: Gitgen) -> None:
    head, *asked, line = gitgen("why", "hello.py:2").out.splitlines()
    oid = git(session, "rev-parse", "HEAD")[:10]
    assert head.startswith(f"{oid}  fix, m-2026, 2") and head.endswith(", asked by Ada")
    assert asked == ["    Greet in French", "    and only so"]
    assert line == "     2      return 'Bonjour ' + name"


def test_a_line_of_a_person_is_named_as_such(session: Path, gitgen: Gitgen) -> None:
    told = gitgen("why", "hello.py:1,2").out.splitlines()
    assert ": Say hello" in told[0] and "by a person, Ada, " in told[0] and told[1] == "     1  def greet(name):"
    assert len(told) == 6
    write(session, {"hello.py": "new\n" + (session / "hello.py").read_text()})
    assert gitgen("why", "hello.py:1").out == "not committed yet\n     1  new\n"
    assert "fix, m-2026" in gitgen("why", "hello.py:3").out
    assert "by a person" in gitgen("why", "hello.py:2", "--at", "main").out


def test_shares_are_by_step_and_by_author(session: Path, gitgen: Gitgen) -> None:
    assert [line.split()[:2] for line in gitgen("why", "hello.py").out.splitlines()] == [
        ["lines", "share"], ["4", "80.0%"], ["1", "20.0%"], [], ["lines", "share"], ["4", "80.0%"], ["1", "20.0%"],
    ]  # fmt: skip
    told = json.loads(gitgen("why", "hello.py", "--json").out)
    assert [(share["name"], share["lines"]) for share in told["authors"]] == [("Ada", 4), ("m-2026", 1)]
    assert told["lines"][1]["asked"] == "Greet in French\nand only so" and told["lines"][0]["step"] is None


def test_renames_and_moves_are_seen_through(session: Path, gitgen: Gitgen) -> None:
    (session / "sub").mkdir()
    git(session, "mv", "hello.py", "sub/a b.py")
    git(session, "commit", "-qm", "Move")
    told = gitgen("why", "a b.py:2", cwd=session / "sub").out
    assert "fix, m-2026" in told and "(in hello.py)" in told
    moved = "def more():\n    return 'a line of some length that git can follow'\n"
    write(session, {"x.py": moved + "pass\n", "y.py": "y\n"})
    git(session, "add", "-A")
    git(session, "commit", "-qm", "Write x")
    write(session, {"x.py": "pass\n", "y.py": "y\n" + moved})
    git(session, "commit", "-qam", "Move a function")
    assert ": Write x" in gitgen("why", "y.py:3").out


def test_a_scaffold_is_told_with_the_prompt_of_its_session(tmp_path: Path, gitgen: Gitgen) -> None:
    with endpoint(says(PROGRAM), says(RUN_SH)) as running:
        gitgen(
            "new",
            "made",
            "--steps=benchmark",
            "-m",
            "Greet me",
            GITGEN_BASE_URL=running.base_url,
            GITGEN_MODEL="m",
            cwd=tmp_path,
        )
    assert "generate, m, " in (out := gitgen("why", "hello.py:1", cwd=tmp_path / "made").out)
    assert out.splitlines()[1] == "    Greet me"


def test_a_file_whose_name_ends_like_a_line_is_a_file(session: Path, gitgen: Gitgen) -> None:
    write(session, {"odd:1": "x\n"})
    git(session, "add", "odd:1")
    git(session, "commit", "-qm", "Odd")
    assert "100.0%" in gitgen("why", "odd:1").out
    assert ": Odd" in gitgen("why", "odd:1:1").out


@pytest.mark.parametrize("place", ["nope.py", "hello.py:99", "hello.py:0", "../x", "nope.py:1"])
def test_what_is_not_there_is_said(session: Path, gitgen: Gitgen, place: str) -> None:
    ran = gitgen("why", place)
    assert (ran.code, ran.out) == (1, "") and place.partition(":")[0] in ran.err
