"""The endpoints that have a name, from the one data file `endpoints.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from gitgen.errors import GitgenError

DEFAULT = "openai"
_VARIABLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Named:
    """One OpenAI-compatible endpoint: where it is, and whose key goes there."""

    name: str
    base_url: str
    key: str
    """The environment variable of its key."""
    open: bool = False
    """Whether it can be asked without a key."""


@cache
def table() -> Mapping[str, Named]:
    """All named endpoints, as the data file has them."""
    text = Path(__file__).with_name("endpoints.toml").read_text(encoding="utf-8")
    return {name: Named(name, **entry) for name, entry in tomllib.loads(text).items()}


def named(name: str, environ: Mapping[str, str]) -> Named:
    """The endpoint of this name, its address made whole; GitgenError if that needs a variable that is not set."""
    found = table()[name]
    for variable in _VARIABLE.findall(found.base_url):
        if not environ.get(variable):
            raise GitgenError(f"The address of {name} stands in {variable}, which is not set", f"set {variable}")
    return replace(found, base_url=_address(found, environ))


def at(base_url: str, environ: Mapping[str, str]) -> Named | None:
    """The named endpoint on the host of an address, or None."""
    host = urlsplit(base_url).netloc
    here = (one for one in table().values() if host and urlsplit(_address(one, environ)).netloc == host)
    return next(here, None)


def split(models: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The name of the endpoint that models begin with, or an empty string, and the models without it.

    `ollama/a,b` are two models of one endpoint; GitgenError for models of two.
    """
    prefixes = [prefix for model in models for prefix, slash, _ in [model.partition("/")] if slash]
    first = prefixes[0] if prefixes and prefixes[0] in table() and models[0].startswith(f"{prefixes[0]}/") else ""
    ours = first or DEFAULT
    other = next((prefix for prefix in prefixes if prefix in table() and prefix != ours), "")
    if other:
        raise GitgenError(f"The models are at two endpoints, {ours} and {other}", "--model with those of one")
    rest = (model.removeprefix(f"{ours}/") for model in models)
    return first, tuple(model for model in rest if model)


def _address(one: Named, environ: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda variable: environ.get(variable[1], "").rstrip("/"), one.base_url)
