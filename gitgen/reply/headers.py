"""The lines of a unified diff that are not rows: which file, which mode, which place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gitgen.edits import NEW_FILE

_NUMBERS = re.compile(r"^@@+\s*-(\d+)(?:,\s*(\d+))?\s*[, ]\s*\+(\d+)(?:,\s*(\d+))?\s*(?:@@+)?(.*)$")
_LONE_NUMBER = re.compile(r"^(?:lines?\s+|-)?(\d+)(?:\s*[-,:]\s*\d+)?$", re.IGNORECASE)
_ESCAPE = re.compile(r'\\([abtnvfr"\\]|[0-7]{1,3})')
_LONGEST = 8000
_LETTERS = {"a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, '"': 34, "\\": 92}


@dataclass(frozen=True)
class Place:
    """What a hunk's header says: the old start, the counts of both sides, and the text behind it."""

    start: int | None = None
    old: int | None = None
    new: int | None = None
    section: str = ""


def place_of(line: str) -> Place | None:
    """What a `@@` line says, however little; None where the line is no hunk header."""
    if not line.startswith("@@") or re.match(r"@@\w", line) or len(line) > _LONGEST:
        return None
    found = _NUMBERS.match(line)
    if found:
        old = int(found[2]) if found[2] else 1
        new = int(found[4]) if found[4] else 1
        return Place(int(found[1]), old, new, found[5].strip())
    text = line.strip().strip("@").strip()
    behind = re.match(r"^@@.*?@@(.*)$", line.rstrip())
    inside = text if behind is None else line.rstrip()[2 : behind.start(1) - 2].strip()
    section = behind[1].strip() if behind and behind[1].strip() else inside
    number = _LONE_NUMBER.match(inside)
    if number:
        return Place(int(number[1]), section=behind[1].strip() if behind else "")
    return Place(section=section.strip(". …"))


@lru_cache(maxsize=16)  # of each line it is asked whether it names a file, the same one, and which
def name_of(text: str) -> str:
    """The path behind `---` or `+++`, without time stamp, quotes and Markdown."""
    text = text.split("\t")[0].strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return _unquote(text[1:-1])
    text = re.sub(r"\s+\d{4}-\d\d-\d\d[ T].*$|\s+\(.*\)$", "", text).strip().strip("`").strip()
    text = text.strip('"') if text.startswith('"') else text
    if text.lower() in (NEW_FILE, "dev/null", "a/dev/null", "b/dev/null", "null", "nul"):
        return NEW_FILE
    return text if "/" in text else text.replace("\\\\", "/").replace("\\", "/")


def _unquote(text: str) -> str:
    """Git's C-style quoting undone."""
    plain = bytearray()
    at = 0
    for escape in _ESCAPE.finditer(text):
        plain += text[at : escape.start()].encode("utf-8", "surrogateescape")
        code = escape[1]
        plain.append(_LETTERS[code] if code in _LETTERS else int(code, 8) & 255)
        at = escape.end()
    plain += text[at:].encode("utf-8", "surrogateescape")
    return plain.decode("utf-8", "surrogateescape")


def names_of_git(rest: str) -> tuple[str, str] | None:
    """Both paths of a `diff --git` line; None where it cannot be cut in two."""
    rest = rest.strip()
    if len(rest) > _LONGEST:
        return None
    quoted = re.fullmatch(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)', rest)
    if quoted:
        return name_of(quoted[1]), name_of(quoted[2])
    middle = len(rest) // 2
    if len(rest) % 2 and rest[middle] == " " and rest[:middle][2:] == rest[middle + 1 :][2:]:
        return rest[:middle], rest[middle + 1 :]
    old, cut, new = rest.rpartition(" b/")
    return (old, "b/" + new) if cut else None


def names_a_file(text: str) -> bool:
    """Whether the text behind `---` or `+++` can be a path rather than the rest of a changed line."""
    name = name_of(text) if len(text) < _LONGEST else ""
    return bool(name) and (name == NEW_FILE or "/" in name or "." in name or " " not in name) and len(name) < 500


def same_file(one: str, other: str) -> bool:
    """Whether two header names mean one file, or one of them no file."""
    first, second = name_of(one), name_of(other)
    if NEW_FILE in (first, second):
        return True
    return first.rpartition("/")[2] == second.rpartition("/")[2]
