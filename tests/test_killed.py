"""Killed at any instruction, `gitgen resume` ends in the same tree and asks nothing twice.

The first session of a repository, and a fix with a reply that has to be asked for again, are killed with SIGKILL
before, in and after every call of git. `GITGEN_FAULTS=all` (make faults) takes every point; the short form a spread.
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
from tests.replies import FRENCH, MISFIT, PROGRAM, RUN_SH
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
CASES = (
    Case("new", ("new", ".", "--steps=benchmark", "-m", "Greet", "--name", "x"), (says(PROGRAM), says(RUN_SH))),
    Case("fix", ("fix", "In French", "--name", "x"), (says(MISFIT), says(FRENCH))),
    Case("fix-checked-out", ("fix", "In French"), (says(MISFIT), says(FRENCH)), checked_out=True),
    Case("apply", ("apply", "reply.txt", "--name", "x"), ()),
    Case("cut-off", ("fix", "In French"), (CUT[0],), checked_out=True),
    Case("continued", ("fix", "In French"), CUT, checked_out=True),
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
    return folder


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
    for path in git(folder, "ls-tree", "-r", "--name-only", newest).splitlines():
        if path.endswith(".json"):
            count += sum("reply" in turn for turn in json.loads(git(folder, "show", f"{newest}:{path}"))["turns"])
    return count


def points(calls: list[list[str]]) -> list[tuple[int, str]]:
    every = [(n, how) for n in range(1, len(calls) + 1) for how in ("before", "after")]
    every += [(n, "half") for n, call in enumerate(calls, 1) if call[0] in ("fast-import", "update-ref")]
    return every if os.environ.get("GITGEN_FAULTS") == "all" else every[::9] + [p for p in every[1:] if p[1] == "half"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_killed_at_any_call_of_git_a_resume_ends_the_same(case: Case, tmp_path: Path, killer: Killer) -> None:
    with endpoint(*case.script) as whole:
        reference = make(tmp_path / "reference", case)
        done = killer.run(reference, whole.base_url, list(case.args))
        assert done["code"] == (1 if case.name == "cut-off" else 0), done["printed"]
    expected, total = outcome(reference), len(case.script)
    assert len(whole.requests) == total
    for number, point in enumerate(points(done["calls"])):
        folder = make(tmp_path / f"killed-{number}", case)
        with endpoint(*case.script) as scripted:
            killed = killer.run(folder, scripted.base_url, list(case.args), point)
            assert killed["code"] == -9, (point, done["calls"][point[0] - 1], killed["printed"])
            finish(killer, folder, case, scripted)
        where = (point, done["calls"][point[0] - 1])
        assert outcome(folder) == expected, where
        if case.checked_out:
            assert git(folder, "status", "--porcelain") == "", where
        shutil.rmtree(folder)


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
