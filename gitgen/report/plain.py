"""Text that a page shows as it is: what the eye cannot see, or what would turn a line around, is named instead."""

from __future__ import annotations

import re
from html import escape

# Control characters, those that change the direction of text or have no width, and halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def visible(text: str) -> str:
    """A text with such characters as their code points (`⟨U+202E⟩`); line ends and tabs stay."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text.replace("\r\n", "\n"))


def escaped(text: str) -> str:
    """A text as the content of an HTML element (not of an attribute: quotes stay)."""
    return escape(visible(text), quote=False)


def number(count: int) -> str:
    """A number with its thousands set apart: 12,345."""
    return f"{count:,}"


def size(count: int) -> str:
    """A size of a file: 312 bytes, 4.1 kB, 2.0 MB."""
    if count < 1000:
        return f"{count} byte{'s' if count != 1 else ''}"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def duration(seconds: float) -> str:
    """A time as people read it: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, word: str) -> str:
    """A number with its word: 1 step, 12 steps."""
    return f"{number(count)} {word}{'' if count == 1 else 's'}"
