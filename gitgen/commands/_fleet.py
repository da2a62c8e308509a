"""One change in a repository of a fleet, as a job: from wherever its session stands to the request that offers it.

What is done and what is left is read from Git alone: the session's branch, its progress ref, and what the remote has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from gitgen import preflight, publish
from gitgen.ai import Model
from gitgen.ai.choice import shared
from gitgen.budget import Bill, bill_of_chat, bill_of_session
from gitgen.commands._asking import settings_of, world
from gitgen.commands._ground import Ground, begun, bring, newest
from gitgen.commands._landed import failure
from gitgen.commands.pr import offered
from gitgen.draft import MAY_DECLINE
from gitgen.errors import GitgenError
from gitgen.forge.remotes import Access, Remote, access, remote_of
from gitgen.git import Git
from gitgen.history import listing
from gitgen.plan import go_on, tested
from gitgen.progress import progress_of
from gitgen.publish import request_body
from gitgen.publish.clean import SUFFIX, clean
from gitgen.record import FOLDER
from gitgen.redact import taken_out
from gitgen.repository import HEADS, Repository
from gitgen.repository.advance import catch_up
from gitgen.roster import Member
from gitgen.session import Landed, Run
from gitgen.state.absent import no_session
from gitgen.state.chats import chat_of, draft_of
from gitgen.state.commits import DONE, Session
from gitgen.state.log import load, session_of, walk
from gitgen.ui.listeners import Quiet
from gitgen.world import World

State: TypeAlias = listing.State | Literal["new", "unchanged", "published"]
"""Where a change stands in a repository: what its session is at, or that there is none yet, or what follows its end."""
ENDED = ("finished", "unchanged", "published")
"""The states in which no model is asked any more."""


@dataclass(frozen=True)
class Order:
    """What is asked of every repository, and how."""

    change: str
    branch: str
    test: Mapping[str, str]
    """The input that names what must pass, if anything must."""
    flags: Mapping[str, Any]

    @property
    def dry(self) -> bool:
        return bool(self.flags["dry_run"])

    @property
    def pushes(self) -> bool:
        return not self.flags["no_push"]


@dataclass(frozen=True)
class Outcome:
    """What has come of the change in a repository."""

    state: State
    commit: str = ""
    tokens: int = 0
    url: str = ""
    reason: str = ""
    """Why nothing is changed, if the model said so."""
    error: str = ""
    """What is wrong, where the change has not come to its end."""
    mend: str = ""


@dataclass(frozen=True)
class Site:
    """A repository of a fleet, and where its session is to go."""

    repository: Repository
    start: str
    """The commit that a session begins from."""
    remote: Remote | None = None
    access: Access | None = field(default=None, repr=False)

    @property
    def token(self) -> str:
        return self.access.token if self.access else ""


def visit(
    order: Order,
    model: Callable[[], Model],
    listen: Callable[[str], AbstractContextManager[Quiet]],
    member: Member,
) -> Outcome:
    """Bring the change to its end in a repository, or in a dry run only say where it stands."""
    with listen(member.name) as screen:
        try:
            if order.dry and member.address and not member.folder.exists():
                return _far(order, member)
            site = _site(order, _opened(member))
            with closing(site.repository.git):
                return _done(order, site, model, screen)
        except GitgenError as error:
            return replace(_kept(order, member), error=error.what, mend=error.mend)
        except OSError as error:
            return replace(
                _kept(order, member),
                error=f"{error.filename}: {error.strerror}",
                mend="mend that, then the same command again",
            )


def visit_from_worker(order: Order, member: Member) -> Outcome:
    """What `visit` does, on a worker of a cluster: with the model and the keys of its own environment."""
    return visit(order, lambda: shared(settings_of(None, order.flags)), lambda _: nullcontext(Quiet()), member)


def _kept(order: Order, member: Member) -> Outcome:
    """Where the change stands in a repository, as far as it is known here."""
    with suppress(GitgenError):
        repository = preflight.repository_at(member.folder)
        with closing(repository.git):
            return _outcome(order, repository, load(repository, order.branch))
    return Outcome("new")


def spent(order: Order, member: Member, prices: Path | None) -> Bill:
    """What the change has cost in a repository so far, as far as it is known here."""
    repository = Repository.find(member.folder) if member.folder.is_dir() else None
    if repository is None:
        return Bill()
    with closing(repository.git):
        bill = bill_of_session(repository, order.branch, prices)
        with suppress(GitgenError):  # What is under way and cannot be read is told when its turn comes.
            under_way = progress_of(repository, order.branch)
            return bill + bill_of_chat(under_way.chat, prices) if under_way else bill
        return bill


def _done(order: Order, site: Site, model: Callable[[], Model], screen: Quiet) -> Outcome:
    found = _session(order, site)
    outcome = _outcome(order, site.repository, found, site)
    if order.dry:
        return outcome
    if outcome.state not in ENDED:
        _ask(order, site, found, model, screen)
        found = load(site.repository, order.branch)
        outcome = _outcome(order, site.repository, found, site)
    if outcome.state == "finished" and order.pushes and found is not None:
        told = offered(site.repository, found, order.flags)
        return replace(outcome, state="published", url=told.get("url", ""))
    return outcome


def _opened(member: Member) -> Repository:
    """The repository of a member, cloned if it is not here yet; GitgenError where another one stands."""
    if member.address and not member.folder.exists():
        remote, token = _source(member)
        publish.clone(member.address, remote, member.folder, token)
    repository = preflight.repository_at(member.folder)
    if member.address and repository.config.get("remote.origin.url", ("",))[-1] != member.address:
        raise GitgenError(f"{member.folder} is no clone of {member.address}", "--clones with another folder")
    return repository


def _source(member: Member) -> tuple[Remote, str]:
    """The remote that a member is cloned from, and the token that opens it."""
    here = Repository(Git(Path.cwd()), None)
    remote = remote_of("origin", member.address, here.config)
    return remote, access(remote, here.git, os.environ).token if remote.has_api else ""


def _far(order: Order, member: Member) -> Outcome:
    """Where the change stands in a repository that has not been cloned."""
    remote, token = _source(member)
    ref = HEADS + order.branch
    tip = publish.refs(Repository(Git(Path.cwd()), None), remote, member.address, ref, token).get(ref)
    return Outcome("interrupted" if tip else "new", tip or "")


def _site(order: Order, repository: Repository) -> Site:
    """The site of a repository; GitgenError if nothing could be committed or offered there later."""
    _ = repository.identity
    if not order.pushes and not repository.git.text("remote"):
        return Site(repository, preflight.branch_of_head(repository)[1])
    remote, _ = publish.remote_for(repository, order.flags["remote"])
    opener = access(remote, repository.git, os.environ) if remote.has_api else None
    base = publish.base_for(repository, remote, order.branch, "", order.flags["base"])
    start = publish.fetch(repository, remote, base, opener.token if opener else "")
    if start is None:
        raise GitgenError(f"{remote.name} has no branch {base}", "--base BRANCH")
    return Site(repository, start, remote, opener)


def _session(order: Order, site: Site) -> Session | None:
    """The session as it is here or on the remote; GitgenError if it is about another change."""
    repository, branch = site.repository, order.branch
    tip = newest(repository, site.remote, branch, site.token) if site.remote else repository.tip(branch)
    if tip is None:
        return None
    if not order.dry:
        bring(repository, branch, tip)
    commits = list(walk(repository, branch, tip))
    if not commits[-1].begins(branch):
        raise no_session(repository, branch)
    session = session_of(branch, commits)
    prompt = request_body.prompt_of(repository, session)
    if prompt != order.change.strip() and not taken_out(prompt):
        raise GitgenError(f"{branch} is about another change: {request_body.title(prompt)}", "--name OTHER")
    return session


def _outcome(order: Order, repository: Repository, session: Session | None, site: Site | None = None) -> Outcome:
    """Where the change stands, as Git has it; with the site also whether it has been published."""
    under_way = progress_of(repository, order.branch)
    if session is None:
        return Outcome("interrupted" if under_way else "new")
    state: State = listing.state_of(repository, session, under_way.oid if under_way else None)
    found = Outcome(state, session.tip, sum(step.total_tokens for step in session.steps))
    if state != "finished":
        return found
    if not _changes(repository, session):
        return replace(found, state="unchanged", reason=_reason(repository, session))
    url = _published(order, site, site.remote, session) if site and site.remote else None
    return found if url is None else replace(found, state="published", url=url)


def _reason(repository: Repository, session: Session) -> str:
    """Why the last step has changed nothing, if the model said so."""
    last = session.steps[-1]
    return draft_of(repository, last, chat_of(repository, last)).declined


def _changes(repository: Repository, session: Session) -> bool:
    """Whether a session leaves any file but gitgen's own other than it was."""
    return bool(repository.git.text("diff", "--name-only", session.base, session.tip, "--", f":(top,exclude){FOLDER}"))


