"""What this process has written and no ref holds yet, made safe from git's own housekeeping.

`git gc --prune=now` deletes what no ref reached when it looked, also what is being written (man git-gc, "NOTES"). It
knows nothing of a pack that came later: so what was written beside it goes into one as soon as a ref holds it, and is
written again if it was deleted before that.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from gitgen.git import Git, GitFailed

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds in which a piece of work that housekeeping makes fail is tried again."""
STALE = 12 * 3600
"""Seconds after which git itself takes a `gc.pid` for one that a dead process has left (its builtin/gc.c)."""


@dataclass(frozen=True)
class Made:
    """How a commit was written: the command of git and what it read; and the commit's parent."""

    command: tuple[str, ...]
    stdin: bytes
    parent: str | None


class Written:
    """The commits that this process has written since it last moved a ref; `common` gives the folder of Git's own."""

    def __init__(self, git: Git, common: Callable[[], Path]) -> None:
        self._git = git
        self._common = common
        self._commits: dict[str, Made] = {}
        self._beside = False
        """Whether housekeeping was seen since the last move."""

    def write(self, made: Made) -> str:
        """Write a commit; its id. GitFailed if git cannot."""
        self._look()
        oid = self.attempt(lambda: self._run(made))
        self._commits[oid] = made
        return oid

    def note(self, oid: str, made: Made) -> None:
        """Note that the commit `oid` has been written by other means, and how it can be so again."""
        self._commits[oid] = made

    def attempt(self, work: Callable[[], T]) -> T:
        """What `work` gives; tried again, on all that was written again, where housekeeping may have made it fail."""
        until = None
        while True:
            try:
                if until:
                    self._write_again()
                return work()
            except GitFailed:
                now = time.monotonic()
                until = until or now + PATIENCE
                if now > until or not (self._look() or self._is_torn()):
                    raise

    def held(self) -> None:
        """A ref holds it now: put it into a pack if housekeeping was under way, or is. GitFailed if it is gone."""
        if self._commits and self._look():
            name = str(self._common() / "objects" / "pack" / "pack")
            self.attempt(lambda: self._git.run("pack-objects", "--revs", "-q", name, stdin=self._revisions()))
        self._commits.clear()
        self._beside = False

    def _look(self) -> bool:
        self._beside = self._beside or _housekeeping(self._common() / "gc.pid")
        return self._beside

    def _is_torn(self) -> bool:
        """Whether anything of what was written is gone."""
        if self._commits:
            try:
                self._git.run("rev-list", "--objects", "--quiet", "--stdin", stdin=self._revisions())
            except GitFailed:
                self._beside = True
                return True
        return False

    def _write_again(self) -> None:
        if self._is_torn():
            for made in self._commits.values():
                self._run(made)

    def _run(self, made: Made) -> str:
        return self._git.run(*made.command, stdin=made.stdin).decode().strip()

    def _revisions(self) -> bytes:
        """What is new in these commits (man git-rev-list): they, and not what they stand on."""
        below = {f"^{made.parent}" for made in self._commits.values() if made.parent not in (None, *self._commits)}
        return "".join(f"{line}\n" for line in (*self._commits, *sorted(below))).encode()


def _housekeeping(note: Path) -> bool:
    """Whether the `git gc` that has written this note, its process and host, still runs."""
    with suppress(OSError, ValueError):
        process, _, host = note.read_text(errors="replace").strip().partition(" ")
        if time.time() - note.stat().st_mtime > STALE:
            return False
        if host != socket.gethostname():
            return True
        with suppress(PermissionError):
            os.kill(int(process), 0)
        return True
    return False
