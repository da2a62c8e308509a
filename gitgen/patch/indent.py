"""The file's own indentation for lines that a model indented its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

Pair = tuple[str, str]
"""An indentation as the reply has it, and as the file has it."""
Rule = Callable[[str], str | None]


def leading(text: str) -> str:
    """The blanks and tabs that a line begins with."""
    return text[: len(text) - len(text.lstrip(" \t"))]


def shift(rows: Sequence[tuple[str, str, str]]) -> Callable[[str], str] | None:
    """How to indent the reply's new lines, learnt from old ones: their op, the reply's text, the file's line.

    None where no one rule fits.
    """
    said = [
        (op, leading(mine), leading(theirs)) for op, mine, theirs in rows if mine.strip() and theirs.strip()
    ]
    same = sum(_same(op, mine, theirs) for op, mine, theirs in said if mine or theirs)
    moved = [(mine, theirs) for op, mine, theirs in said if not _same(op, mine, theirs)]
    if same >= len(moved):
        return lambda text: text
    pairs = [(mine, theirs) for _, mine, theirs in said]
    for rule in (*_constant(min(moved, key=lambda pair: len(pair[0]))), *_CONVERSIONS):
        if all(rule(mine) == theirs for mine, theirs in pairs):
            return partial(_reindented, rule)
    known = dict(moved)
    if all(known[mine] == theirs for mine, theirs in moved) and len(known) > 1:
        return partial(_reindented, known.get)
    return None


def _same(op: str, mine: str, theirs: str) -> bool:
    """Whether the indentation is the file's; a context line may have lost its prefix column to it."""
    return mine == theirs or (op == " " and " " + mine == theirs)


def _reindented(rule: Rule, text: str) -> str:
    before = leading(text)
    after = rule(before) if text else None
    return text if after is None else after + text[len(before) :]


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


def _to_tabs(width: int, indent: str) -> str:
    columns = len(indent.expandtabs(width))
    return "\t" * (columns // width) + " " * (columns % width)


def _to_blanks(width: int, indent: str) -> str:
    return indent.replace("\t", " " * width)


_CONVERSIONS: list[Rule] = [partial(rule, width) for width in (4, 2, 8, 3) for rule in (_to_tabs, _to_blanks)]
