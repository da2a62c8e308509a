"""Going on with a session, from what its branch and its progress ref say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import takewhile
from typing import Any, TypeAlias

from gitgen import review
from gitgen.beginning import begin_branch
from gitgen.errors import FailsAlike, StillFails
from gitgen.failure import same_failure, trimmed
from gitgen.progress import landed_already, progress_of
from gitgen.record import Chat
from gitgen.rerun import recalling, retried, to_follow
from gitgen.session import Landed, Run
from gitgen.state.absent import no_session
from gitgen.state.chats import chat_of, prompt_path
from gitgen.state.commits import DONE, Commit, Session
from gitgen.state.log import load
from gitgen.steps import HEAL, RUN
from gitgen.world import World

Inputs: TypeAlias = Callable[[World, Session, str], Mapping[str, Any]]
"""What the next step of a session's plan is given, by the step's name."""


def inputs_of(world: World, session: Session, step: str) -> Mapping[str, Any]:
    """What a step of a plan is given: a fix the prompt, a heal the command that must pass."""
    if step == "fix":
        prompt = world.repository.tree(session.tip).get(prompt_path(session.name), b"").decode("utf-8", "replace")
        return {"feedback": prompt.strip()}
    return {"test": session.test or RUN} if step == HEAL else {}


def go_on(world: World, branch: str, inputs: Inputs = inputs_of) -> Iterator[Landed]:
    """Run what is left of a session, step by step, each landed when it is yielded; ends early at one that failed.

    What is left is the step under way, then a last step that failed, then what its test found, then what a replay has
    to repeat, then the rest of the plan.
    """
    for landed in _under_way(world, branch):
        yield landed
        if landed.status not in DONE:
            return
    yield from _follow(world, branch, partial(_next, inputs))


def answer(world: World, branch: str, ask: Callable[[Session], Chat | None]) -> Iterator[Landed]:
    """Do what the threads of a review ask for, a step for each; ends early at a reply that broke off.

    First what an earlier run has left; then, if `ask` says so, the threads are asked about, and each gets its step.
    A thread whose edits do not fit is rejected for itself.
    """
    asked = False
    landed = None
    for landed in _under_way(world, branch):
        yield landed
    while landed is None or landed.status != "partial":
        session = _session(world, branch)
        chat = review.following(world.repository, session)
        if chat is None and not asked:
            chat, asked = ask(session), True
        if chat is None or (landed is not None and landed.chat.step == review.ALL and landed.status not in DONE):
            return
        landed = Run.of(world, branch, session.tip, chat).run()
        yield landed


def _under_way(world: World, branch: str) -> Iterator[Landed]:
    """The step under way, landed, if there is one."""
    repository = world.repository
    progress = progress_of(repository, branch)
    if progress is not None and repository.tip(branch) is None:
        begin_branch(repository, branch, progress.parent)
    if progress is not None and not landed_already(repository, progress):
        session = load(repository, branch)
        here = recalling(world, session, progress.chat) if session else world
        yield Run.resume(here, repository.tip(branch) or "", progress).run()


def tested(run: Run) -> Iterator[Landed]:
    """A step itself, then, if it comes to an end, one for each round of what its test finds, as `heal`."""
    landed = run.run()
    yield landed
    if landed.status in DONE:
        yield from heal(run.world, run.branch)


def heal(world: World, branch: str) -> Iterator[Landed]:
    """Mend what the last step's test found, a step a round, until it passes; ends early at one that was rejected.

    Raises StillFails when no round is left, FailsAlike when two rounds ended the same way.
    """
    yield from _follow(world, branch, _heals)


def prove(world: World, branch: str, inputs: Mapping[str, Any]) -> Iterator[Landed]:
    """Run a test on a session as it stands, and mend what it finds, as `heal`; not again where it was run last."""
    session = _session(world, branch)
    last = session.steps[-1] if session.steps else None
    if last is None or last.oid != session.tip or last.step != HEAL or _test_of(world, last) != inputs["test"]:
        landed = Run.start(world, branch, session.tip, HEAL, inputs).run()
        yield landed
        if landed.status not in DONE:
            return
    yield from heal(world, branch)


def _test_of(world: World, commit: Commit) -> object:
    return chat_of(world.repository, commit).inputs.get("test")


def run_all(world: World, branch: str, plan: tuple[str, ...], inputs: Inputs = inputs_of) -> Iterator[Landed]:
    """Run these steps on top of a session, whatever its own plan was."""
    for step in plan:
        session = _session(world, branch)
        landed = Run.start(world, branch, session.tip, step, inputs(world, session, step)).run()
        yield landed
        if landed.status not in DONE:
            return
        yield from heal(world, branch)


def _follow(world: World, branch: str, following: Callable[[World, Session], Chat | None]) -> Iterator[Landed]:
    while (session := _session(world, branch)) and (chat := following(world, session)):
        tip = world.repository.tip(branch) or session.tip  # A replay may have brought a person's commit over.
        landed = Run.of(recalling(world, session, chat), branch, tip, chat).run()
        yield landed
        if landed.status not in DONE:
            return


def _session(world: World, branch: str) -> Session:
    session = load(world.repository, branch)
    if session is None:
        raise no_session(world.repository, branch)
    return session


def _next(inputs: Inputs, world: World, session: Session) -> Chat | None:
    """The chat that the next step begins with: what it is given, and perhaps what it is to ask."""
    failed = session.failed()
    if failed is not None:
        return retried(world, session, failed)
    try:
        chat = _heals(world, session) or to_follow(world, session) or review.following(world.repository, session)
    except (StillFails, FailsAlike):
        # It failed in the session that is repeated as well, and something was done about it.
        chat = to_follow(world, session)
        if chat is None:
            raise
    left = session.left()
    return chat or (Chat(left[0], inputs(world, session, left[0])) if left else None)


def _heals(world: World, session: Session) -> Chat | None:
    """The chat of the step that mends what the last one's test found; None if that passed, or if there was none."""
    steps = session.steps[::-1]
    if not steps or steps[0].oid in session.undone() or not steps[0].exit_code:
        return None
    last = chat_of(world.repository, steps[0])
    if last.ran is None or not last.inputs.get("test"):
        return None
    rounds = len(tuple(takewhile(lambda step: step.step == HEAL, steps)))
    again = f"gitgen show {steps[0].oid[:10]} shows it; gitgen fix --test, with what you know of it"
    if rounds and session.tip == session.end_of(steps[0]) and len(steps) > 1:
        before = chat_of(world.repository, steps[1]).ran
        if before is not None and same_failure(before, last.ran):
            raise FailsAlike(f"{last.ran.command} fails as it did the round before", again)
    if rounds >= world.settings.rounds:
        times = "1 round" if rounds == 1 else f"{rounds} rounds"
        raise StillFails(f"{last.ran.command} still fails after {times}", f"gitgen resume --rounds {rounds + 3}")
    kept = {key: last.inputs[key] for key in ("test", "files", "read", "request", "guard") if key in last.inputs}
    return Chat(HEAL, {**kept, "failure": f"{trimmed(last.ran.output)}\n(exit code {last.ran.exit_code})"})
