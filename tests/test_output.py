"""What is kept of a program's output, and what of it a terminal is shown."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.running.output import Output, plain
from gitgen.ui.terminal import Drawing

ANY = st.text(st.sampled_from("a\n\r\t\x1b[]?;:0159HmhlcntPX^_\\\x07\x08\x05\x9b ($7")) | st.text()


def collected(limit: int, *pieces: str) -> str:
    output = Output(limit)
    for piece in pieces:
        output.add(piece)
    return output.text()


@pytest.mark.parametrize(
    ("printed", "kept"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text\x1b]8;;https://x\x1b\\link", "textlink"),
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        (" 10%\r 50%\r100%\ndone", "100%\ndone"),
        ("waiting\r", "waiting"),
        ("a\x00b\x07c\tD", "abc\tD"),
        ("\x1b", ""),
    ],
)
def test_what_a_terminal_acts_upon_is_not_kept(printed: str, kept: str) -> None:
    assert plain(printed) == kept


@given(ANY)
def test_what_is_kept_is_plain(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain(text))
    assert plain(plain(text)) == plain(text)


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="\n"))))
def test_what_fits_is_kept_whole(pieces: list[str]) -> None:
    whole = "".join(pieces)
    assert collected(max(2 * len(whole), 2), *pieces) == whole


@given(st.lists(st.text("ab\n", min_size=1)), st.integers(2, 50))
def test_of_more_the_beginning_and_the_end_are_kept_with_the_number_between(pieces: list[str], limit: int) -> None:
    whole, kept = "".join(pieces), collected(limit, *pieces)
    found = re.search(r"\n?\[(\d+) characters are left out here\]\n", kept)
    if found is None:
        assert kept == whole
        return
    first, last = kept[: found.start()], kept[found.end() :]
    assert whole.startswith(first) and whole.endswith(last)
    assert len(first) <= limit // 2 and len(last) <= limit // 2
    assert int(found[1]) in (len(whole) - len(first) - len(last), len(whole) - len(first) - len(last) - 1)


def test_whole_lines_are_kept_where_there_are_lines() -> None:
    assert collected(20, "first\n", "second\n" * 50, "last\n") == "first\n[350 characters are left out here]\nlast\n"


@pytest.mark.parametrize(
    "draws",
    [
        "\x1b[31mred\x1b[0m\n",
        "\x1b[2J\x1b[H",
        "\x1b[?1049h\x1b[?25l",
        "\x1b(0lqk\x1b(B",
        "\x1b7\x1b8",
        "\x1b[10;20Hx",
        "a\rb\x08c\x07",
    ],
)
def test_what_draws_reaches_the_terminal(draws: str) -> None:
    assert Drawing().passes(draws) == draws


@pytest.mark.parametrize(
    "acts",
    [
        "\x1b]52;c;aGk=\x07",  # writes the clipboard
        "\x1b]0;title\x1b\\",
        "\x1b[6n",  # asks, and the terminal types the answer
        "\x1b[c",
        "\x1b[>0q",
        "\x1b[?u",
        "\x1b[21t",
        "\x1b[?1$p",
        "\x1bP$qm\x1b\\",
        "\x1b[5i",  # prints on paper
        "\x1bc",
        "\x1bZ",
        "\x05",
    ],
)
def test_what_does_more_than_draw_does_not(acts: str) -> None:
    assert Drawing().passes(f"a{acts}b") == "ab"


@given(ANY, st.lists(st.integers(0, 200)))
def test_where_the_pieces_end_makes_no_difference(text: str, cuts: list[int]) -> None:
    drawing, shown, start = Drawing(), "", 0
    for cut in sorted(cuts):
        shown += drawing.passes(text[start:cut]) if cut > start else ""
        start = max(start, cut)
    assert shown + drawing.passes(text[start:]) == Drawing().passes(text)


@given(ANY)
def test_every_escape_that_passes_is_one_that_draws(text: str) -> None:
    shown = Drawing().passes(text)
    rest = re.sub(r"\x1b(\[\??[0-9;:]*[A-HJ-MPSTXZ@`abdefghlmr]|\[[0-9]* q|\[[su]|[()*+].|[78=>DEHM])", "", shown)
    assert not re.search(r"[\x00-\x06\x0b-\x0c\x10-\x1f\x7f-\x9f]", rest)


def test_a_program_that_is_ended_does_not_leave_the_terminal_on_its_other_screen() -> None:
    drawing = Drawing()
    drawing.passes("\x1b[?1049h")
    assert drawing.end().endswith("\x1b[?1049l")
    drawing.passes("\x1b[?1049l")
    assert "1049" not in drawing.end()
