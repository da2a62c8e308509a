"""The tasks of a bench: read from folders, and kept in the results' repository, a ref for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.values import EXECUTABLE, REGULAR, Blob, Changes

REFS = "refs/gitgen/tasks/"
PROMPTS = ("prompt", "main_prompt")
"""The name of a prompt; gpt-engineer's benchmarks had the second for a while."""
FILES, TESTS, CHECK, FEEDBACK = "files", "tests", "check", "feedback"
CHECK_OF_PYTHON = b"python3 -m pytest -q\n"
"""What checks a task with tests in Python and no check of its own."""
_LEFT_OUT = (".git", "__pycache__", ".pytest_cache", ".DS_Store")


@dataclass(frozen=True)
class Task:
    """A task as it stands in Git: `oid` is a commit of its folder, whose parent is the commit that its runs begin from.

    `tree` is the id by which a task is the same task in every clone.
    """

    name: str
    oid: str
    tree: str
    base: str
    """Empty where a run begins with nothing."""
    prompt: str
    feedback: tuple[str, ...]
    """What is asked for after the prompt, one after the other."""
    checked: bool
    """Whether there is something that tells a right result from a wrong one."""


def folders(suite: Path) -> tuple[Path, ...]:
    """The folders of a suite that are tasks, in order; GitgenError if there is none."""
    found = tuple(folder for folder in sorted(suite.iterdir()) if _prompt_of(folder)) if suite.is_dir() else ()
    if not found:
        raise GitgenError(f"There is no task in {suite}", "a task is a folder with a file `prompt`: docs/bench.md")
    return found


def read(folder: Path) -> dict[str, Blob]:
    """The files of a task's folder, with the check that its tests imply; GitgenError if it cannot be run."""
    found = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    kept = {name: path for name, path in found.items() if not set(name.split("/")) & set(_LEFT_OUT)}
    try:
        blobs = {name: Blob(path.read_bytes(), _mode(path)) for name, path in kept.items()}
    except OSError as error:
        raise GitgenError(f"{error.filename} cannot be read: {error.strerror}", "mend that, then the same") from None
    prompt = _prompt_of(folder)
    assert prompt is not None
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", folder.name) or ".." in folder.name:
        raise GitgenError(f"{folder.name!r} cannot be the name of a task", "letters, digits, '-', '_' and '.'")
    if not blobs[prompt.name].content.strip():
        raise GitgenError(f"The prompt of the task {folder.name} is empty", f"write one into {prompt}")
    tests = [name for name in blobs if name.startswith(f"{TESTS}/")]
    if tests and CHECK not in blobs:
        if not any(name.endswith(".py") for name in tests):
            raise GitgenError(
                f"The task {folder.name} has tests, but nothing runs them", f"write a script for sh: {folder / CHECK}"
            )
        blobs[CHECK] = Blob(CHECK_OF_PYTHON)
    return blobs


def keep(repository: Repository, folder: Path) -> Task:
    """Put a task's folder under its ref, unless it stands there; GitgenError if another version of it does."""
    files, ref = read(folder), REFS + folder.name
    start = {name.removeprefix(f"{FILES}/"): blob for name, blob in files.items() if name.startswith(f"{FILES}/")}
    whole = _commit(repository, f"The task {folder.name}", files)
    tree, there = repository.git.id_of(f"{whole}^{{tree}}"), repository.resolve(ref)
    if there is None:
        base = _commit(repository, "Begin", start) if start else None
        message = f"The task {folder.name}\n"
        repository.move(ref, repository.commit_tree(base, message, tree, sign=False), None, "add a task")
    elif repository.git.id_of(f"{there}^{{tree}}") != tree:
        raise GitgenError(
            f"The task {folder.name} is not as it was when its runs were made",
            "give another repository for the results: --results DIR",
        )
    return load(repository, folder.name)


def load(repository: Repository, name: str) -> Task:
    """The task of a name; GitgenError if the repository has none."""
    oid = repository.resolve(REFS + name)
    if oid is None:
        raise GitgenError(f"There is no task {name} in {repository.git.folder}", "the same again, from the start")
    tree = repository.tree(oid)
    entries = [entry.path for entry in tree.children()]
    prompt = next(tree[path] for path in PROMPTS if path in entries)
    feedback = (tree[path] for path in entries if path.startswith(FEEDBACK) and path in tree)
    return Task(
        name,
        oid,
        repository.git.id_of(f"{oid}^{{tree}}"),
        repository.resolve(f"{oid}^") or "",
        _text(prompt),
        tuple(map(_text, feedback)),
        CHECK in entries,
    )


def laid_over(repository: Repository, task: str) -> Iterator[tuple[str, Blob]]:
    """What is put over a result to check it: the tests at their places, and the check, where no model can write."""
    oid = repository.resolve(REFS + task)
    tree = repository.tree(oid)
    for entry in tree.walk(TESTS):
        yield entry.path.removeprefix(f"{TESTS}/"), Blob(tree[entry.path], entry.mode)
    yield f".gitgen/{CHECK}", Blob(tree[CHECK], EXECUTABLE)


def _commit(repository: Repository, subject: str, files: Changes) -> str:
    return repository.commit(None, f"{subject}\n", files, repository.tree(None), sign=False)


def _prompt_of(folder: Path) -> Path | None:
    if not folder.is_dir():
        return None
    return next((folder / name for name in PROMPTS if (folder / name).is_file()), None)


def _mode(path: Path) -> str:
    return EXECUTABLE if path.stat().st_mode & 0o100 else REGULAR


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\r\n", "\n").strip()
