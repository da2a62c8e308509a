"""Going on with a session, from what its branch and its progress ref say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gitgen.beginning import begin_branch
from gitgen.progress import landed_already, progress_of
from gitgen.session import Landed, Run
from gitgen.state import DONE, Session, chat_of, load, no_session, prompt_path
from gitgen.world import World


def go_on(world: World, branch: str) -> Iterator[Landed]:
    """Run what is left of a session, step by step, each landed when it is yielded; ends early at one that failed.

    What is left is the step under way, then a last step that failed, then the rest of the plan.
    """
    repository = world.repository
    progress = progress_of(repository, branch)
    if progress is not None and repository.tip(branch) is None:
        begin_branch(repository, branch, progress.parent)
    if progress is not None and not landed_already(repository, progress):
        landed = Run.resume(world, repository.tip(branch) or "", progress).run()
        yield landed
        if landed.status not in DONE:
            return
    while (session := _session(world, branch)) and (following := _next(world, session)):
        step, inputs = following
        landed = Run.start(world, branch, session.tip, step, inputs).run()
        yield landed
        if landed.status not in DONE:
            return


def _session(world: World, branch: str) -> Session:
    session = load(world.repository, branch)
    if session is None:
        raise no_session(world.repository, branch)
    return session


def _next(world: World, session: Session) -> tuple[str, Mapping[str, Any]] | None:
    failed = session.failed()
    if failed is not None:
        return failed.step, chat_of(world.repository, failed).inputs
    left = session.left()
    if not left:
        return None
    prompt = world.repository.tree(session.tip).get(prompt_path(session.name), b"").decode("utf-8", "replace")
    return left[0], {"feedback": prompt.strip()} if left[0] == "fix" else {}
