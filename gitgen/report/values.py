"""What a report shows of a session, as values: nothing in here knows of HTML or of Git."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from gitgen.errors import Refusal
from gitgen.record import Ran, Reply, Role, Usage
from gitgen.state.commits import Commit

Sign: TypeAlias = Literal[" ", "+", "-", "\\"]
"""How a row of a diff begins; the last is git's remark about the row before it."""


@dataclass(frozen=True)
class Row:
    """A line of a diff; `number` is its line in the file after the change, or before it if it was removed."""

    sign: Sign
    number: int
    text: str


@dataclass(frozen=True)
class Hunk:
    """Rows that stand together; `section` is what git found above them, a function's first line for example."""

    section: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class FileDiff:
    """What a commit does to one file."""

    path: str
    before: str
    """Its path before, another one where it was renamed or copied."""
    what: Literal["changed", "added", "deleted", "renamed", "copied"]
    mode: str
    """`100644 → 100755` where the mode changes, else empty."""
    old: str
    new: str
    """The ids of its blobs before and after, empty where git tells none."""
    binary: bool
    hunks: tuple[Hunk, ...]
    added: int
    removed: int
    left_out: int
    """So many of its rows are not in `hunks`."""


@dataclass(frozen=True)
class Passage:
    """A text of a message; `anchor` names its place for what repeats it, and is empty where nothing may."""

    text: str
    anchor: str = ""


@dataclass(frozen=True)
class Repeat:
    """What was sent before, told by its place: the anchor, and the number of the step that it stands in."""

    anchor: str
    step: int


@dataclass(frozen=True)
class ShownFile:
    """A file that the model was shown; its size in bytes, or None if the blob is not there."""

    path: str
    size: int | None


@dataclass(frozen=True)
class Said:
    """A message that was sent."""

    role: Role
    parts: tuple[Passage | Repeat | ShownFile, ...]


@dataclass(frozen=True)
class Opening:
    """The messages that were sent before the one that asks: instructions and examples, most of the time."""

    messages: tuple[Said, ...]
    anchor: str


@dataclass(frozen=True)
class ShownTurn:
    """One request and its reply; `asked` is the last message that was sent, None for another try at the same."""

    opening: Opening | Repeat | None
    asked: Said | None
    reply: Reply | None
    usage: Usage | None
    seconds: float


@dataclass(frozen=True)
class Entry:
    """One commit of the session; `number` counts the steps, and is 0 for a commit that a person made."""

    number: int
    commit: Commit
    files: tuple[FileDiff, ...] = ()
    feedback: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    """What else its person said, by what it was asked under."""
    turns: tuple[ShownTurn, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    """Why its replies did not fit, if they were rejected."""
    ran: Ran | None = None
    problem: str = ""
    """Why its chat cannot be shown."""

    @property
    def anchor(self) -> str:
        return f"step-{self.number}" if self.number else f"commit-{self.commit.oid[:10]}"

    @property
    def status(self) -> str:
        return self.commit.status or "human"

    @property
    def usage(self) -> Usage:
        return self.commit.usage

    @property
    def when(self) -> datetime:
        """When it was made, in UTC; a date that no calendar has counts as the first one."""
        try:
            return datetime.fromtimestamp(self.commit.time, UTC)
        except (ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(0, UTC)

    @property
    def added(self) -> int:
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        return sum(file.removed for file in self.files)

    @property
    def seconds(self) -> float:
        """How long its replies took."""
        return sum(turn.seconds for turn in self.turns)


@dataclass(frozen=True)
class Report:
    """A session as it is shown, its entries from the first to the last."""

    name: str
    branch: str
    tip: str
    base: str
    prompt: str
    left: tuple[str, ...]
    """The steps of its plan that have not been done."""
    entries: tuple[Entry, ...]

    @property
    def steps(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.number)

    @property
    def usage(self) -> Usage:
        return sum((step.usage for step in self.steps), Usage())
