"""Tokens of blobs as they are shown, kept in the cache: a vocabulary takes longer to load than a ranking takes.

Beside the counts of whole texts, those of their words are kept. A text that is new, after a commit for one, is made of
words that are known but for a few. A token is at least one byte, so the bytes of those few bound what they come to.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

from gitgen.ranking.index import Index

Form: TypeAlias = Literal["whole", "outline"]

SPARE = 2000
"""Bytes of unknown words that may be counted as so many tokens; beyond, the vocabulary is loaded."""
_LONGEST = 64
"""A longer word stands in one text alone, and is not worth keeping."""
# No token of OpenAI's vocabularies goes over one of these places (tiktoken_ext/openai_public.py, "pat_str"):
# text to a space, the end of a line to what begins the next, a letter or digit to ASCII punctuation.
_BETWEEN = re.compile(r"(?<=\S)(?=[ \t])|(?<=\n)(?=[ \t]*[^\s/])|(?<=[A-Za-z0-9])(?=[!-&(-/:-@\[-`{-~])")


def words(text: str) -> Counter[str]:
    """The words of a text, with all between them, by how often they stand there: their tokens are those of the text."""
    return Counter(filter(None, _BETWEEN.split(text)))


class Counts:
    """Counts tokens for one model, each text of a blob once."""

    def __init__(self, cache: Path | None, model: str, count: Callable[[str], int]) -> None:
        """`count` is asked where the cache does not know; without a cache, always."""
        self._index: Index | None = None
        with suppress(OSError, sqlite3.Error):
            self._index = Index(cache) if cache else None
        self._model = model
        self._count = count
        self._spare = SPARE
        self._words: dict[str, int] = {}
        self._new: list[tuple[bytes, str, str, int]] = []
        self._new_words: list[tuple[str, str, int]] = []

    def of(self, oid: str, form: Form, text: str) -> int:
        """The tokens of a blob's text in a form, or a few more, never fewer."""
        key = (bytes.fromhex(oid), self._model, form)
        with suppress(sqlite3.Error):
            query = "SELECT count FROM tokens WHERE oid = ? AND model = ? AND form = ?"
            known = self._index.database.execute(query, key).fetchone() if self._index else None
            if known is not None:
                return int(known[0])
        if self._index is None:
            return self._count(text)
        there = words(text)
        self._look_up([word for word in there if word not in self._words])
        unknown = [word for word in there if word not in self._words]
        most = sum(len(word.encode()) * there[word] for word in unknown)
        if unknown and most <= self._spare:
            self._spare -= most
            return most + sum(self._words[word] * times for word, times in there.items() if word in self._words)
        for word in unknown:
            self._words[word] = self._count(word)
            if len(word) <= _LONGEST:
                self._new_words.append((self._model, word, self._words[word]))
        total = sum(self._words[word] * times for word, times in there.items())
        self._new.append((*key, total))
        return total

    def _look_up(self, asked: list[str]) -> None:
        """Bring what the cache knows of words into memory."""
        with suppress(sqlite3.Error):
            if self._index is not None:
                query = "SELECT word, count FROM word WHERE model = ? AND word IN "
                self._words.update(self._index.rows(query, asked, self._model))

    def close(self) -> None:
        """Keep what was counted."""
        if self._index is None:
            return
        with suppress(sqlite3.Error), self._index.transaction() as database:
            database.executemany("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?)", self._new)
            database.executemany("INSERT OR IGNORE INTO word VALUES (?, ?, ?)", self._new_words)
        self._index.close()
