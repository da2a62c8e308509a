"""The pager and the colours, chosen as git chooses them (man git-config: `core.pager`, `pager.<cmd>`, `color.ui`)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import click

from gitgen.repository import Repository

_DEFAULTS = {"LESS": "FRX", "LV": "-c"}
"""What git sets for its pager where the user has not."""


@dataclass(frozen=True)
class Pager:
    """What a result is shown through: a shell command, or nothing; and whether it may have colours."""

    command: str
    colour: bool

    def show(self, chunks: Iterable[str]) -> None:
        """Show lines, a chunk of them at a time, each as soon as it is there; ends early when the reader has left."""
        if not self.command:
            for chunk in chunks:
                click.echo(chunk, color=self.colour)
                sys.stdout.flush()
            return
        environ = {**_DEFAULTS, **os.environ}
        with subprocess.Popen(self.command, shell=True, stdin=subprocess.PIPE, env=environ) as process:
            assert process.stdin is not None
            with suppress(BrokenPipeError):
                for chunk in chunks:
                    process.stdin.write(f"{chunk}\n".encode("utf-8", "backslashreplace"))
                    process.stdin.flush()
            with suppress(BrokenPipeError):
                process.stdin.close()
            while process.poll() is None:
                # Ctrl-C belongs to the pager, which may take it for the end of a search.
                with suppress(KeyboardInterrupt):
                    process.wait()


def pager_for(repository: Repository, command: str) -> Pager:
    """The pager of a command of this name, for which the user's configuration may have one of its own."""
    config = repository.config
    terminal = sys.stdout.isatty()
    own = config.get(f"pager.{command}", ("",))[-1]
    chosen = ""
    if terminal and own.lower() not in ("false", "no", "off", "0"):
        named = own.lower() not in ("", "true", "yes", "on", "1")
        chosen = own if named else repository.git.text("var", "GIT_PAGER", check=False)
    chosen = "" if chosen == "cat" else chosen
    wanted = config.get("color.ui", ("auto",))[-1].lower()
    paged_in_colour = config.get("color.pager", ("true",))[-1].lower() not in ("false", "no", "off", "0")
    auto = terminal and os.environ.get("TERM", "dumb") != "dumb" and (paged_in_colour or not chosen)
    colour = wanted == "always" or (auto and wanted not in ("never", "false", "no", "off", "0"))
    return Pager(chosen, colour and not os.environ.get("NO_COLOR"))
