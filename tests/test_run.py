"""`gitgen run`, through the command."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.boxed import needs_bubblewrap, running, wait_for
from tests.conftest import ROOT, Gitgen, git, write
from tests.test_new import snapshot

REPLY = """
greet.py
```python
import sys

print("Hello,", *sys.argv[1:], sys.stdin.readline().strip())
sys.exit(3 if "fail" in sys.argv else 0)
```

run.sh
```sh
#!/bin/sh
exec python3 greet.py "$@"
```
"""
BRANCH = "gitgen/greet"

pytestmark = needs_bubblewrap


@pytest.fixture
def session(gitgen: Gitgen, folder: Path) -> Path:
    """The repository with a session that is not checked out."""
    assert gitgen("apply", "--name", "greet", stdin=REPLY).code == 0
    return folder


def test_the_program_gets_arguments_and_standard_input(gitgen: Gitgen, session: Path) -> None:
    ran = gitgen("run", BRANCH, "--", "Ada", "and  Bob", stdin="and you\n")
    assert (ran.code, ran.out, ran.err) == (0, "Hello, Ada and  Bob and you\n", "")


def test_a_program_that_fails_is_an_error_that_says_how(gitgen: Gitgen, session: Path) -> None:
    ran = gitgen("run", BRANCH, "--", "fail")
    assert ran.code == 1
    assert ran.err.splitlines() == [
        "error: The program ended with exit code 3",
        f"hint: gitgen fix --branch {BRANCH} 'what is wrong'",
    ]


def test_it_is_told_as_json(gitgen: Gitgen, session: Path) -> None:
    ran = gitgen("run", BRANCH, "--json", "--command", 'echo "$1"; exit 4', "--", "x")
    told = json.loads(ran.out)
    assert told.pop("seconds") > 0
    assert told == {
        "branch": BRANCH,
        "commit": git(session, "rev-parse", BRANCH),
        "command": 'echo "$1"; exit 4 "$@"',
        "exit_code": 4,
        "output": "x\n",
        "sandbox": "bubblewrap",
        "arguments": ["x"],
    }
    assert ran.code == 1


def test_a_session_that_is_not_checked_out_runs_apart_from_the_work_tree(gitgen: Gitgen, session: Path) -> None:
    write(session, {"hello.py": "mine, uncommitted\n", "sub/untracked": "mine\n"})
    before = snapshot(session)
    line = "ls; cat hello.py untracked sub/untracked; touch made hello.py"
    ran = gitgen("run", BRANCH, "--command", line, cwd=session / "sub")
    assert ran.out.startswith("README.md\ngreet.py\nhello.py\nrun.sh\ndef greet")
    assert "mine" not in ran.out
    assert snapshot(session) == before


def test_a_session_that_is_checked_out_and_clean_runs_in_its_work_tree(gitgen: Gitgen, session: Path) -> None:
    git(session, "switch", "-q", BRANCH)
    write(session, {"untracked": "mine\n", "sub/x": ""})
    ran = gitgen("run", "--command", "cat untracked; touch made", cwd=session / "sub")
    assert (ran.code, ran.out) == (0, "mine\n")
    assert (session / "made").exists()


def test_with_uncommitted_changes_it_runs_apart(gitgen: Gitgen, session: Path) -> None:
    git(session, "switch", "-q", BRANCH)
    write(session, {"hello.py": "mine, uncommitted\n"})
    ran = gitgen("run", "--command", "cat hello.py; touch made")
    assert "mine" not in ran.out
    assert not (session / "made").exists()
    assert git(session, "status", "--porcelain") == " M hello.py"


def test_a_linked_work_tree_that_has_it_checked_out_is_used(gitgen: Gitgen, session: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(session, "worktree", "add", "-q", str(linked), BRANCH)
    assert gitgen("run", BRANCH, "--command", "pwd; touch made; git describe --all").out.startswith(f"{linked}\n")
    assert (linked / "made").exists()


def test_a_session_without_an_entrypoint_is_an_error(gitgen: Gitgen, folder: Path) -> None:
    gitgen("apply", "--name", "bare", stdin="a.py\n```python\nprint(1)\n```\n")
    ran = gitgen("run", "gitgen/bare")
    assert ran.code == 1
    assert "gitgen/bare has no run.sh" in ran.err and "--command" in ran.err
    assert gitgen("run", "gitgen/bare", "--command", "python3 a.py").out == "1\n"


@pytest.mark.parametrize("how", ["flag", "environment", "config"])
def test_the_limits_are_settings(gitgen: Gitgen, session: Path, how: str) -> None:
    flags: list[str] = ["--time-limit", "0.5"] if how == "flag" else []
    environ = {"GITGEN_TIME_LIMIT": "0.5"} if how == "environment" else {}
    if how == "config":
        git(session, "config", "gitgen.timeLimit", "0.5")
    ran = gitgen("run", BRANCH, *flags, "--command", "echo begun; sleep 60", **environ)
    assert (ran.code, ran.out) == (1, "begun\n")
    assert "error: The program was ended after 0.5 s" in ran.err and "--time-limit" in ran.err


@pytest.mark.parametrize("flags", [["--memory", "-1"], ["--time-limit", "-1"]])
def test_a_setting_that_cannot_be_is_an_error(gitgen: Gitgen, session: Path, flags: list[str]) -> None:
    ran = gitgen("run", BRANCH, *flags)
    assert ran.code == 1 and "hint: " + flags[0] in ran.err


@pytest.mark.parametrize("sandbox", ["bubblewrap", "none"])
def test_ctrl_c_ends_all_and_is_told(session: Path, sandbox: str) -> None:
    seconds = f"9{uuid4().int % 10**12}"
    line = f"trap '' INT TERM; (setsid sleep {seconds} &) ; sleep {seconds}; sleep {seconds}"
    argv = [sys.executable, "-m", "gitgen", "run", BRANCH, "--sandbox", sandbox, "--command", line]
    with subprocess.Popen(
        argv, cwd=session, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        wait_for(lambda: len(running(seconds)) >= 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("error: Interrupted; the program was ended")
    assert running(seconds) == []


class Keyboard:
    """gitgen in a terminal: `types` presses keys, `sees` waits for what shall be on the screen."""

    def __init__(self, folder: Path, *args: str) -> None:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, "-m", "gitgen", *args], environ)
        self.screen = ""

    def sees(self, text: str) -> None:
        while text not in self.screen:
            assert select.select([self.terminal], [], [], 60)[0], self.screen
            self.screen += os.read(self.terminal, 9999).decode()

    def types(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def ends(self) -> int:
        try:
            while piece := os.read(self.terminal, 9999):
                self.screen += piece.decode()
        except OSError:
            pass  # How Linux tells that the other end is closed.
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.mark.parametrize("sandbox", ["bubblewrap", "none"])
def test_in_a_terminal_the_program_has_the_keyboard(session: Path, sandbox: str) -> None:
    code = "import os; print(os.isatty(0), os.get_terminal_size().columns); print('got', input('name? '))"
    keyboard = Keyboard(session, "run", BRANCH, "--sandbox", sandbox, "--command", f'python3 -c "{code}"')
    keyboard.sees("name? ")
    keyboard.types("Ada\r")
    assert keyboard.ends() == 0
    assert "True" in keyboard.screen and "got Ada" in keyboard.screen


@pytest.mark.parametrize("sandbox", ["bubblewrap", "none"])
def test_in_a_terminal_ctrl_c_goes_to_the_program_and_three_end_it(session: Path, sandbox: str) -> None:
    line = "trap 'echo caught' INT; echo ready; while :; do sleep 0.1; done"
    keyboard = Keyboard(session, "run", BRANCH, "--sandbox", sandbox, "--command", line)
    keyboard.sees("ready")
    keyboard.types("\x03")
    keyboard.sees("caught")
    keyboard.types("x\x03\x03\x03")
    assert keyboard.ends() == 130
    assert "Interrupted; the program was ended" in keyboard.screen


def test_in_a_terminal_the_program_draws_and_does_no_more(session: Path) -> None:
    line = r"printf '\033[31mred\033[0m \033]52;c;aGk=\007\033[6nend'"
    keyboard = Keyboard(session, "run", BRANCH, "--command", line)
    assert keyboard.ends() == 0
    assert "\x1b[31mred\x1b[0m end" in keyboard.screen
