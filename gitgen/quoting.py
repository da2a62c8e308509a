"""Text of other people's as a model is shown it: what a reader would not see is taken out, every line is marked."""

from __future__ import annotations

import re
import unicodedata

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Beside the characters of the category Cf: fillers and selectors that are drawn as nothing
# (Unicode, DerivedCoreProperties.txt, Default_Ignorable_Code_Point).
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")


def seen(text: str) -> str:
    """The text as a person sees it on a page: without HTML comments, invisible and control characters."""
    text = _UNSEEN.sub("", _COMMENT.sub("", text.replace("\r\n", "\n")))
    kept = (each for each in text if each in "\n\t" or unicodedata.category(each) not in ("Cf", "Cc", "Co", "Cs", "Cn"))
    # What was taken out may have held the pieces of another comment apart.
    return _COMMENT.sub("", "".join(kept)).strip()


def quoted(text: str, most: int = 8000) -> str:
    """The text with every line marked as a quotation, so that none of it can pass for anything else."""
    text = seen(text)
    text = text[:most] + "\n[...]" if len(text) > most else text
    # Some of what ends a line for a reader is none for split("\n").
    return "\n".join(f"> {line}" for line in text.splitlines())
