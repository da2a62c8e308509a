"""What is shown of a failure, and when two failures are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.failure import same_failure, trimmed
from gitgen.record import Ran

NOISE = [f"test_{number}.py ..................................... [ {number}%]" for number in range(400)]


def ran(output: str, code: int = 1) -> Ran:
    return Ran("pytest", code, output, "none", 0.1)


def test_a_short_output_stays_as_it_is() -> None:
    assert trimmed("one\ntwo\n\n") == "one\ntwo"


@pytest.mark.parametrize(
    "error",
    [
        "Traceback (most recent call last):",
        "E       assert 1 == 2",
        "src/main.c:3:5: error: expected ';' before 'return'",
        "error[E0308]: mismatched types",
        "src/app.ts(3,1): error TS2304: Cannot find name 'x'.",
        "--- FAIL: TestGreet (0.00s)",
        "not ok 3 - greets",
        "thread 'main' panicked at src/main.rs:2:5:",
        "panic: runtime error: index out of range [5]",
        "sh: 1: pytest: not found",
        "Segmentation fault (core dumped)",
        "TypeError: greet is not a function",
        "make: *** [Makefile:2: test] Error 1",
    ],
)
def test_the_first_error_with_what_stands_around_it_and_the_last_lines_are_kept(error: str) -> None:
    lines = [*NOISE, "0 errors so far", "before", error, "after", *NOISE, "later error", *NOISE, "last"]
    kept = trimmed("\n".join(lines), 2000).splitlines()
    assert kept[0] == "[399 lines are left out here]"
    assert kept[1:6] == [NOISE[-1], "0 errors so far", "before", error, "after"]
    assert kept[-1] == "last"
    assert "later error" not in kept


def test_without_an_error_the_last_lines_are_kept() -> None:
    kept = trimmed("\n".join([*NOISE, "last"]), 1000).splitlines()
    assert kept[0].endswith("lines are left out here]")
    assert kept[1:] == [*NOISE, "last"][-len(kept) + 1 :]


def test_a_huge_line_keeps_its_ends() -> None:
    kept = trimmed("Error: begin" + "x" * 100_000 + "end")
    assert kept.startswith("Error: begin") and kept.endswith("end") and len(kept) <= 1000


@given(
    st.lists(st.text(st.characters(exclude_characters="\n\r")) | st.sampled_from(["Error: no", "x" * 3000, ""])),
    st.integers(300, 5000),
)
def test_it_keeps_whole_lines_in_order_within_the_limit_and_says_what_is_left_out(lines: list[str], limit: int) -> None:
    output = "\n".join(lines)
    kept = trimmed(output, limit)
    assert len(kept) <= limit
    rest = iter(output.rstrip().split("\n"))
    for line in kept.split("\n"):
        if line.startswith("[") and line.endswith("left out here]") and line not in lines:
            for _ in range(int(line[1:].split()[0])):
                next(rest)
        else:
            whole = next(rest)
            assert line == whole or (" [...] " in line and len(whole) > len(line) >= min(1000, limit // 4) - 1)
    assert next(rest, None) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2 failed in 0.12s", "2 failed in 13.07s"),
        ("======= 1 failed in 0.9s ======", "===== 1 failed in 10.07s ====="),
        ("<object at 0x7f1a2b>", "<object at 0x7fffff>"),
        ("/tmp/pytest-of-ada/pytest-1/test_x0/a.txt", "/tmp/pytest-of-ada/pytest-22/test_x0/a.txt"),
        ("2026-01-02 10:11:12,345 failed", "2027-11-12 00:00:00,001 failed"),
        ("2026-01-02T10:11:12Z failed", "2027-11-12T00:00:00Z failed"),
        ("at 9:01:02 it broke", "at 19:21:02.5 it broke"),
        ("connect to 127.0.0.1:45001: refused", "connect to 127.0.0.1:51222: refused"),
        ("pid 17 died", "pid 21744 died"),
        ("id 123e4567-e89b-12d3-a456-426614174000", "id 00000000-e89b-12d3-a456-42661417400f"),
        ("took 5 ms", "took 12 ms"),
        ("the end\n", "the end"),
    ],
)
def test_what_differs_from_run_to_run_makes_no_other_failure(one: str, other: str) -> None:
    assert same_failure(ran(one), ran(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("assert 1 == 2", "assert 1 == 3"),
        ("2 failed in 0.12s", "1 failed in 0.12s"),
        ("a.py:3: error", "a.py:4: error"),
        ("KeyError: 'a'", "KeyError: 'b'"),
        ("/home/ada/a.py failed", "/home/ada/b.py failed"),
        ("wrong: 10 m", "wrong: 10 kg"),
    ],
)
def test_what_the_program_does_differently_makes_another_failure(one: str, other: str) -> None:
    assert not same_failure(ran(one), ran(other))


def test_another_exit_code_is_another_failure() -> None:
    assert not same_failure(ran("x", 1), ran("x", 2))
