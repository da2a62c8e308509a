"""The one door to git: every git process of gitgen is started here."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shlex import join, quote
from typing import TYPE_CHECKING

from gitgen.errors import GitgenError

if TYPE_CHECKING:
    from gitgen.running.process import Limits

# What git sets for its hooks (`git rev-parse --local-env-vars`), less what `git -c` sets: inherited by a git
# of ours, they would point it at the hook's index and repository instead of the one asked for.
HOOK_VARIABLES = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)

_IN_ENGLISH = {"LANGUAGE": "C", "LC_ALL": "C"}
"""What git says is told on, and here and there looked at."""


HOOK_INDEX = "GITGEN_HOOK_INDEX"
"""Where `leave_hook` keeps the path of the index that a surrounding hook is about: of `git commit -a` another one."""


HOOK_REPOSITORY = "GITGEN_HOOK_REPOSITORY"
"""Where `leave_hook` keeps which repository, and which work tree if any, git was told of: a path a line."""


STEP = "GITGEN_STEP"
"""Set while the user's hooks look at a step of gitgen's: its own hooks then have nothing to do."""


_LOCKED = re.compile(r"Unable to create '(/.*?)\.lock': File exists|could not lock config file (/.*?): File exists")
"""What git says of a lock file that is there (git's lockfile.c and config.c)."""


class GitFailed(GitgenError):
    """A git command that ended with a status other than 0; `stdout` and `stderr` hold what it said.

    `lock` is the lock file that was in its way. It names nobody: only its user can tell whether who made it still runs.
    """

    def __init__(self, args: tuple[str, ...], status: int, stderr: str, stdout: bytes = b"") -> None:
        words = [line for line in stderr.splitlines() if line.strip()] or [_ended(status)]
        command = next(word for word in args if not word.startswith("-") and "=" not in word)
        found = _LOCKED.search(stderr)
        self.lock = Path(f"{found[1] or found[2]}.lock") if found else None
        what, mend = words[0], f"to see more, run: git {join(args)}"
        if self.lock:
            what = f"{self.lock} is in the way{_age(self.lock)}"
            mend = f"if no git is at work there any more: rm -f {quote(str(self.lock))}"
        super().__init__(f"git {command}: {what}", mend)
        self.status = status
        self.stderr = stderr
        self.stdout = stdout

    @property
    def killed(self) -> bool:
        """Whether a signal ended git, so that it may have done its work or a part of it."""
        return self.status < 0


class NoObject(GitFailed):
    """There is no object that the name stands for, or there are several."""


def _ended(status: int) -> str:
    with suppress(ValueError):
        return f"exit status {status}" if status >= 0 else f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"


def _age(lock: Path) -> str:
    with suppress(OSError):
        return f", {max(0, time.time() - lock.stat().st_mtime):.0f} s old"
    return ""


def leave_hook(environ: MutableMapping[str, str]) -> None:
    """Take out of `environ` what a surrounding git hook put there."""
    if "GIT_INDEX_FILE" in environ:
        environ[HOOK_INDEX] = environ["GIT_INDEX_FILE"]
    environ.pop(HOOK_REPOSITORY, None)
    told = ["--absolute-git-dir"] if environ.get("GIT_DIR") else []
    told += ["--absolute-git-dir", "--show-toplevel"] if environ.get("GIT_WORK_TREE") else []
    if told:
        environ[HOOK_REPOSITORY] = os.fsdecode(Git(Path.cwd()).run("rev-parse", *dict.fromkeys(told), check=False))
    for name in HOOK_VARIABLES:
        environ.pop(name, None)


class Git:
    """Git, run in one folder: bytes in and out, and errors of gitgen's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._batch: ExitStack | None = None
        self._cat: subprocess.Popen[bytes]

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        check: bool = True,
        environ: dict[str, str] | None = None,
        seconds: float | None = None,
    ) -> bytes:
        """Run `git ARGS` on `stdin` and return its standard output; GitFailed unless it exits with 0.

        With `check=False` a failure returns whatever was printed, unless a signal ended git. `seconds` bounds the run.
        """
        with _started(self.folder, args, environ) as process:
            try:
                stdout, stderr = process.communicate(stdin, timeout=seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise GitFailed(args, -1, f"no answer within {seconds:g} s") from None
        if process.returncode < 0 or (check and process.returncode != 0):
            raise GitFailed(args, process.returncode, stderr.decode("utf-8", "replace"), bytes(stdout))
        return bytes(stdout)

    def records(self, *args: str, end: bytes = b"\0") -> Generator[bytes, None, None]:
        """Run `git ARGS` and yield its output in pieces that end with `end`; git is stopped when you stop."""
        rest = b""
        with _started(self.folder, args, None) as process:
            assert process.stdout is not None and process.stderr is not None
            try:
                while chunk := os.read(process.stdout.fileno(), 1 << 16):
                    *pieces, rest = (rest + chunk).split(end)
                    yield from pieces
            except GeneratorExit:
                process.kill()
                raise
            stderr = process.stderr.read()
        if process.returncode != 0:
            raise GitFailed(args, process.returncode, stderr.decode("utf-8", "replace"))

    def follow(
        self, *args: str, environ: Mapping[str, str], limits: Limits, echo: Callable[[str], None]
    ) -> tuple[int, str]:
        """Run a git that runs programs of the user's, such as hooks: its exit code, and what it printed.

        It has the user's environment with `environ` on top, and nothing to read. However it ends, nothing that it has
        started runs on.
        """
        from gitgen.running.process import Process

        process = Process(
            ("git", *args), {**os.environ, **environ}, self.folder, limits, echo, subprocess.DEVNULL, None
        )
        return process.finish()

    def text(self, *args: str, check: bool = True) -> str:
        """Run `git ARGS`; its standard output as text without the closing newline."""
        return self.run(*args, check=check).decode("utf-8", "surrogateescape").rstrip("\n")

    def read(self, oid: str, most: int | None = None) -> bytes:
        """The content of the object with this id, or its first `most` bytes, over one long-lived `git cat-file`."""
        return self._object(oid, most)[1]

    def read_all(self, names: Iterable[str]) -> dict[str, tuple[str, bytes]]:
        """Id and content of each object that a name stands for, by the name; those that are not there are left out.

        All at once, by one `git cat-file`: many answers cost little more than one.
        """
        asked = [name for name in dict.fromkeys(names) if name and "\n" not in name]
        output = self.run("cat-file", "--batch", stdin="".join(f"{name}\n" for name in asked).encode())
        found, start = {}, 0
        for name in asked:
            end = output.index(b"\n", start)
            header, start = output[start:end].decode("utf-8", "replace"), end + 1
            if header.endswith((" missing", " ambiguous")):
                continue
            oid, _, size = header.split()
            found[name] = oid, output[start : start + int(size)]
            start += int(size) + 1
        return found

    def id_of(self, name: str) -> str:
        """The id of the object that a name stands for now (man gitrevisions), over the same process; or GitFailed."""
        return self._object(name)[0]

    def _object(self, name: str, most: int | None = None) -> tuple[str, bytes]:
        if "\n" in name:
            raise NoObject(("cat-file", "-p", name), 128, f"not a name: {name!r}")
        # Somebody may have killed it, now or since it was last asked; reading again changes nothing.
        found = self._answer(name, most) or self._answer(name, most)
        if found is None:
            args, why = ("cat-file", "-p", name), ""
            try:
                self.run(*args)
            except GitFailed as error:
                why = f": {error.stderr.strip().partition(chr(10))[0]}"
            raise GitFailed(args, 128, f"{name} cannot be read{why}; git fsck tells more")
        return found

    def _answer(self, name: str, most: int | None) -> tuple[str, bytes] | None:
        """Id and content of what a name stands for; None where the process ended before it had said all of it."""
        if self._batch is None:
            self._batch = ExitStack()
            self._cat = self._batch.enter_context(_started(self.folder, ("cat-file", "--batch"), None))
        assert self._cat.stdin is not None and self._cat.stdout is not None
        header = ""
        with suppress(BrokenPipeError):
            self._cat.stdin.write(f"{name}\n".encode("utf-8", "surrogateescape"))
            self._cat.stdin.flush()
            header = self._cat.stdout.readline().decode("utf-8", "replace")
        if header.endswith((" missing\n", " ambiguous\n")):
            named = not re.fullmatch("[0-9a-f]{40,64}", name)
            what = f"there is no {name}" if named else f"the object {name} is missing; git fsck tells more"
            raise NoObject(("cat-file", "-p", name), 128, what)
        if not header.endswith("\n"):
            self.close()
            return None
        oid, _, size = header.split()
        part = most if most is not None and int(size) > most else None
        length = int(size) + 1 if part is None else part
        content = bytes(self._cat.stdout.read(length))
        if part is not None or len(content) < length:
            self.close()  # It has died, or all the rest would have to be read as well before the next object.
        if len(content) < length:
            return None
        return oid, content[:-1] if part is None else content

    def close(self) -> None:
        """End the long-lived process."""
        batch, self._batch = self._batch, None
        # What was written to one that has gone is still to be flushed, and cannot be.
        with suppress(BrokenPipeError):
            if batch is not None:
                batch.close()


@contextmanager
def _started(folder: Path, args: tuple[str, ...], environ: dict[str, str] | None) -> Iterator[subprocess.Popen[bytes]]:
    # No method: its frame would hold a `Git`, which holds it, and only a collector could end the process.
    try:
        # In a process group of its own, Ctrl-C reaches gitgen alone and never kills git in mid-write.
        process = subprocess.Popen(
            ("git", *args),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_IN_ENGLISH, **(environ or {})},
            process_group=0 if hasattr(os, "killpg") else None,
        )
    except FileNotFoundError:
        raise GitgenError("Git cannot be started", "install git, or put it into PATH") from None
    with process:
        yield process
