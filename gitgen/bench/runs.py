"""The runs of a bench: which there are, and how one is done, from whatever of it stands in Git."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePath
from typing import Any

from gitgen.beginning import begin, begin_branch
from gitgen.bench.tasks import Task, laid_over
from gitgen.errors import FailsAlike, GitgenError, StillFails
from gitgen.plan import Inputs, go_on, inputs_of, run_all
from gitgen.progress import progress_of
from gitgen.record import UNFINISHED
from gitgen.repository import Repository
from gitgen.state.chats import chat_of
from gitgen.state.commits import DONE, PREFIX, Session
from gitgen.state.log import load
from gitgen.steps import CHECK, HEAL
from gitgen.world import World

TASK, TASK_TREE, CONFIGURATION, MODEL, REPEAT = (
    "Gitgen-Task",
    "Gitgen-Task-Tree",
    "Gitgen-Configuration",
    "Gitgen-Asked-Model",
    "Gitgen-Repeat",
)
"""The trailers of the commit that begins a run: which task, as it stood then, and how it was to be done."""
_CHANGES_NOTHING = ("execute", HEAL)
"""The steps that a task with files keeps of a configuration: the others write a program from its prompt."""
_LONGEST = 40


@dataclass(frozen=True)
class Run:
    """One task done once in one way; the branch is fixed by that, so it is the same run in every clone."""

    task: str
    configuration: str
    model: str
    repeat: int
    plan: tuple[str, ...]

    @property
    def branch(self) -> str:
        """The session's branch."""
        parts = (self.task, self.configuration, self.model, str(self.repeat))
        return PREFIX + ".".join(map(_short, parts))


def matrix(
    tasks: Iterable[Task], plans: Mapping[str, Sequence[str]], models: Sequence[str], repeats: int
) -> Iterator[Run]:
    """All runs, the first repeat of everything before the second of anything."""
    suite = tuple(tasks)
    for repeat in range(1, repeats + 1):
        for task in suite:
            for configuration, steps in plans.items():
                for model in models:
                    yield Run(task.name, configuration, model, repeat, plan_of(task, steps))


def plan_of(task: Task, steps: Sequence[str]) -> tuple[str, ...]:
    """The steps of a run: a task with files is a change to them, so one fix stands for all that would write them."""
    if task.base and "fix" not in steps:
        steps = ("fix", *(step for step in steps if step in _CHANGES_NOTHING))
    return (*steps, *("fix" for _ in task.feedback), *((CHECK,) if task.checked else ()))


def perform(world: World, run: Run, task: Task) -> None:
    """Bring a run to its end, from wherever it stands; GitgenError if that failed for another reason than the model.

    Nothing is asked again that has been answered, and nothing at all once the run is final.
    """
    repository, branch = world.repository, run.branch
    if repository.tip(branch) is None and progress_of(repository, branch) is None:
        about = {
            TASK: task.name,
            TASK_TREE: task.tree,
            CONFIGURATION: run.configuration,
            MODEL: run.model,
            REPEAT: str(run.repeat),
        }
        first = begin(world, branch, base=task.base or None, prompt=task.prompt, plan=run.plan, about=about)
        begin_branch(repository, branch, first)
    else:
        session = load(repository, branch)
        if session is not None and progress_of(repository, branch) is None and is_final(repository, session):
            return
    try:
        for _ in go_on(world, branch, inputs_for(task)):
            pass
    except (StillFails, FailsAlike):
        # So it was with this model; whether the result is right all the same is for the check to tell.
        session = load(repository, branch)
        for _ in run_all(world, branch, session.left() if session else (), inputs_for(task)):
            pass
    session = load(repository, branch)
    if session is None or not is_final(repository, session):
        raise GitgenError(f"A reply on {branch} broke off", "the same command again asks once more")


def is_final(repository: Repository, session: Session) -> bool:
    """Whether a run has come to its end: all is done, or the model has failed. What broke off on its way has not."""
    failed = session.failed()
    if failed is None:
        return not session.left()
    if failed.status != "partial":
        return True
    turns = chat_of(repository, failed).turns
    reply = turns[-1].reply if turns else None
    return reply is not None and reply.finish_reason in UNFINISHED


def inputs_for(task: Task) -> Inputs:
    """What the steps of a run are given: its last fixes the feedback of the task, in order."""

    def inputs(world: World, session: Session, step: str) -> Mapping[str, Any]:
        before = session.plan.count("fix") - len(task.feedback)
        done = sum(commit.step == "fix" and commit.status in DONE for commit in session.steps)
        if step != "fix" or done < before:
            return inputs_of(world, session, step)
        return {"feedback": task.feedback[done - before]}

    return inputs


def to_be_checked(repository: Repository, task: str, commit: str) -> str:
    """The id of a commit that has the tests and the check of a task on top of a result; no ref is moved."""
    changes = dict(laid_over(repository, task))
    return repository.commit(commit, "To be checked\n", changes, repository.tree(commit), sign=False)


def label_of(model: str) -> str:
    """The name of a model in the results: of a file the name alone, which is the same on every machine."""
    return PurePath(model).stem if model.endswith(".gguf") else model


def _short(text: str) -> str:
    """A part of a branch's name that stands for this text alone."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:_LONGEST]
    return plain if plain == text else f"{plain}-{sha256(text.encode('utf-8', 'replace')).hexdigest()[:6]}"
