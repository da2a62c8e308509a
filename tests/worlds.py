"""The world of a step for tests below the command line: a real repository, a scripted endpoint, a person on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitgen.ai import Model
from gitgen.ai.endpoint import Endpoint as RealEndpoint
from gitgen.beginning import begin, begin_branch
from gitgen.record import Ran
from gitgen.redact import redactor
from gitgen.repository import Repository
from gitgen.settings import Settings
from gitgen.shelf import Shelf
from gitgen.ui.listeners import Quiet
from gitgen.world import World
from tests.scripted import Endpoint

BRANCH = "gitgen/x"
Person = Callable[[str, tuple[str, ...]], str | None]


def refuse(branch: str, commit: str, command: str) -> Ran:
    raise AssertionError(f"nothing is to be run, but {command} was")


def world(
    repository: Repository,
    scripted: Endpoint,
    *,
    settings: Settings = Settings(retries=1, continues=0),  # noqa: B008
    person: Person | None = None,
    execute: Callable[[str, str, str], Ran] = refuse,
    steps: Path | None = None,
) -> World:
    """A world whose model is the scripted endpoint."""
    model: Model = RealEndpoint(scripted.base_url, "key-of-the-user", ("scripted",), timeout=10)
    return World(
        repository=repository,
        model=lambda: model,
        settings=settings,
        listener=Quiet(),
        redact=redactor({"A_SECRET": "hush-hush-hush"}, "key-of-the-user"),
        preprompt=lambda name: f"({name})",
        shelf=Shelf(steps),
        person=person,
        execute=execute,
    )


def started(here: World, *plan: str, test: str = "") -> str:
    """Begin a session on BRANCH from HEAD; its first commit."""
    first = begin(here, BRANCH, base=here.repository.resolve("HEAD"), prompt="Greet\n", plan=plan, test=test)
    begin_branch(here.repository, BRANCH, first)
    return first
