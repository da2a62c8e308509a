"""GitHub on the loopback: its facts come from the bare repository, its words are held against its own description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.forge import described
from tests.forge.graph import execute
from tests.forge.serving import NAME, OWNER, Reply, git, hosted

ROUTE = f"/repos/{OWNER}/{NAME}"
NOW = "2026-01-02T03:04:05Z"


@dataclass
class Comment:
    """A comment of a review thread, or with `state` a review with a body."""

    id: int
    url: str
    author: str
    body: str
    hunk: str = ""
    state: str = ""
    edited: str | None = None
    minimized: bool = False
    bot: bool = False
    review: Comment | None = None
    """The review that it came with."""


@dataclass
class Thread:
    """A review thread on a line of a commit; `side` LEFT is a line that the request deletes."""

    id: str
    path: str
    original_line: int
    side: str
    commit: str
    comments: list[Comment]
    resolved: bool = False


@dataclass
class Pull:
    """A pull request; what its branches hold, git says."""

    number: int
    title: str
    body: str
    head: str
    base: str
    draft: bool
    author: str
    open: bool = True
    labels: list[str] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    reviews: list[Comment] = field(default_factory=list)


class Failure(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: str, /, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.details = details


class GitHub:
    """The state of the forge; tests are the other people on it."""

    def __init__(self, bare: Path) -> None:
        self.bare = bare
        self.tokens = {"token-of-ada": "ada"}
        self.permissions = {"ada": "admin", "grace": "write", "mallory": "read"}
        self.pulls: list[Pull] = []
        self.wrong: list[str] = []
        """What was not said as GitHub describes it."""
        self.url = ""
        self.before: dict[str, Callable[[], None]] = {}
        """Called before a mutation of this name, or a request like `POST pulls`, is carried out."""
        self._last = 100

    # What other people do.

    def thread(self, pull: Pull, author: str, path: str, line: int, body: str, **more: Any) -> Thread:
        """Somebody begins a thread on a line of the request's diff."""
        side = more.pop("side", "RIGHT")
        hunk = self._hunk(pull, path, line, side)
        assert hunk, f"line {line} of {path} is not in the diff"
        first = self.comment(pull, author, body, hunk=hunk, **more)
        thread = Thread(f"T{self._new()}", path, line, side, self.sha(pull.head), [first])
        pull.threads.append(thread)
        return thread

    def comment(self, pull: Pull, author: str, body: str, **more: Any) -> Comment:
        """A comment, which the caller puts where it belongs."""
        number = self._new()
        url = f"{self.url}/{OWNER}/{NAME}/pull/{pull.number}#discussion_r{number}"
        return Comment(number, url, author, body, **more)

    def review(self, pull: Pull, author: str, body: str, state: str = "CHANGES_REQUESTED", **more: Any) -> Comment:
        """Somebody reviews the request as a whole."""
        number = self._new()
        url = f"{self.url}/{OWNER}/{NAME}/pull/{pull.number}#pullrequestreview-{number}"
        review = Comment(number, url, author, body, state=state, **more)
        pull.reviews.append(review)
        return review

    # What git says.

    def sha(self, branch: str) -> str:
        return git(self.bare, "rev-parse", "-q", "--verify", f"refs/heads/{branch}")

    def _hunk(self, pull: Pull, path: str, line: int, side: str) -> str:
        """The hunk of base...head that holds a line, cut off behind it as GitHub does."""
        diff = git(self.bare, "diff", f"{self.sha(pull.base)}...{self.sha(pull.head)}", "--", path)
        for hunk in re.split(r"(?m)^(?=@@ )", diff)[1:]:
            head, *lines = hunk.splitlines()
            found = re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)", head)
            assert found
            old, new = int(found[1]) - 1, int(found[2]) - 1
            for at, text in enumerate(lines):
                old, new = old + (text[:1] in "- "), new + (text[:1] in "+ ")
                here = new if side == "RIGHT" else old
                if here == line and text[:1] in ("+ " if side == "RIGHT" else "- "):
                    return "\n".join((head, *lines[: at + 1]))
        return ""

    def line_now(self, pull: Pull, thread: Thread) -> int | None:
        """Where the line of a thread stands today; None when the thread is outdated."""
        if thread.side == "LEFT":
            return thread.original_line if self._hunk(pull, thread.path, thread.original_line, "LEFT") else None
        line = thread.original_line
        diff = git(self.bare, "diff", "-U0", thread.commit, self.sha(pull.head), "--", thread.path)
        for old, count, new_count in re.findall(r"(?m)^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", diff):
            before, after = int(count or 1), int(new_count or 1)
            if int(old) <= thread.original_line < int(old) + before:
                return None
            if int(old) < thread.original_line:
                line += after - before
        return line

    # What is asked over the network.

    def answer(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Reply:
        login = self.tokens.get(headers.get("authorization", "").split(" ")[-1])
        if path == "/api/graphql" and login:
            return Reply(200, execute(self, login, json.loads(body)))
        path = path.removeprefix("/api/v3")
        name = f"{method} {path.rsplit('/', 1)[1]}"
        if name in self.before:
            self.before.pop(name)()
        try:
            if login is None:
                raise Failure(401, "Bad credentials")
            status, reply = self._route(method, path, dict(parse_qsl(query)), json.loads(body or b"null"), login)
        except Failure as failure:
            status, reply = failure.status, {"message": str(failure), "documentation_url": "https://docs.github.com"}
            if failure.details:
                reply["errors"] = [{"code": "custom", "resource": "PullRequest", **failure.details}]
        if status != 401:  # Which GitHub gives on every route, and describes on few.
            self.wrong += described.check("github", method, path, dict(parse_qsl(query)), body, status, reply)
        return Reply(status, reply)

    def _route(self, method: str, path: str, query: dict[str, str], body: Any, login: str) -> tuple[int, Any]:
        if (method, path) == ("GET", "/user"):
            return 200, described.filled("public-user", self._user(login))
        if (method, path) == ("GET", ROUTE):
            facts: dict[str, Any] = {"name": NAME, "full_name": f"{OWNER}/{NAME}", "default_branch": "main"}
            return 200, described.filled("full-repository", facts | {"owner": self._user(OWNER)})
        if found := re.fullmatch(ROUTE + r"/collaborators/([^/]+)/permission", path):
            permission = self.permissions.get(found[1])
            if permission is None:
                raise Failure(404, f"{found[1]} is not a user")
            facts = {"permission": permission, "role_name": permission, "user": self._user(found[1])}
            return 200, described.filled("repository-collaborator-permission", facts)
        if path == f"{ROUTE}/pulls":
            if method == "POST":
                return 201, self._pull(self._open(body, login))
            wanted = [pull for pull in self.pulls if self._matches(pull, query)]
            return 200, [self._pull(pull, "pull-request-simple") for pull in wanted]
        if found := re.fullmatch(ROUTE + r"/(?:pulls|issues)/(\d+)(?:/(\w+))?", path):
            return self._one(method, self.pull(int(found[1])), found[2] or "", body)
        raise Failure(404, "Not Found")

    def _one(self, method: str, pull: Pull, part: str, body: Any) -> tuple[int, Any]:
        if part == "labels":
            pull.labels += body if isinstance(body, list) else body["labels"]
            return 200, [described.filled("label", {"name": name}) for name in pull.labels]
        if part == "requested_reviewers":
            pull.reviewers += body["reviewers"]
            return 201, self._pull(pull, "pull-request-simple")
        if method == "PATCH":
            pull.title, pull.body = body.get("title", pull.title), body.get("body", pull.body)
        return 200, self._pull(pull)

    def pull(self, number: int) -> Pull:
        found = next((pull for pull in self.pulls if pull.number == number), None)
        if found is None:
            raise Failure(404, "Not Found")
        return found

    def _open(self, body: dict[str, Any], login: str) -> Pull:
        head, base = body["head"].removeprefix(f"{OWNER}:"), body["base"]
        for name, branch in (("head", head), ("base", base)):
            if not self.sha(branch):
                raise Failure(422, "Validation Failed", field=name, code="invalid")
        if any(pull.open and (pull.head, pull.base) == (head, base) for pull in self.pulls):
            raise Failure(422, "Validation Failed", message=f"A pull request already exists for {OWNER}:{head}.")
        if not git(self.bare, "rev-list", "--max-count=1", f"{self.sha(base)}..{self.sha(head)}"):
            raise Failure(422, "Validation Failed", message=f"No commits between {base} and {head}")
        pull = Pull(
            len(self.pulls) + 1, body["title"], body.get("body", ""), head, base, body.get("draft", False), login
        )
        self.pulls.append(pull)
        return pull

    def _matches(self, pull: Pull, query: dict[str, str]) -> bool:
        head = query.get("head", f"{OWNER}:{pull.head}").removeprefix(f"{OWNER}:")
        state = query.get("state", "open")
        return pull.head == head and query.get("base", pull.base) == pull.base and (state == "all" or pull.open)

    def _pull(self, pull: Pull, kind: str = "pull-request") -> Any:
        ends = {
            name: {
                "ref": branch,
                "sha": self.sha(branch),
                "label": f"{OWNER}:{branch}",
                "user": self._user(OWNER),
                "repo": {"full_name": f"{OWNER}/{NAME}", "name": NAME, "owner": self._user(OWNER)},
            }
            for name, branch in (("head", pull.head), ("base", pull.base))
        }
        facts = {
            "number": pull.number,
            "node_id": f"P{pull.number}",
            "html_url": f"{self.url}/{OWNER}/{NAME}/pull/{pull.number}",
            "url": f"{self.url}/api/v3{ROUTE}/pulls/{pull.number}",
            "issue_url": f"{self.url}/api/v3{ROUTE}/issues/{pull.number}",
            "title": pull.title,
            "body": pull.body,
            "draft": pull.draft,
            "state": "open" if pull.open else "closed",
            "user": self._user(pull.author),
            "author_association": "OWNER",
            **ends,
        }
        return described.filled(kind, facts)

    def _user(self, login: str) -> dict[str, Any]:
        return {"login": login, "type": "User"}

    def _new(self) -> int:
        self._last += 1
        return self._last


@contextmanager
def github(folder: Path, work: Path) -> Iterator[GitHub]:
    """The forge with the main branch of `work`, whose remote `origin` it becomes, for as long as the block lasts."""
    with hosted(GitHub, "github", folder, work) as forge:
        yield forge
