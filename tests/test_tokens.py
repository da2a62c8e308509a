"""Counting tokens, offline."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.models import tokens
from tests.conftest import ROOT

# Any use of the network is an error in the child: no socket, no name, no request.
OFFLINE = """
import socket, sys
def refuse(*args, **more):
    raise AssertionError("the network was asked for")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from gitgen.models import tokens
print(*(tokens.count([text], sys.argv[1]) for text in sys.argv[2:]))
"""
TEXTS = ("hello world", "def greet(name):\n    return 'Hello ' + name\n", "naïve café, 東京 🎉", "")


def offline(model: str, *texts: str, **environ: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, model, *texts],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [int(word) - tokens.MESSAGE_TOKENS for word in done.stdout.split()]


@pytest.mark.parametrize(("model", "counts"), [("gpt-4o", [2, 12, 8, 0]), ("gpt-4", [2, 12, 11, 0])])
def test_known_counts_come_without_the_network(model: str, counts: list[int], tmp_path: Path) -> None:
    fresh = tmp_path / "vocabularies"
    assert offline(model, *TEXTS, TIKTOKEN_CACHE_DIR=str(fresh)) == counts
    (vocabulary,) = fresh.iterdir()
    assert vocabulary.stat().st_size > 1_000_000


def test_a_damaged_vocabulary_is_replaced_not_fetched(tmp_path: Path) -> None:
    for file, _ in tokens._CACHED.values():
        (tmp_path / file).write_bytes(b"damaged")
    assert offline("gpt-4o", "hello world", TIKTOKEN_CACHE_DIR=str(tmp_path)) == [2]


@pytest.mark.parametrize("place", ["", "file/below"], ids=["empty", "impossible"])
def test_a_cache_that_cannot_be_used_is_done_without(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert offline("gpt-4o", "hello world", TIKTOKEN_CACHE_DIR=place and str(tmp_path / place)) == [2]


@pytest.mark.parametrize("chosen", [{}, {"TIKTOKEN_CACHE_DIR": ""}], ids=["unset", "empty"])
def test_vocabularies_are_kept_in_the_cache_and_never_where_gitgen_runs(
    chosen: dict[str, str], sealed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    assert offline("gpt-4o", "hello world", **chosen) == [2]
    assert list(here.iterdir()) == [] and len(list((sealed / "cache/gitgen/tiktoken").iterdir())) == 1


@pytest.mark.parametrize(
    ("model", "vocabulary", "known"),
    [
        ("gpt-4o-2024-08-06", "o200k_base", True),
        ("gpt-4.1", "o200k_base", True),
        ("gpt-5", "o200k_base", True),
        ("gpt-4", "cl100k_base", True),
        ("SmolLM2-135M-Instruct", "o200k_base", False),
        ("text-davinci-003", "o200k_base", False),
        ("", "o200k_base", False),
    ],
)
def test_each_model_has_a_vocabulary_known_or_assumed(model: str, vocabulary: str, known: bool) -> None:
    assert tokens.vocabulary_of(model) == (vocabulary, known)


def test_special_tokens_and_long_runs_are_text_like_any_other() -> None:
    count = tokens.counter("gpt-4o")
    assert count("<|endoftext|>") > 1
    assert count("^" * 1_200_000) > 10_000


@given(st.lists(st.text(), max_size=4), st.integers(0, 60))
def test_what_fits_is_what_counts_no_more_than_the_limit(texts: list[str], limit: int) -> None:
    assert tokens.fits(texts, limit, "gpt-4o") == (tokens.count(texts, "gpt-4o") <= limit)


def test_a_short_text_needs_no_vocabulary(tmp_path: Path) -> None:
    script = (
        "import sys; from gitgen.models import tokens; "
        "assert tokens.fits(['hello'], 9, 'm'); print('tiktoken' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
