"""Cut a reply into prose and fences, the way a person reads it rather than a Markdown renderer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_OPENING = re.compile(r"^(?P<indent>[ \t]*(?:(?:[-*+]|\d{1,3}[.)])[ \t]+)?)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)$")
_ROW = ("+", "-", " ", "@", "\\", "", "i", "n", "d", "o", "s", "r")
"""How a line of an unfenced diff can begin: a row, or one of Git's own header lines."""
_THINKING = re.compile(r"^[ \t]*<(think(?:ing)?[\w-]*|reasoning)>")
_FIRST_ROWS = re.compile(r"diff --git |@@ -\d+(,\d+)? \+\d+(,\d+)? @@")
_THOUGHTS = ("<think", "</think", "<reasoning>")


class Block(NamedTuple):
    """A run of lines: prose, or what stands in one fence (`fenced`), without the fence's own lines."""

    lines: tuple[str, ...]
    fenced: bool = False
    info: str = ""
    closed: bool = True
    number: int = 1
    """1-based line of the reply where the block begins."""


def lines_of(reply: str) -> list[str]:
    """The reply's lines; a carriage return stays only where it cannot come from the transport."""
    if "\r" in reply:
        bare = reply.count("\n") - reply.count("\r\n")
        if bare == 0 or (bare <= 1 and not reply.endswith("\n")):
            reply = reply.replace("\r\n", "\n")
    return without_thinking(reply).split("\n")


def without_thinking(reply: str) -> str:
    """The reply without the thoughts that some models put before it; their fences are not answers."""
    if not any(word in reply for word in _THOUGHTS):
        return reply
    kept: list[str] = []
    awaited = ""
    fence = ""
    for line in reply.split("\n"):
        if awaited:
            _, found, rest = line.partition(awaited)
            if found:
                awaited = ""
                kept.append(rest)
            continue
        opening = _OPENING.match(line)
        if opening:
            fence = "" if fence and line.strip() == fence else fence or opening["ticks"]
        start = None if fence else _THINKING.match(line)
        if start:
            closing = f"</{start[1]}>"
            _, found, rest = line.partition(closing)
            awaited = "" if found else closing
            kept.append(rest)
        elif not fence and line.strip() in ("</think>", "</thinking>"):
            kept = []
        else:
            kept.append(line)
    return "\n".join(kept)


def blocks(lines: list[str]) -> Iterator[Block]:
    """The reply's blocks in order; nested fences stay inside the outer one."""
    prose: list[str] = []
    at = begun = 0
    rows = False
    while at < len(lines):
        rows = (rows and lines[at][:1] in _ROW) or begins_diff(lines, at)
        opening = None if rows else _OPENING.match(lines[at])
        if opening is None:
            prose.append(lines[at])
            at += 1
            continue
        if prose:
            yield Block(tuple(prose), number=begun + 1)
        end, closed = _end_of_fence(lines, at, opening)
        width = len(opening["indent"])
        inside = lines[at + 1 : end] if not width else [_dedent(line, width) for line in lines[at + 1 : end]]
        yield Block(tuple(inside), True, opening["info"].strip(), closed, at + 1)
        at = begun = end + 1 if closed else end
        prose = []
    if prose:
        yield Block(tuple(prose), number=begun + 1)


def begins_diff(lines: Sequence[str], at: int) -> bool:
    """Whether a unified diff begins at this line."""
    if lines[at].startswith("--- "):
        return at + 1 < len(lines) and lines[at + 1].startswith("+++ ")
    return lines[at].startswith("diff --git ")


def _end_of_fence(lines: list[str], at: int, opening: re.Match[str]) -> tuple[int, bool]:
    """Where the fence that opens at `at` ends, and whether by a closing line of its own."""
    ticks, width, deep = opening["ticks"], len(opening["indent"]), 0
    rows: bool | None = None
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if ticks not in line:
            continue
        inner = _OPENING.match(line)
        if inner is None or inner["ticks"][0] != ticks[0] or len(inner["ticks"]) < len(ticks):
            continue
        is_row, info = line[width : width + 1] in ("+", "-", " "), inner["info"].strip()
        if rows is None and (is_row or info):
            rows = is_diff(opening["info"].strip(), lines[at + 1 : min(number, at + 12)])
        if rows and is_row:
            continue  # a row of the diff that is itself a fence's line
        if info:
            if rows:
                return number, False
            deep += 1
        elif deep:
            deep -= 1
        elif len(inner["indent"]) <= width:
            return number, True
    return len(lines), False


def is_diff(info: str, lines: Sequence[str]) -> bool:
    """Whether a fence holds a unified diff, by its info string or its first lines."""
    if info and info.split(" ")[0].lower() in ("diff", "patch", "udiff"):
        return True
    above = ""
    for line in lines:
        if line.startswith(("diff --git ", "@@ -")) and _FIRST_ROWS.match(line):
            return True
        if "+++ " in line and line.lstrip().startswith("+++ ") and above.lstrip().startswith("--- "):
            return True
        above = line
    return False


def _dedent(line: str, width: int) -> str:
    """The line without up to `width` blanks: a fence in a list is indented with the list."""
    blank = len(line[:width]) - len(line[:width].lstrip(" \t"))
    return line[blank:]
