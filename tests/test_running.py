"""What was built is run: by the steps and by --test, in the real sandbox, through the command."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Gitgen, git, write
from tests.replies import PROGRAM, diff
from tests.scripted import endpoint, says

pytestmark = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")

HALLO = diff("hello.py", "    return 'Hello ' + name", "    return 'Hallo ' + name")
BONJOUR = diff("hello.py", "    return 'Hallo ' + name", "    return 'Bonjour ' + name")
CHECK = "python3 hello.py | grep Bonjour || { echo 'E   not French'; exit 1; }"
RUN = "run.sh\n```sh\n#!/bin/sh\necho Ada | python3 hello.py\n```\n"


def trailers(folder: Path, key: str, branch: str = "gitgen/x") -> list[str]:
    """The values of a trailer of all steps, oldest first."""
    shown = git(folder, "log", "--reverse", f"--format=%(trailers:key=Gitgen-{key},valueonly,separator=)", branch)
    return [line for line in shown.splitlines() if line]


def test_a_new_program_is_run_and_what_it_printed_is_kept(in_process: Gitgen, folder: Path) -> None:
    with endpoint(says(PROGRAM), says(RUN)) as scripted:
        ran = in_process("new", ".", "--steps=simple", "-m", "Greet", "--name", "x", "--base-url", scripted.base_url)
    assert ran.code == 0, ran.err
    assert "running sh run.sh" in ran.err and "Name? Hello Ada" in ran.err
    assert trailers(folder, "Test") == ["sh run.sh"]
    assert trailers(folder, "Exit-Code") == ["0"] and trailers(folder, "Sandbox") == ["bubblewrap"]
    chat = json.loads(git(folder, "show", "gitgen/x:.gitgen/x/0003-execute.json"))
    assert chat["ran"]["output"] == "Name? Hello Ada\n"
    assert git(folder, "worktree", "list").count("\n") == 0 and git(folder, "status", "--porcelain") == ""


def test_a_fix_goes_on_until_its_test_passes(in_process: Gitgen, folder: Path) -> None:
    with endpoint(says(HALLO), says(BONJOUR)) as scripted:
        ran = in_process("fix", "In French", "--name", "x", "--test", CHECK, "--json", "--base-url", scripted.base_url)
        assert "E   not French" in scripted.requests[1]["messages"][-1]["content"]
    assert ran.code == 0, ran.err
    assert [(step["step"], step["exit_code"]) for step in json.loads(ran.out)] == [("fix", 1), ("self_heal", 0)]
    assert trailers(folder, "Exit-Code") == ["1", "0"]
    told = json.loads(in_process("log", "gitgen/x", "--json").out)
    assert [step["exit_code"] for step in told] == [0, 1]
    healed, fixed = in_process("log", "gitgen/x").out.splitlines()[:2]
    assert healed.split()[2] == "ok" and fixed.split()[2:4] == ["exit", "1"]


@pytest.mark.parametrize(("rounds", "code", "told"), [("0", 4, "still fails after 0 rounds"), ("3", 5, "as it did")])
def test_the_exit_code_tells_why_it_stopped(
    in_process: Gitgen, folder: Path, rounds: str, code: int, told: str
) -> None:
    other = diff("hello.py", "print(greet('Ada'))", "print(greet('Eve'))")
    with endpoint(says(HALLO), says(other)) as scripted:
        args = ("--name", "x", "--test", CHECK, "--rounds", rounds, "--base-url", scripted.base_url)
        ran = in_process("fix", "In French", *args)
        assert ran.code == code and told in ran.err.splitlines()[-2], ran.err
        spent = len(scripted.requests)
        assert in_process("resume", "gitgen/x", "--rounds", rounds, "--base-url", scripted.base_url).code == code
        assert len(scripted.requests) == spent, "nothing more is paid for"


def test_the_test_of_a_new_program_is_run_when_its_plan_is_done(in_process: Gitgen, folder: Path) -> None:
    with endpoint(says(HALLO)) as scripted:
        args = ("--steps=fix", "-m", "Greet", "--name", "x", "--test", "grep Hallo hello.py")
        ran = in_process("new", ".", *args, "--base-url", scripted.base_url)
    assert ran.code == 0, ran.err
    assert trailers(folder, "Step") == ["fix", "self_heal"]


def test_steps_can_be_run_on_a_session_that_is_done(in_process: Gitgen, folder: Path) -> None:
    git(folder, "switch", "-qc", "gitgen/x")
    write(folder, {"run.sh": "echo it runs\n", ".gitgen/x/prompt": "Greet\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Begin\n\nGitgen-Session: gitgen/x\nGitgen-Plan: \n")
    ran = in_process("resume", "--steps", "execute")
    assert ran.code == 0 and "it runs" in ran.err, ran.err


def test_without_a_sandbox_nothing_is_run_unless_the_user_says_so(gitgen: Gitgen, folder: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("git", "sh", "python3", "grep"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    with endpoint(says(HALLO)) as scripted:
        args = ("fix", "x", "--name", "x", "--test", "grep Hallo hello.py", "--base-url", scripted.base_url)
        ran = gitgen(*args, PATH=str(tools))
        assert ran.code == 1 and "--sandbox none" in ran.err and not scripted.requests
        assert gitgen(*args, "--sandbox", "none", PATH=str(tools)).code == 0
    assert trailers(folder, "Sandbox") == ["none"]
