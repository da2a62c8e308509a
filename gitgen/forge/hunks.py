"""The hunk of a diff in which a line stands."""

from __future__ import annotations

import re

_HEAD = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


def hunk_at(diff: str, old: int | None, new: int | None) -> str:
    """The hunk that holds line `new` of the new file, or else line `old` of the old one, cut off behind that line.

    Empty if no hunk holds it: the diff may have been too large to be given whole.
    """
    hunk: list[str] = []
    at_old = at_new = 0
    for line in diff.split("\n"):
        if head := _HEAD.match(line):
            hunk, at_old, at_new = [line], int(head[1]), int(head[2])
            continue
        if not hunk or line[:1] not in (" ", "+", "-"):
            continue
        hunk.append(line)
        if (line[0] != "-" and at_new == new) or (new is None and line[0] != "+" and at_old == old):
            return "\n".join(hunk)
        at_old, at_new = at_old + (line[0] != "+"), at_new + (line[0] != "-")
    return ""
