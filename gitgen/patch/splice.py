"""From a hunk and the lines it stands on to exact replacements of lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitgen.edits import Hunk, Row
from gitgen.patch import indent
from gitgen.patch.rungs import EXACT, Rung, plain
from gitgen.patch.settle import Key
from gitgen.patch.text import BOM, Text

_MOST_AT_ONE_PLACE = 64


@dataclass(frozen=True)
class Match:
    """A hunk's place: for every old row the 0-based line it stands on, None where there is no such line."""

    at: tuple[int | None, ...]
    rung: Rung
    start: int
    """Where the hunk begins, for hunks without an old row too."""
    cost: float = 0.0


@dataclass(frozen=True)
class Splice:
    """Lines `start` up to `end` are replaced by `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Habits:
    """What some hunks of a reply show about all of them."""

    conversion: indent.Conversion | None = None
    """Tabs where the files have blanks, or the other way round."""
    unmarked: bool = False
    r"""Whether it leaves `\ No newline at end of file` out."""


def splices(hunk: Hunk, match: Match, text: Text, shift: indent.Shift) -> list[Splice] | None:
    """What the hunk replaces at this place; None where the new lines' indentation cannot be known."""
    spell = _spelling(hunk, match, text)
    kept = _kept(hunk, match, text)
    found: list[Splice] = []
    places = iter(match.at)
    cursor = next((at for at in match.at if at is not None), match.start)
    below = lines_below(hunk, match)
    for number, row in enumerate(hunk.rows):
        if row.op == "+":
            cursor = below.get(number, cursor)
            new = shift(row.text)
            if new is None:
                return None
            old = kept.get(row.text)
            same = old is not None and indent.leading(old) == indent.leading(new)
            found.append(Splice(cursor, cursor, (old if old is not None and same else spell(new),)))
            continue
        at = next(places)
        if at is None:
            continue
        if row.op == "-":
            found.append(Splice(at, at + 1, ()))
        cursor = at + 1
    return _joined(found)


def lines_below(hunk: Hunk, match: Match) -> dict[int, int]:
    """For runs of new lines with a gap of blank lines around them that end blank: the line they go before.

    A run that begins blank goes above the gap, as every run does that is not listed here.
    """
    below: dict[int, int] = {}
    places = iter(match.at)
    begun: int | None = None
    pure = True
    for number, row in enumerate(hunk.rows):
        if row.op == "+":
            begun = number if begun is None else begun
            continue
        at = next(places)
        if row.op == "-":
            pure = False
        elif begun is not None and pure and at is not None:
            first, last = hunk.rows[begun].text, hunk.rows[number - 1].text
            if first.strip() and not last.strip():
                below[begun] = at
        if row.op == " ":
            begun, pure = None, True
    return below


def shift_of(hunk: Hunk, match: Match, text: Text, habits: Habits) -> indent.Shift | None:
    """How the hunk's new lines are indented here; None where its old lines tell no one rule."""
    habit = habits.conversion
    if habit and not any(line.startswith("\t" if habit.to_tabs else " " * habit.width) for line in text.lines):
        habit = None
    if habit is None and match.rung is EXACT:
        return indent.Shift()
    return indent.shift([(row.op, row.text, line) for row, line in _both(hunk, match, text)], habit)


def _both(hunk: Hunk, match: Match, text: Text) -> list[tuple[Row, str]]:
    """The hunk's old rows that stand somewhere, with the lines they stand on."""
    old = (row for row in hunk.rows if row.op != "+")
    return [(row, text.lines[at]) for row, at in zip(old, match.at, strict=True) if at is not None]


def _kept(hunk: Hunk, match: Match, text: Text) -> dict[str, str]:
    """The file's own bytes of removed lines, for new lines that repeat them."""
    if match.rung is EXACT:
        return {}
    return {row.text: line for row, line in _both(hunk, match, text) if row.op == "-"}


def ended_after(hunk: Hunk, match: Match, text: Text, *, unmarked: bool) -> bool:
    """Whether the text has its final newline after this hunk, going by what the hunk says of the end."""
    last = max((at for at in match.at if at is not None), default=match.start - 1)
    if last != len(text.lines) - 1:
        return text.ended
    if hunk.old_unended or hunk.new_unended:
        return not hunk.new_unended
    if hunk.rows[-1].op == "-":
        return True
    return text.ended or (hunk.rows[-1].op == "+" and hunk.rows[-1].text != "" and not unmarked)


def leaves_mark_out(hunk: Hunk, match: Match, text: Text) -> bool:
    """Whether the hunk shows the file's last line, which has no newline, and does not say so."""
    if text.ended or hunk.old_unended or hunk.new_unended or hunk.rows[-1].op != " ":
        return False
    return match.at[-1:] == (len(text.lines) - 1,)


def _joined(found: Sequence[Splice]) -> list[Splice]:
    joined: list[tuple[int, int, list[str]]] = []
    for one in found:
        if joined and joined[-1][1] == one.start:
            start, _, lines = joined[-1]
            lines.extend(one.lines)
            joined[-1] = start, one.end, lines
        else:
            joined.append((one.start, one.end, list(one.lines)))
    return [Splice(start, end, tuple(lines)) for start, end, lines in joined]


