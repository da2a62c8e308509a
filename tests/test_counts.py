"""Tokens of blobs: exact once counted, and for a text that is new a bound that needs no vocabulary."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gitgen.models import tokens
from gitgen.ranking.counts import SPARE, Counts, words

OLD, NEW = "a" * 40, "b" * 40
TEXT = "def open_shop(day):\n    return day not in HOLIDAYS\n\n\n" * 20
EDGES = st.text(st.sampled_from("abZ019 \t\r\n/'_.(){}<|>sS\u00e9\u0301\u4e2d\u017f\x1c\x85\u2028"), max_size=40)


def of(cache: Path | None, oid: str, text: str) -> tuple[int, list[str]]:
    """The count of a text with what is in the cache, and what had to be counted for it."""
    counted: list[str] = []

    def count(word: str) -> int:
        counted.append(word)
        return tokens.counter("gpt-4o")(word)

    with closing(Counts(cache, "gpt-4o", count)) as counts:
        return counts.of(oid, "whole", text), counted


@given(EDGES | st.text(max_size=200), st.sampled_from(("gpt-4o", "gpt-4")))
def test_a_text_has_the_tokens_of_its_words(text: str, model: str) -> None:
    count = tokens.counter(model)
    assert sum(count(word) * times for word, times in words(text).items()) == count(text)


def test_a_text_is_counted_once(tmp_path: Path) -> None:
    first, counted = of(tmp_path / "cache", OLD, TEXT * 5 + "x" * SPARE)
    assert first == tokens.counter("gpt-4o")(TEXT * 5 + "x" * SPARE) and counted
    assert of(tmp_path / "cache", OLD, "whatever: a blob's id says all") == (first, [])


def test_an_edited_text_is_bounded_by_the_bytes_of_its_new_words(tmp_path: Path) -> None:
    of(tmp_path / "cache", OLD, TEXT + "x" * SPARE)
    edited = TEXT.replace("HOLIDAYS", "FESTIVALS", 1)
    bound, counted = of(tmp_path / "cache", NEW, edited)
    exact = tokens.counter("gpt-4o")(edited)
    assert exact <= bound <= exact + len(" FESTIVALS\n\n\n") and not counted


def test_the_bounds_of_many_texts_do_not_add_up_to_much(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with closing(Counts(cache, "gpt-4o", tokens.counter("gpt-4o"))) as counts:
        texts = [f"{'fresh' * 20}{number} " * 3 for number in range(40)]
        taken = sum(counts.of(f"{number:040x}", "whole", text) for number, text in enumerate(texts))
    assert taken <= sum(map(tokens.counter("gpt-4o"), texts)) + SPARE


def test_without_a_cache_or_with_one_that_cannot_be_opened_all_is_counted(tmp_path: Path) -> None:
    exact = tokens.counter("gpt-4o")(TEXT)
    assert of(None, OLD, TEXT) == (exact, [TEXT])
    assert of(tmp_path, OLD, TEXT) == (exact, [TEXT])
