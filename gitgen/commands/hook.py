"""`gitgen hook`: git hooks that keep trailers whole, and secrets out of commits and pushes."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from gitgen import content_hooks, message_hooks, resources, ui
from gitgen.errors import GitgenError

if TYPE_CHECKING:
    from gitgen.repository import Repository

HOOKS: Mapping[str, str] = MappingProxyType(
    {
        message_hooks.PREPARE: "gitgen-squash: sums the trailers of a squashed session",
        message_hooks.CHECK: "gitgen-trailers: keeps the trailers of a step whole",
        content_hooks.COMMIT: "gitgen-secrets: refuses a commit that brings a secret in",
        content_hooks.PUSH: "gitgen-push-check: refuses a push of a leaking chat, or of a step that does not verify",
    }
)
"""The hooks by git's names for them (man githooks)."""
MARK = "gitgen hook run"
"""What stands in a hook of ours, and in one of the user's that calls it."""


@click.group()
def command() -> None:
    """Git hooks that keep the trailers of steps whole, and secrets out of commits and pushes.

    With pre-commit, name gitgen's repository and the hooks gitgen-squash, gitgen-trailers, gitgen-secrets and
    gitgen-push-check instead.

    \b
    Example:
      gitgen hook install
      git merge --squash gitgen/todo && git commit
    """


@command.command()
def install() -> int:
    """Put the hooks into the repository, where core.hooksPath says; a hook that is there is never overwritten.

    \b
    Example:
      gitgen hook install
    """
    folder = _folder()
    foreign = [name for name in HOOKS if _state(folder / name) == "foreign"]
    for name in HOOKS:
        if name not in foreign:
            _write(folder / name, (resources.folder("hooks") / name).read_bytes())
            ui.say(f"{folder / name}  {HOOKS[name]}")
    if foreign:
        raise GitgenError(
            f"There are hooks of yours, which stay as they are: {', '.join(foreign)}",
            f"""add to each: {MARK} {"/".join(foreign)} "$@\"""",
        )
    return 0


@command.command()
def uninstall() -> int:
    """Take the hooks out again; those of others stay.

    \b
    Example:
      gitgen hook uninstall
    """
    folder = _folder()
    for name in HOOKS:
        state = _state(folder / name)
        if state == "installed":
            (folder / name).unlink()
            ui.say(f"removed {folder / name}")
        elif state == "called":
            ui.note(f"{folder / name} is not as gitgen made it and stays; it calls: {MARK} {name}")
    return 0


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def status(as_json: bool) -> int:
    """Which hooks are there: installed, missing, called by a hook of yours, or foreign.

    \b
    Example:
      gitgen hook status
    """
    folder = _folder()
    states = {name: _state(folder / name) for name in HOOKS}
    if as_json:
        ui.say_json({"folder": str(folder), "hooks": states})
        return 0
    for name, state in states.items():
        ui.say(f"{name:<19} {state:<10} {HOOKS[name]}")
    return 0


@command.command()
@click.argument("name", type=click.Choice(list(HOOKS)))
@click.argument("arguments", nargs=-1)
def run(name: str, arguments: tuple[str, ...]) -> int:
    """Do what a hook does, with the arguments and the standard input that git gives it.

    \b
    Example:
      gitgen hook run commit-msg "$@"      # in a hook of yours
    """
    if name in (content_hooks.COMMIT, content_hooks.PUSH):
        content_hooks.run(name, arguments, sys.stdin, os.environ)
    elif not arguments:
        raise click.UsageError(f"{name} takes the file of the message")
    else:
        message_hooks.run(name, Path(arguments[0]), arguments[1:], os.environ)
    return 0


def _folder() -> Path:
    """Where git looks for the hooks of the repository that this folder is in."""
    from gitgen.preflight import repository_at

    repository: Repository = repository_at(Path.cwd())
    return Path(repository.git.text("rev-parse", "--path-format=absolute", "--git-path", "hooks"))


def _state(hook: Path) -> str:
    if not hook.exists():
        return "missing"
    content = hook.read_bytes()
    if content == (resources.folder("hooks") / hook.name).read_bytes():
        return "installed"
    return "called" if MARK.encode() in content else "foreign"


def _write(hook: Path, content: bytes) -> None:
    if hook.exists():
        return
    try:
        hook.parent.mkdir(parents=True, exist_ok=True)
        with hook.open("xb") as file:
            file.write(content)
        hook.chmod(hook.stat().st_mode | 0o111)
    except OSError as error:
        raise GitgenError(f"{hook} cannot be written: {error.strerror}", "git config core.hooksPath FOLDER") from None
