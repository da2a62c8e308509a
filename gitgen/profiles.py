"""What each model can do, from the one data file `models.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal


@dataclass(frozen=True)
class Profile:
    """How to ask one model, and how much it can read and write."""

    context: int
    """Tokens of prompt and reply together."""
    edit_format: Literal["diff", "whole"]
    reply_tokens: int | None = None
    """The cap of one reply, or None to leave it to the endpoint."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Sent with every request as they are."""
    grammar: str | None = None
    """GBNF text that every reply must follow; only llama.cpp's endpoints read it."""


def profile_of(model: str) -> Profile:
    """The profile of the longest pattern that fits the model's name; every name has one."""
    profiles = _profiles()
    return profiles[max((p for p in profiles if fnmatchcase(model.lower(), p)), key=len)]


@cache
def _profiles() -> Mapping[str, Profile]:
    entries = tomllib.loads(_text("models.toml"))
    return {pattern.lower(): _profile(entry) for pattern, entry in entries.items()}


def _profile(entry: Mapping[str, Any]) -> Profile:
    grammar = entry.get("grammar")
    return Profile(
        context=entry["context"],
        edit_format=entry["edit_format"],
        reply_tokens=entry.get("reply_tokens"),
        parameters=MappingProxyType(entry.get("parameters", {})),
        grammar=_text(grammar) if grammar else None,
    )


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
