"""The screen: results on standard output; progress, notes and questions on standard error."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gitgen.errors import GitgenError

if TYPE_CHECKING:
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
