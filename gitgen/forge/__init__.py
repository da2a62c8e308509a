"""The forge: requests to merge a branch, the talk about them, and the one door to both.

Values are the same for every forge; a module for each kind speaks to it, and is imported only when it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Request:
    """A request to merge `head` into `base`: a pull request, or a merge request."""

    number: int
    name: str
    """As people write it: `#12`, or `!12`."""
    id: str
    url: str
    title: str
    body: str
    head: str
    base: str
    draft: bool
    open: bool = True
    foreign: bool = False
    """Whether its branch is in another repository than the one it is to be merged into."""


@dataclass(frozen=True)
class Comment:
    """One comment, as its author wrote it."""

    url: str
    author: str
    body: str
    bot: bool = False
    system: bool = False
    """Whether the forge itself wrote it, about what somebody did."""
    minimized: bool = False
    edited: datetime | None = None
    own: bool = False
    """Whether it was written with the very account that asks."""


@dataclass(frozen=True)
class Thread:
    """An unresolved talk about a place in the code; about the request as a whole where it has no path."""

    id: str
    comments: tuple[Comment, ...]
    path: str = ""
    line: int | None = None
    hunk: str = ""
    deleted: bool = False
    """Whether the line is one that the request takes away."""
    outdated: bool = False
    """Whether the line has changed since."""


@dataclass(frozen=True)
class Answer:
    """What is said to a thread."""

    thread: Thread
    text: str


class Forge(Protocol):
    """A repository on a forge. Every method raises GitgenError where the forge says no."""

    def default_branch(self) -> str:
        """The branch that requests go to."""
        ...

    def find(self, head: str) -> Request | None:
        """The open request of a branch, or None."""
        ...

    def last(self, head: str) -> Request | None:
        """The newest request of a branch, open or not, or None."""
        ...

    def request(self, number: int) -> Request:
        """The request of this number."""
        ...

    def open(self, head: str, base: str, title: str, body: str, *, draft: bool) -> Request:
        """Open a request; GitgenError if there is one already, or if the forge wants none of these branches."""
        ...

    def update(self, request: Request, body: str, *, ready: bool) -> None:
        """Give a request another body and, with `ready`, take it out of the drafts."""
        ...

    def label(self, request: Request, labels: Sequence[str]) -> None:
        """Add labels."""
        ...

    def ask_reviewers(self, request: Request, reviewers: Sequence[str]) -> None:
        """Ask people for a review."""
        ...

    def threads(self, request: Request) -> tuple[Thread, ...]:
        """All unresolved threads, and what those who ask for changes say of the whole; drafts left out."""
        ...

    def may_write(self, login: str) -> bool:
        """Whether somebody may push to the repository."""
        ...

    def answer(self, request: Request, answers: Sequence[Answer], body: str) -> None:
        """Publish the answers, all at once, with a text about the request as a whole."""
        ...

    def resolve(self, request: Request, thread: Thread) -> None:
        """Mark a thread of a request as resolved."""
        ...
