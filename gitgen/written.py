"""What this process has written and no ref holds yet, made safe from git's own housekeeping.

`git gc --prune=now` deletes what no ref reached when it looked, also what was written since (man git-gc, "NOTES"). It
knows nothing of a pack that came later: so what is written beside it goes into one as soon as a ref holds it, and is
written again if it was deleted before that.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitgen.git import Git, GitFailed

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 20


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
        oid = self.attempt(lambda: self._run(made))
        self._commits[oid] = made
        return oid

    def attempt(self, work: Callable[[], str]) -> str:
        """What `work` gives; a second time, on all that was written again, where housekeeping may have made it fail."""
        self._look()
        try:
            return work()
        except GitFailed:
            if not self.again():
                raise
            return work()

    def note(self, oid: str, made: Made) -> None:
        """Note that the commit `oid` has been written by other means, and how it can be so again."""
        self._commits[oid] = made

    def again(self) -> bool:
        """Write all of it again if housekeeping was under way, or is; whether that was so."""
        if self._look():
            for made in self._commits.values():
                self._run(made)
        return self._beside

    def held(self) -> None:
        """A ref holds it now: put it into a pack if housekeeping was under way, or is. GitFailed if it is gone."""
        if self._look():
            self._pack()
        self._commits.clear()
        self._beside = False

    def _look(self) -> bool:
        self._beside = self._beside or _housekeeping(self._common() / "gc.pid")
        return self._beside

    def _run(self, made: Made) -> str:
        return self._git.run(*made.command, stdin=made.stdin).decode().strip()

    def _pack(self) -> None:
        before = {f"^{made.parent}" for made in self._commits.values() if made.parent not in (None, *self._commits)}
        revisions = "".join(f"{line}\n" for line in (*self._commits, *sorted(before))).encode()
        name = str(self._common() / "objects" / "pack" / "pack")
        for tries in range(TRIES):
            try:
                self._git.run("pack-objects", "--revs", "-q", name, stdin=revisions)
                return
            except GitFailed:
                if tries == TRIES - 1:
                    raise
            self.again()


def _housekeeping(note: Path) -> bool:
    """Whether the `git gc` that has written this note, its process and host, still runs."""
    with suppress(OSError, ValueError):
        process, _, host = note.read_text(errors="replace").strip().partition(" ")
        if host != socket.gethostname():
            return True
        with suppress(PermissionError):
            os.kill(int(process), 0)
        return True
    return False
