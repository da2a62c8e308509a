"""`gitgen models`: what can be asked, and fetching the embedded model."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gitgen import ui
from gitgen.ai import NoModel
from gitgen.ai.choice import choose
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.repository import Repository
from gitgen.settings import Settings, resolve


@click.group(invoke_without_command=True)
@click.option("--base-url", metavar="URL", help="Any OpenAI-compatible endpoint, by its address or its name.")
@click.option("--json", "as_json", is_flag=True, help="Print the names as JSON.")
@click.pass_context
def command(context: click.Context, base_url: str | None, as_json: bool) -> None:
    """The models that can be asked: those of the endpoint, and the embedded one.

    \b
    Example:
      gitgen models --base-url ollama
      gitgen models pull
    """
    if context.invoked_subcommand is not None:
        return
    repository = Repository.find(Path.cwd()) or Repository(Git(Path.cwd()), None)
    settings = resolve({"base_url": base_url}, os.environ, repository.config)
    offered = _offered(settings)
    local = _local()
    if as_json:
        ui.say_json({"endpoint": list(offered), "local": local})
        return
    for name in offered:
        ui.say(ui.printable(name))
    if local:
        ui.say(f"local  ({local})")
    if not offered and not local:
        choose(settings)  # Raises, naming the ways out.


@command.command()
def pull() -> None:
    """Fetch the embedded model: SmolLM2-135M-Instruct, 98 MB, checked against its sha256.

    It shows the machinery on a machine without a key; for real work name a better model.

    \b
    Example:
      gitgen models pull && gitgen new hello -m 'Greet the user' --model local
    """
    from gitgen.ai import weights

    ui.say(str(weights.pull(ui.note)))


def _offered(settings: Settings) -> tuple[str, ...]:
    from gitgen.ai.endpoint import Endpoint

    try:
        choice = choose(settings)
    except NoModel:
        return ()
    if choice.kind != "endpoint":
        return ()
    return Endpoint(
        choice.place, settings.api_key, choice.names or ("",), settings.timeout, settings.key_variable
    ).names()


def _local() -> str | None:
    """The file of the embedded model, if it is there and can run here."""
    from gitgen.ai import local, weights

    here = weights.path()
    if here is None:
        return None
    obstacle = local.missing()
    if obstacle:
        raise GitgenError(f"The embedded model cannot run here: {obstacle}", "or name an endpoint: --base-url URL")
    return str(here)