def _published(order: Order, site: Site, remote: Remote, session: Session) -> str | None:
    """The address at which a session has been offered as it stands, however that has ended; empty where there is none.

    None if it has not been.
    """
    repository, forge = site.repository, site.access.forge if site.access else None
    cleaned = order.flags["clean"]
    head, tip = (session.branch + SUFFIX, clean(repository, session).tip) if cleaned else (session.branch, session.tip)
    ref = "refs/pull/*/head" if remote.kind == "gitea" else HEADS + head
    there = publish.refs(repository, remote, remote.name, ref, site.token)
    request = forge.last(head) if forge and there.get(ref) in (None, tip) else None
    if request is not None:
        return request.url
    is_part = repository.git.text("merge-base", tip, site.start, check=False) == tip
    return "" if is_part or (forge is None and tip in there.values()) else None


def _ask(order: Order, site: Site, session: Session | None, model: Callable[[], Model], screen: Quiet) -> None:
    """Run what is left of a session; GitgenError at a step that failed."""
    repository, branch = site.repository, order.branch
    catch_up(repository, branch)
    if session is not None:
        preflight.clean_work_tree(repository, branch)
    secrets = (site.token,) if site.token else ()
    with world(repository, order.flags, sure_to_ask=False, secrets=secrets, screen=screen) as here:
        for landed in _steps(order, site, replace(here, person=None, model=model)):
            if landed.status not in DONE:
                raise failure(landed)


def _steps(order: Order, site: Site, here: World) -> Iterator[Landed]:
    """The steps of a new session, or those that an earlier one has left."""
    if site.repository.tip(order.branch) or progress_of(site.repository, order.branch):
        return go_on(here, order.branch)
    session = begun(here, Ground("", site.start, False), order.branch, order.change, "fix")
    inputs = {"feedback": order.change.strip(), "files": [], MAY_DECLINE: True, **order.test}
    return tested(Run.start(here, session.branch, session.tip, "fix", inputs))
