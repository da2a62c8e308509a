"""A file's bytes as lines and back, with nothing lost: line ends, encoding, final newline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

BOM = "\ufeff"


@dataclass(frozen=True)
class Text:
    """Lines without their newline (a carriage return before it stays in the line), and how to write them."""

    lines: Sequence[str]
    ended: bool = True
    """Whether the last line has its newline."""
    encoding: str = "utf-8"
    is_foreign: bool = False
    """Whether there are bytes that are no UTF-8: nobody knows how to write letters beyond ASCII there."""

    def encode(self) -> bytes:
        """The bytes of the file; UnicodeEncodeError where the encoding has no room for a new letter."""
        joined = "\n".join(self.lines) + ("\n" if self.ended and self.lines else "")
        return joined.encode(self.encoding, "strict" if self.encoding != "utf-8" else "surrogateescape")

    def with_lines(self, lines: Sequence[str], *, ended: bool) -> Text:
        return replace(self, lines=lines, ended=ended)

    @property
    def returns(self) -> bool:
        """Whether every line ends with a carriage return."""
        whole = self.lines if self.ended else self.lines[:-1]
        return bool(whole) and all(line.endswith("\r") for line in whole)


def decode(content: bytes) -> Text | None:
    """The lines of a file; None where it is no text.

    Bytes that are no UTF-8 are carried through unseen: such a file can be edited around them.
    """
    encoding = "utf-8"
    if content.startswith(b"\xff\xfe"):
        encoding = "utf-16-le"
    elif content.startswith(b"\xfe\xff"):
        encoding = "utf-16-be"
    foreign = False
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            return None
        foreign = True
        text = content.decode(encoding, "surrogateescape")
    if "\0" in text:
        return None
    lines = text.split("\n")
    ended = lines[-1] == ""
    return Text(lines[:-1] if ended else lines, ended, encoding, foreign)


def encoded(before: Text, after: Text) -> bytes | None:
    """The bytes of the new text; None where the file's encoding cannot be told or has no room for it."""
    if before.is_foreign:
        known = set(before.lines)
        if not all(line.isascii() or line in known for line in after.lines):
            return None
    try:
        return after.encode()
    except UnicodeEncodeError:
        return None
