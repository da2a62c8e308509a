"""What shows a step while it happens, one kind for each kind of screen."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gitgen.ai import Completion
from gitgen.ui import note, printable, styled

if TYPE_CHECKING:
    from rich.live import Live


def listener_here(quiet: bool = False) -> Quiet:
    """What shows the progress of a step here: lines that move on a terminal, plain ones elsewhere."""
    if quiet:
        return Quiet()
    moves = sys.stderr.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
    return Terminal() if moves else Plain()


class Quiet:
    """Shows only what must not be missed."""

    def asking(self, model: str) -> None:
        """A request goes out."""

    def text(self, piece: str) -> None:
        """A piece of the reply came in."""

    def answered(self, completion: Completion) -> None:
        """The reply has ended, whole or not."""

    def waiting(self, seconds: float, why: str) -> None:
        """The endpoint is asked again in so many seconds."""

    def running(self, command: str) -> None:
        """A program is started."""

    def output(self, text: str) -> None:
        """A program has printed something."""

    def note(self, line: str) -> None:
        """Something that the user should know."""
        note(printable(line))

    def close(self) -> None:
        """Nothing more will come."""


class Silent(Quiet):
    """Shows nothing: of many jobs at once a note would not say whose it is."""

    def note(self, line: str) -> None:
        """Something that the user could know."""


class Plain(Quiet):
    """The reply as plain text, then a line with model, tokens and time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = 0.0
        self._pieces = 0
        self._why = ""

    def asking(self, model: str) -> None:
        self._began, self._pieces, self._why = self._clock(), 0, ""
        note(printable(f"asking {model}"))

    def text(self, piece: str) -> None:
        self._pieces += 1
        click.echo(printable(piece), nl=False, err=True)

    def answered(self, completion: Completion) -> None:
        note(f"\n{self._summary(completion)}")

    def waiting(self, seconds: float, why: str) -> None:
        if why != self._why:
            note(printable(f"{why}; again in {seconds:.0f} s"))
        self._why = why

    def running(self, command: str) -> None:
        note(printable(f"running {command}"))

    def output(self, text: str) -> None:
        click.echo(printable(text), nl=False, err=True)

    def _summary(self, completion: Completion) -> str:
        usage = completion.usage
        count = f"{usage.prompt_tokens} + {usage.completion_tokens}" if usage else f"about {self._pieces}"
        end = "" if completion.reply.whole else f", ended by {completion.reply.finish_reason or 'a broken stream'}"
        return printable(f"{completion.reply.model}: {count} tokens, {self._clock() - self._began:.1f} s{end}")


class Terminal(Plain):
    """The reply line by line above two that live: the line under way; then model, tokens so far, elapsed time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console

        super().__init__(clock)
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._line = ""
        self._model = ""
        self._counting = False

    def asking(self, model: str) -> None:
        from rich.live import Live

        self._stop()
        self._began, self._pieces, self._line, self._model = self._clock(), 0, "", printable(model)
        self._live = Live(console=self._console, get_renderable=self._status, transient=True, refresh_per_second=8)
        self._live.start()

    def text(self, piece: str) -> None:
        self._pieces += 1
        *lines, self._line = (self._line + printable(piece)).split("\n")
        for line in lines:
            self._print(line)

    def answered(self, completion: Completion) -> None:
        self._stop()
        note(styled(self._summary(completion), dim=True))

    def waiting(self, seconds: float, why: str) -> None:
        if not self._counting:
            self._stop()
        self._counting = seconds > 1
        left = f"; again in {seconds:.0f} s"
        line = printable(why)[: self._console.width - len(left) - 1] + left
        click.echo(f"\r\x1b[K{line}", nl=not self._counting, err=True)

    def running(self, command: str) -> None:
        self._stop()
        note(styled(printable(f"running {command}"), dim=True))

    def note(self, line: str) -> None:
        self._stop()
        super().note(line)

    def close(self) -> None:
        self._stop()

    def _print(self, line: str) -> None:
        from rich.text import Text

        self._console.print(Text(line, style="dim"), soft_wrap=True)

    def _stop(self) -> None:
        """End the living lines; what was shown of a line under way stays."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._line:
            self._print(self._line)
            self._line = ""
        if self._counting:
            click.echo(err=True)
            self._counting = False

    def _status(self) -> Any:
        from rich.text import Text

        seconds = self._clock() - self._began
        doing = f"about {self._pieces} tokens" if self._pieces else "waiting for the first token"
        text = f"{self._line}\n{self._model}: {doing}, {seconds:.0f} s"
        return Text(text, style="dim", overflow="ellipsis", no_wrap=True)
