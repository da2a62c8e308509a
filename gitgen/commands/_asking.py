"""The world that a step of a command runs in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitgen import budget, resources, ui
from gitgen.ai import Model, Recorded
from gitgen.ai.choice import REPLAY, choose, open_model
from gitgen.git import Git
from gitgen.models import profiles
from gitgen.record import Ran
from gitgen.redact import redactor
from gitgen.render import recordings
from gitgen.repository import Repository
from gitgen.scanner import scanner
from gitgen.settings import Settings, resolve
from gitgen.shelf import Shelf
from gitgen.state.absent import no_session
from gitgen.state.chats import chat_of
from gitgen.state.commits import PREFIX
from gitgen.state.log import load
from gitgen.ui.listeners import Quiet, listener_here
from gitgen.world import World

if TYPE_CHECKING:
    from gitgen.hooks import Hooked
    from gitgen.running.process import Limits


def hide_import(flags: Mapping[str, Any]) -> None:
    """Import the openai client in the background, where this run will need it."""
    if not str(flags.get("model") or os.environ.get("GITGEN_MODEL") or "").startswith(REPLAY):
        from gitgen.ai.endpoint import warm_up

        warm_up()


def settings_of(repository: Repository | None, flags: Mapping[str, Any]) -> Settings:
    """What the user chose, for a repository or, before there is one, for this folder."""
    config = (repository or Repository(Git(Path.cwd()), None)).config
    return resolve(flags, os.environ, config)


def shelf_of(repository: Repository | None, settings: Settings) -> Shelf:
    """All steps there are here; the user's folder is seen from the root of the work tree."""
    if settings.steps is None or repository is None or repository.top is None:
        return Shelf(settings.steps)
    return Shelf(repository.top / settings.steps)


@contextmanager
def world(
    repository: Repository,
    flags: Mapping[str, Any],
    *,
    sure_to_ask: bool = True,
    secrets: Iterable[str] = (),
    own_steps: bool = True,
    screen: Quiet | None = None,
) -> Iterator[World]:
    """The world of a step; with `sure_to_ask` it is an error at once if there is no model to ask.

    `secrets` are kept out of chats as those of the environment are; without `own_steps` no code of the user's is run.
    `screen` is told what happens, where it is not the user's own.
    """
    settings = resolve(flags, os.environ, repository.config)
    if settings.preprompts:
        resources.check_preprompts(settings.preprompts)
    profiles.check(settings.profiles)
    if sure_to_ask and (choice := choose(settings)).kind != "replay":
        budget.require_prices(settings, choice.names)
    shelf = shelf_of(repository, settings) if own_steps else Shelf()
    verified = own_steps and not flags.get("no_verify")
    screen = screen or listener_here(bool(flags.get("quiet") or flags.get("as_json")))
    with ExitStack() as stack:
        stack.callback(screen.close)
        stack.callback(repository.git.close)

        @cache
        def model() -> Model:
            return open_model(choose(settings), settings, lambda branch: _recorded(repository, branch), stack)

        yield World(
            repository=repository,
            model=model,
            settings=settings,
            listener=screen,
            redact=redactor(
                os.environ, settings.api_key, *repository.config.get("gitgen.apikey", ()), *secrets, scan=scanner()
            ),
            preprompt=lambda name: resources.preprompt(name, settings.preprompts, shelf.folder),
            shelf=shelf,
            person=ui.ask if ui.attended() else None,
            pre_commit=partial(_pre_commit, repository, settings, screen) if verified else None,
            execute=partial(_execute, repository, settings, bool(flags.get("network")), screen),
        )


def _execute(
    repository: Repository,
    settings: Settings,
    network: bool,
    screen: Quiet,
    branch: str,
    commit: str,
    command: str,
) -> Ran:
    """Run a command on the files of a commit, in a work tree of its own."""
    from gitgen.repository import checkout
    from gitgen.running import sandbox

    screen.running(command)
    with checkout.checked_out(repository, branch.removeprefix(PREFIX), commit) as place:
        return sandbox.run(
            command, place, limits=limits(settings), mode=settings.sandbox, network=network, echo=screen.output
        )


def _pre_commit(
    repository: Repository, settings: Settings, screen: Quiet, parent: str, commit: Callable[[], str]
) -> Hooked | None:
    """Run the user's hook, if there is one, on the files of a commit."""
    from gitgen import hooks

    if not hooks.has_hook(repository, hooks.PRE_COMMIT):
        return None
    screen.running(f"your {hooks.PRE_COMMIT} hook")
    return hooks.pre_commit(repository, parent, commit(), limits(settings), screen.output)


def limits(settings: Settings) -> Limits:
    """What a program may use here."""
    from gitgen.running.process import Limits

    return Limits(settings.time_limit, settings.memory)


def _recorded(repository: Repository, branch: str) -> tuple[Recorded, ...]:
    session = load(repository, branch)
    if session is None:
        raise no_session(repository, branch)
    return recordings(repository, [chat_of(repository, commit) for commit in session.steps])
