"""The ladder: in which eyes two lines are the same, from byte for byte downwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitgen.patch.text import BOM

_TYPOGRAPHIC = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u00a0\u2007\u202f\u2002\u2003\u2009", " "),
        "\u2026": "...",
    }
)
MOST_PLACES = 40
"""So many places are enough to know that a hunk is ambiguous."""
_NOT_ASKED_FOR = "\0"
_LAST = chr(0x10FFFF)
"""The letter of every line of the file that no hunk has."""
_MOST_SCANNED = 50_000_000
"""So many lines are looked at for hunks that have no rare line; no honest reply comes near."""


def plain(text: str) -> str:
    """The text with typographic quotes, dashes and blanks as a keyboard types them."""
    return text if text.isascii() else text.translate(_TYPOGRAPHIC)


def _line_end(text: str) -> str:
    return text.removesuffix("\r").removeprefix(BOM)


def _right(text: str) -> str:
    return text.removeprefix(BOM).rstrip()


def _quotes(text: str) -> str:
    return plain(text.removeprefix(BOM)).rstrip()


def _both(text: str) -> str:
    return text.removeprefix(BOM).strip()


def bare(text: str) -> str:
    """The text without any blanks, the loosest eyes that a removed line may be seen with."""
    return "".join(plain(text.removeprefix(BOM)).split())


class Rung(NamedTuple):
    """One way to compare lines, and what to tell a reviewer when it was needed."""

    how: str
    eyes: Callable[[str], str] | None = None
    of_ascii: Callable[[str], str] | None = None
    """What the eyes are for a line of nothing but ASCII, where that is less work."""

    def seen(self, lines: Sequence[str]) -> list[str]:
        """The lines as this rung looks at them: two are the same where these are equal."""
        if self.eyes is None:
            return list(lines)
        eyes, of_ascii = self.eyes, self.of_ascii or self.eyes
        return [of_ascii(line) if line.isascii() else eyes(line) for line in lines]


EXACT = Rung("exactly")
NEAR = (
    EXACT,
    Rung("after its line ends", _line_end),
    Rung("but for blanks at the ends of lines", _right, str.rstrip),
    Rung("but for typographic quotes", _quotes, str.rstrip),
)
FAR = (
    Rung("after an indentation shift", _both, str.strip),
    Rung("but for blanks", bare, lambda line: "".join(line.split())),
)


def find(sides: Sequence[Sequence[str]], lines: Sequence[str], hints: Sequence[int | None]) -> list[list[int]]:
    """For each side, the 0-based lines where it stands as a whole, `MOST_PLACES` at most.

    All lines are as one rung has `seen` them. `hints` are places that are looked at in any case.

    Every distinct line becomes one letter, so that a search is a search in a string: linear, repeats or not.
    """
    if not any(sides):
        return [[] for _ in sides]
    letters: defaultdict[str, str] = defaultdict(lambda: chr(min(len(letters) + 2, ord(_LAST))))
    spelt = ["".join([letters[key] for key in side]) for side in sides]
    # Lines beyond the last letter share it, so it must not be found anywhere.
    haystack = _Haystack("".join([letters.get(key, _NOT_ASKED_FOR) for key in lines]).replace(_LAST, _NOT_ASKED_FOR))
    return [haystack.places(side, hint) for side, hint in zip(spelt, hints, strict=True)]


class _Haystack:
    """A file spelt with a letter for each line, to look for many needles in."""

    def __init__(self, letters: str) -> None:
        self._letters = letters
        self._stands: defaultdict[str, list[int]] = defaultdict(list)
        for at, letter in enumerate(letters):
            if letter != _NOT_ASKED_FOR:
                self._stands[letter].append(at)
        self._found: dict[str, list[int]] = {}
        self._scanned = 0

    def places(self, side: str, hint: int | None) -> list[int]:
        """Where the side stands, `MOST_PLACES` at most, and at the hint if it stands there."""
        if side not in self._found:
            self._found[side] = self._search(side)
        places = self._found[side]
        if len(places) >= MOST_PLACES and hint is not None and hint >= 0 and hint not in places:
            return sorted([*places, hint]) if self._letters.startswith(side, hint) else places
        return places

    def _search(self, side: str) -> list[int]:
        if not side or not all(letter in self._stands for letter in side):
            return []
        rarest = min(side, key=lambda letter: len(self._stands[letter]))
        if len(self._stands[rarest]) > MOST_PLACES:
            self._scanned += len(self._letters)
            return self._starts(side) if self._scanned < _MOST_SCANNED else []
        offset = side.index(rarest)
        starts = [at - offset for at in self._stands[rarest] if at >= offset]
        return [at for at in starts if self._letters.startswith(side, at)]

    def _starts(self, side: str) -> list[int]:
        starts: list[int] = []
        at = self._letters.find(side)
        while at >= 0 and len(starts) < MOST_PLACES:
            starts.append(at)
            at = self._letters.find(side, at + 1)
        return starts
