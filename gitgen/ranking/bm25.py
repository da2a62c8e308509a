"""BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 3.1)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

K1, B = 1.2, 0.75
MOST_POSTINGS = 50_000
"""The rarest terms are read first, and no more than so many postings: common words tell nothing apart."""

Scores: TypeAlias = dict[int, float]
Postings: TypeAlias = Callable[[str], tuple[Sequence[int], bytes]]
"""The documents that a term stands in, and how often in each."""


@dataclass(frozen=True)
class Documents:
    """How long each document is; a larger `b` makes more of that."""

    lengths: Mapping[int, int]
    b: float = B
    average: float = field(init=False)
    highest: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "average", sum(self.lengths.values()) / (len(self.lengths) or 1) or 1.0)
        object.__setattr__(self, "highest", max(self.lengths, default=0))

    def scores(self, query: Mapping[str, int], postings: Postings) -> Scores:
        """The score of each document that has any of the query's terms."""
        scores: Scores = defaultdict(float)
        least, growth = K1 * (1 - self.b), K1 * self.b / self.average
        found = sorted(((*postings(term), times) for term, times in query.items()), key=lambda row: len(row[0]))
        read = 0
        for ids, counts, times in found:
            # Of all numbers up to the highest no more than these are of others: often there is no need to look which.
            others = 1 + max(self.highest, max(ids, default=0)) - len(self.lengths)
            if read + len(ids) - others > MOST_POSTINGS:
                break
            hits = [(number, count) for number, count in zip(ids, counts, strict=True) if number in self.lengths]
            read += len(hits)
            if read > MOST_POSTINGS:
                break
            weight = self._rarity(len(hits)) * (1 + math.log(times)) * (K1 + 1)
            for number, count in hits:
                scores[number] += weight * count / (count + least + growth * self.lengths[number])
        return scores

    def _rarity(self, documents: int) -> float:
        return math.log(1 + (len(self.lengths) - documents + 0.5) / (documents + 0.5))


def shares(scores: Mapping[int, float]) -> Scores:
    """Scores from 0 to 1: each divided by the largest."""
    most = max(scores.values(), default=0.0)
    return {number: score / most for number, score in scores.items() if score} if most else {}
