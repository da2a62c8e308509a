"""The models that can be asked from here: what the endpoint offers, and what lies on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gitgen.ai import NoModel, Recorded
from gitgen.ai.choice import choose, open_model
from gitgen.api.conversation import ChatModel
from gitgen.git import Git
from gitgen.models.profiles import Price, knows, profile_of
from gitgen.repository import Repository
from gitgen.settings import Settings, resolve


@dataclass(frozen=True)
class Offered:
    """A model that can be asked: `name` as `--model` takes it."""

    name: str
    context: int | None = None
    """Tokens, as the endpoint tells, else as a profile knows."""
    price: Price | None = None
    usable: bool = True
    """False for one that the endpoint calls inactive, and for one of the settings that it does not list."""
    file: Path | None = None
    """Of a model on this machine."""


def get_chat_model(
    *names: str,
    base_url: str = "",
    api_key: str = "",
    temperature: float | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ChatModel:
    """The model of these names, each tried if the endpoint does not know the one before; as `--model` takes them.

    What is left out comes from the environment and git's configuration. GitgenError if there is nothing to ask.
    """
    flags = {"model": ",".join(names), "base_url": base_url, "api_key": api_key, "temperature": temperature}
    settings = settings_here(flags, environ)
    with ExitStack() as stack:
        model = open_model(choose(settings), settings, _no_recordings, stack)
        return ChatModel(model, settings, stack.pop_all())


def get_chat_models(
    base_url: str = "", api_key: str = "", environ: Mapping[str, str] = os.environ
) -> tuple[Offered, ...]:
    """The models that the endpoint offers, then those on this machine; GitgenError if the endpoint cannot be asked."""
    settings = settings_here({"base_url": base_url, "api_key": api_key}, environ)
    return (*offered_by_endpoint(settings), *offered_here(settings, environ))


def get_chat_model_names(
    base_url: str = "", api_key: str = "", environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """The names of the models that can be asked; errors as `get_chat_models`."""
    return tuple(model.name for model in get_chat_models(base_url, api_key, environ) if model.usable)


def settings_here(flags: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """The settings as they are in this folder, be it in a repository or not."""
    repository = Repository.find(Path.cwd()) or Repository(Git(Path.cwd()), None)
    return resolve(flags, environ, repository.config)


def offered_by_endpoint(settings: Settings) -> tuple[Offered, ...]:
    """What the endpoint of these settings offers; nothing if they come to none."""
    from gitgen.ai.endpoint import Endpoint

    try:
        choice = choose(settings)
    except NoModel:
        return ()
    if choice.kind != "endpoint":
        return ()
    asked = choice.names or ("",)
    endpoint = Endpoint(choice.place, settings.api_key, asked, settings.timeout, settings.key_variable)
    listed = endpoint.listed()
    missing = (name for name in settings.models if not any(is_called(name, known) for known in listed))
    return (
        *(_offered(name, told, settings) for name, told in sorted(listed.items())),
        *(Offered(name, usable=False) for name in missing),
    )


def offered_here(settings: Settings, environ: Mapping[str, str] = os.environ) -> tuple[Offered, ...]:
    """The models in the cache folder, by the names that `--model` takes; nothing where none can run."""
    from gitgen.ai import local, weights

    files = weights.files(environ)
    if not files or local.missing() is not None:
        return ()
    pinned = weights.path(environ=environ)
    names = ((file, "local" if file == pinned else f"local/{file.stem}") for file in files)
    return tuple(_offered(name, {}, settings, file) for file, name in names)


def _offered(name: str, told: Mapping[str, Any], settings: Settings, file: Path | None = None) -> Offered:
    model = file.stem if file else name
    profile, known = profile_of(model, settings.profiles), knows(model, settings.profiles)
    context = _context(told) or (profile.context if known else None)
    return Offered(name, context, _price(told) or profile.price, told.get("active") is not False, file)


def is_called(name: str, listed: str) -> bool:
    """Whether an endpoint lists a model of this name, with the folder or the tag that it may be listed with."""
    return listed == name or listed.endswith(f"/{name}") or listed == f"{name}:latest"


def _context(told: Mapping[str, Any]) -> int | None:
    """The context size as OpenRouter, Groq, vLLM, Mistral, or llama.cpp tell it."""
    meta = told.get("meta")
    names = ("context_length", "context_window", "max_model_len", "max_context_length")
    sizes = (*(told.get(name) for name in names), meta.get("n_ctx_train") if isinstance(meta, dict) else None)
    return next((size for size in sizes if isinstance(size, int) and size > 0), None)


def _price(told: Mapping[str, Any]) -> Price | None:
    """The price as OpenRouter tells it, in USD per token."""
    pricing = told.get("pricing")
    try:
        prompt, completion = (float(pricing[key]) * 1e6 for key in ("prompt", "completion"))  # type: ignore[index]
        cached = pricing.get("input_cache_read")  # type: ignore[union-attr]
        price = Price(prompt, completion, None if cached is None else float(cached) * 1e6)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return price if prompt >= 0 and completion >= 0 else None


def _no_recordings(branch: str) -> tuple[Recorded, ...]:
    raise NoModel(f"{branch} can be replayed by a step, not by a script", "name a model to ask")
