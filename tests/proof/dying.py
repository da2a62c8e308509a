"""Runs gitgen in forked children and kills them, or the git they started, for real, at a chosen moment.

    python -m tests.proof.dying

reads one JSON object a line (`args`, `cwd`, `environ`, `kill`: null or a `Kill`) and answers each with one line: the
exit status, what was printed, how long it took, and what there was to be counted. The imports are done once, before the
forks, so that a run costs only what gitgen itself does. What a killed child has left running is waited for.

The clock of gitgen stands still here, so that the same replies make the same bytes.
"""

from __future__ import annotations

import ctypes
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import github
import openai  # noqa: F401

import gitgen.commands
import gitgen.git
import gitgen.hooks
import gitgen.running.sandbox
import gitgen.ui
import gitgen.world
from gitgen.cli import main
from tests.proof.points import FILE_CALLS

Door = gitgen.git.Git
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER (man prctl): what a killed child leaves becomes ours, and is waited for."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Calls:
    """Counts what a run does, and dies or has git die at the point that was ordered."""

    def __init__(self, kill: dict[str, Any] | None, scratch: Path) -> None:
        self.kill = kill or {"kind": "none", "at": 0}
        self.scratch = scratch
        self.seen = scratch / "seen"
        self._numbers = {"call": 0, "network": 0, "start": 0}

    def here(self, kind: str, what: str = "") -> bool:
        """Note something that can be counted; whether it is the point."""
        self._numbers[kind] += 1
        with self.seen.open("a") as seen:
            seen.write(f"{kind} {what}\n")
        return self.kill["kind"] == kind and bool(self._numbers[kind] == self.kill["at"])

    def watch(self) -> None:
        """Wrap the doors to git and to the network."""
        door_to_git: Any = Door
        processes: Any = subprocess
        run, popen, calls, kill = Door.run, processes.Popen, self, self.kill

        def counted_run(door: Door, *args: str, **options: Any) -> bytes:
            point = calls.here("call", next(word for word in args if not word.startswith("-")))
            if point and kill["how"] == "before":
                die()
            if point and kill["how"] == "half":
                stdin = options.get("stdin", b"")
                run(door, *args, **{**options, "stdin": stdin[: len(stdin) // 2], "check": False})
                die()
            try:
                return run(door, *args, **options)
            finally:
                if point:
                    die()

        class CountedPopen(popen):  # type: ignore[misc, valid-type]
            def __init__(self, args: Any, **options: Any) -> None:
                traced = calls.traced(list(args)) if args[0] == "git" else None
                super().__init__(traced or args, **options)

        door_to_git.run = counted_run
        processes.Popen = CountedPopen
        for name in ("recv", "recv_into"):
            setattr(socket.socket, name, self.counted_read(getattr(socket.socket, name)))

    def counted_read(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            point = self.here("network")
            if point and self.kill["how"] == "before":
                die()
            found = read(*args)
            if point:
                die()
            return found

        return counted

    def traced(self, args: list[str]) -> list[str] | None:
        """The command that runs git under strace where it is to be counted or killed at one of its system calls."""
        point = self.here("start", args[1])
        if self.kill["kind"] == "trace":
            log = self.scratch / f"trace.{self._numbers['start']}"
            return ["strace", "-qq", "-o", str(log), "-e", f"trace={','.join('?' + c for c in FILE_CALLS)}", *args]
        if not point:
            return None
        name, number = self.kill["syscall"], self.kill["number"]
        strace = ["strace", "-qq", "-o", os.devnull, "-e", f"trace={name}"]
        strace += ["-e", f"inject={name}:signal=KILL:when={number}", *args]
        if self.kill["whom"] == "git":
            return strace
        return ["sh", "-c", f'"$@"; test $? -lt 128 || kill -9 {os.getpid()}', "sh", *strace]


def child(order: dict[str, Any], scratch: Path, printed: int) -> None:
    os.chdir(order["cwd"])
    kill = order["kill"]
    os.environ.update(order["environ"])
    if kill and kill["kind"] in ("ref", "trace"):
        os.environ.update(PROOF_COUNT=str(scratch / "refs"), PROOF_AT=str(kill.get("at", 0)))
        os.environ.update(PROOF_WHOM=kill.get("whom", ""), PROOF_PID=str(os.getpid()))
    for descriptor in (1, 2):
        os.dup2(printed, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if order.get("answers"):
        gitgen.ui.attended = lambda: True
        gitgen.ui.ask = lambda question, choices=(): "Python"
    Calls(kill, scratch).watch()
    code = main(order["args"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def stand_still() -> None:
    """Stop gitgen's clock, and import what a run would import."""
    modules: tuple[Any, ...] = (gitgen.world, gitgen.hooks, gitgen.running.sandbox)
    for module in modules:
        module.datetime = SimpleNamespace(now=lambda zone: NOW)
        module.time = SimpleNamespace(monotonic=lambda: 0.0, sleep=time.sleep)
    for module_info in pkgutil.iter_modules(gitgen.commands.__path__, "gitgen.commands."):
        import_module(module_info.name)
    for name in ("gitgen.repository.checkout", "gitgen.ai.endpoint", "gitgen.forge.github", "tiktoken", "rich.live"):
        import_module(name)
    assert github


def run(order: dict[str, Any], scratch: Path) -> dict[str, Any]:
    printed, seen = scratch / "printed", scratch / "seen"
    # A child that dies at once has seen nothing.
    seen.touch()
    began = time.perf_counter()
    with printed.open("w") as out:
        pid = os.fork()
        if pid == 0:
            child(order, scratch, out.fileno())
        kill = order["kill"] or {}
        killer = threading.Timer(kill.get("at", 0) / 1e6, os.kill, (pid, signal.SIGKILL))
        if kill.get("kind") == "moment":
            killer.start()
        # Until nobody can kill it any more its number is not given away.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        killer.cancel()
        if killer.ident:
            killer.join()
        _, status = os.waitpid(pid, 0)
    seconds = time.perf_counter() - began
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    refs, traces = scratch / "refs", {}
    for log in scratch.glob("trace.*"):
        traces[log.suffix[1:]] = [line.partition("(")[0] for line in log.read_text(errors="replace").splitlines()]
    return {
        "code": os.waitstatus_to_exitcode(status),
        "printed": printed.read_text(errors="replace"),
        "seconds": seconds,
        "seen": seen.read_text().splitlines(),
        "refs": refs.read_text().splitlines() if refs.exists() else [],
        "traces": traces,
    }


def serve() -> None:
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    stand_still()
    for line in sys.stdin:
        with tempfile.TemporaryDirectory() as scratch:
            answer = run(json.loads(line), Path(scratch))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
