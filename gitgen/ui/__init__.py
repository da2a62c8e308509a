"""The screen: results on standard output; the reply as it comes, progress and notes on standard error."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitgen.ai import Completion
from gitgen.errors import GitgenError

if TYPE_CHECKING:
    from rich.live import Live

    from gitgen.jobs import Progress

# What a model writes must not move the cursor, set the clipboard or change colours: terminals obey escape codes.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """A text without the characters that a terminal would act upon."""
    return _UNSAFE.sub("", text)


def say(line: str = "") -> None:
    """A line of the result."""
    click.echo(line)


def pass_on(text: str) -> None:
    """A piece of what a program prints, which may be a part of a line; it has been made safe to be shown."""
    click.echo(text, nl=False)


def say_json(value: Any) -> None:
    """The result for a machine, which may yet be read on a terminal."""
    if isinstance(value, list):
        # A row a line: there may be thousands, and Python's fast encoder does not indent.
        rows = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in value)
        text = f"[\n {rows}\n]" if rows else "[]"
    else:
        text = json.dumps(value, indent=1, ensure_ascii=False)
    click.echo(_UNSAFE.sub(lambda unsafe: f"\\u{ord(unsafe[0]):04x}", text))


def note(line: str) -> None:
    """A line beside the result."""
    click.echo(line, err=True)


def styled(text: str, **style: Any) -> str:
    """A coloured text; click leaves the colours out where they would be noise, and so does NO_COLOR."""
    return text if os.environ.get("NO_COLOR") else click.style(text, **style)


def attended() -> bool:
    """Whether there is somebody to ask."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr.isatty())


def ask(question: str, choices: tuple[str, ...] = ()) -> str | None:
    """The user's answer, one of the choices if there are any; None where no one can be asked."""
    if not attended():
        return None
    import questionary
    from prompt_toolkit.output import create_output

    # Standard output holds the result alone, and may be a file.
    output = create_output(sys.stderr)
    if choices:
        return str(questionary.select(printable(question), choices, output=output).unsafe_ask())
    return str(questionary.text(printable(question), output=output).unsafe_ask())


def edit(file: Path, editor: str) -> None:
    """Let the user edit a file; GitgenError if the editor, a command for the shell as git has it, fails."""
    from shlex import join

    try:
        click.edit(filename=str(file), editor=join(["sh", "-c", f'{editor} "$@"', "sh"]))
    except click.ClickException:
        raise GitgenError(f"The editor failed: {editor}", "the same again; or: git config core.editor EDITOR") from None


def tokens(count: int) -> str:
    """A number of tokens as people read it: 834, 1.8k, 12k."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 10_000 else f"{count // 1000}k"


def coming(done: int, total: int) -> None:
    """How much of a download has come, on a terminal; the line is ended when all of it has."""
    if not sys.stderr.isatty():
        return
    of = f" of {total / 1e6:.1f}" if total else ""
    click.echo(f"\r\x1b[K{done / 1e6:.1f}{of} MB", nl=done == total, err=True)


def reading(done: int, total: int) -> None:
    """How many files have been read, on a terminal; the line goes when all have."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K" + (f"reading {done} of {total} files" if done < total else ""), nl=False, err=True)


def progress(progress: Progress, said: str = "") -> None:
    """How far jobs are and between which times their end is likely to come, on a terminal; the line goes at the end."""
    if sys.stderr.isatty():
        line = how_far(progress, said) if progress.done < progress.total else ""
        click.echo(f"\r\x1b[K{line}", nl=False, err=True)


def how_far(progress: Progress, said: str = "") -> str:
    """How far jobs are, what else is `said` of them, and between which times their end is likely to come."""
    left = progress.left()
    words = (f"{progress.done} of {progress.total} done", said, between(*left) + " left" if left else "")
    return printable(", ".join(word for word in words if word))


def between(low: float, high: float) -> str:
    """A time that is known no better than between two, in seconds: `2 to 5 min`, `about 3 h`, `under a minute`."""
    if high < 60:
        return "under a minute"
    length, unit = (60, "min") if high < 120 * 60 else (3600, "h")
    least, most = round(low / length), max(1, round(high / length))
    return f"about {most} {unit}" if least == most else f"{least} to {most} {unit}"


def age(seconds: float) -> str:
    """How long ago, in the largest unit that fits: `now`, `5 minutes ago`, `3 days ago`."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "now"


def screen(quiet: bool = False) -> Quiet:
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
