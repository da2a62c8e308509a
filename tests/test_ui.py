"""What the user sees: on a terminal, beside one, and where colours are not wanted."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen import ui
from gitgen.ai import Completion
from gitgen.record import Reply, Usage
from gitgen.ui import listeners
from tests.screen import Screen
from tests.scripted import endpoint, fails, says

WHOLE = Completion(Reply("Hello", "stop", "m-2026"), Usage(100, 20, 120))
BROKEN = Completion(Reply("Hel", None, "m-2026"))
FIXED = "hello.py\n```python\nprint('Salut')\n```\n"
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"


@given(st.text())
def test_no_control_character_is_printable(text: str) -> None:
    shown = ui.printable(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert ui.printable(shown) == shown
    assert [letter for letter in text if letter.isalnum()] == [letter for letter in shown if letter.isalnum()]


def test_tabs_and_newlines_stay() -> None:
    assert ui.printable("a\tb\r\nc\x1b]0;title\x07") == "a\tb\nc]0;title"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (1000, "1.0k"), (1834, "1.8k"), (9999, "10.0k"), (12_345, "12k")]
)
def test_tokens_are_short(count: int, text: str) -> None:
    assert ui.tokens(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (59, "now"), (60, "1 minute ago"), (7200, "2 hours ago"), (86400 * 3.5, "3 days ago")],
)
def test_age_is_told_in_the_largest_unit(seconds: float, text: str) -> None:
    assert ui.age(seconds) == text


def clock(*times: float) -> Callable[[], float]:
    """A clock that shows these times, one after the other."""
    return iter(times).__next__


def test_beside_a_terminal_the_reply_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    screen = listeners.Plain(clock(10.0, 12.5))
    screen.asking("m")
    for piece in ("Hel", "lo\n", "\x1b[31mred\x07"):
        screen.text(piece)
    screen.answered(WHOLE)
    screen.close()
    out, err = capsys.readouterr()
    assert out == "" and err == "asking m\nHello\n[31mred\nm-2026: 100 + 20 tokens, 2.5 s\n"


def test_a_broken_reply_without_usage_is_summed_up_as_far_as_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    screen = listeners.Plain(clock(0.0, 1.0))
    screen.asking("m")
    screen.text("Hel")
    screen.answered(BROKEN)
    assert capsys.readouterr().err.endswith("m-2026: about 1 tokens, 1.0 s, ended by a broken stream\n")


def test_a_countdown_beside_a_terminal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    screen = listeners.Plain()
    for seconds in (3.0, 2.0, 1.0):
        screen.waiting(seconds, "Busy\x1b[2J")
    assert capsys.readouterr().err == "Busy[2J; again in 3 s\n"


def test_quiet_shows_only_notes(capsys: pytest.CaptureFixture[str]) -> None:
    screen = listeners.listener_here(quiet=True)
    screen.asking("m")
    screen.text("Hello")
    screen.waiting(3.0, "Busy")
    screen.answered(WHOLE)
    screen.note("look\x1b[2J here")
    screen.close()
    assert capsys.readouterr() == ("", "look[2J here\n")


@pytest.mark.parametrize(("no_color", "text"), [("1", "x"), ("", "\x1b[31mx\x1b[0m")])
def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch, no_color: str, text: str) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    assert ui.styled("x", fg="red") == text


# --- a real terminal ---


def cursor_is_back(seen: str) -> bool:
    return HIDE in seen and seen.rindex(SHOW) > seen.rindex(HIDE)


FIX = ("fix", "Greet in French", "--name", "s", "--model", "m")


def test_a_terminal_shows_the_reply_the_model_the_tokens_and_the_time(folder: Path) -> None:
    with endpoint(says(FIXED + "\x1b]0;owned\x07\x1b[2J", model="m-2026")) as running:
        screen = Screen(folder, running, *FIX)
        seen = screen.end()
    assert screen.child.returncode == 0, seen
    assert "print('Salut')" in seen
    assert "m: waiting for the first token, 0 s" in seen or re.search(r"m: about \d+ tokens, \d+ s", seen)
    assert re.search(r"m-2026: 100 \+ 20 tokens, \d+\.\d s", seen)
    assert cursor_is_back(seen)
    assert "\x1b]0;" not in seen and "\x07" not in seen and "\x1b[2J" not in seen
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", seen)  # No colours: NO_COLOR is set.


def test_a_terminal_counts_down_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    screen = listeners.Terminal()
    for seconds in (3.0, 2.0, 1.0):
        screen.waiting(seconds, "Busy" + "\x1b[2J" * 2)
    screen.waiting(9.0, "interrupted")
    screen.close()
    start = "\rBusy[2J[2J; again in"
    lines = f"{start} 3 s{start} 2 s{start} 1 s\n\rinterrupted; again in 9 s\n"
    assert capsys.readouterr().err == lines


def test_a_lengthy_reason_never_breaks_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    listeners.Terminal().waiting(3.0, "long " * 200)
    assert len(capsys.readouterr().err.strip()) <= int(os.environ.get("COLUMNS", "80"))


def test_a_terminal_waits_in_sight_and_goes_on(folder: Path) -> None:
    with endpoint(fails(429, "Slow down", headers={"retry-after": "0"}), says(FIXED)) as running:
        screen = Screen(folder, running, *FIX)
        seen = screen.end()
    assert screen.child.returncode == 0, seen
    assert "Slow down; again in 0 s\r\n" in seen and cursor_is_back(seen)


@pytest.mark.parametrize(
    "answer",
    [
        fails(401, "Bad key"),
        says("half a line", lines=('data: {"error": {"message": "overloaded"}}',)),
    ],
    ids=["refused", "broken"],
)
def test_the_cursor_is_back_after_an_error(folder: Path, answer: object) -> None:
    with endpoint(answer) as running:  # type: ignore[arg-type]
        screen = Screen(folder, running, *FIX, GITGEN_RETRIES="0")
        seen = screen.end()
    assert screen.child.returncode == 1, seen
    assert cursor_is_back(seen)
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen).splitlines()
    assert [line.partition(":")[0] for line in lines[-2:]] == ["error", "hint"]


def test_the_cursor_is_back_after_ctrl_c_and_the_piece_stays_in_sight(folder: Path) -> None:
    over = threading.Event()
    with endpoint(says("half a line", midway=lambda: over.wait(60) and None)) as running:
        screen = Screen(folder, running, *FIX)
        screen.until("half a line")
        screen.child.send_signal(signal.SIGINT)
        seen = screen.end()
        over.set()
    assert screen.child.returncode == 130, seen
    assert cursor_is_back(seen) and seen.rindex("half a line") > seen.rindex(SHOW)
    assert seen.splitlines()[-2:] == ["error: Interrupted; what had arrived is kept", "hint: gitgen resume"]


def test_a_dumb_terminal_gets_plain_text(folder: Path) -> None:
    with endpoint(says(FIXED)) as running:
        screen = Screen(folder, running, *FIX, TERM="dumb")
        seen = screen.end()
    assert screen.child.returncode == 0 and "\x1b" not in seen and "print('Salut')" in seen


def test_a_question_is_asked_on_the_terminal_whatever_becomes_of_the_result(folder: Path) -> None:
    with endpoint(says(FIXED)) as running:
        screen = Screen(folder, running, "fix", "--model", "m")
        screen.until("What shall be changed?")
        screen.type("Greet in French\r")
        seen = screen.end()
        (request,) = running.requests
    assert screen.child.returncode == 0, seen
    assert request["messages"][-1]["content"].endswith("Greet in French")


def test_ctrl_c_at_a_question_ends_it(folder: Path) -> None:
    with endpoint() as running:
        screen = Screen(folder, running, "fix", "--model", "m")
        screen.until("What shall be changed?")
        screen.type("\x03")
        seen = screen.end()
        assert running.requests == []
    assert screen.child.returncode == 130 and "error: Interrupted" in seen and "Traceback" not in seen
