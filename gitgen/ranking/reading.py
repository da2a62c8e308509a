"""Bring what blobs and commits say into the cache. Nothing is fetched, and what is no text is not looked into."""

from __future__ import annotations

import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from gitgen.git import Git
from gitgen.ranking.definitions import defined_terms
from gitgen.ranking.index import Index, Postings, post
from gitgen.ranking.terms import terms

LARGEST_BLOB = 1_000_000
"""Bytes; a larger file is generated, or data."""
COMMITS = 2000
"""So many of the last commits tell by their messages what a file is about."""
WIDEST_COMMIT = 50
"""A commit of more files than this says little about each."""
_BATCH = 8 << 20
"""Bytes of blobs that are read and written at once."""
_PROBE = 8000
"""A NUL among the first so many bytes makes a blob binary, as git has it (buffer_is_binary)."""

Progress: TypeAlias = Callable[[int, int], None]
Sized: TypeAlias = tuple[int, str, int]
"""A blob's number, id and size."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def read_blobs(
    index: Index, git: Git, tree: str, unread: list[int], until: float | None = None, progress: Progress = silent
) -> None:
    """Read blobs into the cache in this order, until a time of `time.monotonic`.

    A blob that a partial clone does not have is not fetched. Ctrl-C, and the end of the time, lose one batch.
    """
    absent = missing(git, tree)
    oids = {number: oid.hex() for number, oid in index.rows("SELECT number, oid FROM blob WHERE number IN ", unread)}
    wanted = [(number, oids[number]) for number in dict.fromkeys(unread) if oids[number] not in absent]
    done = 0
    for start in range(0, len(wanted), 5000):
        some = wanted[start : start + 5000]
        sizes = _sizes(git, [oid for _, oid in some]) if _early(until) else {}
        for batch in _batches((number, oid, sizes[oid]) for number, oid in some if oid in sizes):
            if not _early(until):
                return
            _read(index, git, batch)
            done += len(batch)
            progress(done, len(wanted))


def _early(until: float | None) -> bool:
    return until is None or time.monotonic() < until


def missing(git: Git, tree: str) -> set[str]:
    """The blobs of a tree that a partial clone left with its remote (man git-rev-list, `--missing`)."""
    if not git.text("config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$", check=False):
        return set()
    listed = git.text("rev-list", "--objects", "--missing=print", "--no-object-names", tree)
    return {line[1:] for line in listed.splitlines() if line.startswith("?")}


def _sizes(git: Git, oids: list[str]) -> dict[str, int]:
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    found = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", "--buffer", stdin=asked).splitlines()
    pairs = (line.split() for line in found)
    return {oid.decode(): int(size) for oid, size in pairs if size.isdigit()}


def _batches(blobs: Iterable[Sized]) -> Iterator[list[Sized]]:
    batch: list[Sized] = []
    held = 0
    for blob in blobs:
        batch.append(blob)
        held += blob[2] if blob[2] <= LARGEST_BLOB else 0
        if held > _BATCH:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _read(index: Index, git: Git, batch: list[Sized]) -> None:
    """Write what blobs say as one segment, but for those that another process has written meanwhile."""
    said = {number: (terms(text), defined_terms(text)) for number, text in _texts(git, batch)}
    with index.transaction() as database:
        query = "SELECT number, length FROM blob WHERE length IS NOT NULL AND number IN "
        there = {number for number, _ in index.rows(query, list(said))}
        postings: Postings = defaultdict(lambda: (array("i"), bytearray()))
        for number in sorted(said.keys() - there):
            for prefix, counts in zip(("", ":"), said[number], strict=True):
                for term, count in counts.items():
                    post(postings, prefix + term, number, count)
        index.add(len(said) - len(there), postings)
        lengths = ((words.total(), names.total(), number) for number, (words, names) in said.items())
        database.executemany("UPDATE blob SET length = ?, names = ? WHERE number = ?", lengths)


def _texts(git: Git, batch: list[Sized]) -> Iterator[tuple[int, bytes]]:
    """Each blob's number and text, which is empty for what is no text or too large."""
    asked = "".join(f"{oid}\n" for _, oid, size in batch if size <= LARGEST_BLOB).encode()
    raw, at = git.run("cat-file", "--batch", "--buffer", stdin=asked), 0
    for number, _, size in batch:
        text = b""
        if size <= LARGEST_BLOB:
            at = raw.index(b"\n", at) + 1
            text = raw[at : at + size]
            at += size + 1
        yield number, b"" if b"\0" in text[:_PROBE] else text


def read_history(index: Index, git: Git, commit: str) -> list[tuple[list[str], list[bytes]]]:
    """The last commits, the latest first: the terms of each message, and the paths that it touched."""
    if _without_trees(git):
        return []
    listed = [bytes.fromhex(oid) for oid in git.text("rev-list", "-n", str(COMMITS), commit).split()]
    query = "SELECT oid, terms, paths FROM history WHERE oid IN "
    known = {oid: (said, paths) for oid, said, paths in index.rows(query, listed)}
    if new := [oid.hex() for oid in listed if oid not in known]:
        messages = list(_messages(git, new))
        known |= {oid: (said, paths) for oid, said, paths in messages}
        with index.transaction() as database:
            database.executemany("INSERT OR IGNORE INTO history VALUES (?, ?, ?)", messages)
    return [(said.split(), paths.split(b"\0")) for said, paths in (known[oid] for oid in listed if oid in known)]


def _without_trees(git: Git) -> bool:
    """Whether a partial clone would have to fetch trees to tell what a commit touched."""
    return "tree:" in git.text("config", "--get-regexp", r"^remote\..*\.partialclonefilter$", check=False)


def _messages(git: Git, oids: list[str]) -> Iterator[tuple[bytes, str, bytes]]:
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    form = "--format=%x01%H%x02%B%x03"
    raw = git.run("log", "--no-walk=unsorted", "--stdin", "--no-renames", "--name-only", "-z", form, stdin=asked)
    for record in raw.split(b"\x01")[1:]:
        oid, _, rest = record.partition(b"\x02")
        message, _, listed = rest.partition(b"\x03")
        paths = [path for path in listed.strip(b"\n\0").split(b"\0") if path]
        words = " ".join(terms(message).elements())
        if len(oid) in (40, 64):
            yield bytes.fromhex(oid.decode()), words, b"\0".join(paths) if len(paths) <= WIDEST_COMMIT else b""
