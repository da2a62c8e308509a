"""Other readings of a hunk, tried when the file does not have its lines as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from gitgen.edits import Hunk, Row
from gitgen.patch import elisions
from gitgen.patch.rungs import bare

_NUMBERED = re.compile(r"^\s{0,6}(\d{1,6})(?: ?[:|]|\t| |$)[ ]?(.*)$", re.DOTALL)


def without_line_numbers(hunk: Hunk, lines: Sequence[str]) -> Hunk | None:
    """The hunk without the line numbers of a listing; None where none of them checks out."""
    old = [row for row in hunk.rows if row.op == " " and row.text.strip()]
    if not old or not all(_NUMBERED.match(row.text) for row in old):
        return None
    checked = 0
    rows: list[Row] = []
    for row in hunk.rows:
        found = _NUMBERED.match(row.text)
        if found is None or (row.op != " " and not _is_line(found, lines)):
            rows.append(row)
            continue
        text = _text_behind(found, row.text, lines)
        checked += row.op != "+" and _is_line(found, lines)
        rows.append(Row(row.op, text))
    return replace(hunk, rows=tuple(rows)) if checked and checked >= 0.6 * len(old) else None


def _is_line(found: re.Match[str], lines: Sequence[str]) -> bool:
    number = int(found[1])
    return 0 < number <= len(lines) and bare(lines[number - 1]) == bare(found[2])


def _text_behind(found: re.Match[str], text: str, lines: Sequence[str]) -> str:
    """What stands behind the number, with the blanks that the file has there if it is that line."""
    return lines[int(found[1]) - 1] if _is_line(found, lines) else found[2]


def split_at_elisions(hunk: Hunk, knows: Callable[[str], bool]) -> list[Hunk]:
    """The parts of a hunk between lines that stand for lines; the hunk alone where it has none.

    A line that the file really has (`knows`) stands for itself.
    """
    parts: list[list[Row]] = [[]]
    for row in hunk.rows:
        if row.op == " " and elisions.stands_for_lines(row.text) and not knows(row.text):
            parts.append([])
        else:
            parts[-1].append(row)
    if len(parts) == 1:
        return [hunk]
    kept = [part for part in parts if any(row.text.strip() for row in part)]
    first = replace(hunk, rows=tuple(kept[0]), counted=False) if kept else hunk
    if kept and kept[0] is not parts[0]:
        first = replace(first, start=None)
    return [first, *(Hunk(tuple(part)) for part in kept[1:])]


def leaves_out(hunk: Hunk, knows: Callable[[str], bool]) -> bool:
    """Whether the hunk would write a line that only stands for lines into the file."""
    return any(row.op == "+" and elisions.says_so(row.text) and not knows(row.text) for row in hunk.rows)


def fills(hunks: Sequence[Hunk]) -> bool:
    """Whether a lone hunk for an empty file can only mean to fill it: it takes no text away."""
    return len(hunks) == 1 and not any(row.op == "-" and row.text.strip() for row in hunks[0].rows)


def may_begin_higher(hunk: Hunk, at: int) -> bool:
    """Whether new lines at the hunk's top may belong above a line that it leaves out.

    Its header promised more old lines than there are, and names a place just so much higher.
    """
    kept = [row.op for row in hunk.rows if row.op != " "]
    if hunk.rows[0].op != "+" or "-" in kept or hunk.start is None:
        return False
    return 0 < at + 1 - hunk.start <= hunk.missing


def is_there(hunk: Hunk) -> bool:
    """Whether finding the hunk's new side in the file proves that it was applied before."""
    around = [row.text.strip() for row in hunk.rows if row.op == " "]
    added = [row for row in hunk.rows if row.op == "+" and row.text.strip()]
    if added:
        return any(around) or len(added) > 1
    ops = "".join(row.op for row in hunk.rows if row.text.strip())
    return bool(re.fullmatch(r" +-+ +", ops)) and sum(map(bool, around)) > 1
