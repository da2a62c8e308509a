"""What git's hooks about a commit's message do with a file. Git waits for them at every commit: nothing heavy here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

PREPARE, CHECK = "prepare-commit-msg", "commit-msg"
"""The hooks by git's names for them (man githooks)."""


def run(name: str, file: Path, more: Sequence[str], environ: Mapping[str, str]) -> None:
    """Do what the hook of this name does with a message, `more` being what git gives it beside the file.

    GitgenError if the message must not be taken as it is.
    """
    if name == CHECK:
        _check(file)
        return
    source = more[0] if more else environ.get("PRE_COMMIT_COMMIT_MSG_SOURCE", "")
    if source == "squash":
        _lift(file, file)
    elif source == "message":
        # `git commit -m` leaves the text of the squash aside; git deletes it when it has been committed.
        _lift(file, file.with_name("SQUASH_MSG"))


def _check(file: Path) -> None:
    message = _read(file)
    if "Gitgen-" not in message:
        return
    from gitgen.errors import GitgenError
    from gitgen.record import squash

    wrong = squash.broken(message)
    if wrong:
        raise GitgenError(wrong, "put them back as they were: git log -1 shows them; or: git commit --no-verify")


def _lift(file: Path, told: Path) -> None:
    """Give a message the trailers of the steps that another one tells of."""
    if not told.exists() or "Gitgen-" not in (squashed := _read(told)):
        return
    from gitgen.record import squash

    message = _read(file)
    better = squash.lifted(message, squashed)
    if better != message:
        file.write_text(better, encoding="utf-8", errors="surrogateescape")


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="surrogateescape")
