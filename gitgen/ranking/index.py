"""The cache of what the blobs of a repository say: `gitgen/cache.sqlite` in its common git folder.

All of it can be had again from Git. A blob is known by its id, so nothing in here ever goes stale: a commit that
changes three files costs the reading of three blobs. Postings are kept as Lucene keeps them, in segments that are
written once and merged when there are many small ones.
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

VERSION = 2
LARGEST = 1 << 30
"""Bytes; a larger cache is begun anew."""
SMALL, MOST_SMALL = 2000, 24
"""So many segments of fewer documents than SMALL are merged into one."""
TREES_KEPT = 12

_SCHEMA = """
CREATE TABLE blob (number INTEGER PRIMARY KEY, oid BLOB UNIQUE NOT NULL, length INTEGER, names INTEGER);
CREATE TABLE path (number INTEGER PRIMARY KEY, path BLOB UNIQUE NOT NULL, stem BLOB NOT NULL, length INTEGER NOT NULL);
CREATE INDEX stem ON path (stem);
CREATE TABLE segment (number INTEGER PRIMARY KEY, documents INTEGER NOT NULL);
CREATE TABLE posting (term TEXT, segment INTEGER, documents BLOB NOT NULL, counts BLOB NOT NULL,
  PRIMARY KEY (term, segment)) WITHOUT ROWID;
CREATE TABLE tree (oid BLOB PRIMARY KEY, used INTEGER NOT NULL, paths BLOB NOT NULL, path_lengths BLOB NOT NULL,
  blobs BLOB NOT NULL, lengths BLOB NOT NULL, names BLOB NOT NULL);
CREATE TABLE history (oid BLOB PRIMARY KEY, terms TEXT NOT NULL, paths BLOB NOT NULL);
CREATE TABLE tokens (oid BLOB, model TEXT, form TEXT, count INTEGER NOT NULL, PRIMARY KEY (oid, model, form))
  WITHOUT ROWID;
CREATE TABLE word (model TEXT, word TEXT, count INTEGER NOT NULL, PRIMARY KEY (model, word)) WITHOUT ROWID;
"""

Postings: TypeAlias = dict[str, tuple["array[int]", bytearray]]
"""Of each term, the documents that it stands in, and how often: once a byte."""


def post(postings: Postings, term: str, number: int, count: int) -> None:
    """Note that a term stands in a document so often."""
    ids, counts = postings[term]
    ids.append(number)
    counts.append(min(count, 255))


def numbers(raw: bytes) -> array[int]:
    """A column of numbers, as it is kept."""
    column = array("i")
    column.frombytes(raw)
    return column


class Index:
    """The open cache. Several processes may read and write it at once; each transaction is whole or not there."""

    def __init__(self, path: Path | None) -> None:
        """Open the cache at a path, made anew if there is none; None is one in memory.

        sqlite3.Error or OSError if it cannot be read or written, as all methods raise.
        """
        self.database = _open(path) if path else _prepared(sqlite3.connect(":memory:", isolation_level=None))

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction that writes."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield self.database
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    def blob_numbers(self, oids: Sequence[bytes]) -> dict[bytes, int]:
        """The numbers of blobs by their ids; a new one is noted as unread."""
        self.database.executemany("INSERT OR IGNORE INTO blob (oid) VALUES (?)", ((oid,) for oid in oids))
        return dict(self.rows("SELECT oid, number FROM blob WHERE oid IN ", oids))

    def rows(self, query: str, keys: Sequence[object], *before: object) -> Iterator[Any]:
        """The rows of a query that ends with IN, for any number of keys; `before` fills the marks ahead of it."""
        for start in range(0, len(keys), 500):
            some = keys[start : start + 500]
            yield from self.database.execute(f"{query}({','.join('?' * len(some))})", (*before, *some))

    def add(self, documents: int, postings: Postings) -> None:
        """Write a segment, within a transaction."""
        number = self.database.execute("INSERT INTO segment (documents) VALUES (?)", (documents,)).lastrowid
        rows = ((term, number, ids.tobytes(), counts) for term, (ids, counts) in sorted(postings.items()))
        self.database.executemany("INSERT INTO posting VALUES (?, ?, ?, ?)", rows)
        self._merge()

    def _merge(self) -> None:
        small = list(self.database.execute("SELECT number, documents FROM segment WHERE documents < ?", (SMALL,)))
        if len(small) < MOST_SMALL:
            return
        marks = ",".join(str(number) for number, _ in small)
        merged: Postings = defaultdict(lambda: (array("i"), bytearray()))
        for term, ids, counts in self.database.execute(
            f"SELECT term, documents, counts FROM posting WHERE segment IN ({marks})"
        ):
            merged[term][0].frombytes(ids)
            merged[term][1].extend(counts)
        self.database.execute(f"DELETE FROM posting WHERE segment IN ({marks})")
        self.database.execute(f"DELETE FROM segment WHERE number IN ({marks})")
        self.add(sum(documents for _, documents in small), merged)

    def postings(self, term: str) -> tuple[array[int], bytes]:
        """The documents that a term stands in, and how often."""
        ids, counts = array("i"), []
        for raw, some in self.database.execute("SELECT documents, counts FROM posting WHERE term = ?", (term,)):
            ids.frombytes(raw)
            counts.append(some)
        return ids, b"".join(counts)


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o755, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST:
        clear(path)
    # Never writable for a group, whatever the umask: what stands in here is taken for true.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o644))
    database = sqlite3.connect(path, timeout=10, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        # A crash of the machine may cost the last segments, never the database.
        database.execute("PRAGMA synchronous = NORMAL")
        return _prepared(database)
    except BaseException:
        database.close()
        raise


def _prepared(database: sqlite3.Connection) -> sqlite3.Connection:
    if _version(database) == VERSION:
        return database
    database.execute("BEGIN IMMEDIATE")
    if (found := _version(database)) != VERSION:
        if found:
            database.execute("ROLLBACK")
            raise sqlite3.DatabaseError("of another version")
        for statement in _SCHEMA.split(";\n"):
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")
    return database


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def clear(path: Path) -> None:
    """Delete a cache; a process that has it open goes on with what it has."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def held(path: Path) -> dict[str, int]:
    """How many blobs and commits a cache knows, and how large it is; all zero where there is none."""
    found = {"blobs": 0, "commits": 0, "bytes": 0}
    if not path.is_file():
        return found
    found["bytes"] = sum(p.stat().st_size for p in path.parent.glob(path.name + "*"))
    with suppress(OSError, sqlite3.Error):
        index = Index(path)
        try:
            counted = "SELECT count(*) FROM"
            found["blobs"] = index.database.execute(f"{counted} blob WHERE length IS NOT NULL").fetchone()[0]
            found["commits"] = index.database.execute(f"{counted} history").fetchone()[0]
        finally:
            index.close()
    return found
