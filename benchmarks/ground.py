"""The ground that contenders run on: repositories of any size, and a home without the user's settings."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDER_SIZE = 100
EDITED = "part000/module00.py"
COUNTED = "RUNS_OF_0"
"""The file that every edit changes, and the name that it counts up there."""


def seal(home: Path) -> None:
    """Give this process and those that it starts a home of their own: no user's git, keys or proxies."""
    home.mkdir(parents=True, exist_ok=True)
    own = ("GIT_", "GITGEN_", "OPENAI_", "AIDER_", "XDG_")
    for name in list(os.environ):
        if name.startswith(own) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(HOME=str(home), GIT_CONFIG_NOSYSTEM="1", NO_COLOR="1")


def run(folder: Path, *command: str | Path, stdin: bytes = b"") -> bytes:
    """Run a command in a folder; its standard output. Raises CalledProcessError, with what it said, if it fails."""
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True)
    if done.returncode != 0:
        sys.stderr.write(done.stderr.decode("utf-8", "replace"))
    done.check_returncode()
    return done.stdout


def most_memory(folder: Path, *command: str) -> int:
    """The most memory that a command, or a process that it started, had at a time, in MB."""
    weigh = Path(__file__).with_name("weigh.py")
    return int(run(folder, sys.executable, "-S", weigh, *command).splitlines()[-1]) // 1024


def git(folder: Path, *args: str, stdin: bytes = b"") -> bytes:
    """Run git in a folder; its standard output."""
    return run(folder, "git", *args, stdin=stdin)


def gitgen() -> tuple[str, ...]:
    """The command line of this gitgen, as it was installed or else from the checkout."""
    script = Path(sys.executable).with_name("gitgen")
    return (str(script),) if script.exists() else (sys.executable, "-m", "gitgen")


def repository_of(files: int, root: Path) -> Path:
    """A repository of so many files with `main` checked out, kept under `root` from run to run."""
    folder = root / f"files-{files}"
    if not folder.exists():
        making = root / f"making-{files}"
        shutil.rmtree(making, ignore_errors=True)
        git(root, "init", "-q", "-b", "main", making.name)
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.org"), ("gc.auto", "0")):
            git(making, "config", key, value)
        git(making, "fast-import", "--quiet", "--done", stdin=b"".join(_import(files)))
        git(making, "reset", "-q", "--hard", "main")
        making.rename(folder)
    _as_new(folder)
    return folder


def content_of(number: int) -> bytes:
    """A module of about 2 kB, like no other one."""
    lines = (f"def part_{line}(x):\n    return x * {number} + {line}\n\n\n" for line in range(48))
    return f"RUNS_OF_{number} = 0\n\n\n{''.join(lines)}".encode()


def path_of(number: int) -> str:
    """The path of the file of this number."""
    return f"part{number // FOLDER_SIZE:03d}/module{number % FOLDER_SIZE:02d}.py"


def _import(files: int) -> Iterator[bytes]:
    yield b"feature done\ncommit refs/heads/main\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 6\nBegin\n\n"
    for number in range(files):
        content = content_of(number)
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (path_of(number).encode(), len(content), content)
    yield b"\ndone\n"


def _as_new(folder: Path) -> None:
    """Take back what earlier runs left."""
    git(folder, "switch", "-q", "-f", "main")
    first = git(folder, "rev-list", "--max-parents=0", "main").decode().strip()
    git(folder, "reset", "-q", "--hard", first)
    refs = git(folder, "for-each-ref", "--format=delete %(refname)", "refs/heads/*/**", "refs/gitgen")
    git(folder, "update-ref", "--stdin", stdin=refs)
