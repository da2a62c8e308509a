"""`gitgen pr`: a session's branch becomes a pull request."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from gitgen import preflight, publish, ui
from gitgen.commands._asking import settings_of
from gitgen.commands._reading import session_at
from gitgen.errors import GitgenError
from gitgen.forge import Request
from gitgen.forge.remotes import Access, Remote, access
from gitgen.models import profiles
from gitgen.progress import busy, progress_of
from gitgen.publish import request_body
from gitgen.publish.clean import SUFFIX, check_published, clean
from gitgen.repository import HEADS, Repository
from gitgen.state.commits import Session

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--ready", is_flag=True, help="Not a draft: ready to be merged."),
    click.option("--clean", is_flag=True, help="Publish BRANCH-clean, the same commits without .gitgen/."),
    click.option("--base", help="The branch to merge into; by default the one that the session began from."),
    click.option("--remote", help="The remote to push to; by default the one that git pushes to."),
    click.option("--label", "labels", multiple=True, metavar="NAME", help="A label to add; repeat for more."),
    click.option("--reviewer", "reviewers", multiple=True, metavar="LOGIN", help="Who shall review; repeat for more."),
)


def offers(function: F) -> F:
    """Give a command the options that say how a session is offered."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command()
@click.argument("branch", required=False)
@offers
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(branch: str | None, as_json: bool, **flags: Any) -> int:
    """Push a session's branch, never by force, and open a pull request for it, or bring that up to date.

    On GitHub and GitLab it is a draft with what was asked, what each step did and what it took; what others
    write into the description stays. To Gitea and Forgejo it goes by AGit; anywhere else `git request-pull` is printed.
    Defaults: git config gitgen.base, gitgen.remote, gitgen.label, gitgen.reviewer.

    \b
    Example:
      gitgen pr
      gitgen pr gitgen/todo --ready --reviewer grace --label ai
    """
    repository = preflight.repository_at(Path.cwd())
    told = offered(repository, session_at(repository, branch), flags)
    if as_json:
        ui.say_json(told)
    else:
        ui.say(ui.printable(str(told.pop("text"))))
    return 0


def offered(repository: Repository, session: Session, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Push a session, and open its request or bring that up to date, as the flags of `gitgen pr` say; what came of it.

    GitgenError for a session that is under way or has no step, and where remote or forge say no.
    """
    if progress_of(repository, session.branch) is not None:
        raise busy(session.branch)
    if not session.steps:
        raise GitgenError(f"{session.branch} has no step yet", "gitgen resume")
    remote, address = publish.remote_for(repository, flags["remote"])
    opener = access(remote, repository.git, os.environ) if remote.has_api else None
    base = publish.base_for(repository, remote, session.branch, session.base, flags["base"])
    if publish.fetch(repository, remote, base, opener.token if opener else "") is None:
        mend = f"git push {remote.name} {(session.base or session.first.oid)[:10]}:{HEADS}{base}, or: --base BRANCH"
        raise GitgenError(f"{remote.name} has no branch {base}", mend)
    prices = settings_of(repository, {}).profiles
    profiles.check(prices)
    return Offer(repository, session, remote, base, flags, opener, prices).make(address)


@dataclass(frozen=True)
class Offer:
    """A session that is to be offered to a branch of a remote."""

    repository: Repository
    session: Session
    remote: Remote
    base: str
    flags: Mapping[str, Any]
    access: Access | None = field(repr=False)
    prices: Path | None
    """The user's own file of profiles."""

    @property
    def head(self) -> str:
        """The branch that is published."""
        return self.session.branch + (SUFFIX if self.flags["clean"] else "")

    def make(self, address: str) -> dict[str, Any]:
        """Push, and open the request or bring it up to date; what came of it, for the user."""
        told = {"branch": self.head, "base": self.base, "remote": self.remote.name}
        if self.remote.kind == "gitea":
            return {**told, "action": "sent", "text": self._agit()}
        oid = self.push()
        if self.access is None:
            return {**told, "action": "pushed", "text": self._request_pull(address, oid)}
        request, action = self._request(self.access)
        text = f"{action} {request.name}  {self.head} -> {request.base}  {request.url}"
        return {**told, "action": action, "number": request.number, "url": request.url, "text": text}

    def push(self) -> str:
        """Bring the branch to the remote; the commit that stands there then."""
        token = self.access.token if self.access else ""
        oid = self.session.tip
        if self.flags["clean"]:
            ours = clean(self.repository, self.session)
            there = publish.fetch(self.repository, self.remote, self.head, token)
            if there is not None:
                check_published(self.repository, self.head, there, ours)
            oid = ours.tip
        publish.push(self.repository, self.remote, oid, HEADS + self.head, token)
        return oid

    def _request(self, opener: Access) -> tuple[Request, str]:
        forge, ready = opener.forge, bool(self.flags["ready"])
        prompt = request_body.prompt_of(self.repository, self.session)
        found = forge.find(self.head)
        request = found
        if request is None:
            text = request_body.body(self.session, prompt, "", None, self.prices)
            request = forge.open(self.head, self.base, request_body.title(prompt), text, draft=not ready)
        text = request_body.body(self.session, prompt, request.body, request.number, self.prices)
        forge.update(request, text, ready=ready)
        if labels := self._chosen("label"):
            forge.label(request, labels)
        if reviewers := self._chosen("reviewer"):
            forge.ask_reviewers(request, reviewers)
        return request, "updated" if found else "opened"

    def _chosen(self, name: str) -> tuple[str, ...]:
        return tuple(self.flags[f"{name}s"]) or self.repository.config.get(f"gitgen.{name}", ())

    def _agit(self) -> str:
        """Send the branch so that Gitea and Forgejo make a request of it (their documentation, "AGit workflow")."""
        said = request_body.title(request_body.prompt_of(self.repository, self.session))
        options = (f"topic={self.head}", f"title={'' if self.flags['ready'] else 'WIP: '}{said}")
        oid = clean(self.repository, self.session).tip if self.flags["clean"] else self.session.tip
        publish.push(self.repository, self.remote, oid, f"refs/for/{self.base}", options=options)
        return f"sent {self.head} to {self.remote.name} for {self.base}"

    def _request_pull(self, address: str, oid: str) -> str:
        """What to send to whoever shall pull (man git-request-pull)."""
        start = self.session.base or self.session.first.oid
        return self.repository.git.text("request-pull", start, address, f"{oid}:{HEADS}{self.head}")
