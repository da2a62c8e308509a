"""The rows of a diff as unidiff understands them, and the check that it understood all of them."""

from __future__ import annotations

from gitgen.edits import Hunk


class LinesLost(Exception):
    """unidiff did not give back every changed line."""


def through_unidiff(hunks: tuple[Hunk, ...]) -> tuple[Hunk, ...]:
    """The hunks with the rows that unidiff reads from them once every header says what is true."""
    from unidiff.errors import UnidiffParseError
    from unidiff.patch import PatchSet

    if not hunks:
        return ()
    lines = ["--- a\n", "+++ b\n"]
    for hunk in hunks:
        lines.append(f"@@ -1,{len(hunk.old)} +1,{len(hunk.new)} @@\n")
        lines += [f"{op}{text}\n" for op, text in hunk.rows]
    try:
        parsed = PatchSet(lines)
    except UnidiffParseError as error:
        raise LinesLost(str(error)) from error
    found = [(line.line_type, line.value[:-1]) for hunk in parsed[0] for line in hunk]
    if len(parsed[0]) != len(hunks) or found != [row for hunk in hunks for row in hunk.rows]:
        raise LinesLost("a changed line was lost on the way")
    return hunks
