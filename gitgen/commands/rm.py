"""`gitgen rm`: put a session away."""

from __future__ import annotations

from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at
from gitgen.keep import REMOVED, Kept, bring_back, free, put_away
from gitgen.repository import checkout


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--restore", is_flag=True, help="Bring back the session that was removed last under this name.")
@click.option("--json", "as_json", is_flag=True, help="Print what was moved as JSON.")
def command(names: tuple[str, ...], restore: bool, as_json: bool) -> int:
    """Remove sessions from the branches; they stay in the repository, and --restore brings them back.

    The branch, and what is under way on it, move to refs below refs/gitgen/removed/, which gitgen sessions --removed
    lists. A branch that is checked out is not removed. git update-ref -d REF forgets one for good.

    \b
    Example:
      gitgen rm todo
      gitgen rm --restore todo
    """
    return move(names, REMOVED, restore, as_json)


def move(names: tuple[str, ...], root: str, restore: bool, as_json: bool) -> int:
    """Put sessions away below a root, or bring them back, and tell what became of each; 0."""
    repository = preflight.repository_at(Path.cwd())
    if restore:
        moved = [bring_back(repository, name, root) for name in names]
    else:
        branches = [session_at(repository, name).branch for name in dict.fromkeys(names)]
        for branch in branches:
            free(repository, branch)
        moved = [put_away(repository, branch, root) for branch in branches]
        for one in moved:
            checkout.forget(repository, one.name)
    if as_json:
        ui.say_json([_as_dict(one) for one in moved])
        return 0
    verb = "rm" if root == REMOVED else "archive"
    for one in moved:
        kept = f"kept as {one.ref}branch; back with: gitgen {verb} --restore {one.name}"
        ui.say(ui.printable(f"{one.tip[:10]}  {one.branch if restore else kept}"))
    return 0


def _as_dict(one: Kept) -> dict[str, object]:
    return {"branch": one.branch, "commit": one.tip, "under_way": one.progress, "ref": one.ref.rstrip("/")}
