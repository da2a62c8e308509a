"""Reading a long session: log, usage, verify and the state that a resume starts from, beside `git log`."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import Scale
from benchmarks.ground import git, gitgen, most_memory, run
from benchmarks.measure import Contender, Row, race
from benchmarks.session import sessions_of
from gitgen.git import Git
from gitgen.progress import progress_of
from gitgen.repository import Repository
from gitgen.state.chats import chat_path, prompt_path
from gitgen.state.commits import Session
from gitgen.state.log import load

SHOWN = ("Step", "Status", "Total-Tokens", "Model")
COUNTED = ("Step", "Model", "Prompt-Tokens", "Cached-Tokens", "Completion-Tokens", "Total-Tokens")
"""The trailers that `gitgen log` shows, and those that `gitgen usage` adds up."""
TWICE = 2.0
FIRST_SCREEN = 0.2
RATE = 500
"""Steps that are to be verified in a second, at least."""
MEMORY = 150
"""Megabytes."""


def rows(scale: Scale) -> Iterator[Row | str]:
    """The figures at 10,000 steps in 20,000 files; those of a resume beside a session of 100."""
    short, steps, files = (5, 30, 20) if scale.quick else (100, 10_000, 20_000)
    folder, (small, large) = sessions_of((short, steps), files, scale.root)
    git(folder, "switch", "-q", large)
    yield f"a session of {steps} steps in {files} files"
    yield from race((_by_git(folder, "log", SHOWN, large), _by_gitgen(folder, "log")), scale.runs)
    yield from race((_by_git(folder, "log --shortstat", SHOWN, large), _by_gitgen(folder, "log", "--stat")), scale.runs)
    yield from race((_by_git(folder, "log", COUNTED, large), _by_gitgen(folder, "usage", "--by", "model")), scale.runs)
    yield from race(
        (Contender("gitgen log, first screen", lambda: _first_screen(folder), limit=FIRST_SCREEN),), scale.runs
    )
    verified = min(1000, steps)
    span = f"{large}~{verified}..{large}" if verified < steps else large
    count = int(run(folder, *gitgen(), "verify", span).split()[0])
    contender = Contender(f"gitgen verify, {count} steps", _gitgen(folder, "verify", span), limit=count / RATE)
    (row,) = race((contender,), scale.runs)
    yield row
    yield f"verified in a second: {count / row.seconds:.0f} steps (at least {RATE})"
    yield from _resume(folder, small, large, scale.runs * 4)
    yield from (_memory(folder, *args) for args in (("log",), ("log", "--stat"), ("usage",), ("verify", span)))


def _by_git(folder: Path, command: str, trailers: tuple[str, ...], branch: str) -> Contender:
    format_ = " ".join(
        ("%h %s %an %ar", *(f"%(trailers:key=Gitgen-{key},valueonly,separator=%x20)" for key in trailers))
    )
    arguments = (*command.split(), "--first-parent", f"--format={format_}", f"main..{branch}")
    named = f"git {command}, {len(trailers)} trailers"
    return Contender(named, lambda: git(folder, *arguments))


def _by_gitgen(folder: Path, *args: str) -> Contender:
    return Contender(f"gitgen {' '.join(args)}", _gitgen(folder, *args), share=TWICE)


def _gitgen(folder: Path, *args: str) -> Callable[[], object]:
    return lambda: run(folder, *gitgen(), *args)


def _first_screen(folder: Path) -> None:
    """Run `gitgen log` on a terminal, in a pager that leaves after a screen."""
    master, slave = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "GIT_PAGER": "sed 50q >/dev/null"}
    try:
        subprocess.run((*gitgen(), "log"), cwd=folder, env=environ, stdout=slave, check=True)
    finally:
        os.close(master)
        os.close(slave)


def _resume(folder: Path, small: str, large: str, runs: int) -> list[Row]:
    """What a resume reads beyond the log: the step under way, what is left, the prompt, the place of the next chat."""

    def state(session: Session) -> Callable[[], object]:
        def read() -> None:
            repository = Repository(Git(folder), folder)
            progress_of(repository, session.branch)
            tree = repository.tree(session.tip)
            assert session.failed() is None and tree[prompt_path(session.name)]
            chat_path(session.name, tree, "fix")
            repository.git.close()

        return read

    repository = Repository(Git(folder), folder)
    sessions = [load(repository, branch) for branch in (small, large)]
    repository.git.close()
    return race(
        [
            Contender(f"resume's state beyond its log, {len(s.steps)} steps", state(s), share=None if n == 0 else TWICE)
            for n, s in enumerate(filter(None, sessions))
        ],
        runs,
    )


def _memory(folder: Path, *args: str) -> str:
    """The most memory that gitgen, or a git that it started, had at a time."""
    most = most_memory(folder, *gitgen(), *args)
    verdict = "met" if most < MEMORY else "missed"
    return f"memory of gitgen {' '.join(args[:2])}: {most} MB   under {MEMORY} MB: {verdict}"
