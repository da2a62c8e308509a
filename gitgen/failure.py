"""What matters of a command's failure: for the model that shall mend it, and for knowing it again."""

from __future__ import annotations

import re

from gitgen.record import Ran

_ERROR = re.compile(
    r"^E\s{2,}|^Traceback \(most recent call last\)|^not ok\b|^panic:|^--- FAIL|"
    r"\b(?:[A-Za-z_.]*Error|[A-Za-z_.]*Exception)\b|"
    r"\b(?:error|fatal|failed|failure|failures|panicked|segmentation fault|not found|no such file)\b",
    re.IGNORECASE,
)
_NO_ERROR = re.compile(r"\b(?:0|no) (?:error|fail)", re.IGNORECASE)
_BEFORE = 3
"""So many lines before the first error are shown with it."""
_LONGEST = 1000
"""A longer line is cut in its middle."""

# What differs between two runs of the same failure, each with what is put in its place.
_VARIES = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\b0x[0-9a-f]+\b", "<address>"),
        (r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", "<uuid>"),
        (r"(?:/private)?/(?:tmp|var/tmp|var/folders|dev/shm)/[^\s:;,'\"()<>]+", "<temporary>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", "<time>"),
        (r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?", "<time>"),
        (r"\b\d+(?:\.\d+)?\s?(?:ns|[µu]s|ms|s|secs?|seconds?|m|mins?|minutes?)\b", "<duration>"),
        (r"\b(localhost|127\.0\.0\.1|\[::1?\]):\d+", r"\1:<port>"),
        (r"\b(pid|process|thread)([ :=#]*)\d+", r"\1\2<number>"),
        (r"[=_-]{3,}", "---"),
    )
)


def trimmed(output: str, limit: int = 6000) -> str:
    """What of a failing output a model needs, in at most `limit` characters: the first error and the last lines.

    Lines are kept or left out as a whole, but for those of more than a thousand characters, which keep their ends.
    """
    lines = [_shortened(line, min(_LONGEST, limit // 4)) for line in output.rstrip().split("\n")]
    if sum(map(len, lines)) + len(lines) <= limit:
        return "\n".join(lines)
    room = limit - 2 * len(_left_out(len(lines))) - 2
    first = next((at for at, line in enumerate(lines) if _ERROR.search(line) and not _NO_ERROR.search(line)), None)
    kept: set[int] = set()
    if first is not None:
        start = max(first - _BEFORE, 0)
        room -= _take(kept, lines, range(first, len(lines)), room // 2 - sum(len(s) + 1 for s in lines[start:first]))
        room -= _take(kept, lines, range(first - 1, start - 1, -1), room)
    _take(kept, lines, range(len(lines) - 1, -1, -1), room)
    return "\n".join(_with_gaps(lines, sorted(kept)))


def same_failure(one: Ran, other: Ran) -> bool:
    """Whether two runs failed alike, but for times, durations, addresses, ports, process ids and temporary paths."""
    return one.exit_code == other.exit_code and _essence(one.output) == _essence(other.output)


def _essence(output: str) -> str:
    for pattern, name in _VARIES:
        output = pattern.sub(name, output)
    return output.strip()


def _take(kept: set[int], lines: list[str], order: range, room: int) -> int:
    """Keep lines in this order while there is room, leaving out those that are kept; how much room they took."""
    taken = 0
    for at in order:
        if at in kept:
            continue
        if taken + len(lines[at]) + 1 > room:
            break
        kept.add(at)
        taken += len(lines[at]) + 1
    return taken


def _with_gaps(lines: list[str], kept: list[int]) -> list[str]:
    shown: list[str] = []
    after = 0
    for at in (*kept, len(lines)):
        if at > after:
            shown.append(_left_out(at - after))
        shown += lines[at : at + 1]
        after = at + 1
    return shown


def _left_out(count: int) -> str:
    return f"[{count} {'line is' if count == 1 else 'lines are'} left out here]"


def _shortened(line: str, longest: int) -> str:
    if len(line) <= longest:
        return line
    mark = " [...] "
    half = max(longest - len(mark), 2) // 2
    return f"{line[:half]}{mark}{line[-half:]}"
