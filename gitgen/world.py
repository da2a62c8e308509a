"""What a step works with, passed in by whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from gitgen.ai import Listener, Model
from gitgen.repository import Repository
from gitgen.settings import Settings


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
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
