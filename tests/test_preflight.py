"""Names and texts that are made or refused before anything else is done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen import preflight, resources
from gitgen.errors import GitgenError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("A to-do list, for the terminal!", "a-to-do-list-for-the-terminal"),
        ("Ein Wörterbuch für Ärzte", "ein-worterbuch-fur-arzte"),
        ("one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight"),
    ],
)
def test_a_session_is_named_after_the_first_words(text: str, name: str) -> None:
    assert preflight.slug(text) == name


@pytest.mark.parametrize("text", ["東京", "a" * 50, "!?", ""])
def test_a_text_without_a_fitting_word_makes_a_name_of_its_own(text: str) -> None:
    assert re.fullmatch(r"session-[0-9a-f]{8}", preflight.slug(text))


@given(st.text())
def test_every_text_makes_a_name_that_git_and_gitgen_take(text: str) -> None:
    name = preflight.slug(text)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) and len(name) <= preflight.LONGEST_NAME
    assert preflight.slug(text) == name


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"\xef\xbb\xbfA game\r\nfor two\r\n", "A game\nfor two\n"), ("Ein Spiel für 2".encode(), "Ein Spiel für 2")],
)
def test_a_prompt_is_read_whatever_editor_wrote_it(content: bytes, text: str) -> None:
    assert preflight.text_of(content, "prompt") == text


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b"\n\t ", "empty"), (b"a\0b", "UTF-8"), (b"\xff", "UTF-8")]
)
def test_what_is_no_prompt_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(GitgenError, match=f"notes .*{why}"):
        preflight.text_of(content, "notes")


def test_a_preprompt_of_ones_own_stands_for_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "fix.txt").write_text("Mine, ünd no other.\n", encoding="utf-8")
    assert resources.preprompt("fix", tmp_path) == "Mine, ünd no other."
    assert resources.preprompt("system", tmp_path) == resources.preprompt("system") != ""


def test_a_preprompt_that_is_nowhere_is_named() -> None:
    with pytest.raises(GitgenError, match=r"nope\.txt cannot be read: No such file"):
        resources.preprompt("nope")
