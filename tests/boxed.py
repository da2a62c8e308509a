"""What the tests that run programs share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitgen.errors import GitgenError
from gitgen.running.sandbox import check_bubblewrap


def _missing() -> str:
    try:
        check_bubblewrap()
    except GitgenError as error:
        return error.what
    return ""


needs_bubblewrap = pytest.mark.skipif(bool(_missing()), reason=_missing() or "bubblewrap works")


def running(word: str) -> list[str]:
    """The command lines of this machine's processes that have this word among their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if word.encode() in words:
            found.append(" ".join(map(bytes.decode, words)))
    return found


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until something holds; a test that waits for a minute has failed."""
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)
