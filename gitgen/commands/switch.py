"""`gitgen switch`: check a session out."""

from __future__ import annotations

from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at
from gitgen.errors import GitgenError
from gitgen.git import GitFailed


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print where you are as JSON.")
def command(name: str, as_json: bool) -> int:
    """Check out the branch of a session, by git switch: your changes come along, or git refuses and nothing happens.

    \b
    Example:
      gitgen switch todo
    """
    repository = preflight.repository_at(Path.cwd())
    preflight.with_work_tree(repository)
    session = session_at(repository, name)
    try:
        carried = repository.git.text("switch", "--no-guess", session.branch)
    except GitFailed as error:
        said = error.stderr.replace("error: ", "").replace("fatal: ", "").strip()
        raise GitgenError(said, f"mend that, then: gitgen switch {session.name}") from None
    if as_json:
        ui.say_json({"branch": session.branch, "commit": session.tip})
        return 0
    for line in carried.splitlines():
        ui.note(ui.printable(line))
    ui.say(ui.printable(f"on {session.branch}"))
    return 0
