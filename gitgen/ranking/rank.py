"""Which files a text is about: BM25 over what they hold, define, are called, and over the commits that touched them."""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from heapq import nlargest
from pathlib import Path

from gitgen.git import Git, GitFailed
from gitgen.ranking.bm25 import Documents, Postings, Scores, shares
from gitgen.ranking.index import Index, clear
from gitgen.ranking.kinds import kind_of, left_out, weights_for
from gitgen.ranking.listing import UNREAD, Listing, keep, list_tree, refreshed, stem_of
from gitgen.ranking.order import by_worth
from gitgen.ranking.reading import Progress, read_blobs, read_history, silent
from gitgen.ranking.terms import terms

PARTS = {
    "text": 1.0,  # the query against what the file holds
    "subject": 0.6,  # its first line alone against the same
    "names": 0.5,  # the query against the names that the file defines
    "named": 0.25,  # its first line against the same
    "path": 0.5,  # the query against the words of the path
    "folder": 0.5,  # a folder that the first line names as a whole
    "commits": 0.5,  # the query against the commits that touched the file, the best three
    "history": 0.5,  # its first line against the messages of all of them
    "recent": 0.25,  # how often and how lately the file was touched
    "mentioned": 0.75,  # the query names the file
}
"""What a score is made of, each part divided by the most that any file has of it."""
PATH_B = 0.3
BEST_COMMITS = 3
"""So many commits speak for a file: a sum over all would only tell which files change often."""
RECENT = 50
"""After so many commits a touch counts half."""
MODULE = 0.6
"""What a dotted name counts beside a written path."""
MOST_FILES = 2000
"""No more files than this are ranked."""


@dataclass(frozen=True)
class Ranked:
    """A file and what speaks for it: its share of each part, from 0 to 1; `terms` are what it costs to show."""

    path: str
    score: float
    parts: Mapping[str, float]
    terms: int = 0


@dataclass(frozen=True)
class Ranking:
    """The files that have anything to do with a query, best first (`by_worth`).

    Of the tree's `total` files `read` were looked into. `left_out` are those that no model is shown for what their path
    says (`kinds.left_out`).
    """

    files: tuple[Ranked, ...]
    read: int
    total: int
    left_out: tuple[Ranked, ...] = ()


def cache_of(git: Git) -> Path:
    """Where the cache of a repository is; all its work trees share it."""
    common = git.text("rev-parse", "--path-format=absolute", "--git-common-dir")
    return Path(common) / "gitgen" / "cache.sqlite"


def rank_files(repo: str | Path, treeish: str, query: str) -> Sequence[str]:
    """The files of a tree that a query is about, best first; GitgenError where there is no such tree."""
    git = Git(Path(repo))
    try:
        return [file.path for file in rank(git, treeish, query).files]
    finally:
        git.close()


def in_order(files: Iterable[Ranked]) -> list[Ranked]:
    """Files by their score, and by what that is worth for what they cost."""
    by_score = sorted(files, key=lambda file: (-file.score, file.path))
    return by_worth(by_score, score=lambda file: file.score, cost=lambda file: file.terms)


def rank(git: Git, treeish: str, query: str, *, until: float | None = None, progress: Progress = silent) -> Ranking:
    """Rank the files of a tree, after reading what of it is not in the cache until a time of `time.monotonic`.

    A cache that is broken is made anew, and one that cannot be written is done without: it can all be had from Git.
    """
    cache = cache_of(git)
    with suppress(OSError, sqlite3.Error):
        return _attempt(cache, git, treeish, query, until, progress)
    with suppress(OSError, sqlite3.Error):
        clear(cache)
        return _attempt(cache, git, treeish, query, until, progress)
    return _attempt(None, git, treeish, query, until, progress)


def _attempt(
    cache: Path | None, git: Git, treeish: str, query: str, until: float | None, progress: Progress
) -> Ranking:
    index = Index(cache)
    try:
        return _Query(index, git, treeish, query).ranking(until, progress)
    finally:
        index.close()


