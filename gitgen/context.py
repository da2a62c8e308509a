"""Which files a model is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from gitgen.errors import GitgenError
from gitgen.paths import tellable
from gitgen.record import FOLDER, File

BYTES_PER_TOKEN = 8
"""More bytes than this for each token of the budget, and no real text can fit; counting is left out then."""
MOST_FILES = 2000
"""A tree of more files than this is not small, whatever they hold."""


class Listed(Protocol):
    """A file of a tree by its path, its mode and its blob's id."""

    @property
    def path(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def oid(self) -> str: ...


@dataclass(frozen=True)
class Shown:
    """A file that is shown, with the text that the model gets."""

    file: File
    text: str


def as_text(content: bytes) -> str | None:
    """The text of a file that a model can be shown and can edit, None for anything that is not UTF-8 text."""
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def render(path: str, text: str) -> str:
    """A file as the model sees it: its path, then its text in a fence that the text does not contain.

    gitgen's own files (the prompt) are text alone.
    """
    if path.startswith(FOLDER + "/"):
        return text.strip()
    fence = "```"
    while fence in text:
        fence += "`"
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{path}\n{fence}\n{text}{end}{fence}"


def render_outline(path: str, text: str, spans: Iterable[tuple[int, int]]) -> str:
    """A file as the model sees it in outline: the lines of each definition, and the first of them.

    A span beyond the end of the text shows nothing.
    """
    lines = text.split("\n")
    shown = [f"{first}-{last}: {lines[first - 1].rstrip()}" for first, last in spans if 0 < first <= len(lines)]
    fence = "```"
    while any(fence in line for line in shown):
        fence += "`"
    return "\n".join((f"{path} (outline: lines of each definition)", fence, *shown, fence))


def named(paths: Iterable[str], tree: Mapping[str, bytes], entry: Callable[[str], Listed | None]) -> tuple[Shown, ...]:
    """The files that the user named; GitgenError for one that is not there or is no text."""
    shown = []
    for path in dict.fromkeys(paths):
        found = entry(path)
        if found is None or not found.mode.startswith("10"):
            raise GitgenError(f"There is no file {path} on the branch", "git ls-tree -r --name-only HEAD lists them")
        text = as_text(tree[path])
        if text is None:
            raise GitgenError(
                f"{path} is not UTF-8 text, and is never edited by a model",
                "name only text files with --file and --read",
            )
        shown.append(Shown(File(path, found.oid), text))
    return tuple(shown)


def small_tree(
    entries: Iterable[Listed], start_of: Callable[[str, int], bytes], fits: Callable[[list[str]], bool], budget: int
) -> tuple[Shown, ...] | None:
    """All text files of a tree that as a whole fits in a budget of tokens, else None; of those that can be named.

    Reads no further into the tree, nor into any file, than the budget could hold; `start_of` reads so many bytes.
    """
    shown: list[Shown] = []
    left = budget * BYTES_PER_TOKEN
    all_of_it = list(islice(entries, MOST_FILES + 1))
    if len(all_of_it) > MOST_FILES:
        return None
    for entry in all_of_it:
        if not entry.mode.startswith("10") or entry.path.startswith(FOLDER + "/") or not tellable(entry.path):
            continue
        content = start_of(entry.path, left + 1)
        text = as_text(content)
        if b"\0" in content or (text is None and len(content) <= left):
            continue
        left -= len(content)
        if text is None or left < 0:
            return None
        shown.append(Shown(File(entry.path, entry.oid), text))
    return tuple(shown) if fits([render(item.file.path, item.text) for item in shown]) else None
