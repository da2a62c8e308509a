"""What a file defines and where, for a file that is too long to be shown whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from gitgen.ranking.definitions import DEFINITION

Span = tuple[int, int]
"""The first and the last line of a definition, counted from 1; its first line is its signature."""
_ASSIGNED = re.compile(r"\s*(?:let|var|const|static)\b")


def outline(path: str, text: str) -> tuple[Span, ...]:
    """The definitions in a file: of Python by its own parser, else by how they look and are indented."""
    if path.endswith((".py", ".pyi")):
        try:
            return tuple(sorted(_of_python(ast.parse(text))))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    return tuple(_of_text(text))


def _of_python(module: ast.Module) -> Iterator[Span]:
    waiting: list[ast.AST] = [module]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.lineno, node.end_lineno or node.lineno
            if isinstance(node, ast.ClassDef | ast.If | ast.Try | ast.With):
                waiting.append(node)


def _of_text(text: str) -> Iterator[Span]:
    """A definition goes on to the line before the next one that is not indented deeper."""
    lines = text.split("\n")
    defining = [n for n, line in enumerate(lines, 1) if DEFINITION.search(line.encode("utf-8", "replace"))]
    depth = {n: len(lines[n - 1]) - len(lines[n - 1].lstrip()) for n in defining}
    # What is set inside of a function is nothing that others look for.
    defining = [n for n in defining if not (depth[n] and _ASSIGNED.match(lines[n - 1]))]
    for place, n in enumerate(defining):
        last = next((later - 1 for later in defining[place + 1 :] if depth[later] <= depth[n]), len(lines))
        while last > n and not lines[last - 1].strip():
            last -= 1
        yield n, last
