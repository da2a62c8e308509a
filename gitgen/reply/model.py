"""The rows of a diff as unidiff understands them, and the check that it understood all of them."""

from __future__ import annotations

from collections.abc import Sequence

from gitgen.edits import Hunk


class LinesLost(Exception):
    """unidiff did not give back every changed line."""


def through_unidiff(hunks: Sequence[Hunk]) -> None:
    """Have unidiff read the hunks, every header saying what is true; LinesLost unless it reads the very same rows."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    if not hunks:
        return
    rows = [[f"{op}{text}\n" for op, text in hunk.rows] for hunk in hunks]
    lines = ["--- a\n", "+++ b\n"]
    for hunk, own in zip(hunks, rows, strict=True):
        lines.append(f"@@ -1,{len(hunk.old)} +1,{len(hunk.new)} @@\n")
        lines += own
    try:
        parsed = PatchSet(lines)
    except UnidiffParseError as error:
        raise LinesLost(str(error)) from error
    if [[line.line_type + line.value for line in hunk] for hunk in parsed[0]] != rows:
        raise LinesLost("a changed line was lost on the way")
