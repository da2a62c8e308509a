"""Which files a model is shown, and how they look to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen import context, reply
from gitgen.edits import Write
from gitgen.errors import GitgenError
from gitgen.record import File

TREE = {"b.py": b"print()\n", "a/c.txt": b"text", "logo.png": b"\x89PNG\0", "latin.txt": b"caf\xe9"}


@dataclass(frozen=True)
class Item:
    path: str
    mode: str = "100644"
    oid: str = "0" * 40


def entry(path: str) -> Item | None:
    special = {"link": "120000", "module": "160000", "a": "040000", "tool": "100755"}
    if path in special:
        return Item(path, special[path])
    return Item(path) if path in TREE else None


def test_the_files_that_are_named_are_shown_once_and_in_that_order() -> None:
    shown = context.named(["b.py", "a/c.txt", "b.py"], TREE, entry)
    assert shown == (
        context.Shown(File("b.py", "0" * 40), "print()\n"),
        context.Shown(File("a/c.txt", "0" * 40), "text"),
    )
    assert context.named([], TREE, entry) == ()


@pytest.mark.parametrize("path", ["nope", "link", "module", "a"])
def test_a_path_that_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(GitgenError, match=f"There is no file {path} on the branch"):
        context.named([path], TREE, entry)


@pytest.mark.parametrize("path", ["logo.png", "latin.txt"])
def test_a_file_that_is_no_text_is_refused(path: str) -> None:
    with pytest.raises(GitgenError, match="is not UTF-8 text"):
        context.named([path], TREE, entry)


def small(
    tree: dict[str, bytes], budget: int = 1000, fits: Callable[[list[str]], bool] = lambda texts: True
) -> list[str] | None:
    found = context.small_tree([Item(path) for path in tree], lambda path, most: tree[path][:most], fits, budget)
    return None if found is None else [shown.file.path for shown in found]


def test_a_small_tree_is_shown_whole_without_what_is_no_text_or_our_own() -> None:
    assert small({**TREE, ".gitgen/s/prompt": b"a prompt"}) == ["b.py", "a/c.txt"]
    assert small({}) == []


def test_a_symlink_and_a_submodule_are_not_followed() -> None:
    items = [Item("link", "120000"), Item("module", "160000"), Item("tool", "100755")]
    found = context.small_tree(items, lambda path, most: {"tool": b"run"}[path], lambda texts: True, 100)
    assert found is not None and [shown.file.path for shown in found] == ["tool"]


def test_what_counts_is_the_text_as_it_is_shown() -> None:
    counted: list[list[str]] = []

    def fits(texts: list[str]) -> bool:
        counted.append(texts)
        return False

    assert small({"b.py": b"print()\n"}, fits=fits) is None
    assert counted == [["b.py\n```\nprint()\n```"]]


def test_a_tree_that_cannot_fit_is_not_read_to_its_end() -> None:
    class Reading(dict[str, bytes]):
        def __getitem__(self, path: str) -> bytes:
            read.append(path)
            return super().__getitem__(path)

    read: list[str] = []
    assert small(Reading({f"{n}": b"x" * 300 for n in range(100)}), budget=100) is None
    assert len(read) == 3


@pytest.mark.parametrize(
    ("content", "small"),
    [
        (b"x" * 10_000, False),
        (b"x" * 799 + b"\xc3\xa9\xc3\xa9", False),
        (b"\0" + b"x" * 10_000, True),
        (b"caf\xe9", True),
    ],
    ids=["text", "text-cut-in-a-letter", "binary", "latin"],
)
def test_of_a_huge_file_only_the_beginning_is_read(content: bytes, small: bool) -> None:
    read: list[int] = []

    def start_of(path: str, most: int) -> bytes:
        read.append(most)
        return content[:most]

    shown = context.small_tree([Item("huge")], start_of, lambda texts: True, 100)
    assert shown == (() if small else None)
    assert read == [100 * context.BYTES_PER_TOKEN + 1]


def test_a_tree_of_very_many_files_is_not_small() -> None:
    assert small({f"{n}": b"" for n in range(context.MOST_FILES)}) is not None
    assert small({f"{n}": b"" for n in range(context.MOST_FILES + 1)}) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n", "x.md\n```\na\n```"),
        ("a", "x.md\n```\na\n```"),
        ("", "x.md\n```\n```"),
        ("```\na\n```\n", "x.md\n````\n```\na\n```\n````"),
        ("`````", "x.md\n``````\n`````\n``````"),
    ],
)
def test_a_file_is_shown_in_a_fence_of_its_own(text: str, shown: str) -> None:
    assert context.render("x.md", text) == shown


def test_a_prompt_is_shown_as_text_alone() -> None:
    assert context.render(".gitgen/s/prompt", "A game\n") == "A game"


@given(st.lists(st.text("ab `\n", max_size=12), max_size=6))
def test_what_is_shown_can_be_written_back_as_it_is(lines: list[str]) -> None:
    text = "".join(line.replace("\n", "") + "\n" for line in lines)
    (edit,) = reply.read(context.render("x.py", text)).edits
    assert isinstance(edit, Write) and (edit.path, edit.text) == ("x.py", text)


@given(st.binary(max_size=30))
def test_text_is_what_can_be_stored_again_byte_for_byte(content: bytes) -> None:
    text = context.as_text(content)
    assert text is None or (text.encode() == content and "\0" not in text)
