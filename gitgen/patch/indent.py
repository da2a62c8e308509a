"""The file's own indentation for lines that a model indented its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

Pair = tuple[str, str]
"""An indentation as the reply has it, and as the file has it."""
Rule = Callable[[str], str | None]


@dataclass(frozen=True)
class Conversion:
    """Tabs for so many blanks each, or the other way round."""

    to_tabs: bool
    width: int

    def __call__(self, indent: str) -> str:
        if not self.to_tabs:
            return indent.replace("\t", " " * self.width)
        columns = len(indent.expandtabs(self.width))
        return "\t" * (columns // self.width) + " " * (columns % self.width)


_CONVERSIONS = tuple(Conversion(to_tabs, width) for width in (4, 2, 8, 3) for to_tabs in (True, False))


@dataclass(frozen=True)
class Shift:
    """How new lines are indented; `rule` None leaves them as they are."""

    rule: Rule | None = None
    certain: bool = True
    """Whether an indentation that the rule does not know may stay as it is."""

    def __call__(self, text: str) -> str | None:
        """The line as the file would indent it; None where nobody can say."""
        if self.rule is None or not text or (not text.strip() and not self.habit):
            return text
        before = leading(text)
        after = self.rule(before)
        if after is None:
            return text if self.certain else None
        return after + text[len(before) :]

    @property
    def habit(self) -> Conversion | None:
        """The conversion that this shift is, if it is one: other hunks of the reply will have it too."""
        return self.rule if isinstance(self.rule, Conversion) else None


def leading(text: str) -> str:
    """The blanks and tabs that a line begins with."""
    return text[: len(text) - len(text.lstrip(" \t"))]


def shift(rows: Sequence[tuple[str, str, str]], habit: Conversion | None = None) -> Shift | None:
    """How to indent the reply's new lines, learnt from old ones: their op, the reply's text, the file's line.

    `habit` holds where they show nothing. None where they contradict each other.
    """
    said = [(op, leading(mine), leading(theirs), mine.strip()) for op, mine, theirs in rows if theirs.strip()]
    telling = [row for row in said if row[1] or row[2]]
    if not telling:
        return Shift(habit)
    removed_moved = any(op == "-" and mine != theirs for op, mine, theirs, _ in telling)
    moved = [row for row in telling if not _same(row, removed_moved)]
    if 2 * len(moved) <= len(telling):
        # In a short hunk without removed lines, a lone bracket indented otherwise is another bracket.
        brackets = any(not any(map(str.isalnum, row[3])) for row in moved)
        return None if brackets and len(said) < 6 and all(row[0] == " " for row in said) else Shift()
    pairs = [(mine, theirs) for _, mine, theirs, _ in said]
    first = min(((mine, theirs) for _, mine, theirs, _ in moved), key=lambda pair: len(pair[0]))
    rules: list[Rule] = [*_constant(first), *_CONVERSIONS]
    for rule in rules:
        if all(rule(mine) == theirs for mine, theirs in pairs):
            return Shift(rule)
    return _learnt(pairs)


def _same(row: tuple[str, str, str, str], strictly: bool) -> bool:
    """Whether the indentation is the file's; a context line may have lost its prefix column to it."""
    op, mine, theirs, _ = row
    return mine == theirs or (op == " " and " " + mine == theirs and not strictly)


def _constant(pair: Pair) -> list[Rule]:
    """The rules that add, or take away, what the pair differs by."""
    mine, theirs = pair
    rules: list[Rule] = []
    if theirs.endswith(mine):
        rules.append(partial(_more, theirs[: len(theirs) - len(mine)]))
    if mine.endswith(theirs):
        rules.append(partial(_less, mine[: len(mine) - len(theirs)]))
    return rules


def _more(extra: str, indent: str) -> str:
    return extra + indent


def _less(extra: str, indent: str) -> str | None:
    return indent[len(extra) :] if indent.startswith(extra) else None


def _learnt(pairs: Sequence[Pair]) -> Shift | None:
    """The pairs themselves as the rule, where each of the reply's indentations is one of the file's."""
    known: dict[str, set[str]] = {}
    for mine, theirs in pairs:
        known.setdefault(mine, set()).add(theirs)
    clear = {theirs: theirs for _, theirs in pairs if theirs not in known}
    clear |= {mine: theirs.pop() for mine, theirs in known.items() if len(theirs) == 1}
    return Shift(clear.get, certain=False) if clear else None
