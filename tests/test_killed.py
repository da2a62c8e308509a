"""Killed at any instruction, `gitgen resume` ends in the same tree and asks nothing twice.

The first session of a repository, a fix with a reply that has to be asked for again, and a replay are killed with
SIGKILL before, in and after every call of git. `GITGEN_FAULTS=all` (make faults) takes every point; the short form a
spread.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import HELLO, ROOT, git, write
from tests.replies import FRENCH, ITALIAN, MISFIT, PROGRAM, RUN_SH, SHOUT, TITLE, diff
from tests.scripted import Answer, Endpoint, endpoint, says

BRANCH = "gitgen/x"


class Killer:
    """A process that runs gitgen in forked children (tests/killed.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killed"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, cwd: Path, url: str, args: list[str], kill: tuple[int, str] | None = None) -> dict[str, Any]:
        environ = {name: os.environ[name] for name in ("HOME", "XDG_CACHE_HOME")} | {"GITGEN_BASE_URL": url}
        assert self._process.stdin is not None and self._process.stdout is not None
        order = {"args": args, "cwd": str(cwd), "environ": environ, "kill": kill}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture
def killer() -> Iterator[Killer]:
    running = Killer()
    yield running
    running.close()


@dataclass(frozen=True)
class Case:
    """A command with the replies it is to get; `checked_out` puts its session's branch into the work tree."""

    name: str
    args: tuple[str, ...]
    script: tuple[Answer, ...]
    checked_out: bool = False


CUT = (says(FRENCH[:90], finish_reason="length"), says(FRENCH[90:]))
FRENCH_AGAIN = diff("hello.py", "    return 'Ciao ' + name", "    return 'Bonjour ' + name", "Greet in French")
HOOK = """#!/bin/sh
! grep -n Ciao hello.py || exit 1
sed -i 's/ + name/+name/' hello.py
"""
CASES = (
    Case("new", ("new", ".", "--steps=benchmark", "-m", "Greet", "--name", "x"), (says(PROGRAM), says(RUN_SH))),
    Case("fix", ("fix", "In French", "--name", "x"), (says(MISFIT), says(FRENCH))),
    Case("fix-checked-out", ("fix", "In French"), (says(MISFIT), says(FRENCH)), checked_out=True),
    Case("hooked", ("fix", "In French"), (says(MISFIT), says(ITALIAN), says(FRENCH_AGAIN)), checked_out=True),
    Case("apply", ("apply", "reply.txt", "--name", "x"), ()),
    Case("cut-off", ("fix", "In French"), (CUT[0],), checked_out=True),
    Case("continued", ("fix", "In French"), CUT, checked_out=True),
    Case(
        "rerun",
        ("rerun", "1", "--session", "gitgen/old", "--branch", "x", "--replay"),
        (says(MISFIT), says(ITALIAN), says(SHOUT)),
    ),
)


def make(folder: Path, case: Case) -> Path:
    folder.mkdir()
    git(folder, "init", "-q")
    write(folder, {"hello.py": HELLO, "README.md": "# Hello\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say hello")
    write(folder, {"reply.txt": FRENCH} if case.name == "apply" else {})
    if case.name == "cut-off":
        git(folder, "config", "gitgen.continue", "0")
    if case.checked_out:
        git(folder, "switch", "-qc", BRANCH)
        write(folder, {".gitgen/x/prompt": "Greet\n"})
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", f"Begin\n\nGitgen-Session: {BRANCH}\nGitgen-Plan: fix\n")
    if case.name == "hooked":
        write(folder, {".git/hooks/pre-commit": HOOK})
        (folder / ".git/hooks/pre-commit").chmod(0o755)
    return folder


def past(folder: Path, killer: Killer) -> None:
    """A session with three fixes and a person's commit: with another first fix, the third one has to be asked anew."""
    fixes = (("In French", "hello.py", FRENCH), ("Name it", "README.md", TITLE), ("Loud", "hello.py", SHOUT))
    with endpoint(*(says(reply) for _, _, reply in fixes)) as recorded:
        for number, (text, file, _) in enumerate(fixes):
            where = ["--branch", "gitgen/old"] if number else ["--name", "old"]
            done = killer.run(folder, recorded.base_url, ["fix", text, "--file", file, *where])
            assert done["code"] == 0, done["printed"]
            if number == 0:
                git(folder, "switch", "-q", "gitgen/old")
                write(folder, {"notes.txt": "To be translated\n"})
                git(folder, "add", "-A")
                git(folder, "commit", "-qm", "Take notes")
                git(folder, "switch", "-q", "main")


def outcome(folder: Path) -> object:
    """All that a session comes to: its files, its chats without their times, the states of its steps."""
    listed = git(folder, "ls-tree", "-r", BRANCH).splitlines()
    files = {line.split("\t")[1]: line.split()[2] for line in listed}
    chats = {path: json.loads(git(folder, "show", f"{BRANCH}:{path}")) for path in files if path.endswith(".json")}
    for chat in chats.values():
        for turn in chat["turns"]:
            turn.update(started="", seconds=0)
    states = git(folder, "log", "--format=%s|%(trailers:key=Gitgen-Status,valueonly,separator=%x20)", BRANCH)
    refs = git(folder, "for-each-ref", "--format=%(refname)")
    return {path: oid for path, oid in files.items() if path not in chats}, chats, states, refs


def stored_replies(folder: Path) -> int:
    """How many replies stand in Git, on the branch or on the progress ref."""
    count = 0
    refs = git(folder, "for-each-ref", "--format=%(refname)").split()
    newest = next((ref for ref in refs if ref.startswith("refs/gitgen/progress/")), f"refs/heads/{BRANCH}")
    if newest not in refs:
        return 0
    for path in git(folder, "ls-tree", "-r", "--name-only", newest, ".gitgen/x").splitlines():
        if path.endswith(".json"):
            turns = json.loads(git(folder, "show", f"{newest}:{path}"))["turns"]
            count += sum("reply" in turn and turn["usage"]["source"] != "recorded" for turn in turns)
    return count


def points(calls: list[list[str]]) -> list[tuple[int, str]]:
    every = [(n, how) for n in range(1, len(calls) + 1) for how in ("before", "after")]
    every += [(n, "half") for n, call in enumerate(calls, 1) if call[0] in ("fast-import", "update-ref")]
    if os.environ.get("GITGEN_FAULTS") == "all":
        return every
    halves = [point for point in every[1:] if point[1] == "half"]
    return every[::9] + halves[:: 1 + len(halves) // 20]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_killed_at_any_call_of_git_a_resume_ends_the_same(case: Case, tmp_path: Path, killer: Killer) -> None:
    template = make(tmp_path / "template", case)
    if case.name == "rerun":
        past(template, killer)
    with endpoint(*case.script) as whole:
        reference = shutil.copytree(template, tmp_path / "reference")
        done = killer.run(reference, whole.base_url, list(case.args))
        assert done["code"] == (1 if case.name == "cut-off" else 0), done["printed"]
    expected, total = outcome(reference), len(case.script)
    assert len(whole.requests) == total
    for number, point in enumerate(points(done["calls"])):
        folder = shutil.copytree(template, tmp_path / f"killed-{number}")
        with endpoint(*case.script) as scripted:
            killed = killer.run(folder, scripted.base_url, list(case.args), point)
            assert killed["code"] == -9, (point, done["calls"][point[0] - 1], killed["printed"])
            finish(killer, folder, case, scripted)
        where = (point, done["calls"][point[0] - 1])
        assert outcome(folder) == expected, where
        if case.checked_out:
            assert git(folder, "status", "--porcelain") == "", where
        shutil.rmtree(folder)


@pytest.mark.parametrize("command", ["undo", "redo"])
def test_killed_at_any_call_of_git_an_undo_is_done_or_not_and_a_resume_mends_the_work_tree(
    command: str, tmp_path: Path, killer: Killer
) -> None:
    template = make(tmp_path / "template", CASES[2])
    args = [command] if command == "undo" else ["redo", "--branch", BRANCH]
    with endpoint(says(FRENCH), says(TITLE)) as scripted:
        for text, file in (("In French", "hello.py"), ("Name it", "README.md")):
            assert killer.run(template, scripted.base_url, ["fix", text, "--file", file])["code"] == 0
        if command == "redo":
            assert killer.run(template, scripted.base_url, ["undo"])["code"] == 0
        reference = shutil.copytree(template, tmp_path / "reference")
        done = killer.run(reference, scripted.base_url, args)
        assert done["code"] == 0, done["printed"]
        for number, point in enumerate(points(done["calls"])):
            folder = shutil.copytree(template, tmp_path / f"killed-{number}")
            killed = killer.run(folder, scripted.base_url, args, point)
            where = (point, done["calls"][point[0] - 1], killed["printed"])
            assert killed["code"] == -9, where
            if git(folder, "rev-parse", BRANCH) == git(template, "rev-parse", BRANCH):
                again = killer.run(folder, scripted.base_url, args)
            else:
                again = killer.run(folder, scripted.base_url, ["resume"])
            assert again["code"] == 0, (where, again["printed"])
            assert outcome(folder) == outcome(reference), where
            assert git(folder, "status", "--porcelain") == "", where
            shutil.rmtree(folder)
        assert len(scripted.requests) == 2


def finish(killer: Killer, folder: Path, case: Case, scripted: Endpoint) -> None:
    """Resume until the session is where the reference is; each stored reply spares its request."""
    stored, asked = stored_replies(folder), len(scripted.requests)
    # A reply that came but was not stored is lost: the same answer is given again.
    scripted.script[:] = case.script[stored:]
    refs = git(folder, "for-each-ref", "--format=%(refname)").split()
    begun = "refs/gitgen/progress/x" in refs or (f"refs/heads/{BRANCH}" in refs and case.name == "new")
    landed = git(folder, "log", "-1", "--format=%s", BRANCH) if f"refs/heads/{BRANCH}" in refs else ""
    if begun or (landed and not landed.startswith("Begin")):
        if case.name == "cut-off" and "refs/gitgen/progress/x" not in refs:
            return  # It has landed as partial; a resume would ask again, as it should.
        again = killer.run(folder, scripted.base_url, ["resume", BRANCH])
    else:
        again = killer.run(folder, scripted.base_url, list(case.args))
    assert again["code"] in (0, 1), again["printed"]
    assert len(scripted.requests) - asked == max(0, len(case.script) - stored), again["printed"]
