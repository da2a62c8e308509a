"""Where a text defines something, by one expression for all languages that look like this."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from gitgen.ranking.terms import terms_of

DEFINITION = re.compile(
    rb"""
    ^[ \t]*(?:(?:public|private|protected|static|final|async|export|abstract|override|get|set|synchronized|default
        |inline|extern|unsigned|const|struct|void|int|char|long|double|float|bool|size_t|[A-Z][\w<>,\[\]?]*)[\s*]+)+
        (?P<typed>[A-Za-z_]\w*)\s*\(
    |\b(?:def|class|func|fn|function|interface|struct|enum|trait|type|impl|mod|macro_rules!|const|let|var|static|record
        |module|namespace|typedef|union|package|object)\s+(?:\([^)\n]*\)\s*)?[*&]?(?P<said>[A-Za-z_$][\w$]*)
    |^\#define\s+(?P<macro>[A-Za-z_]\w*)
    |^[ \t]*(?:[\w$]+\.)+(?P<member>[A-Za-z_$][\w$]*)\s*=\s*(?:async\s+)?function
    |^(?P<assigned>[A-Za-z_]\w*)\s*(?::[^=\n]+)?=[^=]
    """,
    re.MULTILINE | re.VERBOSE,
)


def defined_names(text: bytes) -> Iterator[bytes]:
    """The names that a text defines, as often as it defines them."""
    for groups in DEFINITION.findall(text):
        yield from filter(None, groups)


def defined_terms(text: bytes) -> Counter[str]:
    """The terms of the names that a text defines."""
    counts: Counter[str] = Counter()
    for name in defined_names(text):
        counts.update(terms_of(name))
    return counts
