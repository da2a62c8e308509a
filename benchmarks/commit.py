"""The commit of a step alone: ten changed files of 2 kB each, beside `git add FILES && git commit`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks import Scale
from benchmarks.ground import content_of, git, path_of, repository_of
from benchmarks.measure import Contender, Row, race
from gitgen.git import Git
from gitgen.repository import HEADS, Repository
from gitgen.values import Blob

CHANGED = tuple(path_of(number) for number in range(10))
BRANCH = "by/gitgen"


def rows(scale: Scale) -> Iterator[Row | str]:
    """The step's commit, written and its branch moved, at the largest size."""
    files = max(scale.sizes)
    folder = repository_of(files, scale.root)
    git(folder, "branch", "-f", BRANCH, "main")
    numbers = count(1)
    yield from race((_by_git(folder, files, numbers), _by_gitgen(folder, files, numbers)), scale.runs * 2)


def _by_git(folder: Path, files: int, numbers: Iterator[int]) -> Contender:
    def prepare() -> None:
        number = next(numbers)
        for path in CHANGED:
            (folder / path).write_bytes(content_of(files + number))

    def add_and_commit() -> None:
        git(folder, "add", *CHANGED)
        git(folder, "commit", "-q", "-m", "Change ten files")

    return Contender(f"git add && git commit, 10 of {files} files", add_and_commit, prepare)


def _by_gitgen(folder: Path, files: int, numbers: Iterator[int]) -> Contender:
    def step() -> None:
        # A repository of its own each time: nothing that an earlier run asked git for is known any more.
        repository = Repository(Git(folder), folder)
        tip = repository.tip(BRANCH)
        assert tip is not None
        blob = Blob(content_of(files + next(numbers)))
        changes = dict.fromkeys(CHANGED, blob)
        oid = repository.commit(tip, "Change ten files\n", changes, repository.tree(tip))
        repository.move(HEADS + BRANCH, oid, tip, "benchmark")
        repository.git.close()

    return Contender(f"the step's commit, 10 of {files} files", step, share=0.2)
