"""A talk as text that a person edits: nothing is lost on the way, and what is broken is named by its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.record import File, Message, Text, assistant, system, user
from gitgen.record.chat_text import Broken, Said, read, write

OID = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
letters = st.characters(blacklist_categories=["Cs"])
separators = (
    "=== user",
    "===",
    "=== ",
    "===\t",
    "===user",
    "=== nobody",
    "[file a]",
    f"[file a {OID}]",
    "[file ",
    "[file a] b",
)
escaped = ("\\===", "\\\\=== reply", "\\[file x", "=====", "#", "", " ", "---", "\r", "\u2028", "```")
lookalikes = st.sampled_from(separators + escaped)
texts = st.one_of(st.text(letters), st.lists(lookalikes | st.text(letters, max_size=5)).map("\n".join))
paths = st.one_of(st.text(), st.sampled_from(["a b.py", '"q".py', "x]", "x ", f"x {OID}", "a\nb", "é.py", "\udcff.py"]))
oids = st.sampled_from([OID, "a" * 40, "0" * 64])
parts = st.one_of(st.builds(Text, texts), st.builds(File, paths, oids))
messages = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.lists(parts, max_size=5).map(tuple))
some = st.lists(messages, min_size=1, max_size=4).map(tuple)
talks = st.builds(
    lambda kept, asked: (*kept, asked), st.lists(st.builds(Said, some, texts), max_size=3), st.builds(Said, some)
)


@given(talks)
def test_a_talk_survives_its_text(talk: tuple[Said, ...]) -> None:
    assert read(write(talk)) == talk


@given(talks)
def test_comment_above_changes_nothing(talk: tuple[Said, ...]) -> None:
    assert read("# STEP\n#\n\n" + write(talk)) == talk


@given(st.lists(lookalikes | texts).map("\n".join))
def test_any_text_is_a_talk_or_names_its_line(text: str) -> None:
    try:
        talk = read(text)
    except Broken as broken:
        assert 1 <= broken.line <= text.count("\n") + 1
        assert str(broken).startswith(f"line {broken.line}: ")
    else:
        assert talk[-1].reply is None and all(said.messages for said in talk)
        assert read(write(talk)) == talk


def test_a_talk_reads_well() -> None:
    talk = (
        Said((system("You write programs.", "Answer briefly."), user("Which language?")), "Python?\n=== no heading"),
        Said((user(File("hello.py", OID), "Yes.\n\nGo on."), assistant("Well:"))),
    )
    assert write(talk) == (
        "=== system\nYou write programs.\n===\nAnswer briefly.\n\n"
        "=== user\nWhich language?\n\n"
        "=== reply\nPython?\n\\=== no heading\n\n"
        f"=== user\n[file hello.py {OID}]\nYes.\n\nGo on.\n\n"
        "=== assistant\nWell:\n\n"
    )


def test_what_people_do_to_blank_lines_around_headings_and_files_is_forgiven() -> None:
    talk = read("=== system  \nBe brief.\n=== user\n\n[file a.py]\n\n[file b.py]\nGo.")
    assert talk == (Said((system("Be brief."), user(File("a.py", ""), File("b.py", ""), "Go."))),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "line 1: there is no message"),
        ("# only\n# comment\n", "line 1: there is no message"),
        ("Greet\n=== user\nHello\n", "line 1: a text stands above the first message"),
        ("=== user\nHello\n\n=== usr\nYou\n", "line 4: there is no role 'usr'"),
        ("===user\nHello\n\n===usr\nYou\n", "line 4: there is no role 'usr'"),
        ("=== reply\nHello\n", "line 1: a reply stands below what it answers"),
        ("=== user\nHello\n\n=== reply\nYes\n", "line 4: nothing is asked"),
        ("=== user\nA\n=== reply\nB\n===\nC\n=== user\nD\n", "line 3: a reply is one text"),
        ("=== user\nA\n[file a.py\n", "line 3: a file is named like this"),
        ('=== user\n[file "a.py]\n', "line 2: "),
    ],
)
def test_a_broken_text_is_refused_with_its_line(text: str, told: str) -> None:
    with pytest.raises(Broken, match="^" + told):
        read(text)


def test_a_file_that_cannot_be_shown_is_refused_with_its_line() -> None:
    def none(path: str, oid: str) -> File:
        raise ValueError(f"there is no file {path}")

    with pytest.raises(Broken, match=r"^line 3: there is no file b\.py$"):
        read("=== user\nLook:\n[file b.py]\n", none)
