"""The user's terminal, lent to a program through a pseudo-terminal of its own: it types and draws, and no more."""

from __future__ import annotations

import os
import re
import signal
import sys
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Any

_INTERRUPT = b"\x03"
ENOUGH = 3
"""So many times Ctrl-C in a row end a program that does not end by itself."""

# ECMA-48 and what xterm adds ("XTerm Control Sequences"). Only what draws is passed on: nothing that makes a terminal
# answer, and so type (ENQ, DA, DSR, DECRQM, XTWINOPS), nothing for clipboard, title or printer, and no full reset.
_DRAWS = re.compile(r"\x1b(?:\[[?]?[0-9;:]*[@A-HJ-MPSTXZ`abdefghlmr]|\[[0-9]* q|\[[su]|[()*+][0-9A-Z<=>]|[78=>DEHM])")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|(?![\]PX^_\[])[0-~])")
_NEVER = re.compile(r"[\x00-\x06\x0b\x0c\x10-\x1a\x1c-\x1f\x7f-\x9f]")
_HELD = 4096
_RESET = "\x1b[0m\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l"
_ALTERNATE = re.compile(r"\x1b\[\?(?:1049|1047|47)([hl])")


class Drawing:
    """Lets of a program's output pass what draws on a terminal, in pieces that may end anywhere."""

    def __init__(self) -> None:
        self._held = ""
        self._alternate = False

    def passes(self, text: str) -> str:
        """What of the next piece may be shown; an escape sequence that has not ended is held back."""
        text, self._held = self._held + text, ""
        shown: list[str] = []
        start = 0
        while (escape := text.find("\x1b", start)) >= 0:
            shown.append(_NEVER.sub("", text[start:escape]))
            found = _ESCAPE.match(text, escape)
            if found is None:
                self._held = text[escape:] if len(text) - escape < _HELD else ""
                start = len(text)
                break
            if _DRAWS.fullmatch(found[0]):
                shown.append(found[0])
            start = found.end()
        shown.append(_NEVER.sub("", text[start:]))
        passed = "".join(shown)
        for change in _ALTERNATE.finditer(passed):
            self._alternate = change[1] == "h"
        return passed

    def end(self) -> str:
        """What takes back the states that a program may have left a terminal in."""
        return _RESET + ("\x1b[?1049l" if self._alternate else "")


class Terminal:
    """While it is entered, what is typed goes to `master`; a program that has `slave` as its terminal gets it.

    The program can push nothing into the input of the user's own terminal (ioctl_tty, TIOCSTI), which it never has.
    """

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        self._drawing = Drawing()
        self._interrupts = 0
        self._stack = ExitStack()

    def __enter__(self) -> Terminal:
        import termios
        import tty

        keyboard = sys.stdin.fileno()
        before = termios.tcgetattr(keyboard)
        # Those who typed ahead, or whose terminal still answers, do not type into their shell.
        self._stack.callback(termios.tcsetattr, keyboard, termios.TCSAFLUSH, before)
        self._stack.callback(lambda: self._write(self._drawing.end()))
        self._stack.callback(signal.signal, signal.SIGWINCH, signal.getsignal(signal.SIGWINCH))
        self._resize()
        signal.signal(signal.SIGWINCH, self._resize)
        tty.setraw(keyboard)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        os.close(self.master)

    def type_on(self) -> None:
        """Pass on what was typed; KeyboardInterrupt when Ctrl-C was pressed again and again."""
        typed = os.read(sys.stdin.fileno(), 4096)
        last = len(typed) - len(typed.rstrip(_INTERRUPT))
        self._interrupts = last + (self._interrupts if last == len(typed) else 0)
        if self._interrupts >= ENOUGH or not typed:
            raise KeyboardInterrupt
        # What a program does not read for long is lost: to wait for it would be to hear no Ctrl-C.
        with suppress(BlockingIOError):
            os.write(self.master, typed)

    def show(self, text: str) -> None:
        """Draw a piece of the program's output."""
        self._write(self._drawing.passes(text))

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    def _resize(self, *signalled: Any) -> None:
        import termios

        termios.tcsetwinsize(self.master, termios.tcgetwinsize(sys.stdin.fileno()))
