"""`gitgen context`: the first ranking of a repository, the next ones, and the one after a commit of three files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks import Scale
from benchmarks.ground import content_of, git, gitgen, most_memory, path_of, repository_of, run
from benchmarks.measure import Contender, Row, race

FEEDBACK = "part_7 in module03 of part000 returns the wrong value"
MIDDLE, COLD_LIMIT = 2000, 2.0


def rows(scale: Scale) -> Iterator[Row | str]:
    """Cold, in the middle size and once in the largest; then warm, beside gitgen's own start-up."""
    middle = min(MIDDLE, max(scale.sizes))
    yield from race([_cold(repository_of(middle, scale.root), middle)], scale.runs)
    files = max(scale.sizes)
    folder = repository_of(files, scale.root)
    cold = _cold(folder, files)
    cold.prepare()
    began = time.perf_counter()
    most = most_memory(folder, *gitgen(), "context", FEEDBACK)
    yield f"{cold.name}, once: {time.perf_counter() - began:.1f} s, {most} MB at most"
    start_up = Contender("gitgen context --status", lambda: run(folder, *gitgen(), "context", "--status"))
    yield from race([start_up, _warm(folder, files), _changed(folder, files)], scale.runs)


def _context(folder: Path) -> None:
    run(folder, *gitgen(), "context", FEEDBACK)


def _cold(folder: Path, files: int) -> Contender:
    limit = COLD_LIMIT if files == MIDDLE else None
    clear = lambda: run(folder, *gitgen(), "context", "--clear-cache")  # noqa: E731
    return Contender(f"gitgen context, {files} files, no cache", lambda: _context(folder), clear, limit)


def _warm(folder: Path, files: int) -> Contender:
    return Contender(f"gitgen context, {files} files, warm", lambda: _context(folder))


def _changed(folder: Path, files: int) -> Contender:
    numbers = count(files)

    def commit() -> None:
        for number in range(3):
            (folder / path_of(number)).write_bytes(content_of(next(numbers)))
        git(folder, "commit", "-qam", "Change three files")

    return Contender(f"gitgen context, {files} files, three changed", lambda: _context(folder), commit)
