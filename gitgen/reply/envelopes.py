"""The `*** Begin Patch` form: one envelope, files by their own header lines, places by landmarks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gitgen.edits import NEW_FILE, Delete, Edit, Hunk, Patch, Row
from gitgen.reply import headers

BEGIN = re.compile(r"^\s*\*\*\* Begin Patch\s*$")
END = re.compile(r"^\s*\*\*\* End Patch\s*$")
_FILE = re.compile(r"^\*\*\* (Update|Add|Delete) File: (.+?)\s*$")
_MOVE = re.compile(r"^\*\*\* (?:Move to|Rename to): (.+?)\s*$")
_END_OF_FILE = re.compile(r"^\*\*\* End of File\s*$")


def read(lines: Sequence[str]) -> tuple[list[Edit], bool]:
    """The edits of an envelope's lines, and whether the envelope is closed."""
    edits: list[Edit] = []
    at = 0
    while at < len(lines):
        if END.match(lines[at]):
            return edits, True
        found = _FILE.match(lines[at])
        end = at + 1
        while end < len(lines) and not _FILE.match(lines[end]) and not END.match(lines[end]):
            end += 1
        if found:
            edits.append(_edit(found[1], found[2], lines[at + 1 : end]))
        at = end
    return edits, False


def _edit(verb: str, name: str, lines: Sequence[str]) -> Edit:
    if verb == "Delete":
        return Delete(name)
    if verb == "Add":
        rows = tuple(Row("+", line[1:] if line.startswith("+") else line) for line in lines)
        while rows and not rows[-1].text and not lines[len(rows) - 1].startswith("+"):
            rows = rows[:-1]
        return Patch(NEW_FILE, name, (Hunk(rows),) if rows else ())
    move = next((found[1] for found in map(_MOVE.match, lines) if found), None)
    hunks = tuple(_hunks([line for line in lines if not _MOVE.match(line)]))
    return Patch(name, move or name, hunks, moves=move is not None)


def _hunks(lines: Sequence[str]) -> list[Hunk]:
    hunks: list[Hunk] = []
    rows: list[Row] = []
    section = ""

    def close(*, at_end: bool = False) -> None:
        nonlocal rows, section
        while rows and rows[-1] == Row(" ", ""):
            rows.pop()
        if rows:
            hunks.append(Hunk(tuple(rows), section=section, at_end=at_end))
            section = ""
        rows = []

    for line in lines:
        place = headers.place_of(line)
        if place is not None:
            close()
            section = place.section or section
        elif _END_OF_FILE.match(line):
            close(at_end=True)
        elif line[:1] in ("+", "-", " "):
            rows.append(Row(line[0], line[1:]))
        else:
            rows.append(Row(" ", line))
    close()
    return hunks
