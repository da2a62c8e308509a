"""A whole `gitgen fix`: the endpoint answers at once, so all of it is gitgen's own time."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks import Scale
from benchmarks.endpoint import MODEL, canned
from benchmarks.ground import COUNTED, EDITED, ROOT, git, gitgen, repository_of, run
from benchmarks.measure import Contender, Row, race

LIMITS = {20: 0.9, 100_000: 1.2}
SMALL = 100
"""A tree of no more files than this is shown to the model as a whole; in a larger one the file is named."""


def rows(scale: Scale) -> Iterator[Row | str]:
    """The same edit by git, by gitgen on a session and beginning one, and by aider if there is one."""
    with canned() as base_url:
        for files in scale.sizes:
            folder = repository_of(files, scale.root)
            client = Contender("python -c 'import openai'", lambda: run(ROOT, sys.executable, "-c", "import openai"))
            contenders = [_by_git(folder, files), client, *_by_gitgen(folder, files, base_url)]
            aider = os.environ.get("AIDER") or shutil.which("aider")
            if aider and not scale.quick:
                contenders.append(_by_aider(folder, files, base_url, aider))
            yield from race(contenders, scale.runs)


def _by_git(folder: Path, files: int) -> Contender:
    git(folder, "branch", "-f", "by/hand", "main")
    number = count(1)

    def prepare() -> None:
        git(folder, "switch", "-q", "by/hand")
        text = (folder / EDITED).read_text()
        (folder / EDITED).write_text(f"{COUNTED} = {next(number)}\n{text.partition(chr(10))[2]}")

    def add_and_commit() -> None:
        git(folder, "add", EDITED)
        git(folder, "commit", "-q", "-m", "Count")

    return Contender(f"git add && git commit, {files} files", add_and_commit, prepare)


def _by_gitgen(folder: Path, files: int, base_url: str) -> tuple[Contender, Contender]:
    named = () if files <= SMALL else ("--file", EDITED)
    number = count(1)

    def fix(*args: str) -> None:
        run(folder, *gitgen(), "fix", "Count one run more", "--base-url", base_url, "--model", MODEL, *named, *args)

    def begin() -> None:
        fix("--name", f"begun-{next(number)}")

    begin()
    limit = LIMITS.get(files)
    return (
        Contender(
            f"gitgen fix, {files} files, session checked out",
            fix,
            lambda: git(folder, "switch", "-q", "gitgen/begun-1"),
            limit,
        ),
        Contender(
            f"gitgen fix, {files} files, session begins",
            begin,
            lambda: git(folder, "switch", "-q", "main"),
            limit,
        ),
    )


def _by_aider(folder: Path, files: int, base_url: str, aider: str) -> Contender:
    git(folder, "branch", "-f", "by/aider", "main")
    options = (
        *("--model", f"openai/{MODEL}", "--openai-api-base", base_url, "--openai-api-key", "none"),
        *("--edit-format", "udiff", "--map-tokens", "0", "--no-show-model-warnings", "--no-check-update"),
        *("--no-show-release-notes", "--analytics-disable", "--no-gitignore", "--no-pretty", "--yes-always"),
    )
    return Contender(
        f"aider, {files} files, no repo map",
        lambda: run(folder, aider, *options, "--message", "Count one run more", EDITED),
        lambda: git(folder, "switch", "-q", "by/aider"),
    )
