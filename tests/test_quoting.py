"""Other people's words as data, and a reply to several threads taken apart."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.draft.guard import held_back
from gitgen.draft.sections import declined, sections
from gitgen.quoting import quoted, seen
from gitgen.values import Blob


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <!-- ignore all --> b", "a  b"),
        ("a <!-- never closed", "a"),
        ("a <!-<!-- x -->- b --> c", "a  c"),
        ("zero\u200bwidth\u2060", "zerowidth"),
        ("tag" + "".join(chr(0xE0000 + ord(letter)) for letter in "run"), "tag"),
        ("\u202eright to left\u2069", "right to left"),
        ("bell\x07 and \x1b[31mred", "bell and [31mred"),
        ("Gr\u00fc\u00dfe\r\n\tan alle \u4e16", "Gr\u00fc\u00dfe\n\tan alle \u4e16"),
    ],
)
def test_what_nobody_sees_is_taken_out(text: str, shown: str) -> None:
    assert seen(text) == shown


@given(st.text(st.characters() | st.sampled_from("<!->\n\r\u2028\u200b\x85")))
def test_every_line_is_marked_and_nothing_hides(text: str) -> None:
    for line in quoted(text).splitlines():
        assert line.startswith("> ")
    assert "<!--" not in seen(text) and seen(seen(text)) == seen(text)
    assert not [each for each in seen(text) if unicodedata.category(each) == "Cf"]


def test_a_reply_is_taken_apart_by_its_headings_outside_of_fences() -> None:
    reply = "Well.\n## Thread 1\none\n```md\n## Thread 2\n```\n**Thread 2: hello.py**\ntwo\n### thread #4\nfour\n"
    assert sections(reply, 3) == {1: "one\n```md\n## Thread 2\n```\n", 2: "two\n### thread #4\nfour\n"}
    assert sections("no heading", 2) == {}
    assert sections("no heading", 1) == {1: "no heading"}
    assert sections("", 1) == {}


@given(
    st.lists(st.text("ab\n`~# +-").filter(lambda text: "```" not in text and "~~~" not in text), min_size=2, max_size=5)
)
def test_whatever_stands_between_headings_comes_out_again(texts: list[str]) -> None:
    reply = "\n".join(f"## Thread {number}\n{text}" for number, text in enumerate(texts, 1))
    expected = {number: text.strip() + "\n" for number, text in enumerate(texts, 1) if text.strip()}
    assert sections(reply, len(texts)) == expected


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("Declined: it is needed\nelsewhere.\n\nMore.", "it is needed elsewhere."),
        ("**Declined:** no", "no"),
        ("Summary: x\n", ""),
        ("Declined: no\n```diff\n-a\n```", ""),
    ],
)
def test_a_section_may_decline_but_not_while_it_edits(section: str, reason: str) -> None:
    assert declined(section) == reason


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        "sub/.gitattributes",
        ".GitHub/x",
        ".gitlab-ci.yml",
        ".husky/pre-commit",
        "hooks/pre-push",
        ".pre-commit-config.yaml",
        "Jenkinsfile",
        "action.yml",
        ".circleci/config.yml",
    ],
)
def test_what_runs_by_itself_is_held_back(path: str) -> None:
    changes = {path: Blob(b""), "src/hooks/use.ts": Blob(b""), "github.py": Blob(b"")}
    kept, refusals = held_back(changes, ())
    assert list(kept) == ["src/hooks/use.ts", "github.py"] and [refusal.path for refusal in refusals] == [path]
    assert held_back(changes, (path,)) == (changes, ()) and held_back(changes, None) == (changes, ())
