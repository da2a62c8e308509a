"""One reply about several threads, taken apart into what it says to each."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEADING = re.compile(r"^(?:#{1,6}[ \t]*)?(?:\*\*)?Thread[ \t]+#?([0-9]{1,4})\b[^\n]*$", re.IGNORECASE)
_FENCE = re.compile(r"^(`{3,}|~{3,})(.*)$")
_DECLINED = re.compile(
    r"^[ \t]*(?:[*_]{2})?Declined:(?:[*_]{2})?[ \t]*(.+?)(?:\n\s*\n|\Z)", re.IGNORECASE | re.M | re.S
)


def sections(reply: str, count: int) -> Mapping[int, str]:
    """What a reply says to each of `count` threads, by their numbers from 1; a thread that it leaves out is not there.

    A section begins with a line `## Thread N` outside of any fence. A reply to one thread needs no heading.
    """
    found: dict[int, list[str]] = {}
    number, fence = 0, ""
    for line in reply.splitlines(keepends=True):
        heading = None if fence else _HEADING.match(line.rstrip("\r\n"))
        if heading and 1 <= int(heading[1]) <= count:
            number = int(heading[1])
            found.setdefault(number, [])
            continue
        fence = _after(line.rstrip("\r\n"), fence)
        found.setdefault(number, []).append(line)
    texts = {key: "".join(lines).strip() for key, lines in found.items()}
    if count == 1 and not texts.get(1):
        return {1: reply.strip()} if reply.strip() else {}
    return {key: text + "\n" for key, text in texts.items() if key and text}


def _after(line: str, fence: str) -> str:
    """The fence that is open after a line, if there was `fence` before (CommonMark, "Fenced code blocks")."""
    mark = _FENCE.match(line)
    if not mark:
        return fence
    if not fence:
        return mark[1]
    return "" if mark[1].startswith(fence) and not mark[2].strip() else fence


def declined(section: str) -> str:
    """The reason that a section gives for changing nothing; empty if it does not decline."""
    found = _DECLINED.search(section)
    holds_edits = any(map(_FENCE.match, section.splitlines()))
    return " ".join(found[1].split()).strip(" *_") if found and not holds_edits else ""
