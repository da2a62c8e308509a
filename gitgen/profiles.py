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

REPLY_SHARE = 4
"""One part in this many of the context is kept for the reply, where the profile does not cap it."""


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

    @property
    def room(self) -> int:
        """The tokens that a request may have, so that the reply has its place in the context as well."""
        return self.context - (self.reply_tokens or self.context // REPLY_SHARE)

    def request(self, model: str, temperature: float | None, *, free: bool = False) -> dict[str, Any]:
        """The parameters of a request as they stand in a chat; a `temperature` of None is the one of the profile.

        The grammar is one of edits, so a request that is `free` to be answered in words goes without.
        """
        parameters = {"gen_ai.request.model": model, **self.parameters}
        if temperature is not None:
            parameters["temperature"] = temperature
        if self.reply_tokens:
            parameters["max_tokens"] = self.reply_tokens
        if self.grammar and not free:
            parameters["grammar"] = self.grammar
        return parameters


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
