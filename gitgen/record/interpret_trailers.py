"""The trailers of a commit message, found as `git interpret-trailers --parse` finds them.

The rules are those of man git-interpret-trailers and of Git's own trailer.c, without a user's `trailer.*` settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_CUT = "# ------------------------ >8 ------------------------\n"
"""Git ends a message here (man git-commit, `--cleanup=scissors`)."""
_SPACE = " \t\n\r"
"""What Git's own `isspace` takes for a space."""
_BY_GIT = ("Signed-off-by: ", "(cherry picked from commit ")
_TOKEN = re.compile(r"([A-Za-z0-9-]+)[ \t]*:")
_DIVIDER = re.compile(r"^---[ \t\n\r]", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t\n\r]*")


def trailers(message: str, *, divider: bool = True) -> list[tuple[str, str]]:
    """The trailers of a message in order, each as its key and its value, unfolded.

    With `divider` a line `---` ends the message, as in `git interpret-trailers`; `git log` reads on (`--no-divider`).
    """
    lines = _lines(message, divider)
    return [(key, value) for key, value in map(_split, _unfolded(lines[_start(lines) :])) if key]


def block(message: str) -> tuple[int, int]:
    """Where in a message its trailers begin and end; both the end of what it says, if it has none.

    Everything behind is Git's own: comments, what was left out by scissors, a patch below `---`.
    """
    lines = _lines(message, divider=True)
    start = _start(lines)
    return sum(map(len, lines[:start])), sum(map(len, lines))


def _lines(message: str, divider: bool) -> list[str]:
    """The lines of a message up to where its trailers could end, each with its newline."""
    message = message if message.endswith("\n") or not message else message + "\n"
    patch = _DIVIDER.search(message) if divider else None
    message = message[: patch.start()] if patch else message
    cut = 0 if message.startswith(_CUT) else message.find("\n" + _CUT) + 1 or len(message)
    # Not str.splitlines, which also ends a line where Git does not: at a form feed, at a line separator.
    lines = [line + "\n" for line in message[:cut].split("\n")[:-1]]
    return lines[: len(lines) - _ignored(lines)]


def _ignored(lines: Sequence[str]) -> int:
    """How many of the last lines are comments, blank, or the old list of conflicts (Git's `ignore_non_trailer`)."""
    first, conflicts = 0, False  # As in Git, what begins with the very first line does not count.
    for number, line in enumerate(lines):
        if line[0] in "#\n":
            first = first or number
        elif line == "Conflicts:\n":
            first, conflicts = first or number, True
        elif first and not (conflicts and line[0] == "\t"):
            first, conflicts = 0, False
    return len(lines) - first if first else 0


def _start(lines: Sequence[str]) -> int:
    """The number of the first line of the trailers (Git's `find_trailer_start`); that of all lines if there are none.

    They are the last paragraph, but not the first one, if all its lines are trailers, or if at least a quarter are
    and one of them is such as Git itself writes.
    """
    title = next((n for n, line in enumerate(lines) if line[0] != "#" and not line.strip(_SPACE)), len(lines))
    found = others = folded = 0
    by_git, blank = False, True
    for number in range(len(lines) - 1, title - 1, -1):
        line = lines[number]
        if line[0] == "#":
            others, folded = others + folded, 0
        elif not line.strip(_SPACE):
            if blank:
                continue
            others += folded
            fits = found * 3 >= others if by_git else found and not others
            return number + 1 if fits else len(lines)
        else:
            blank = False
            if line.startswith(_BY_GIT):
                found, folded, by_git = found + 1, 0, True
            elif _TOKEN.match(line):
                found, folded = found + 1, 0
            elif line[0] in _SPACE:
                folded += 1
            else:
                others, folded = others + 1 + folded, 0
    return len(lines)


def _unfolded(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a block, each with those that continue it."""
    last = ""
    for line in lines:
        if last and line[0] in _SPACE:
            last += line
            continue
        if last:
            yield last
        last = line if _TOKEN.match(line) else ""
    if last:
        yield last


def _split(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key.strip(_SPACE), _FOLD.sub(" ", value.strip(_SPACE)).strip(_SPACE)
