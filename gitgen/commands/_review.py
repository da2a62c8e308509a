"""`gitgen fix --pr N`: the open threads of a request become commits, and are answered."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from gitgen import plan, preflight, publish, review, ui
from gitgen.commands._asking import settings_of, world
from gitgen.commands._ground import bring, newest
from gitgen.commands._landed import as_dict, failure, line_of
from gitgen.commands._trust import in_ci, trusted
from gitgen.errors import GitgenError
from gitgen.forge import Request, Thread
from gitgen.forge.remotes import Access, Remote, access
from gitgen.forge.trigger import began
from gitgen.models import profiles
from gitgen.progress import busy, progress_of
from gitgen.publish import request_body
from gitgen.publish.clean import SUFFIX, check_published, clean
from gitgen.record import Chat
from gitgen.repository import HEADS, Repository
from gitgen.session import Landed
from gitgen.state.absent import no_session
from gitgen.state.commits import DONE, Session
from gitgen.state.log import session_of, walk


def fix_request(number: int, named: Mapping[str, list[str]], repository: Repository, flags: Mapping[str, Any]) -> int:
    """Do what the threads of a request ask for, push, and answer; the exit code. `named` are inputs that name files."""
    started = began(os.environ)
    remote, _ = publish.remote_for(repository, flags["remote"])
    opener = access(remote, repository.git, os.environ)
    request = opener.forge.request(number)
    _check(request)
    # In CI it might be one of the files under review.
    prices = None if in_ci(os.environ) else settings_of(repository, flags).profiles
    profiles.check(prices)
    work = Work(repository, remote, opener, request, flags["dry_run"], prices)
    session = work.session()
    threads = opener.forge.threads(request)
    reading = review.read(threads, session, started, cache(opener.forge.may_write))
    for line in reading.left_out:
        ui.note(ui.printable(f"left out: {line}"))
    if flags["dry_run"]:
        return _show(reading, work, session, threads)
    rounds = review.rounds(session, request)
    due = reading.tasks if rounds < flags["max_rounds"] else ()
    landed = _steps(work, session, due, {key: paths for key, paths in named.items() if paths}, flags)
    work.push()
    work.describe()
    said = work.answer(threads, resolve=flags["resolve"])
    if flags["as_json"]:
        ui.say_json({"steps": [as_dict(step) for step in landed], "left_out": reading.left_out, "answers": said})
    failed = next((step for step in landed if step.status not in DONE), None)
    if failed is not None:
        raise failure(failed)
    if reading.tasks and not due:
        mend = f"--max-rounds {rounds + 1}; or say it in words of your own: gitgen fix"
        raise GitgenError(f"The threads of {request.name} have been asked about {rounds} times", mend)
    if not landed and not said:
        ui.note("nothing is left to do")
    return 0


def _steps(
    work: Work,
    session: Session,
    due: tuple[review.Task, ...],
    named: Mapping[str, list[str]],
    flags: Mapping[str, Any],
) -> list[Landed]:
    """Run the steps that are due, each printed as it lands; asks no model, and needs none, where nothing is due."""
    repository, branch = work.repository, session.branch
    under_way = progress_of(repository, branch)
    if under_way is not None and under_way.chat.inputs.get("request") != work.request.url:
        raise busy(branch)
    left = under_way is not None or review.following(repository, session) is not None
    tested = {key: flags[key] for key in ("test",) if key in flags}
    if not left and not due and not (tested and work.unpushed()):
        return []
    _ = repository.identity
    preflight.clean_work_tree(repository, branch)

    def ask(now: Session) -> Chat | None:
        done = review.done_by(now)
        tasks = [task for task in due if task.comment not in done and not (left and _tried(now, task))]
        given = review.inputs(work.request, tasks, single=flags["single_commit"], allowed=flags["allow"])
        return Chat(review.ALL, {**given, **named}) if tasks else None

    landed = []
    with _trusted(work, flags) as (chosen, own_steps):
        secrets = (work.access.token,)
        sure = bool(due) and not left
        with world(repository, chosen, sure_to_ask=sure, secrets=secrets, own_steps=own_steps) as here:
            steps = plan.answer(here, branch, ask)
            if tested:
                # All that is pushed has been tested.
                given = {**tested, **named, "request": work.request.url, "guard": list(flags["allow"])}
                steps = chain(steps, plan.prove(here, branch, given))
            for step in steps:
                landed.append(step)
                if not flags["as_json"]:
                    ui.say(line_of(step))
    return landed


def _tried(session: Session, task: review.Task) -> bool:
    """Whether this very run has tried a thread already, going on with what an earlier one had left."""
    return any(task.comment in commit.trailers.get("Gitgen-Feedback", "").split() for commit in session.steps)


@dataclass(frozen=True)
class Work:
    """A request, and the session that it offers."""

    repository: Repository
    remote: Remote
    access: Access
    request: Request
    dry: bool
    prices: Path | None
    """The user's own file of profiles."""

    @property
    def branch(self) -> str:
        """The session's branch; what is said to its clean one comes back to it."""
        return self.request.head.removesuffix(SUFFIX)

    @property
    def is_clean(self) -> bool:
        return self.request.head.endswith(SUFFIX)

    def session(self) -> Session:
        """The session, with what the remote has of it; GitgenError where the two have gone different ways."""
        repository, branch = self.repository, self.branch
        tip = newest(repository, self.remote, branch, self.access.token)
        if tip is None:
            raise GitgenError(f"Neither this clone nor {self.remote.name} has {branch}", "git fetch, where it was made")
        if not self.dry:
            bring(repository, branch, tip)
        commits = list(walk(repository, branch, tip))
        if not commits[-1].begins(branch):
            raise no_session(repository, branch)
        return session_of(branch, commits)

    def push(self) -> None:
        """Bring the session, and its clean branch if that is what the request offers, to the remote."""
        repository, token, head = self.repository, self.access.token, self.request.head
        session = self._now()
        tip = session.tip
        if self.is_clean:
            ours = clean(repository, session)
            published = publish.fetch(repository, self.remote, head, token)
            if published is not None:
                check_published(repository, head, published, ours)
            tip = ours.tip
        if self._there() != tip:
            publish.push(repository, self.remote, tip, HEADS + head, token)

    def unpushed(self) -> bool:
        """Whether there is anything here that the remote, as far as it was fetched, has not."""
        session = self._now()
        return self._there() != (clean(self.repository, session).tip if self.is_clean else session.tip)

    def _there(self) -> str | None:
        return self.repository.resolve(f"refs/remotes/{self.remote.name}/{self.request.head}")

    def describe(self) -> None:
        """Bring gitgen's own part of the request's body up to date, where it has one."""
        # Somebody may have written there while the model was answering.
        request = self.access.forge.request(self.request.number)
        if request_body.BEGIN in request.body:
            session = self._now()
            prompt = request_body.prompt_of(self.repository, session)
            body = request_body.body(session, prompt, request.body, request.number, self.prices)
            self.access.forge.update(request, body, ready=False)

    def _now(self) -> Session:
        return session_of(self.branch, list(walk(self.repository, self.branch, HEADS + self.branch)))

    def answer(self, threads: tuple[Thread, ...], *, resolve: bool) -> list[dict[str, Any]]:
        """Answer what has been done and not been answered, all at once; what was said."""
        session = self._now()
        shown = clean(self.repository, session).oids if self.is_clean else {}
        found = tuple(review.outcomes(self.repository, threads, session, shown))
        replies, body = review.answers(found)
        if replies or body:
            self.access.forge.answer(self.request, replies, body)
        for outcome in found:
            if resolve and outcome.done:
                self.access.forge.resolve(self.request, outcome.thread)
        new = [outcome for outcome in found if not outcome.answered]
        return [{"commit": o.commit.oid, "declined": o.declined, "done": o.done, "text": o.text} for o in new]


def _check(request: Request) -> None:
    if not request.open:
        raise GitgenError(f"{request.name} is closed", f"open it again at {request.url}")
    if request.foreign:
        raise GitgenError(f"{request.name} comes from another repository, where gitgen cannot push", "gitgen fix")


def _show(reading: review.Reading, work: Work, session: Session, threads: tuple[Thread, ...]) -> int:
    for task in reading.tasks:
        first = task.comments[-1]
        said = first.body.strip().partition("\n")[0]
        ui.say(ui.printable(f"would ask     {task.place or 'the whole'}  {first.author}: {said}  {first.url}"))
    for outcome in review.outcomes(work.repository, threads, session, {}):
        if not outcome.answered:
            ui.say(
                ui.printable(
                    f"would answer  {outcome.thread.path or 'the whole'}  {outcome.text.partition(chr(10))[0]}"
                )
            )
    return 0


@contextmanager
def _trusted(work: Work, flags: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """The flags, and whether the user's own steps are loaded: in CI no code of the repository is run."""
    if not in_ci(os.environ):
        yield flags, True
        return
    base = publish.fetch(work.repository, work.remote, work.request.base, work.access.token)
    with trusted(work.repository, work.repository.tree(base), flags) as chosen:
        yield chosen, False
