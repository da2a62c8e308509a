"""What commits changed, each against its first parent: many at once, by one `git diff-tree --stdin`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitgen.record import FOLDER
from gitgen.repository import Repository
from gitgen.state.commits import Commit

PROGRAM = (".", f":(exclude,top){FOLDER}")
"""All paths but gitgen's own, as pathspecs."""


@dataclass(frozen=True)
class Stat:
    """How much a commit changed, gitgen's own files left out."""

    files: int = 0
    insertions: int = 0
    deletions: int = 0


@dataclass(frozen=True)
class Change:
    """One changed path, a folder's included: mode and object before and after; both empty where it was not there."""

    path: str
    old: tuple[str, str]
    new: tuple[str, str]


def stats(repository: Repository, commits: Sequence[Commit]) -> dict[str, Stat]:
    """The stat of each commit, by its id."""
    words = _diff_tree(repository, commits, "--numstat", "-M", "--", *PROGRAM)
    found, oid = dict.fromkeys((commit.oid for commit in commits), Stat()), ""
    for word in words:
        if "\t" not in word:
            oid = word
            continue
        insertions, deletions, path = word.split("\t", 2)
        if not path:  # A rename: its two paths follow.
            next(words), next(words)
        before = found[oid]
        found[oid] = Stat(
            before.files + 1,
            before.insertions + _number(insertions),
            before.deletions + _number(deletions),
        )
    return found


def changes(repository: Repository, commits: Sequence[Commit]) -> dict[str, tuple[Change, ...]]:
    """The changed paths of each commit, by its id; gitgen's own are among them, and the folders above."""
    words = _diff_tree(repository, commits, "--raw", "-t", "--no-renames", "--no-abbrev")
    found: dict[str, list[Change]] = {commit.oid: [] for commit in commits}
    oid = ""
    for word in words:
        if not word.startswith(":"):
            oid = word
            continue
        old_mode, new_mode, old, new, _ = word[1:].split(" ")
        found[oid].append(Change(next(words), _entry(old_mode, old), _entry(new_mode, new)))
    return {oid: tuple(changed) for oid, changed in found.items()}


def _diff_tree(repository: Repository, commits: Sequence[Commit], *args: str) -> Iterator[str]:
    pairs = "".join(f"{commit.oid} {commit.parent}".rstrip() + "\n" for commit in commits)
    options = ("diff-tree", "--stdin", "--root", "-r", "-z", "--ignore-submodules=none")
    output = repository.git.run(*options, *args, stdin=pairs.encode())
    return iter(output.decode("utf-8", "surrogateescape").split("\0")[:-1])


def _entry(mode: str, oid: str) -> tuple[str, str]:
    return ("", "") if mode == "000000" else (mode, oid)


def _number(text: str) -> int:
    """The number of lines; a binary file has none, and git prints `-`."""
    return int(text) if text.isdigit() else 0
