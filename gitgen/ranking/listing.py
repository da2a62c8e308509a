"""The files of a tree by their numbers in the cache, brought from one tree to the next by what differs."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress

from gitgen.git import Git
from gitgen.ranking.index import TREES_KEPT, Index, Postings, numbers, post
from gitgen.ranking.terms import terms

UNREAD = -1
BASE_NAME, FOLDER = 2, 1
"""How often a word of the base name counts, and one of the folders."""


@dataclass(frozen=True)
class Listing:
    """The regular files of a tree; the columns go together, row by row."""

    paths: array[int]
    path_lengths: array[int]
    blobs: array[int]
    lengths: array[int]
    """How many terms the blob has; UNREAD for one that nobody has looked into."""
    names: array[int]
    """How many terms the names have that the blob defines."""

    def unread(self) -> list[int]:
        """The rows of the blobs that nobody has looked into."""
        rows, row = [], -1
        with suppress(ValueError):
            while True:
                row = self.lengths.index(UNREAD, row + 1)
                rows.append(row)
        return rows


def list_tree(index: Index, git: Git, tree: str) -> Listing:
    """The files of a tree: from the cache, else as the difference from the tree that was asked for last.

    One with blobs that are to be read is put into the cache when they have been.
    """
    key = bytes.fromhex(tree)
    columns = "paths, path_lengths, blobs, lengths, names"
    row = index.database.execute(f"SELECT {columns} FROM tree WHERE oid = ?", (key,)).fetchone()
    if row is not None:
        return refreshed(index, Listing(*map(numbers, row)))
    last = index.database.execute(f"SELECT oid, {columns} FROM tree ORDER BY used DESC LIMIT 1").fetchone()
    before = Listing(*map(numbers, last[1:])) if last else Listing(*(array("i") for _ in range(5)))
    changes = dict(_difference(git, last[0].hex(), tree) if last else _whole(git, tree))
    with index.transaction():
        listing = refreshed(index, _changed(index, before, changes))
        return listing if listing.unread() else keep(index, tree, listing)


def keep(index: Index, tree: str, listing: Listing) -> Listing:
    """Put a listing into the cache, within a transaction."""
    database = index.database
    used = database.execute("SELECT coalesce(max(used), 0) + 1 FROM tree").fetchone()[0]
    columns = (listing.paths, listing.path_lengths, listing.blobs, listing.lengths, listing.names)
    row = (bytes.fromhex(tree), used, *(column.tobytes() for column in columns))
    database.execute("INSERT OR REPLACE INTO tree VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    database.execute("DELETE FROM tree WHERE used <= ?", (used - TREES_KEPT,))
    return listing


def refreshed(index: Index, listing: Listing) -> Listing:
    """The listing with the lengths of the blobs that have been read since."""
    unread = listing.unread()
    if not unread:
        return listing
    query = "SELECT number, length, names FROM blob WHERE length IS NOT NULL AND number IN "
    blobs = {listing.blobs[row] for row in unread}
    read = {number: (length, names) for number, length, names in index.rows(query, list(blobs))}
    for row in unread:
        if listing.blobs[row] in read:
            listing.lengths[row], listing.names[row] = read[listing.blobs[row]]
    return listing


def _whole(git: Git, tree: str) -> Iterator[tuple[bytes, bytes | None]]:
    """(path, blob) of the regular files; links and submodules are none."""
    for record in git.records("ls-tree", "-r", "-z", "--full-tree", tree):
        meta, path = record.split(b"\t", 1)
        if meta.startswith(b"100"):
            yield path, bytes.fromhex(meta[12:].decode())


def _difference(git: Git, before: str, tree: str) -> Iterator[tuple[bytes, bytes | None]]:
    """(path, blob) of what changed, None for what is no regular file any more (man git-diff-tree, "raw output")."""
    records = git.records("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", before, tree)
    for meta in records:
        _, mode, _, oid, _ = meta.split()
        yield next(records), bytes.fromhex(oid.decode()) if mode.startswith(b"100") else None


def _changed(index: Index, before: Listing, changes: dict[bytes, bytes | None]) -> Listing:
    """The listing after changes, all of whose blobs count as unread."""
    known = {path: (number, length) for path, number, length in _known(index, list(changes))}
    known |= _add_paths(index, [path for path in changes if path not in known])
    blobs = index.blob_numbers([oid for oid in changes.values() if oid is not None])
    columns = list(vars(before).values())
    places = dict(zip(before.paths, range(len(before.paths)), strict=True))
    stays = bytearray(b"\1") * len(places)
    for path, oid in changes.items():
        number, length = known[path]
        place = places.get(number)
        if place is not None:
            stays[place] = oid is not None
        if oid is None:
            continue
        for column, value in zip(columns, (number, length, blobs[oid], UNREAD, 0), strict=True):
            if place is None:
                column.append(value)
            else:
                column[place] = value
    if not all(stays):
        stays += b"\1" * (len(columns[0]) - len(stays))
        columns = [array("i", compress(column, stays)) for column in columns]
    return Listing(*columns)


def _known(index: Index, paths: Sequence[bytes]) -> Iterable[tuple[bytes, int, int]]:
    return index.rows("SELECT path, number, length FROM path WHERE path IN ", paths)


def _add_paths(index: Index, paths: list[bytes]) -> dict[bytes, tuple[int, int]]:
    """Number new paths and keep their words; each path's number and length."""
    if not paths:
        return {}
    start = index.database.execute("SELECT coalesce(max(number), 0) + 1 FROM path").fetchone()[0]
    postings: Postings = defaultdict(lambda: (array("i"), bytearray()))
    rows, folders = [], dict[bytes, Counter[str]]()
    for number, path in enumerate(paths, start):
        folder, _, base = path.rpartition(b"/")
        if folder not in folders:
            folders[folder] = Counter(dict.fromkeys(terms(folder), FOLDER))
        words = folders[folder] + Counter(dict.fromkeys(terms(stem_of(base)), BASE_NAME))
        for term, count in words.items():
            post(postings, "/" + term, number, count)
        for name in set(folder.lower().split(b"/")):
            post(postings, "//" + name.decode("utf-8", "replace"), number, 1)
        rows.append((number, path, stem_of(base), words.total()))
    index.database.executemany("INSERT INTO path VALUES (?, ?, ?, ?)", rows)
    index.add(len(paths), postings)
    return {path: (number, length) for number, path, _, length in rows}


def stem_of(base: bytes) -> bytes:
    """A base name up to its first dot, but for one that it begins with."""
    return base[:1] + base[1:].partition(b".")[0]
