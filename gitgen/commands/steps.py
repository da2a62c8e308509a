"""`gitgen steps`: the steps there are, and the named lists of them."""

from __future__ import annotations

from pathlib import Path

import click

from gitgen import ui
from gitgen.commands._asking import settings_of, shelf_of
from gitgen.repository import Repository
from gitgen.shelf import CONFIGURATIONS


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(as_json: bool) -> None:
    """The steps and the configurations that --steps takes.

    A step of your own is a Python file in a folder that `git config gitgen.steps FOLDER` names.

    \b
    Example:
      gitgen steps
      gitgen new todo -m 'A to-do list' --steps spec,unit_tests,code
    """
    repository = Repository.find(Path.cwd())
    shelf = shelf_of(repository, settings_of(repository, {}))
    told = {name: (shelf.load(name).__doc__ or "").strip().partition("\n")[0] for name in shelf.names()}
    if as_json:
        ui.say_json({"steps": told, "configurations": dict(CONFIGURATIONS)})
        return
    ui.say("steps")
    for name, line in told.items():
        ui.say(f"  {ui.printable(name):<13} {ui.printable(line)}")
    ui.say("configurations")
    for name, steps in CONFIGURATIONS.items():
        ui.say(f"  {name:<13} {', '.join(steps)}")
