"""`gitgen models`: what can be asked, and bringing models to this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from gitgen import ui
from gitgen.ai import weights
from gitgen.ai.choice import LOCAL, choose
from gitgen.api.catalog import Offered, offered_by_endpoint, offered_here, settings_here
from gitgen.errors import GitgenError
from gitgen.models.profiles import check
from gitgen.settings import Settings


@click.group(invoke_without_command=True)
@click.option("--model", metavar="NAME", help="A model to look for; ENDPOINT/ for all of a named endpoint.")
@click.option("--base-url", metavar="URL", help="Any OpenAI-compatible endpoint, by its address or its name.")
@click.option("--json", "as_json", is_flag=True, help="Print the models as JSON.")
@click.pass_context
def command(context: click.Context, /, as_json: bool, **flags: Any) -> None:
    """The models that can be asked: those that the endpoint offers to this key, and those on this machine.

    With the context in tokens and the price of a million tokens of prompt and reply, where they are known. A model of
    the settings that the endpoint does not list is shown as such.

    \b
    Example:
      gitgen models --model ollama/
      gitgen models --json
      gitgen models pull ~/Downloads/qwen2.5-coder-7b-instruct-q4_k_m.gguf
    """
    if context.invoked_subcommand is not None:
        return
    settings = settings_here(flags, os.environ)
    check(settings.profiles)
    here, failed = offered_here(settings), None
    try:
        there = offered_by_endpoint(settings)
    except GitgenError as error:
        there, failed = (), error
    if not there and not here:
        raise failed or _nothing(settings)
    if as_json:
        ui.say_json([_as_dict(model) for model in (*there, *here)])
    else:
        _show((*there, *here))
    if failed:
        raise failed


def _nothing(settings: Settings) -> GitgenError:
    choose(settings)  # Raises, naming the ways out.
    return GitgenError("The endpoint offers no model", "start one there, or name another endpoint: --base-url URL")


def _show(models: tuple[Offered, ...]) -> None:
    width = max(len(model.name) for model in models)
    ui.say(ui.styled(f"{'':<{width}}  context  prompt, reply", dim=True))
    for model in models:
        size = ui.tokens(model.context) if model.context else "-"
        price = f"${model.price.prompt:.6g}, ${model.price.completion:.6g}" if model.price else "-"
        state = "" if model.usable else "  (not offered)"
        ui.say(ui.printable(f"{model.name:<{width}}  {size:>7}  {price}{state}"))


def _as_dict(model: Offered) -> dict[str, object]:
    return {
        "name": model.name,
        "context": model.context,
        "price": vars(model.price) if model.price else None,
        "usable": model.usable,
        "file": str(model.file) if model.file else None,
    }


@command.command()
@click.argument("source", metavar="[NAME|URL|PATH]", default="smollm2")
@click.option("--name", help="What the model is called here; by default as its file.")
def pull(source: str, name: str) -> None:
    """Bring a model to this machine: by NAME (smollm2), from a URL, or from a PATH; all GGUF files.

    smollm2 is SmolLM2-135M-Instruct, 98 MB, checked against its sha256: it shows the machinery on a machine without a
    key. A download that broke off goes on where it was; a file of this machine is linked, or copied. The sha256 that is
    printed is that of what came: compare it with the publisher's.

    \b
    Example:
      gitgen models pull && gitgen new hello -m 'Greet the user' --model local
      gitgen models pull ~/Downloads/coder.gguf && gitgen fix 'Greet in French' --model local/coder
    """
    from gitgen.ai import pull

    if source in weights.PINS:
        ui.say(str(weights.pull(ui.note, weights.PINS[source])))
        return
    if "://" in source:
        pulled = pull.fetch(source, name or "", progress=ui.coming)
    elif Path(source).expanduser().exists():
        pulled = pull.take(Path(source).expanduser(), name or "")
    else:
        known = ", ".join(weights.PINS)
        raise GitgenError(
            f"There is no file {source}, and no model of this name", f"gitgen models pull {known}|URL|PATH"
        )
    ui.say(str(pulled.file))
    ui.note(f"{pulled.size / 1e6:.1f} MB, sha256 {pulled.sha256}")
    ui.note(f"ask it with --model {LOCAL}/{pulled.file.stem}")
