"""What many jobs are at, in lines that live on a terminal, below what has come of those that have ended."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gitgen import ui
from gitgen.ai import Completion
from gitgen.ui import listeners

if TYPE_CHECKING:
    from rich.live import Live


class Board:
    """A line for each job under way, and one that tells how far all are; none where nothing can move."""

    def __init__(self, quiet: bool = False) -> None:
        self._moves = not quiet and sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
        self._rows: dict[str, Row] = {}
        self._live: Live | None = None
        self.how_far = ""

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it for as long as the block lasts."""
        self._start()
        try:
            yield
        finally:
            self._stop()

    @contextmanager
    def row(self, name: str) -> Iterator[Row]:
        """The line of a job, for as long as it lasts."""
        self._rows[name] = row = Row(name)
        try:
            yield row
        finally:
            del self._rows[name]

    def say(self, line: str) -> None:
        """A line of the result, above."""
        self._stop()
        ui.say(line)
        self._start()

    def _start(self) -> None:
        if not self._moves:
            return
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        self._live = Live(console=console, get_renderable=self._lines, transient=True, refresh_per_second=4)
        self._live.start()

    def _stop(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _lines(self) -> Any:
        from rich.text import Text

        rows = tuple(self._rows.values())  # Jobs begin and end in other threads.
        width = max((len(row.name) for row in rows), default=0)
        lines = (*(f"{row.name:<{width}}  {row.doing}" for row in rows), self.how_far)
        return Text("\n".join(lines), style="dim", overflow="ellipsis", no_wrap=True)


class Row(listeners.Quiet):
    """The line of one job, told what happens from the job's own thread."""

    def __init__(self, name: str) -> None:
        self.name = ui.printable(name)
        self._now("looking")

    @property
    def doing(self) -> str:
        """What the job is at, and for how long."""
        pieces = f", about {self._pieces} tokens" if self._pieces else ""
        return f"{self._what}{pieces}, {time.monotonic() - self._began:.0f} s"

    def asking(self, model: str) -> None:
        self._now(f"asking {model}")

    def text(self, piece: str) -> None:
        self._pieces += 1

    def answered(self, completion: Completion) -> None:
        self._now("reading the reply")

    def waiting(self, seconds: float, why: str) -> None:
        self._now(f"{why}; again in {seconds:.0f} s")

    def running(self, command: str) -> None:
        self._now(f"running {command}")

    def note(self, line: str) -> None:
        self._now(line)

    def _now(self, what: str) -> None:
        self._what, self._pieces, self._began = ui.printable(what), 0, time.monotonic()
