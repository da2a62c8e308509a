"""Which steps are to run: what the user wants, held against this machine and this terminal before anything is paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitgen import ui
from gitgen.commands._asking import settings_of, shelf_of
from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.running import sandbox
from gitgen.settings import Settings
from gitgen.shelf import CONFIGURATIONS
from gitgen.steps import HEAL


@dataclass(frozen=True)
class Plan:
    """The steps of a session, and the command that must pass when they are done."""

    steps: tuple[str, ...]
    test: str = ""
    left_out: tuple[str, ...] = ()
    """What of a configuration cannot be done here, and why, in a line each."""


def planned(repository: Repository | None, wanted: str, test: str | None, flags: Mapping[str, Any]) -> Plan:
    """The plan that a configuration or a list of steps comes to here.

    What a configuration cannot do here is left out; a step that the user named is an error instead.
    """
    settings = settings_of(repository, flags)
    steps, left_out = list(shelf_of(repository, settings).plan(wanted)), []
    for step in ("execute", "review"):
        obstacle = _obstacle(step, settings) if step in steps else None
        if obstacle and wanted not in CONFIGURATIONS:
            raise obstacle
        if obstacle:
            left_out.append(f"{step} is left out: {obstacle.what} ({obstacle.mend})")
            steps.remove(step)
    if not steps:
        raise GitgenError(f"Nothing of {wanted} can be done here", "gitgen steps lists what each step does")
    tested = tested_by(repository, test, flags)
    if tested and HEAL not in steps:
        steps.append(HEAL)
    if HEAL in steps and (obstacle := _obstacle(HEAL, settings)):
        raise obstacle
    return Plan(tuple(steps), tested.get("test", ""), tuple(left_out))


def tested_by(repository: Repository | None, test: str | None, flags: Mapping[str, Any]) -> dict[str, str]:
    """The input of a step whose result must pass a command; empty if there is none. GitgenError if none can be run."""
    if test is None:
        return {}
    if not test.strip() or "\n" in test.strip():
        raise GitgenError("--test takes a command on one line", "--test 'pytest -q'")
    if obstacle := _obstacle(HEAL, settings_of(repository, flags)):
        raise obstacle
    return {"test": test.strip()}


def check_programs(repository: Repository, flags: Mapping[str, Any]) -> None:
    """GitgenError if no program can be run here as the user wants it run."""
    if obstacle := _obstacle(HEAL, settings_of(repository, flags)):
        raise obstacle


def _obstacle(step: str, settings: Settings) -> GitgenError | None:
    """Why a step cannot be done here, as the error to raise."""
    if step == "review":
        mend = "run gitgen in a terminal, or: --steps without review"
        return None if ui.attended() else GitgenError("The review asks you, and there is no terminal", mend)
    try:
        if settings.sandbox == "bubblewrap":
            sandbox.check_bubblewrap()
    except GitgenError as obstacle:
        return obstacle
    return None
