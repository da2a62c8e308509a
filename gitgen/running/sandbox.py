"""Runs a command on a folder inside bubblewrap: no network, no home, no credentials, nothing of Git to write to."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from gitgen.errors import GitgenError, Interrupted
from gitgen.record import Ran
from gitgen.running import toolchains
from gitgen.running.process import Limits, Process, Terminal

Sandbox: TypeAlias = Literal["bubblewrap", "none"]

NO_INPUT = subprocess.DEVNULL
_KEPT = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TERM", "COLORTERM", "NO_COLOR", "TZ", *toolchains.VARIABLES)
"""The environment that a program gets; a name that keeps no secret is told from one that does by listing it."""
_APART = ("--unshare-all", "--die-with-parent", "--cap-drop", "ALL")
_MEBIBYTE = 1 << 20
# Set by the shell itself, the limits hold for the program alone, and need nothing between fork and exec.
_LIMITED = 'ulimit -c 0; ulimit -d "$0"; exec /bin/sh -c "$@"'


@dataclass(frozen=True)
class Place:
    """Where a command runs: a folder it may write to, seen at its own path or at another; and what else is shown."""

    folder: Path
    seen_at: Path
    shown: tuple[tuple[Path, Path], ...] = ()
    """What can be read beside the system, or in the folder only be read: its path, and the path it is seen at."""

    def has_own(self, path: Path) -> bool:
        """Whether the folder itself has something to see at this path; an empty folder is nothing."""
        if not path.is_relative_to(self.seen_at):
            return False
        own = self.folder / path.relative_to(self.seen_at)
        return any(own.iterdir()) if own.is_dir() else own.exists()


def run(
    command: str,
    place: Place,
    *,
    arguments: tuple[str, ...] = (),
    limits: Limits = Limits(),  # noqa: B008  (frozen)
    mode: Sandbox = "bubblewrap",
    network: bool = False,
    echo: Callable[[str], None] = lambda text: None,
    stdin: int | Terminal = NO_INPUT,
) -> Ran:
    """Run a shell command, `$@` in it being `arguments`, and tell how it ended; its output goes to `echo` as it comes.

    GitgenError where bubblewrap is asked for and does not work: nothing ever runs without it unless `mode` is
    `none`. Interrupted on Ctrl-C. However it ends, nothing that the command has started runs on.
    """
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    shell = ("/bin/sh", "-c", _LIMITED, _kibibytes(limits.memory), command, "sh", *arguments)
    if not isinstance(stdin, int):
        # A session of its own, inside: Ctrl-C then reaches the program, but not bubblewrap.
        shell = ("setsid", "-c", *shell)
    began = time.monotonic()
    if mode == "none":
        home = {"HOME": os.environ["HOME"]} if "HOME" in os.environ else {}
        process = Process(shell, environ | home, place.folder, limits, echo, stdin, None)
        code, output = _finish(process)
    else:
        check_bubblewrap()
        code, output = _in_bubblewrap(shell, environ, place, limits, network, echo, stdin)
    return Ran(command, code, output, mode, round(time.monotonic() - began, 3))


def check_bubblewrap() -> None:
    """GitgenError, with what mends it, if bubblewrap does not work on this machine."""
    problem = _problem_with_bubblewrap()
    if problem:
        raise GitgenError(
            f"{problem}, so nothing can be run safely",
            "apt-get install bubblewrap (or as your system does it); to run it unprotected: --sandbox none",
        )


def _in_bubblewrap(
    shell: tuple[str, ...],
    environ: Mapping[str, str],
    place: Place,
    limits: Limits,
    network: bool,
    echo: Callable[[str], None],
    stdin: int | Terminal,
) -> tuple[int, str]:
    told, tell = os.pipe()
    try:
        argv = ("bwrap", *_profile(place, environ, limits, network), "--json-status-fd", str(tell), "--", *shell)
        environ = {**environ, "HOME": "/tmp/home", "GIT_OPTIONAL_LOCKS": "0"}
        process = Process(argv, environ, Path("/"), limits, echo, stdin, (told, tell))
        os.close(tell)
        tell = -1
        code, output = _finish(process)
        if code == 1 and "exit-code" not in process.reported():
            first = next(iter(output.splitlines()), f"exit status {code}")
            raise GitgenError(f"The sandbox could not be set up: {first}", "to run it unprotected: --sandbox none")
        return code, output
    finally:
        os.close(told)
        if tell >= 0:
            os.close(tell)


def _finish(process: Process) -> tuple[int, str]:
    try:
        return process.finish()
    except KeyboardInterrupt:
        raise Interrupted("Interrupted; the program was ended", "run it again") from None


def _profile(place: Place, environ: Mapping[str, str], limits: Limits, network: bool) -> Iterator[str]:
    """The options of bwrap. What is not named here is not there: no home, no `/run`, no other process."""
    mounts = [("--ro-bind-try", path, path) for path in toolchains.SYSTEM]
    mounts += [("--ro-bind-try", path, path) for path in toolchains.elsewhere(environ) if not place.has_own(path)]
    mounts.append(("--bind", place.folder, place.seen_at))
    mounts += [("--ro-bind", path, seen_at) for path, seen_at in place.shown]
    resolver = Path("/etc/resolv.conf").resolve()
    if network and not resolver.is_relative_to("/etc"):
        mounts.append(("--ro-bind-try", resolver, resolver))
    yield from _APART
    yield "--new-session"
    if network:
        yield "--share-net"
    yield from ("--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev")
    for folder in ("/dev/shm", "/tmp"):
        yield from (*_sized(limits.memory), "--tmpfs", folder)
    yield from ("--dir", "/tmp/home")
    # A folder is mounted before what lies in it: otherwise it would cover it.
    for option, path, seen_at in sorted(mounts, key=lambda mount: len(mount[2].parts)):
        yield from (option, str(path), str(seen_at))
    yield from ("--remount-ro", "/", "--chdir", str(place.seen_at))


def _sized(memory: int | None) -> tuple[str, ...]:
    """A file in a memory file system takes memory too."""
    return ("--size", str(memory * _MEBIBYTE)) if memory and "--size" in _help() else ()


def _kibibytes(memory: int | None) -> str:
    """The limit as `ulimit -d` takes it, no higher than the one that is set already."""
    import resource

    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    wanted = memory * _MEBIBYTE if memory else most
    least = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    return "unlimited" if least == resource.RLIM_INFINITY else str(least // 1024)


@cache
def _help() -> str:
    return subprocess.run(["bwrap", "--help"], capture_output=True, text=True, check=False).stdout


@cache
def _problem_with_bubblewrap() -> str:
    """Why bubblewrap does not work here, or nothing: it may be missing, or the kernel may not let it."""
    mounts = [word for path in toolchains.SYSTEM for word in ("--ro-bind-try", str(path), str(path))]
    argv = ["bwrap", *_APART, *mounts, "--proc", "/proc", "--dev", "/dev", "--", "/bin/sh", "-c", ":"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    except OSError:
        return "bubblewrap (bwrap) is not installed"
    said = next(iter(done.stderr.splitlines()), f"exit status {done.returncode}")
    return f"bubblewrap does not work here ({said.removeprefix('bwrap: ')})" if done.returncode else ""
