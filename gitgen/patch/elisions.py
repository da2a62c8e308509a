"""Lines that stand for lines: `# ... existing code ...` and its kin."""

from __future__ import annotations

import re

_OPEN = r"(?:#+|//+|/\*+|<!--|--+|;+|%+|\{/\*|\"\"\"|\(\*|\*)?"
_CLOSE = r"(?:\*/\}?|-->|\*\)|\"\"\")?"
_WORDS = (
    r"existing|rest of|remain|other|unchanged|same as|previous|omitted|truncated|snip|as before|keep|"
    r"your code|code here|more code|no changes?|continue|etc\b"
)
_BARE = re.compile(r"(?:\.{3,}|…)$")
_DOTTED = re.compile(
    rf"{_OPEN}\s*[(\[]?\s*(?:\.{{3,}}|…).*?{_CLOSE}$|{_OPEN}\s*\S.*(?:\.{{3,}}|…)\s*[)\]]?\s*{_CLOSE}$"
)
_MARKED = re.compile(r"^(?:#+|//+|/\*+|<!--|--+|;+|%+|\{/\*|\(\*|\.{3}|…|[(\[])")


def stands_for_lines(text: str) -> bool:
    """Whether the line can be meant as `and so on`: bare dots, or dots in a comment."""
    text = text.strip()
    if ("..." not in text and "…" not in text) or len(text) > 100:
        return False
    if _BARE.match(text):
        return True
    return bool(_MARKED.match(text) and _DOTTED.match(text)) and not text.startswith("...)")


def says_so(text: str) -> bool:
    """Whether the line says in words that lines of a file are left out; bare dots may be code."""
    text = text.strip()
    if len(text) > 120 or not _MARKED.match(text):
        return False
    lowered = text.lower()
    dotted = "..." in text or "…" in text
    return dotted and bool(re.search(_WORDS, lowered)) and bool(_DOTTED.match(text))
