"""What a reply asks for: edits of named paths, not yet held against any tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

from gitgen.errors import Refusal

NEW_FILE = "/dev/null"


class Row(NamedTuple):
    """One line of a hunk: `op` is a blank, `-` or `+`; `text` is without it and without the newline."""

    op: str
    text: str


@dataclass(frozen=True)
class Hunk:
    """Rows that belong together, and what their header claims about the place."""

    rows: tuple[Row, ...]
    start: int | None = None
    """The 1-based line of the old file where the header says that the hunk stands."""
    section: str = ""
    """The heading behind the second `@@`, or the landmark behind a lone one."""
    counted: bool = False
    """Whether the header's line counts are those of the rows: a sign that its numbers are worth something."""
    old_unended: bool = False
    new_unended: bool = False
    r"""Whether `\ No newline at end of file` follows the last line of that side."""
    draft: int = field(default=0, compare=False)
    """Which of the reply's several diffs of the file it is from."""
    missing: int = 0
    """How many more old lines the header promised than there are."""
    at_end: bool = False
    """Whether the reply says that the hunk stands at the end of the file."""

    @cached_property
    def old(self) -> tuple[str, ...]:
        return tuple([text for op, text in self.rows if op != "+"])

    @cached_property
    def new(self) -> tuple[str, ...]:
        return tuple([text for op, text in self.rows if op != "-"])

    @cached_property
    def changed(self) -> tuple[str, ...]:
        return tuple(row.op + row.text for row in self.rows if row.op != " ")


@dataclass(frozen=True)
class Write:
    """The path holds this text afterwards, whatever it held before."""

    path: str
    text: str


@dataclass(frozen=True)
class Delete:
    """The path is gone afterwards."""

    path: str


@dataclass(frozen=True)
class Patch:
    """Hunks for one path; both names are as the reply spells them, `a/` and `b/` included.

    `old` is `NEW_FILE` where the reply creates the path, `new` where it deletes it.
    """

    old: str
    new: str
    hunks: tuple[Hunk, ...] = ()
    mode: str | None = None
    moves: bool = False
    """Whether the reply says in so many words that `old` is renamed to `new`."""
    copies: bool = False


Edit: TypeAlias = Write | Delete | Patch


@dataclass(frozen=True)
class Reading:
    """A reply, read without knowing the tree."""

    edits: tuple[Edit, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Edit]:
        return iter(self.edits)
