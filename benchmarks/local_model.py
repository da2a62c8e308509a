"""`python -m benchmarks.local_model GGUF`: what comes of small prompts and edits with a model on this machine.

Each prompt of `prompts/` goes through `gitgen new --steps simple`, each edit of `edits/` through `gitgen fix`. What
they made is run in the sandbox by `gitgen run`, and is right if it prints what is expected. Exit status 1 below the
floor.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ground import git, gitgen, seal

HERE = Path(__file__).parent
SECONDS = "20"
"""So long a program may run: none of them needs a second."""


@dataclass(frozen=True)
class Result:
    """What came of one prompt or edit; `said` is what a wrong program printed, or why there is none."""

    name: str
    parseable: bool
    runs: bool
    right: bool
    seconds: float
    said: str


@dataclass(frozen=True)
class Kind:
    """A folder of cases, what makes a session of one, and how many must be parseable and right."""

    folder: str
    make: Callable[[Path, Path, str], subprocess.CompletedProcess[str]]
    parseable: int
    right: int

    def results(self, ground: Path, model: str) -> Iterator[Result]:
        """Try each case in a repository of its own below `ground`."""
        for case in sorted((HERE / self.folder).iterdir()):
            began = time.monotonic()
            made = self.make(case, ground / case.name, model)
            yield _tried(case, ground / case.name, made, began)


def main() -> int:
    """Print a line for each case when it is known, and the sums; 1 if these are below the floor."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.local_model", description=__doc__)
    parser.add_argument("model", metavar="GGUF", type=Path, help="the file of a model")
    model = parser.parse_args().model.expanduser().resolve()
    if not model.is_file():
        parser.error(f"there is no file {model}")
    with TemporaryDirectory() as folder:
        ground = Path(folder)
        seal(ground / "home")
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
            git(ground, "config", "--global", key, value)
        reached = [_reached(kind, ground, str(model)) for kind in KINDS]
    return 0 if all(reached) else 1


def _new(case: Path, repository: Path, model: str) -> subprocess.CompletedProcess[str]:
    prompt = ("--prompt-file", str(case / "prompt"), "--name", case.name)
    return _gitgen(repository.parent, "new", str(repository), *prompt, "--steps", "simple", *_asking(model))


def _fix(case: Path, repository: Path, model: str) -> subprocess.CompletedProcess[str]:
    shutil.copytree(case / "files", repository)
    git(repository, "init", "-q")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Begin")
    feedback = (case / "feedback").read_text(encoding="utf-8")
    return _gitgen(repository, "fix", feedback, "--name", case.name, *_asking(model))


KINDS = (Kind("prompts", _new, parseable=10, right=6), Kind("edits", _fix, parseable=0, right=4))


def _asking(model: str) -> tuple[str, ...]:
    return ("--model", model, "--temperature", "0", "--quiet", "--time-limit", SECONDS)


def _tried(case: Path, repository: Path, made: subprocess.CompletedProcess[str], began: float) -> Result:
    branch = f"gitgen/{case.name}"
    log = _gitgen(repository, "log", branch, "--json") if repository.is_dir() else made
    # The first step is the one that writes the program, or the edit.
    steps = json.loads(log.stdout) if log.returncode == 0 and log.stdout else []
    if not any(step["step"] in ("generate", "fix") and step["status"] == "ok" for step in steps):
        return Result(case.name, False, False, False, time.monotonic() - began, made.stderr)
    command = (case / "run").read_text(encoding="utf-8")
    ran = _gitgen(repository, "run", branch, "--json", "--time-limit", SECONDS, "--command", command)
    if not ran.stdout:
        return Result(case.name, True, False, False, time.monotonic() - began, ran.stderr)
    told = json.loads(ran.stdout)
    right = _words(told["output"]) == _words((case / "expected").read_text(encoding="utf-8"))
    return Result(case.name, True, told["exit_code"] == 0, right, time.monotonic() - began, told["output"])


def _words(output: str) -> list[list[str]]:
    """The lines of an output, without regard to white space."""
    return [line.split() for line in output.splitlines() if line.strip()]


def _gitgen(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [*gitgen(), *args]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def _reached(kind: Kind, ground: Path, model: str) -> bool:
    _say(f"{kind.folder:<16}{'parseable':>10}{'runs':>6}{'right':>7}{'seconds':>9}")
    results = []
    for result in kind.results(ground, model):
        results.append(result)
        said = "" if result.right else "   " + " | ".join(result.said.split("\n"))[-80:].strip()
        _say(_row(result.name, result.parseable, result.runs, result.right) + f"{result.seconds:>9.1f}{said}".rstrip())
    parseable = sum(result.parseable for result in results)
    right = sum(result.right for result in results)
    reached = parseable >= kind.parseable and right >= kind.right
    floor = f"parseable {kind.parseable}, right {kind.right}" if kind.parseable else f"right {kind.right}"
    sums = _row(f"of {len(results)}", parseable, sum(result.runs for result in results), right)
    _say(f"{sums}   floor: {floor}: {'met' if reached else 'missed'}\n")
    return reached


def _row(name: str, *counts: int) -> str:
    return f"{name:<16}" + "".join(f"{int(count):>{width}}" for count, width in zip(counts, (10, 6, 7), strict=True))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("LANG", "C.UTF-8")
    sys.exit(main())
