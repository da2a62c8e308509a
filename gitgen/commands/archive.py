"""`gitgen archive`: put a session that is done with aside."""

from __future__ import annotations

import click

from gitgen.commands.rm import move
from gitgen.keep import ARCHIVED


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--restore", is_flag=True, help="Bring back the session that was archived last under this name.")
@click.option("--json", "as_json", is_flag=True, help="Print what was moved as JSON.")
def command(names: tuple[str, ...], restore: bool, as_json: bool) -> int:
    """Put sessions aside that you want to keep and not to see; --restore brings them back.

    The branch, and what is under way on it, move to refs below refs/gitgen/archive/, which gitgen sessions --archived
    lists. A branch that is checked out is not archived.

    \b
    Example:
      gitgen archive todo
      gitgen archive --restore todo
    """
    return move(names, ARCHIVED, restore, as_json)
