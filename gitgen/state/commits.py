"""The commits of a session, and the session that they make, as values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gitgen.record import Usage
from gitgen.record.trailers import number_of, usage_of, whole_number

PREFIX = "gitgen/"
REVERTS, UNDOES, REDOES = "Gitgen-Reverts", "Gitgen-Undoes", "Gitgen-Redoes"
"""The trailers of a commit that takes a step back, or brings it again: the commit that it reverts, for people, and the
chat file of the step, by which the step is known after a rebase as well."""
HOOK = "Gitgen-Hook"
"""The trailer of a commit that holds what a hook has made of the files of the step below it: the hook's name."""
DONE = ("ok", "no-change")
"""The states in which a step has done what it was asked; after `rejected` and `partial` it can be run again."""


@dataclass(frozen=True)
class Commit:
    """A commit of a session; `step` is empty for one that a person made."""

    oid: str
    parent: str
    author: str
    time: int
    """Seconds since the epoch."""
    subject: str
    trailers: dict[str, str]
    asked: str = ""
    """The first line of what a person asked for, where the subject is another: it stands below it."""
    merges: bool = False
    """Whether it has further parents."""

    @property
    def step(self) -> str:
        return self.trailers.get("Gitgen-Step", "")

    @property
    def status(self) -> str:
        return self.trailers.get("Gitgen-Status", "")

    @property
    def model(self) -> str:
        return self.trailers.get("Gitgen-Model", "")

    @property
    def usage(self) -> Usage:
        return usage_of(self.trailers)

    @property
    def total_tokens(self) -> int:
        return number_of(self.trailers, "Total")

    @property
    def exit_code(self) -> int | None:
        """What the program that the step ran ended with, below 0 for a signal; None where it ran none."""
        told = self.trailers.get("Gitgen-Exit-Code")
        number = whole_number((told or "").removeprefix("-"))
        return None if told is None else -number if told.startswith("-") else number

    @property
    def source(self) -> str:
        """The id of the step that is done again here; empty for any other."""
        return _id(self.trailers.get("Gitgen-Source", ""))

    @property
    def log(self) -> str:
        """The id of the step's chat file: it is the same after a rebase; empty for a commit that is no step."""
        return self.trailers.get("Gitgen-Log", "") if self.step else ""

    @property
    def reverted(self) -> str:
        """The id of the chat file of the step that this commit takes back or brings again; empty for any other."""
        return "" if self.step else self.trailers.get(UNDOES, "") or self.trailers.get(REDOES, "")

    @property
    def hook(self) -> str:
        """The name of the hook whose changes of the step below it this is; empty for any other."""
        return self.trailers.get(HOOK, "")

    def begins(self, branch: str) -> bool:
        """Whether the session on this branch began with it."""
        return "Gitgen-Plan" in self.trailers and self.trailers.get("Gitgen-Session") == branch


@dataclass(frozen=True)
class Session:
    """A session at one tip; `commits` oldest first, the one that began it excluded."""

    branch: str
    tip: str
    base: str
    """The commit that it began from; empty when it began with the repository."""
    plan: tuple[str, ...]
    """The steps that its beginning asked for."""
    commits: tuple[Commit, ...]
    first: Commit
    """The commit that began it."""

    @property
    def test(self) -> str:
        """The command that its beginning asked to pass."""
        return self.first.trailers.get("Gitgen-Test", "")

    @property
    def source(self) -> str:
        """The id of a step of another session, where this one began with asking that again."""
        return self.first.source

    @property
    def replay(self) -> str:
        """The id of the commit up to which the steps after that one are to follow."""
        return _id(self.first.trailers.get("Gitgen-Replay", ""))

    @property
    def name(self) -> str:
        return self.branch.removeprefix(PREFIX)

    @property
    def steps(self) -> tuple[Commit, ...]:
        """The commits that steps made, oldest first."""
        return tuple(commit for commit in self.commits if commit.step)

    @property
    def time(self) -> int:
        """When it was last worked on, in seconds since the epoch."""
        return self.commits[-1].time if self.commits else self.first.time

    def end_of(self, step: Commit) -> str:
        """The id of the commit that a step ends with: that of what a hook has changed of its files, else its own."""
        at = next(number for number, commit in enumerate(self.commits) if commit.oid == step.oid)
        return next((commit.oid for commit in self.commits[at + 1 : at + 2] if commit.hook), step.oid)

    def undone(self) -> dict[str, str]:
        """The steps that are taken back, each with the commit that did it, in the order in which that was done."""
        return undone(self.commits)

    def left(self) -> tuple[str, ...]:
        """The steps of the plan that have not been done, in order; one that is taken back has been done."""
        left = list(self.plan)
        for commit in self.steps:
            if commit.status in DONE and left[:1] == [commit.step]:
                left.pop(0)
        return tuple(left)

    def failed(self) -> Commit | None:
        """The last step, if it was rejected or left partial."""
        last = next((commit for commit in reversed(self.commits) if commit.step), None)
        return last if last is not None and last.status not in DONE else None


def undone(commits: Iterable[Commit]) -> dict[str, str]:
    """The steps among commits, oldest first, that are taken back by them, each with the commit that did it."""
    steps: dict[str, str] = {}
    by: dict[str, str] = {}
    for commit in commits:
        if commit.step:
            steps[commit.log] = commit.oid
        elif step := steps.get(commit.reverted):
            by.pop(step, None)
            if UNDOES in commit.trailers:
                by[step] = commit.oid
    return by


def _id(text: str) -> str:
    """The text if it is an object's id: a stranger's branch may hold anything."""
    return text if re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", text) else ""
