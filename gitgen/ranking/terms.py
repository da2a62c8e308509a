"""What words a text is made of: identifiers split at case and underscore, and brought to a common stem."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

WORD = re.compile(rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*|[0-9]{3,}")
"""An identifier or a number worth a search, in bytes: all of ASCII's encodings agree on it."""
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d{3,}")
_COMMON = frozenset(
    """
    a all also an and are as at be been but by can do does for from had has have if in into is it its no not of on or
    should so than that the then there these they this to use used using via was we were when which will with you
    """.split()  # noqa: SIM905 (one word a line would hide them)
)
_LONGEST = 64
"""A longer word is an encoding of something, or a hash."""


def terms(text: bytes) -> Counter[str]:
    """Each term of a text with how often it stands there.

    `parseHTTPDate` gives `pars`, `http`, `dat` and, as it is more than a word, `=parsehttpdate`.
    """
    counts: Counter[str] = Counter()
    for word, times in Counter(WORD.findall(text)).items():
        for term in terms_of(word):
            counts[term] += times
    return counts


@lru_cache(maxsize=1 << 16)
def terms_of(word: bytes) -> tuple[str, ...]:
    """The terms of one identifier."""
    if len(word) > _LONGEST:
        return ()
    name = word.decode("utf-8", "replace")
    parts = [part.lower() for part in _PART.findall(name)]
    found = [stem(part) for part in parts if len(part) > 1 and part not in _COMMON]
    whole = name.lower().strip("_")
    return (*found, f"={whole}") if whole and [whole] != parts else tuple(found)


def stem(word: str) -> str:
    """A lower-case word without the endings of plural, participle and gerund, so that `resolved` finds `resolve`."""
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("ies") and len(word) > 4:
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) >= len(ending) + 3:
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word
