"""Code as HTML with syntax colours: the one door to pygments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from markupsafe import Markup

from gitgen.report.plain import escaped
from gitgen.report.values import FileDiff, Hunk, Row

if TYPE_CHECKING:
    from pygments.lexer import Lexer

MOST = 64_000
"""Characters; longer code stays without colours, and so do files with a line of more than `_LONGEST`."""
_LONGEST = 1000
# What a colour means, by the beginning of pygments' name for it; the longest beginning counts.
_CLASSES = {
    "Comment": "c",
    "Keyword": "k",
    "Keyword.Constant": "n",
    "Keyword.Type": "t",
    "Name.Attribute": "t",
    "Name.Builtin": "t",
    "Name.Class": "f",
    "Name.Decorator": "t",
    "Name.Function": "f",
    "Name.Tag": "k",
    "Literal.Number": "n",
    "Literal.String": "s",
    "Operator.Word": "k",
    "Generic.Deleted": "d",
    "Generic.Heading": "f",
    "Generic.Inserted": "i",
    "Generic.Subheading": "c",
}
# The sign of a row as an element.
_TAGS = {"+": "ins", "-": "del", " ": "span", "\\": "em"}

Run: TypeAlias = tuple[str, str]
"""A piece of a line with its class; the class is empty where it has no colour."""


class Colours:
    """The rows of diffs as HTML; a file is read whole, since only then a lexer knows what a line is part of."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        """`read` gives the content of a blob, or None where there is none to be had."""
        self._read = read
        # A file's content after one step is its content before the next.
        self._lines = lru_cache(maxsize=64)(self._coloured)

    def rows(self, file: FileDiff, hunk: Hunk) -> Markup:
        """The rows of a hunk, each an element that knows its number."""
        lexer = _lexer_of(file.path)
        old, new = ((self._lines(oid, lexer) if lexer and oid else ()) for oid in (file.old, file.new))
        return Markup("\n".join(_row(row, old if row.sign == "-" else new) for row in hunk.rows))

    def _coloured(self, oid: str, lexer: str) -> Sequence[Sequence[Run]]:
        """The lines of a blob; none where it gets no colours."""
        content = self._read(oid)
        if content is None or len(content) > MOST:
            return ()
        return _lines(content.decode("utf-8", "replace"), lexer)


def block(code: str, language: str) -> Markup:
    """A block of code in a language that it names itself, as HTML."""
    lexer = _known(language)
    return Markup("\n".join(map(_html, _lines(code, lexer)))) if lexer else Markup(escaped(code))


def _row(row: Row, lines: Sequence[Sequence[Run]]) -> str:
    line = lines[row.number - 1] if 0 < row.number <= len(lines) else ()
    # Only what is the very line in the blob takes over its colours.
    shown = _html(line) if "".join(text for _, text in line) == row.text else escaped(row.text)
    tag, number = _TAGS[row.sign], f' data-n="{row.number}"' if row.number else ""
    # A row without a letter would be left out where rows are copied.
    return f"<{tag}{number}>{shown or '<br>'}</{tag}>"


def _html(line: Sequence[Run]) -> str:
    return "".join(f"<i class={name}>{escaped(text)}</i>" if name else escaped(text) for name, text in line)


def _lines(text: str, lexer: str) -> list[list[Run]]:
    """The lines of a text."""
    lines: list[list[Run]] = [[]]
    for name, piece in _runs(text.replace("\r\n", "\n"), lexer):
        first, *others = piece.split("\n")
        lines[-1].append((name if first.strip() else "", first))
        lines.extend([(name if part.strip() else "", part)] for part in others)
    return lines


def _runs(text: str, lexer: str) -> Iterator[Run]:
    """The text in pieces, each with its class; neighbours of one class are one piece."""
    if len(text) > MOST or any(len(line) > _LONGEST for line in text.split("\n")):
        yield "", text
        return
    current, run = "", ""
    # Not get_tokens: that changes line ends, and the text must stay what it is.
    for _, kind, piece in _instance(lexer).get_tokens_unprocessed(text):
        name = _class_of(kind)
        if name != current and not piece.isspace():
            if run:
                yield current, run
            current, run = name, ""
        run += piece
    yield current, run


@lru_cache(maxsize=512)
def _class_of(kind: tuple[str, ...]) -> str:
    """The class of a pygments token type, which is a tuple of its name's words."""
    beginnings = (".".join(kind[:count]) for count in range(len(kind), 0, -1))
    return next((_CLASSES[name] for name in beginnings if name in _CLASSES), "")


@lru_cache(maxsize=64)
def _instance(alias: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name

    lexer: Lexer = get_lexer_by_name(alias)
    return lexer


@lru_cache(maxsize=256)
def _known(language: str) -> str:
    """The lexer of a language, or an empty string."""
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        return str(find_lexer_class_by_name(language).aliases[0]) if language else ""
    except (ClassNotFound, IndexError):
        return ""


@lru_cache(maxsize=1024)
def _lexer_of(path: str) -> str:
    """The lexer of a file by its name, or an empty string."""
    from pygments.lexers import find_lexer_class_for_filename

    found = find_lexer_class_for_filename(PurePosixPath(path).name)
    return str(found.aliases[0]) if found and found.aliases else ""
