"""What each model can do, from the data file `models.toml` and one of the user's own in its format."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from gitgen.errors import GitgenError
from gitgen.record import Message

REPLY_SHARE = 4
"""One part in this many of the context is kept for the reply, where the profile does not cap it."""
SHIPPED = Path(__file__).with_name("models.toml")


@dataclass(frozen=True)
class Price:
    """USD per million tokens; `cached` are prompt tokens that the endpoint did not have to read again."""

    prompt: float
    completion: float
    cached: float | None = None


@dataclass(frozen=True)
class Profile:
    """How to ask one model, how much it can read and write, and what that costs."""

    context: int
    """Tokens of prompt and reply together."""
    edit_format: Literal["diff", "whole"]
    reply_tokens: int | None = None
    """The cap of one reply, or None to leave it to the endpoint."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Sent with every request as they are."""
    grammar: str | None = None
    """GBNF text that every reply must follow; only llama.cpp's endpoints read it."""
    bare: str | None = None
    """GBNF text of one `whole` file, for a model that changes files best when nothing is said of the form."""
    system: bool = True
    """Whether the model takes system messages."""
    price: Price | None = None

    @property
    def reply_room(self) -> int:
        """The most tokens that a reply is reckoned with."""
        return self.reply_tokens or self.context // REPLY_SHARE

    @property
    def room(self) -> int:
        """The tokens that a request may have, so that the reply has its place in the context as well."""
        return self.context - self.reply_room

    def request(
        self, model: str, temperature: float | None, *, free: bool = False, paths: Iterable[str] = ()
    ) -> dict[str, Any]:
        """The parameters of a request as they stand in a chat; a `temperature` of None is the one of the profile.

        The grammar is one of edits, so a request that is `free` to be answered in words goes without. With `paths` it
        is a bare one, whose reply may give files of these paths.
        """
        parameters = {"gen_ai.request.model": model, **self.parameters}
        if temperature is not None:
            parameters["temperature"] = temperature
        if self.reply_tokens:
            parameters["max_tokens"] = self.reply_tokens
        names = [json.dumps(path, ensure_ascii=False) for path in dict.fromkeys(paths)]
        if self.bare and names:
            # As many files as there are paths: a small model that repeats itself would go on for ever.
            root = f'root ::= whole ("\\n\\n" whole){{0,{len(names) - 1}}}'
            parameters["grammar"] = f"{self.bare}{root}\npath ::= {' | '.join(names)}\n"
        elif self.grammar and not free:
            parameters["grammar"] = self.grammar
        return parameters

    def suited(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """The messages as the model takes them: without system messages, their text is the first user message's."""
        if self.system or not any(message.role == "system" for message in messages):
            return messages
        said = tuple(part for message in messages if message.role == "system" for part in message.parts)
        rest = [message for message in messages if message.role != "system"]
        first = next((n for n, message in enumerate(rest) if message.role == "user"), None)
        if first is None:
            return (Message("user", said), *rest)
        return (*rest[:first], Message("user", said + rest[first].parts), *rest[first + 1 :])


def profile_of(model: str, own: Path | None = None) -> Profile:
    """The profile of a model's name; every name has one. What the user's `own` file says of it is stronger.

    GitgenError if that file is none of profiles.
    """
    return _merged(model.lower(), own)


def knows(model: str, own: Path | None = None) -> bool:
    """Whether anything is said of this model, beyond what is said of all."""
    patterns = (pattern for file in (SHIPPED, own) if file for pattern in _entries(file))
    return any(fnmatchcase(model.lower(), pattern) for pattern in patterns if pattern != "*")


def check(own: Path | None) -> None:
    """GitgenError, naming what is wrong, for a user's file that is none of profiles."""
    if own is not None:
        _entries(own)


@cache
def _merged(name: str, own: Path | None) -> Profile:
    merged: dict[str, Any] = {}
    for file in (SHIPPED, own) if own else (SHIPPED,):
        fitting = [pattern for pattern in _entries(file) if fnmatchcase(name, pattern)]
        for pattern in sorted(fitting, key=len):
            merged |= _entries(file)[pattern]
    return Profile(**merged)


@cache
def _entries(file: Path) -> Mapping[str, Mapping[str, Any]]:
    """Each pattern of a file with what it says, checked."""
    mend = f"mend {file}; git config gitgen.models names it, and models.toml beside gitgen shows the format"
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise GitgenError(f"{file} cannot be read: {error.strerror}", mend) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GitgenError(f"{file} is not TOML: {error}", mend) from None
    try:
        return {
            pattern: _entry(said, file.parent)
            for patterns, said in tables.items()
            for pattern in patterns.lower().split()
        }
    except _Wrong as wrong:
        raise GitgenError(f"{file}: {wrong}", mend) from None


class _Wrong(Exception):
    """What is wrong with an entry."""


def _entry(said: Any, folder: Path) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise _Wrong('a line stands outside the patterns; each profile begins with ["PATTERN"]')
    return MappingProxyType(dict(_checked(said, folder)))


def _checked(said: dict[str, Any], folder: Path) -> Iterator[tuple[str, Any]]:
    for key, value in said.items():
        if key not in _KINDS:
            raise _Wrong(f"there is no key {key}; the keys are {', '.join(_KINDS)}")
        fits, kind = _KINDS[key]
        if not fits(value):
            raise _Wrong(f"{key} is not {kind}: {value!r}")
        yield key, _read(key, value, folder)


def _read(key: str, value: Any, folder: Path) -> Any:
    if key == "price":
        return Price(**value)
    if key == "parameters":
        return MappingProxyType(value)
    if key in ("grammar", "bare"):
        try:
            return (folder / value).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise _Wrong(f"there is no grammar {folder / value}") from None
    return value


def _is_price(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"prompt", "completion"} <= set(value) <= {"prompt", "completion", "cached"}
        and all(type(number) in (int, float) and 0 <= number < 1e6 for number in value.values())
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


_KINDS = {
    "context": (_is_count, "a number of tokens"),
    "edit_format": (("diff", "whole").__contains__, '"diff" or "whole"'),
    "reply_tokens": (_is_count, "a number of tokens"),
    "parameters": (lambda value: isinstance(value, dict), "a table"),
    "grammar": (lambda value: isinstance(value, str), "the name of a file"),
    "bare": (lambda value: isinstance(value, str), "the name of a file"),
    "system": (lambda value: isinstance(value, bool), "true or false"),
    "price": (_is_price, "{ prompt = USD, completion = USD, cached = USD } per million tokens"),
}