def _spelling(hunk: Hunk, match: Match, text: Text) -> Callable[[str], str]:
    """How a new line is spelt in this file: its line end, and its quotes."""
    if match.rung is EXACT:
        lost = not match.at and text.returns and not any(line.endswith("\r") for line in hunk.new)
        return (lambda line: line + "\r") if lost else (lambda line: line)
    both = [(row.text, line) for row, line in _both(hunk, match, text)]
    end = "\r" if 2 * sum(line.endswith("\r") for _, line in both) > len(both) else ""
    mine = {letter for line, _ in both if not line.isascii() for letter in line if plain(letter) != letter}
    theirs = set("".join(line for _, line in both)) if mine else set()
    table = {ord(letter): plain(letter) for letter in mine - theirs}
    return lambda line: line.removesuffix("\r").translate(table) + end


class Made:
    """The splices of all hunks that have a place, and who changes what."""

    def __init__(self) -> None:
        self.splices: dict[Key, list[Splice]] = {}
        self._taken: dict[int, Key] = {}
        self._added: dict[int, set[Key]] = {}

    def add(self, key: Key, found: list[Splice]) -> None:
        """Note these splices as the hunk's."""
        self.splices[key] = found
        for one in found:
            self._taken.update(dict.fromkeys(range(one.start, one.end), key))
            if one.lines:
                self._added.setdefault(one.start, set()).add(key)

    def remove(self, key: Key) -> None:
        """Forget the hunk's splices, if there are any."""
        for one in self.splices.pop(key, []):
            for line in range(one.start, one.end):
                self._taken.pop(line, None)
            self._added.get(one.start, set()).discard(key)

    def free(self, found: Sequence[Splice]) -> bool:
        """Whether no other hunk replaces or adds lines at any of these places: there is nothing to weigh."""
        for one in found:
            beside = one.start == one.end  # new lines alone may repeat what a replacement next to them adds
            if any(line in self._taken for line in range(one.start - beside, one.end + beside)):
                return False
            if any(self._added.get(line) for line in range(one.start, one.end + 1)):
                return False
        return True

    def crowded(self, found: Sequence[Splice]) -> bool:
        """Whether so many hunks add lines at one of these places that no honest reply wrote them."""
        return any(len(self._added.get(one.start, ())) >= _MOST_AT_ONE_PLACE for one in found)

    def clashing(self, found: Sequence[Splice]) -> set[Key]:
        """The hunks that replace lines which these splices replace or split."""
        others: set[Key] = set()
        for one in found:
            others.update(self._taken[line] for line in range(one.start, one.end) if line in self._taken)
            for line in range(one.start + 1, one.end):
                others |= self._added.get(line, set())
            around = self._taken.get(one.start - 1), self._taken.get(one.start)
            if one.start == one.end and around[0] is not None and around[0] == around[1]:
                others.add(around[0])
        return others

    def repeats(self, found: list[Splice]) -> bool:
        """Whether the splices only do again what other hunks do."""
        near = [(one, [other for key in self._near(one.start) for other in self.splices[key]]) for one in found]
        return all(any(_does(other, one) for other in others) for one, others in near)

    def repeated_by(self, found: Sequence[Splice]) -> set[Key]:
        """The hunks that do nothing which these splices do not do too."""
        near = {key for one in found for line in range(one.start, one.end + 1) for key in self._near(line)}
        return {key for key in near if all(any(_does(one, other) for one in found) for other in self.splices[key])}

    def _near(self, line: int) -> set[Key]:
        beside = (self._taken.get(line - 1), self._taken.get(line))
        return {key for key in beside if key is not None} | self._added.get(line, set())


def _does(splice: Splice, other: Splice) -> bool:
    """Whether one splice is the other, or has its new lines among its own at the same place."""
    if splice == other:
        return True
    if other.start != other.end or not splice.start <= other.start <= splice.end:
        return False
    return len(other.lines) <= len(splice.lines) and _run(other.lines) in _run(splice.lines)


def _run(lines: Sequence[str]) -> str:
    """The lines as one text, for one search in another."""
    return "\n" + "\n".join(lines) + "\n"


def covers(later: Sequence[Splice], earlier: Sequence[Splice]) -> bool:
    """Whether the later hunk replaces every line that the earlier one does, which adds nothing elsewhere."""
    taken = {line for one in later for line in range(one.start, one.end)}
    return all(one.start < one.end and taken.issuperset(range(one.start, one.end)) for one in earlier)


def apply(text: Text, found: Sequence[Splice], *, ended: bool) -> Text:
    """The text with all splices made; they must not clash, and at one place the first comes first."""
    lines: list[str] = []
    cursor = 0
    for splice in sorted(found, key=lambda one: (one.start, one.end)):
        lines.extend(text.lines[cursor : splice.start])
        lines.extend(splice.lines)
        cursor = max(cursor, splice.end)
    lines.extend(text.lines[cursor:])
    if text.lines and text.lines[0].startswith(BOM) and lines and not lines[0].startswith(BOM):
        lines[0] = BOM + lines[0]
    return text.with_lines(lines, ended=ended)
