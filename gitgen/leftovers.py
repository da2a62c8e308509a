"""What was left behind by commands that were killed, and what becomes of it; nothing is looked for in the work tree."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from gitgen import user_cache
from gitgen.progress import ASIDE, under_way
from gitgen.repository import Repository, checkout
from gitgen.repository.advance import BEHIND

CLEAN = "gitgen doctor --clean"
_LOCKS = ("*.lock", "refs/heads/gitgen/**/*.lock", "refs/gitgen/**/*.lock")


@dataclass(frozen=True)
class Leftover:
    """What there is, and the command for it; `garbage` can be removed, for nobody could miss it."""

    what: str
    mend: str
    garbage: tuple[Path, ...] = ()


def of_repository(repository: Repository) -> Iterator[Leftover]:
    """What lies in a repository: steps to go on with, replies kept aside, locks, and what a dying git wrote."""
    for ref in repository.refs(BEHIND):
        branch = ref.removeprefix(BEHIND)
        yield Leftover(f"the work tree of {branch} has not followed it", f"gitgen resume {branch}")
    for branch in under_way(repository):
        yield Leftover(
            f"a step is under way on {branch}, or was interrupted",
            f"gitgen resume {branch} (or: gitgen resume --drop {branch})",
        )
    for ref in repository.refs(ASIDE):
        yield Leftover(f"a reply is kept as {ref}", f"git show {ref}; git update-ref -d {ref} forgets it")
    common = repository.common
    for lock in sorted({path for pattern in _LOCKS for path in common.glob(pattern)}):
        yield Leftover(f"{lock} is there{_age(lock)}", f"if no git is at work there any more: rm -f {quote(str(lock))}")
    yield from _garbage("reports of a git that died", common.glob("fast_import_crash_*"))


def of_machine() -> Iterator[Leftover]:
    """What lies in the cache and among the temporary files: of runs, of bugs, of replies that git did not take."""
    yield from _garbage("files of runs that are over", checkout.stale())
    logs = list(user_cache.folder().glob("bug-*.log"))
    if logs:
        where = quote(str(user_cache.folder()))
        yield Leftover(
            f"{len(logs)} report{'s' * (len(logs) > 1)} of bugs", f"send them in, then: rm {where}/bug-*.log"
        )
    for folder in dict.fromkeys((Path(tempfile.gettempdir()), user_cache.folder("kept"))):
        for reply in sorted(folder.glob("gitgen-*.json")):
            if reply.stat().st_uid == os.getuid():
                name = quote(str(reply))
                mend = f"gitgen resume --kept {name}, in its repository; or: rm {name}"
                yield Leftover(f"{reply} is a reply that git could not take", mend)


def clean(leftovers: Iterable[Leftover]) -> int:
    """Remove what is garbage; how many files and folders that were."""
    paths = [path for leftover in leftovers for path in leftover.garbage]
    for path in paths:
        checkout.discard(path)
    return len(paths)


def _garbage(what: str, found: Iterable[Path]) -> Iterator[Leftover]:
    paths = tuple(sorted(found))
    if paths:
        yield Leftover(
            f"{what}: {', '.join(path.name for path in paths[:3])}{', ...' * (len(paths) > 3)}", CLEAN, paths
        )


def _age(path: Path) -> str:
    with suppress(OSError):
        return f", {max(0, time.time() - path.stat().st_mtime):.0f} s old"
    return ""
