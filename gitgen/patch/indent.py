"""The file's own indentation for lines that a model indented its own way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Pair = tuple[str, str]
"""A line as the reply has it, and the same line as the file has it."""


def leading(text: str) -> str:
    """The blanks and tabs that a line begins with."""
    return text[: len(text) - len(text.lstrip(" \t"))]


def shift(pairs: Sequence[Pair]) -> Callable[[str], str] | None:
    """How to indent the reply's new lines, learnt from lines that both sides have; None where no rule fits all."""
    indents = [(leading(mine), leading(theirs)) for mine, theirs in pairs if mine.strip() and theirs.strip()]
    if all(mine == theirs for mine, theirs in indents):
        return lambda text: text
    known = dict(indents)
    if len(set(indents)) == len(known):
        for rule in _rules(indents):
            if all(rule(mine) == theirs for mine, theirs in known.items()):
                return _on_lines(rule)
    return None


def _on_lines(rule: Callable[[str], str | None]) -> Callable[[str], str]:
    def reindent(text: str) -> str:
        if not text.strip():
            return text
        before = leading(text)
        after = rule(before)
        return text if after is None else after + text[len(before) :]

    return reindent


def _rules(indents: Sequence[Pair]) -> list[Callable[[str], str | None]]:
    """The rules worth trying: a constant more or less, tabs for blanks, blanks for tabs."""
    mine, theirs = min(indents, key=lambda pair: len(pair[0]))
    rules: list[Callable[[str], str | None]] = []
    if theirs.endswith(mine):
        more = theirs[: len(theirs) - len(mine)]
        rules.append(lambda indent: more + indent)
    if mine.endswith(theirs):
        less = mine[: len(mine) - len(theirs)]
        rules.append(lambda indent: indent[len(less) :] if indent.startswith(less) else None)
    for width in (4, 2, 8, 3):
        rules.append(lambda indent, width=width: "\t" * (len(indent) // width) + " " * (len(indent) % width))
        rules.append(lambda indent, width=width: indent.replace("\t", " " * width))
    return rules
