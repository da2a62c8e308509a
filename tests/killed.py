"""Runs gitgen in forked children and kills them, for real, at a chosen call of git.

    python -m tests.killed

reads one JSON object a line (`args`, `cwd`, `environ`, and `kill`: null, or the number of the call and how) and
answers each with one line: the exit status, the number of calls of git, and what was printed. The imports are done
once, before the forks, so that a run costs only what gitgen itself does.

How: `before` and `after` the call; `half`, where git is given only the first half of what it was to read, as when
the process dies while it writes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import openai  # noqa: F401

import gitgen.git
from gitgen.cli import main

Door = gitgen.git.Git


def count_and_kill(at: int, how: str, calls: Path) -> None:
    """Wrap the one door to git: note each call, and at number `at` (from 1) send SIGKILL to this process."""
    run = Door.run

    def wrapped(self: Door, *args: str, **options: Any) -> bytes:
        with calls.open("a") as log:
            log.write(json.dumps(args[:2]) + "\n")
        number = len(calls.read_text().splitlines())
        if number == at and how == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if number == at and how == "half":
            stdin = options.get("stdin", b"")
            run(self, *args, **{**options, "stdin": stdin[: len(stdin) // 2], "check": False})
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return run(self, *args, **options)
        finally:
            if number == at and how == "after":
                os.kill(os.getpid(), signal.SIGKILL)

    Door.run = wrapped  # type: ignore[method-assign]


def child(order: dict[str, Any], calls: Path, printed: int) -> None:
    os.chdir(order["cwd"])
    os.environ.update(order["environ"])
    for descriptor in (1, 2):
        os.dup2(printed, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    at, how = order["kill"] or (0, "")
    count_and_kill(at, how, calls)
    code = main(order["args"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        with tempfile.TemporaryDirectory() as folder:
            calls, printed = Path(folder) / "calls", Path(folder) / "printed"
            calls.touch()
            with printed.open("w") as out:
                pid = os.fork()
                if pid == 0:
                    child(order, calls, out.fileno())
                _, status = os.waitpid(pid, 0)
            names = [json.loads(call) for call in calls.read_text().splitlines()]
            answer = {"code": os.waitstatus_to_exitcode(status), "calls": names, "printed": printed.read_text()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
