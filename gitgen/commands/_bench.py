"""A run of a bench as a job: what it takes to do it, in a thread here or on a worker elsewhere."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

from gitgen import checkout, jobs, resources, sandbox, ui
from gitgen.ai import Model, Recorded
from gitgen.ai.choice import choose, open_model
from gitgen.bench import runs, tasks
from gitgen.bench.mirror import Mirrored, clone_at
from gitgen.commands._asking import limits, settings_of
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.record import Ran
from gitgen.redact import Scan, redactor
from gitgen.repository import Repository
from gitgen.scanner import scanner
from gitgen.settings import Settings
from gitgen.shelf import Shelf
from gitgen.state import PREFIX
from gitgen.steps import CHECKED_BY
from gitgen.world import World


@dataclass(frozen=True)
class Job:
    """A run, and its model as it is to be asked: a file, say, where the run only has its name."""

    run: runs.Run
    model: str


@dataclass(frozen=True)
class Place:
    """Where the runs stand: the results' repository here, or the remote that the workers' own clones push to."""

    folder: str
    remote: str = ""

    def repository(self) -> Repository:
        """The repository of this process for them."""
        own = jobs.own_folder()
        if own is not None:
            return clone_at(own / f"bench-{sha256(self.remote.encode()).hexdigest()[:10]}.git", self.remote)
        folder = Path(self.folder)
        return Mirrored(Git(folder), self.remote) if self.remote else Repository(Git(folder), None)


def do(place: Place, flags: Mapping[str, Any], job: Job) -> None:
    """Bring a run to its end, from wherever it stands."""
    repository = place.repository()
    run = job.run
    try:
        if isinstance(repository, Mirrored):
            repository.bring(run.branch, run.task)
        world = _world(repository, settings_of(None, {**flags, "model": job.model}), bool(flags.get("network")))
        runs.perform(world, run, tasks.load(repository, run.task))
    finally:
        checkout.forget(repository, run.branch.removeprefix(PREFIX))
        repository.git.close()


def _world(repository: Repository, settings: Settings, network: bool) -> World:
    """A world without anybody to ask or to show anything to, whose model it shares with the other jobs."""
    return World(
        repository=repository,
        model=lambda: _model(settings),
        settings=settings,
        listener=ui.Silent(),
        redact=_redact(settings.api_key),
        preprompt=lambda name: resources.preprompt(name, settings.preprompts, settings.steps),
        shelf=Shelf(settings.steps),
        execute=partial(_execute, repository, settings, network),
    )


def _execute(repository: Repository, settings: Settings, network: bool, branch: str, commit: str, command: str) -> Ran:
    """Run a program on the files of a commit; its task's check with the tests laid over them."""
    if command == CHECKED_BY:
        commit = runs.to_be_checked(repository, branch, commit)
    with checkout.checked_out(repository, branch.removeprefix(PREFIX), commit) as place:
        return sandbox.run(command, place, limits=limits(settings), mode=settings.sandbox, network=network)


_opening = Lock()
_open: dict[Settings, Model] = {}


def _model(settings: Settings) -> Model:
    """The model of these settings; all jobs of the process share it, so that a local one is loaded once."""
    with _opening:
        if settings not in _open:
            stack = ExitStack()
            atexit.register(stack.close)
            _open[settings] = open_model(choose(settings), settings, _no_recordings, stack)
        return _open[settings]


def _no_recordings(branch: str) -> tuple[Recorded, ...]:
    raise GitgenError("A bench asks models, not recorded sessions", "--model NAME")


@cache
def _scan() -> Scan | None:
    return scanner()


@cache
def _redact(key: str) -> Callable[[str], str]:
    configured = Repository(Git(Path.cwd()), None).config.get("gitgen.apikey", ())
    return redactor(os.environ, key, *configured, scan=_scan())