class _Query:
    """One query to one tree."""

    def __init__(self, index: Index, git: Git, treeish: str, query: str) -> None:
        self.index, self.git, self.query = index, git, query
        self.tree = git.id_of(treeish + "^{tree}")
        self.commit = _commit(git, treeish)
        self.listing: Listing = list_tree(index, git, self.tree)
        self.here = dict(zip(self.listing.paths, self.listing.path_lengths, strict=True))
        self.terms = terms(query.encode("utf-8", "replace"))
        self.first_line = query.strip().partition("\n")[0]
        self.subject = terms(self.first_line.encode("utf-8", "replace"))

    def ranking(self, until: float | None, progress: Progress) -> Ranking:
        """The ranking, after as much of the tree as there is time for has been read: what looks best first."""
        parts = self._of_paths() | self._of_commits()
        if unread := self.listing.unread():
            self._read(unread, _sum(parts), until, progress)
        parts |= self._of_blobs()
        total = _sum(parts)
        weight = weights_for(self.first_line)
        best = nlargest(MOST_FILES, total, key=total.__getitem__)
        paths = dict(self.index.rows("SELECT number, path FROM path WHERE number IN ", best))
        cost = self._costs(set(best))
        files, passed = list[Ranked](), list[Ranked]()
        for number in best:
            path = paths[number].decode("utf-8", "surrogateescape")
            why = {name: part[number] for name, part in parts.items() if number in part}
            file = Ranked(path, total[number] * weight[kind_of(path)], why, cost[number])
            (passed if left_out(path) else files).append(file)
        total_files = len(self.listing.lengths)
        read = total_files - self.listing.lengths.count(UNREAD)
        return Ranking(tuple(in_order(files)), read, total_files, tuple(passed))

    def _costs(self, files: Collection[int]) -> dict[int, int]:
        """How many terms each of these files has; nobody knows it of one that has not been read."""
        rows = zip(self.listing.paths, self.listing.lengths, strict=True)
        return {number: length for number, length in rows if number in files}

    def _read(self, unread: list[int], early: Mapping[int, float], until: float | None, progress: Progress) -> None:
        unread.sort(key=lambda row: -early.get(self.listing.paths[row], 0.0))
        blobs = [self.listing.blobs[row] for row in unread]
        read_blobs(self.index, self.git, self.tree, blobs, until, progress)
        with self.index.transaction():
            keep(self.index, self.tree, refreshed(self.index, self.listing))

    def _of_blobs(self) -> dict[str, Scores]:
        """What the blobs that have been read hold and define."""
        blobs, lengths, names = self.listing.blobs, self.listing.lengths, self.listing.names
        read = dict(zip(blobs, lengths, strict=True))
        for row in self.listing.unread():
            read.pop(blobs[row], None)
        text = Documents(read)
        defined = Documents(dict(zip(blobs, names, strict=True)))
        found = {
            "text": text.scores(self.terms, self._postings("")),
            "subject": text.scores(self.subject, self._postings("")),
            "names": defined.scores(self.terms, self._postings(":")),
            "named": defined.scores(self.subject, self._postings(":")),
        }
        hit = set[int]().union(*found.values())
        rows = [(path, blob) for path, blob in zip(self.listing.paths, blobs, strict=True) if blob in hit]
        return {
            name: shares({path: scores[blob] for path, blob in rows if blob in scores})
            for name, scores in found.items()
        }

    def _of_paths(self) -> dict[str, Scores]:
        words = dict.fromkeys(re.findall(r"\w+(?:[-.]\w+)*", self.first_line.lower()), 1)
        return {
            "path": shares(Documents(self.here, PATH_B).scores(self.terms, self._postings("/"))),
            "folder": shares(Documents(self.here, 0).scores(words, self._postings("//"))),
            "mentioned": shares(self._mentioned()),
        }

    def _postings(self, prefix: str) -> Postings:
        return lambda term: self.index.postings(prefix + term)

    def _mentioned(self) -> Scores:
        """The files that the query names by path, by base name, or as a dotted module."""
        scores: Scores = {}
        for word in {word.strip("./-") for word in re.findall(r"[\w./\\-]+", self.query.replace("\\", "/"))}:
            module = word.replace(".", "/") if "/" not in word else ""
            for form, weight in ((word, 1.0), (module, MODULE)):
                for number in self._named(form):
                    scores[number] = max(weight, scores.get(number, 0.0))
        return scores

    def _named(self, word: str) -> Iterator[int]:
        """The paths that end as is written here, with or without their extension."""
        base = word.rpartition("/")[2]
        if not base or ("/" not in word and "." not in word):
            return
        query = "SELECT number, path FROM path WHERE stem = ?"
        for number, raw in self.index.database.execute(query, (stem_of(base.encode("utf-8", "replace")),)):
            path = "/" + raw.decode("utf-8", "surrogateescape")
            if number in self.here and (
                ("/" + word).endswith(path) or any(s.endswith("/" + word) for s in (path, path.rpartition(".")[0]))
            ):
                yield number

    def _of_commits(self) -> dict[str, Scores]:
        """What the messages of the last commits say of the files they touched, and how lately they did."""
        history = read_history(self.index, self.git, self.commit) if self.commit else []
        paths = list({path for _, touched in history for path in touched})
        known = dict(self.index.rows("SELECT path, number FROM path WHERE path IN ", paths))
        messages, touched = [], []
        for words, names in history:
            if numbers := [known[name] for name in names if known.get(name) in self.here]:
                messages.append(words)
                touched.append(numbers)
        recent: Scores = defaultdict(float)
        for age, numbers in enumerate(touched):
            for number in numbers:
                recent[number] += 1 / len(numbers) / (1 + age / RECENT)
        best: dict[int, list[float]] = defaultdict(list)
        for place, score in _scores_of(messages, self.terms).items():
            for number in touched[place]:
                best[number].append(score / math.sqrt(len(touched[place])))
        together: dict[int, list[str]] = defaultdict(list)
        for words, numbers in zip(messages, touched, strict=True):
            for number in numbers:
                together[number] += words
        said = _scores_of(list(together.values()), self.subject)
        return {
            "commits": shares({number: sum(sorted(scores)[-BEST_COMMITS:]) for number, scores in best.items()}),
            "history": shares({number: said[place] for place, number in enumerate(together) if place in said}),
            "recent": shares({number: math.log1p(score) for number, score in recent.items()}),
        }


def _commit(git: Git, treeish: str) -> str:
    try:
        return git.id_of(treeish + "^{commit}")
    except GitFailed:
        return ""


def _sum(parts: Mapping[str, Scores]) -> Scores:
    total: Scores = defaultdict(float)
    for name, scores in parts.items():
        for number, score in scores.items():
            total[number] += PARTS[name] * score
    return total


def _scores_of(messages: Sequence[Sequence[str]], query: Mapping[str, int]) -> Scores:
    """The score of each message that has anything of the query, by its place."""
    postings: dict[str, tuple[list[int], bytearray]] = {term: ([], bytearray()) for term in query}
    for place, words in enumerate(messages):
        for term, count in Counter(word for word in words if word in query).items():
            postings[term][0].append(place)
            postings[term][1].append(min(count, 255))
    lengths = Documents({place: len(words) for place, words in enumerate(messages)})
    return lengths.scores(query, lambda term: (postings[term][0], bytes(postings[term][1])))
