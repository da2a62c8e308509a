"""Tokens of blobs as they are shown, kept in the cache: a vocabulary takes longer to load than a ranking takes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

from gitgen.ranking.index import Index

Form: TypeAlias = Literal["whole", "outline"]


class Counts:
    """Counts tokens for one model, each text of a blob once."""

    def __init__(self, cache: Path | None, model: str, count: Callable[[str], int]) -> None:
        """`count` is asked where the cache does not know; without a cache, always."""
        self._index: Index | None = None
        with suppress(OSError, sqlite3.Error):
            self._index = Index(cache) if cache else None
        self._model = model
        self._count = count
        self._new: list[tuple[bytes, str, str, int]] = []

    def of(self, oid: str, form: Form, text: str) -> int:
        """The tokens of a blob's text in a form."""
        key = (bytes.fromhex(oid), self._model, form)
        known = None
        with suppress(sqlite3.Error):
            query = "SELECT count FROM tokens WHERE oid = ? AND model = ? AND form = ?"
            known = self._index.database.execute(query, key).fetchone() if self._index else None
        if known is None:
            known = (self._count(text),)
            self._new.append((*key, known[0]))
        return int(known[0])

    def close(self) -> None:
        """Keep what was counted."""
        if self._index is None:
            return
        with suppress(sqlite3.Error), self._index.transaction() as database:
            database.executemany("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?)", self._new)
        self._index.close()
