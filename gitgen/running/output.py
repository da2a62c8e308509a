"""What a program printed, as it is kept: plain text of bounded length."""

from __future__ import annotations

import re
from collections import deque

# ECMA-48: control sequences (CSI), strings (OSC, DCS, SOS, PM, APC) up to their end, and the short escapes.
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """A text without what a terminal would act upon; of a line that was drawn again and again, its last state."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    if "\r" in text:
        text = "\n".join(_last_drawn(line) for line in text.split("\n"))
    return _CONTROLS.sub("", text)


def _last_drawn(line: str) -> str:
    return next((part for part in reversed(line.split("\r")) if part), "")


class Output:
    """Collects what a program prints, but keeps no more than about `limit` characters: its beginning and its end."""

    def __init__(self, limit: int) -> None:
        self._half = max(limit // 2, 1)
        self._first = ""
        self._last: deque[str] = deque()
        self._length = 0
        self._dropped = 0

    def add(self, text: str) -> None:
        """The next piece."""
        room = self._half - len(self._first)
        self._first += text[:room]
        if rest := text[room:]:
            self._last.append(rest)
            self._length += len(rest)
        while self._last and self._length - len(self._last[0]) >= self._half:
            gone = len(self._last.popleft())
            self._length -= gone
            self._dropped += gone

    def text(self) -> str:
        """What is kept; where lines are left out between, a line says how much."""
        last = "".join(self._last)
        if self._length > self._half:
            last = last[-self._half :]
        dropped = self._dropped + self._length - len(last)
        if not dropped:
            return plain(self._first + last)
        first_end = self._first.rfind("\n") + 1 or len(self._first)
        last_start = last.find("\n") + 1
        if last_start == len(last):
            last_start = 0
        dropped += len(self._first) - first_end + last_start
        first = plain(self._first[:first_end])
        between = "" if first.endswith("\n") else "\n"
        return f"{first}{between}[{dropped} characters are left out here]\n{plain(last[last_start:])}"
