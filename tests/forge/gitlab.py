"""GitLab on the loopback: its facts come from the bare repository, its words are held against gitlab.yaml."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tests.forge import described
from tests.forge.serving import NAME, OWNER, Reply, git, hosted

PROJECT = f"/projects/{OWNER}%2F{NAME}"
NOW = "2026-01-02T03:04:05.678Z"
USERS = {"ada": 1, "grace": 2, "mallory": 3, "nobody": 4, "robot": 5}
_DRAFT = re.compile(r"^(?:draft:|\[draft\]|\(draft\))", re.IGNORECASE)
# Not every quick action, and none is looked for in code: enough to see whether one would be carried out.
_QUICK_ACTION = re.compile(r"^/(?:merge|close|approve|title|label|assign)(?: .*)?$", re.IGNORECASE | re.MULTILINE)
_FENCED = re.compile(r"^(`{3,})[^\n]*\n.*?^\1$", re.DOTALL | re.MULTILINE)


@dataclass
class Note:
    """What somebody said; `place` is where it stood in the diff that it was said of."""

    id: int
    author: str
    body: str
    system: bool = False
    updated: str = NOW


@dataclass
class Discussion:
    """Notes on a line, on the request as a whole, or a single one that can only be answered."""

    id: str
    notes: list[Note]
    place: dict[str, Any] | None = None
    individual: bool = False
    resolved: bool = False


@dataclass
class Draft:
    """A note that is not published."""

    id: int
    author: str
    body: str
    discussion: str | None


@dataclass
class Merge:
    """A merge request; what its branches hold, git says."""

    number: int
    title: str
    body: str
    head: str
    base: str
    author: str
    state: str = "opened"
    labels: list[str] = field(default_factory=list)
    reviewers: dict[str, str] = field(default_factory=dict)
    """Who was asked, and what they say of it."""
    discussions: list[Discussion] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    versions: list[dict[str, str]] = field(default_factory=list)
    published: int = 0
    """How often somebody published all drafts at once."""

    @property
    def draft(self) -> bool:
        return bool(_DRAFT.match(self.title))


class Failure(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, message: Any) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class GitLab:
    """The state of the forge; tests are the other people on it."""

    def __init__(self, bare: Path) -> None:
        self.bare = bare
        self.tokens = {"token-of-ada": "ada"}
        self.members = {"ada": 50, "mallory": 20}
        self.inherited = {"grace": 30, "robot": 30}
        """The members of the group that the project is in."""
        self.bots = {"robot"}
        self.merges: list[Merge] = []
        self.wrong: list[str] = []
        """What was not said as gitlab.yaml describes it."""
        self.url = ""
        self.commands: list[str] = []
        """The quick actions that were carried out."""
        self.before: dict[str, Callable[[], None]] = {}
        """Called before a request to a route of this name is carried out."""
        self._last = 100

    # What other people do.

    def thread(self, merge: Merge, author: str, path: str, line: int, body: str, side: str = "new") -> Discussion:
        """Somebody begins a discussion on a line of the request's diff, on the old side if it is taken away there."""
        place = {**self._version(merge), "old_path": path, "new_path": path, "position_type": "text"}
        old, new = (line, None) if side == "old" else (None, line)
        return self._discuss(merge, author, body, {**place, "old_line": old, "new_line": new})

    def discuss(self, merge: Merge, author: str, body: str) -> Discussion:
        """Somebody begins a discussion about the request as a whole."""
        return self._discuss(merge, author, body, None)

    def comment(self, merge: Merge, author: str, body: str, system: bool = False) -> Discussion:
        """Somebody says something that cannot be resolved, or the forge tells what somebody did."""
        said = self._discuss(merge, author, body, None)
        said.individual, said.notes[0].system = True, system
        return said

    def note(self, author: str, body: str, **more: Any) -> Note:
        return Note(self._new(), author, body, **more)

    def _discuss(self, merge: Merge, author: str, body: str, place: dict[str, Any] | None) -> Discussion:
        note = self.note(author, body)
        discussion = Discussion(hashlib.sha1(str(note.id).encode()).hexdigest(), [note], place)
        merge.discussions.append(discussion)
        return discussion

    # What git says.

    def sha(self, branch: str) -> str:
        return git(self.bare, "rev-parse", "-q", "--verify", f"refs/heads/{branch}")

    def _version(self, merge: Merge) -> dict[str, str]:
        """The shas of the diff as it is now; each push has left one."""
        base, head = self.sha(merge.base), self.sha(merge.head)
        fork = git(self.bare, "merge-base", base, head)
        now = {"base_sha": fork, "start_sha": base, "head_sha": head}
        if now not in merge.versions:
            merge.versions.append(now)
        return now

    def _diffs(self, version: dict[str, str]) -> list[dict[str, Any]]:
        text = git(self.bare, "diff", "--no-renames", version["base_sha"], version["head_sha"])
        found = []
        for part in re.split(r"(?m)^(?=diff --git )", text)[1:]:
            match = re.match(r"diff --git a/(\S+) b/(\S+)\n", part)
            assert match
            flags = {"new_file": "\nnew file" in part, "deleted_file": "\ndeleted file" in part, "renamed_file": False}
            hunks = re.search(r"(?m)^@@ [\s\S]*", part)
            found.append(
                {"old_path": match[1], "new_path": match[2], "diff": f"{hunks[0]}\n" if hunks else "", **flags}
            )
        return found

    def place_now(self, merge: Merge, place: dict[str, Any]) -> dict[str, Any]:
        """Where a place stands today: it moves along with the pushes until its line is changed, and stays there."""
        now = self._version(merge)
        if place["head_sha"] == now["head_sha"]:
            return place
        side, name = ("new_line", "head_sha") if place["new_line"] else ("old_line", "base_sha")
        line = place[side]
        diff = git(self.bare, "diff", "-U0", place[name], now[name], "--", place["new_path"])
        shift = 0
        for old, count, new_count in re.findall(r"(?m)^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", diff):
            before, after = int(count or 1), int(new_count or 1)
            if int(old) <= line < int(old) + before:
                return place
            if int(old) < line:
                shift += after - before
        return {**place, **now, side: line + shift}

    # What is asked over the network.

    def answer(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Reply:
        login = self.tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        path, values = path.removeprefix("/api/v4"), dict(parse_qsl(query))
        if login is None:
            return Reply(401, {"message": "401 Unauthorized"})
        name = f"{method} {path.rsplit('/', 1)[1]}"
        if name in self.before:
            self.before.pop(name)()
        try:
            reply = self._route(method, path, values, json.loads(body or b"null"), login)
        except Failure as failure:
            reply = Reply(failure.status, {"message": failure.message})
        reply = self._paged(reply, path, values) if isinstance(reply.value, list) else reply
        # What bulk_publish is sent has no meaning.
        sent = b"" if name == "POST bulk_publish" else body
        self.wrong += described.check("gitlab", method, path, values, sent, reply.status, reply.value)
        return reply

    def _paged(self, reply: Reply, path: str, query: dict[str, str]) -> Reply:
        size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
        kept = reply.value[(page - 1) * size : page * size]
        more = {"page": str(page + 1), "per_page": str(size)}
        link = f'<{self.url}/api/v4{path}?{urlencode({**query, **more})}>; rel="next"'
        return Reply(reply.status, kept, {"link": link} if page * size < len(reply.value) else {})

    def _route(self, method: str, path: str, query: dict[str, str], body: Any, login: str) -> Reply:
        if path == "/user":
            return Reply(200, self._profile(login))
        if path == "/users":
            return Reply(200, [self._user(name) for name in USERS if name == query["username"]])
        if found := re.fullmatch(r"/users/(\d+)", path):
            return Reply(200, self._profile(_login(int(found[1]))))
        if path == PROJECT:
            facts = {"id": 7, "path_with_namespace": f"{OWNER}/{NAME}"}
            return Reply(200, {**facts, "default_branch": git(self.bare, "symbolic-ref", "--short", "HEAD")})
        if found := re.fullmatch(PROJECT + r"/members/all/(\d+)", path):
            name = _login(int(found[1]))
            level = {**self.inherited, **self.members}.get(name)
            if level is None:
                raise Failure(404, "404 Not found")
            return Reply(200, {**self._user(name), "access_level": level})
        if path == f"{PROJECT}/merge_requests":
            if method == "POST":
                return Reply(201, self._merge(self._open(body, login)))
            wanted = [m for m in self.merges if query["state"] in ("all", m.state) and m.head == query["source_branch"]]
            return Reply(200, [self._merge(merge, whole=False) for merge in wanted])
        if found := re.fullmatch(PROJECT + r"/merge_requests/(\d+)(?:/(\w+))?(?:/(\w+))?", path):
            return self._one(method, self.merge(int(found[1])), found[2] or "", found[3] or "", body, login)
        raise Failure(404, "404 Not Found")

    def _one(self, method: str, merge: Merge, part: str, id: str, body: Any, login: str) -> Reply:
        if part == "reviewers":
            return Reply(200, [{"user": self._user(who), "state": says} for who, says in merge.reviewers.items()])
        if part == "versions":
            self._version(merge)
            if id:
                version = merge.versions[int(id) - 1]
                return Reply(200, {**_commits(int(id), version), "diffs": self._diffs(version)})
            return Reply(200, [_commits(n, each) for n, each in reversed([*enumerate(merge.versions, 1)])])
        if part == "discussions":
            if id:
                discussion = self._discussion(merge, id)
                discussion.resolved = body["resolved"]
                return Reply(200, self._talk(merge, discussion))
            return Reply(200, [self._talk(merge, each) for each in merge.discussions])
        if part == "draft_notes":
            return self._drafts(method, merge, id, body, login)
        if method == "PUT":
            self._edit(merge, body)
        return Reply(200, self._merge(merge))

    def _drafts(self, method: str, merge: Merge, id: str, body: Any, login: str) -> Reply:
        mine = [draft for draft in merge.drafts if draft.author == login]
        if id == "bulk_publish":
            for draft in mine:
                said = Note(self._new(), login, self._carried_out(draft.body))
                if draft.discussion is None:
                    self.discuss(merge, login, "").notes[:] = [said]
                else:
                    discussion = self._discussion(merge, draft.discussion)
                    discussion.notes.append(said)
                    discussion.individual = discussion.resolved = False
            merge.drafts = [draft for draft in merge.drafts if draft.author != login]
            merge.published += bool(mine)
            return Reply(204)
        if method == "DELETE":
            if int(id) not in [draft.id for draft in mine]:
                raise Failure(404, "404 Not found")
            merge.drafts = [draft for draft in merge.drafts if draft.id != int(id)]
            return Reply(204)
        if method == "POST":
            where = body.get("in_reply_to_discussion_id")
            if where and any(draft.discussion == where for draft in mine):
                raise Failure(400, {"author_id": ["has already been taken"]})
            if where:
                self._discussion(merge, where)
            merge.drafts.append(Draft(self._new(), login, body["note"], where))
            return Reply(201, self._draft(merge, merge.drafts[-1]))
        return Reply(200, [self._draft(merge, draft) for draft in mine])

    def merge(self, number: int) -> Merge:
        found = next((merge for merge in self.merges if merge.number == number), None)
        if found is None:
            raise Failure(404, "404 Not found")
        return found

    def _discussion(self, merge: Merge, id: str) -> Discussion:
        found = next((each for each in merge.discussions if each.id == id), None)
        if found is None:
            raise Failure(404, "404 Discussion Not Found")
        return found

    def _open(self, body: dict[str, Any], login: str) -> Merge:
        head, base = body["source_branch"], body["target_branch"]
        for name, branch in (("source_branch", head), ("target_branch", base)):
            if not self.sha(branch):
                raise Failure(400, {name: ["does not exist"]})
        for merge in self.merges:
            if merge.state == "opened" and (merge.head, merge.base) == (head, base):
                told = f"Another open merge request already exists for this source branch: !{merge.number}"
                raise Failure(409, [told])
        said = self._carried_out(body.get("description", ""))
        self.merges.append(Merge(len(self.merges) + 1, body["title"], said, head, base, login))
        self._version(self.merges[-1])
        return self.merges[-1]

    def _edit(self, merge: Merge, body: dict[str, Any]) -> None:
        merge.title = body.get("title", merge.title)
        merge.body = self._carried_out(body["description"]) if "description" in body else merge.body
        merge.labels += [name for name in body.get("add_labels", "").split(",") if name]
        if "reviewer_ids" in body:
            names = [_login(id) for id in body["reviewer_ids"]]
            merge.reviewers = {name: merge.reviewers.get(name, "unreviewed") for name in names}

    def _carried_out(self, text: str) -> str:
        """The text without its quick actions, which are carried out."""
        self.commands += _QUICK_ACTION.findall(_FENCED.sub("", text))
        return text

    # How it looks

    def _merge(self, merge: Merge, whole: bool = True) -> dict[str, Any]:
        version = self._version(merge)
        return {
            "id": 1000 + merge.number,
            "iid": merge.number,
            "title": merge.title,
            "description": merge.body,
            "state": merge.state,
            "source_branch": merge.head,
            "target_branch": merge.base,
            "source_project_id": 7,
            "target_project_id": 7,
            "author": self._user(merge.author),
            "labels": merge.labels,
            "reviewers": [self._user(name) for name in merge.reviewers],
            "draft": merge.draft,
            "sha": version["head_sha"],
            "web_url": f"{self.url}/{OWNER}/{NAME}/-/merge_requests/{merge.number}",
            **({"diff_refs": version} if whole else {}),
        }

    def _talk(self, merge: Merge, discussion: Discussion) -> dict[str, Any]:
        place = self.place_now(merge, discussion.place) if discussion.place else None
        discussion.place = place
        notes = []
        for note in discussion.notes:
            resolvable = not discussion.individual and not note.system
            kind = None if note.system or discussion.individual else "DiffNote" if place else "DiscussionNote"
            said = {
                "id": note.id,
                "type": kind,
                "body": note.body,
                "author": self._user(note.author),
                "created_at": NOW,
                "updated_at": note.updated,
                "system": note.system,
                "noteable_iid": merge.number,
                "resolvable": resolvable,
            }
            notes.append(
                said
                | ({"resolved": discussion.resolved} if resolvable else {})
                | ({"position": place} if kind == "DiffNote" else {})
            )
        return {"id": discussion.id, "individual_note": discussion.individual, "notes": notes}

    def _draft(self, merge: Merge, draft: Draft) -> dict[str, Any]:
        facts = {"id": draft.id, "note": draft.body, "discussion_id": draft.discussion, "resolve_discussion": False}
        return {**facts, "author_id": USERS[draft.author], "merge_request_id": 1000 + merge.number}

    def _user(self, login: str) -> dict[str, Any]:
        url = f"{self.url}/{login}"
        return {"id": USERS[login], "username": login, "name": login.title(), "state": "active", "web_url": url}

    def _profile(self, login: str) -> dict[str, Any]:
        return {**self._user(login), "bot": login in self.bots}

    def _new(self) -> int:
        self._last += 1
        return self._last


def _login(id: int) -> str:
    return next(name for name, number in USERS.items() if number == id)


def _commits(number: int, version: dict[str, str]) -> dict[str, Any]:
    names = {name.replace("_sha", "_commit_sha"): sha for name, sha in version.items()}
    return {"id": number, "state": "collected", **names}


@contextmanager
def gitlab(folder: Path, work: Path) -> Iterator[GitLab]:
    """The forge with the main branch of `work`, whose remote `origin` it becomes, for as long as the block lasts."""
    with hosted(GitLab, "gitlab", folder, work) as forge:
        yield forge
