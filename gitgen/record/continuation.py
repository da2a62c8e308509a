"""A reply that was cut off at its longest length, and the rest that was asked for, as one text."""

from __future__ import annotations

import re

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^\n]*)")
_REOPENED = re.compile(r"\s*(?:[^\n`~]*:[ \t]*\n+)?[ \t]*(?:`{3,}|~{3,})[ \t]*[\w+#.-]+[^\n]*\n")
_TELLING = 4
"""So many characters of a cut line, said again, cannot be chance."""


def joined(piece: str, rest: str) -> str:
    """The piece and the rest, to the letter, but for what models say again at the seam.

    That is the opening of the fence in which the piece ends, with a line that introduces it, and the beginning of
    the line in which it ends.
    """
    if _ends_in_fence(piece) and (reopened := _REOPENED.match(rest)):
        rest = rest[reopened.end() :]
    cut = piece[piece.rfind("\n") + 1 :]
    if len(cut.strip()) >= _TELLING and rest.startswith(cut) and not _repeats_itself(cut):
        rest = rest[len(cut) :]
    return piece + rest


def _repeats_itself(text: str) -> bool:
    """Whether the text is one piece several times, so that more of the same is no sign of anything."""
    return (text + text).find(text, 1) < len(text)


def _ends_in_fence(text: str) -> bool:
    """Whether the text ends inside a fenced block (CommonMark, "Fenced code blocks")."""
    opened = ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if not fence:
            continue
        if not opened:
            opened = fence[1]
        elif fence[1].startswith(opened) and not fence[2].strip():
            opened = ""
    return bool(opened)
