"""What a step works with, passed in by whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gitgen.ai import Completion, Listener, Model, Request
from gitgen.record import Ran
from gitgen.repository import Repository
from gitgen.settings import Settings
from gitgen.shelf import Shelf

if TYPE_CHECKING:
    from gitgen.hooks import Hooked


def _runs_nothing(branch: str, commit: str, command: str) -> Ran:
    raise NotImplementedError("this world runs nothing")


@dataclass(frozen=True)
class World:
    """What a step works with, passed in by whoever runs it."""

    repository: Repository
    model: Callable[[], Model]
    """Opens the model when it is first needed: a step whose replies are all recorded needs none."""
    settings: Settings
    listener: Listener
    redact: Callable[[str], str]
    preprompt: Callable[[str], str]
    shelf: Shelf
    person: Callable[[str, tuple[str, ...]], str | None] | None = None
    """Asks the user a question, with choices or for a text; None where there is nobody to ask."""
    execute: Callable[[str, str, str], Ran] = _runs_nothing
    """Runs a command on the files of a commit, for the session of a branch."""
    pre_commit: Callable[[str, Callable[[], str]], Hooked | None] | None = lambda parent, commit: None
    """Runs the user's hook, where there is one, on a commit, made then, and its parent; None where it is left out."""
    recall: Callable[[Request], Completion | None] = lambda request: None
    """What was answered to this very request in a session that is done again; then nobody is asked."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
