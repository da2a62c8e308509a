"""A run of a bench as a job: what it takes to do it, in a thread here or on a worker elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from threading import get_ident
from typing import Any

from gitgen import jobs, resources
from gitgen.ai.choice import shared
from gitgen.bench import runs, tasks
from gitgen.bench.mirror import Mirrored, clone_at
from gitgen.commands._asking import limits, settings_of
from gitgen.git import Git
from gitgen.record import Ran
from gitgen.redact import Scan, redactor
from gitgen.repository import Repository, checkout
from gitgen.running import sandbox
from gitgen.scanner import scanner
from gitgen.settings import Settings
from gitgen.shelf import Shelf
from gitgen.state.commits import PREFIX
from gitgen.steps import CHECKED_BY
from gitgen.ui import listeners
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
        """The repository for the runs of this thread."""
        return _repository(self, get_ident())


@cache
def _repository(place: Place, thread: int) -> Repository:
    """One for each thread: its git answers one at a time. What it has read of git's configuration it keeps."""
    own = jobs.own_folder()
    if own is not None:
        return clone_at(own / f"bench-{sha256(place.remote.encode()).hexdigest()[:10]}.git", place.remote)
    git = Git(Path(place.folder))
    return Mirrored(git, place.remote) if place.remote else Repository(git, None)


def do(place: Place, flags: Mapping[str, Any], job: Job) -> None:
    """Bring a run to its end, from wherever it stands."""
    repository, run = place.repository(), job.run
    try:
        if isinstance(repository, Mirrored):
            repository.bring(run.branch, run.task)
        settings = _settings(frozenset({**flags, "model": job.model}.items()))
        world = _world(repository, settings, run.task, bool(flags.get("network")))
        runs.perform(world, run, tasks.load(repository, run.task))
        if isinstance(repository, Mirrored):
            repository.send()
    finally:
        checkout.forget(repository, run.branch.removeprefix(PREFIX))
        repository.git.close()


@cache
def _settings(flags: frozenset[tuple[str, Any]]) -> Settings:
    return settings_of(None, dict(flags))


def _world(repository: Repository, settings: Settings, task: str, network: bool) -> World:
    """A world without anybody to ask or to show anything to, whose model it shares with the other jobs."""
    return World(
        repository=repository,
        model=lambda: shared(settings),
        settings=settings,
        listener=listeners.Silent(),
        redact=_redact(settings.api_key),
        preprompt=lambda name: resources.preprompt(name, settings.preprompts, settings.steps),
        shelf=Shelf(settings.steps),
        execute=partial(_execute, repository, settings, task, network),
    )


def _execute(
    repository: Repository, settings: Settings, task: str, network: bool, branch: str, commit: str, command: str
) -> Ran:
    """Run a program on the files of a commit; the check of the task with its tests laid over them."""
    if isinstance(repository, Mirrored):
        repository.send()
    if command == CHECKED_BY:
        commit = runs.to_be_checked(repository, task, commit)
    with checkout.checked_out(repository, branch.removeprefix(PREFIX), commit) as place:
        return sandbox.run(command, place, limits=limits(settings), mode=settings.sandbox, network=network)


@cache
def _scan() -> Scan | None:
    return scanner()


@cache
def _redact(key: str) -> Callable[[str], str]:
    configured = Repository(Git(Path.cwd()), None).config.get("gitgen.apikey", ())
    return redactor(os.environ, key, *configured, scan=_scan())
