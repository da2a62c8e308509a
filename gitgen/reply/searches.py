"""SEARCH/REPLACE blocks: lines to find, lines to put there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitgen.edits import NEW_FILE, Hunk, Patch, Row
from gitgen.errors import Refusal
from gitgen.reply import names

OPENING = re.compile(r"^\s*<{5,9} ?(?:SEARCH|ORIGINAL)\b.*$")
DIVIDER = re.compile(r"^\s*={5,9}\s*$")
CLOSING = re.compile(r"^\s*>{5,9} ?(?:REPLACE|UPDATED)\b.*$")


def replacement(old: Sequence[str], new: Sequence[str], *, at_end: bool = False) -> Hunk:
    """The hunk that puts the new lines where the old ones stand; lines that both share are context."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    rows = [Row(" ", text) for text in old[:head]]
    rows += [Row("-", text) for text in old[head : len(old) - tail]]
    rows += [Row("+", text) for text in new[head : len(new) - tail]]
    rows += [Row(" ", text) for text in old[len(old) - tail :]]
    return Hunk(tuple(rows), at_end=at_end)


def read(lines: Sequence[str], name: str | None) -> tuple[list[Patch], list[Refusal]]:
    """The patches of all SEARCH/REPLACE blocks here; `name` is the path until a line names another."""
    patches: list[Patch] = []
    refusals: list[Refusal] = []
    at = 0
    while at < len(lines):
        if not OPENING.match(lines[at]):
            name = names.of_label(lines[at]) or names.of_comment(lines[at]) or name
            at += 1
            continue
        middle = _next(DIVIDER, lines, at)
        end = _next(CLOSING, lines, middle)
        old, new = tuple(lines[at + 1 : middle]), tuple(lines[middle + 1 : end])
        at = end + 1
        if end >= len(lines) and old:
            refusals.append(Refusal("cut-off", "the SEARCH/REPLACE block has no end", name or "", old=old))
        elif name is None:
            refusals.append(Refusal("no-name", "a SEARCH/REPLACE block has no file name above it", old=old))
        elif not any(text.strip() for text in old):
            patches.append(Patch(NEW_FILE, name, (Hunk(tuple(Row("+", text) for text in new)),)))
        else:
            patches.append(Patch(name, name, (replacement(old, new),)))
    return patches, refusals


def _next(shape: re.Pattern[str], lines: Sequence[str], at: int) -> int:
    return next((number for number in range(at, len(lines)) if shape.match(lines[number])), len(lines))
