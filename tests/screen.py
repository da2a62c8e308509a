"""A run of gitgen on a real terminal, which a test reads and types into."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.scripted import Endpoint


class Screen:
    """A run of gitgen whose terminal is read by this test."""

    def __init__(self, folder: Path, running: Endpoint, *args: str, **environ: str) -> None:
        master, slave = pty.openpty()
        self._master = master
        # A name that stands for the whole set-up: TERM decides what the program may do with the screen.
        chosen = {"TERM": "xterm", "COLUMNS": "100", "GITGEN_BASE_URL": running.base_url, "PYTHONPATH": str(ROOT)}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "gitgen", *args],
            cwd=folder,
            env={**os.environ, **chosen, **environ},
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
        )
        os.close(slave)
        self.seen = ""

    def until(self, text: str) -> str:
        """Read on until the text has been shown; all that was shown so far."""
        while text not in self.seen and self._read():
            pass
        assert text in self.seen, self.seen
        return self.seen

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def end(self) -> str:
        """Read on to the end; all that was shown."""
        while self._read():
            pass
        self.child.communicate(timeout=60)
        os.close(self._master)
        return self.seen

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 60)[0]:
            return False
        try:
            some = os.read(self._master, 4096)
        except OSError:  # Linux says so when the other side has been closed.
            return False
        self.seen += some.decode("utf-8", "replace")
        return bool(some)
