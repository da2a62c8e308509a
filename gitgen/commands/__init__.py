"""The subcommands: one module each, named after the command, with a click command called `command` in it."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click

from gitgen import __version__


class Subcommands(click.Group):
    """The modules of this package as subcommands; each is imported only when it is run or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(m.name.rstrip("_") for m in iter_modules(__path__) if not m.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command


@click.group(cls=Subcommands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="gitgen %(version)s")
def gitgen() -> None:
    """Code written by a language model, with Git as its only database.

    Every step of the model is one commit on a branch of its own, with the files it made and the chat that made them.

    \b
    Example:
      gitgen new hello -m 'A program that greets the user by name'
      cd hello && gitgen fix 'Greet in French' && gitgen log
    """
