"""Runs a program to its end, or ends it with everything that it has started."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gitgen.running.output import Output

TIMED_OUT = 124
"""The exit code of a program that was ended at its time limit, as timeout(1) has it."""
MARK = "GITGEN_RUN"
"""The environment variable by which what a program has started is found again."""
_LOOK = 0.1
"""Seconds between two looks at a program that prints nothing: it may end while one it started holds its output."""


@dataclass(frozen=True)
class Limits:
    """What a program may use."""

    seconds: float | None = 300.0
    """None or 0 lets it run as long as it likes."""
    memory: int | None = 4096
    """Mebibytes of memory of its own, for each process; None or 0 is no limit."""
    output: int = 100_000
    """So many characters of its output are kept."""


class Terminal(Protocol):
    """The two ends of a pseudo-terminal; `type_on` passes on what was typed at the user's own."""

    master: int
    slave: int

    def type_on(self) -> None: ...


class Process:
    """A program under way, in a session of its own, whose output goes to `echo` as it comes, and is kept.

    `status` is where bubblewrap tells the pid of the sandbox's first process: with it, all of the sandbox ends.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        limits: Limits,
        echo: Callable[[str], None],
        stdin: int | Terminal,
        status: tuple[int, int] | None,
    ) -> None:
        self._limits = limits
        self._echo = echo
        self._mark = f"{os.getpid()}.{time.monotonic_ns()}"
        self._output = Output(limits.output)
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._status = status
        self._said = b""
        self._first: int | None = None
        self._terminal = None if isinstance(stdin, int) else stdin
        self._popen = subprocess.Popen(
            argv,
            stdin=stdin if isinstance(stdin, int) else stdin.slave,
            stdout=self._terminal.slave if self._terminal else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**environ, MARK: self._mark},
            cwd=folder,
            # With a terminal and no bubblewrap, setsid(1) does it, and must not lead a group before.
            start_new_session=bool(status) or not self._terminal,
            pass_fds=(status[1],) if status else (),
        )

    def finish(self) -> tuple[int, str]:
        """Wait for the end; the exit code and what was printed. Whatever is raised meanwhile, nothing keeps running."""
        popen = self._popen
        with popen.stdout or nullcontext():
            if self._terminal:
                os.close(self._terminal.slave)
            out = self._terminal.master if self._terminal else popen.stdout.fileno() if popen.stdout else -1
            try:
                self._first = self._find_first()
                in_time = self._follow(out)
            finally:
                self._end_all()
            self._drain(out)
        code = popen.returncode if in_time else TIMED_OUT
        return (code if code >= 0 else 128 - code), self._output.text()

    def reported(self) -> dict[str, int]:
        """What bubblewrap has told on its status descriptor so far (man bwrap, `--json-status-fd`)."""
        if self._status:
            while select.select([self._status[0]], [], [], 0)[0] and (said := os.read(self._status[0], 4096)):
                self._said += said
        told: dict[str, int] = {}
        for line in self._said.splitlines(keepends=True):
            if line.endswith(b"\n"):
                told |= json.loads(line)
        return told

    def _follow(self, out: int) -> bool:
        """Pass the output on until the program ends, or its time does: then False."""
        deadline = time.monotonic() + self._limits.seconds if self._limits.seconds else None
        open_ = True
        while not self._has_ended():
            left = deadline - time.monotonic() if deadline else _LOOK
            if left <= 0:
                return False
            keyboard = [0] if self._terminal else []
            ready = select.select([*keyboard, *([out] if open_ else ())], [], [], min(left, _LOOK))[0]
            if self._terminal and 0 in ready:
                self._terminal.type_on()
            if out in ready:
                open_ = self._take(out)
        return True

    def _has_ended(self) -> bool:
        # Not reaped yet, it keeps its number: the process group can still be told by it.
        return os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None

    def _take(self, out: int) -> bool:
        """Read a piece of the output; False at its end."""
        try:
            piece = os.read(out, 1 << 16)
        except OSError:
            piece = b""  # How the end of a pseudo-terminal is told.
        text = self._decode(piece, not piece)
        if text:
            self._output.add(text)
            self._echo(text)
        return bool(piece)

    def _drain(self, out: int) -> None:
        while select.select([out], [], [], 0)[0] and self._take(out):
            pass

    def _end_all(self) -> None:
        """Kill what still runs, the program and all that it started, and wait until it is gone."""
        if self._first is not None:
            # The kernel ends a pid namespace with its first process, and tells of its end when all of it is gone.
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._first, signal.SIGKILL)
            select.select([self._first], [], [])
            os.close(self._first)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()
        while self._first is None and (strays := _marked(self._mark)):
            for pid in strays:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def _find_first(self) -> int | None:
        """A descriptor of the sandbox's first process (man pidfd_open), or None where there is none, or no longer."""
        told: dict[str, int] = {}
        while self._status and not told:
            select.select([self._status[0]], [], [])
            told = self.reported()
            if not told and self._has_ended():
                break
        try:
            return os.pidfd_open(told["child-pid"])
        except (KeyError, OSError):
            return None


def _marked(mark: str) -> list[int]:
    """The processes that run with this mark in their environment (man proc), those that have left our group too."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if wanted in entry.read_bytes().split(b"\0"):
                found.append(int(entry.parent.name))
    return found
