"""GitLab, through python-gitlab: its REST API, where a request is a merge request and a thread a discussion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gitgen.errors import GitgenError
from gitgen.forge import Answer, Comment, Request, Thread
from gitgen.forge.hunks import hunk_at

if TYPE_CHECKING:
    from gitlab import Gitlab
    from gitlab.v4.objects import ProjectMergeRequest

_PAGE = 100
_DEVELOPER = 30
"""Who has this access level or a higher one may push (GitLab's documentation, "Roles and permissions")."""
_DRAFT = re.compile(r"^(?:\s*(?:draft:|\[draft\]|\(draft\)))+\s*", re.IGNORECASE)
"""What makes a merge request a draft stands in its title."""
_OURS = "<!-- gitgen:"
_COMMAND = re.compile(r"^/(?=[a-z])", re.IGNORECASE | re.MULTILINE)


class GitLab:
    """One project on GitLab, or on a server of one's own."""

    def __init__(self, client: Gitlab, path: str) -> None:
        self._client = client
        self._path = path
        self._requests = client.projects.get(path, lazy=True).mergerequests
        self._bots: dict[int, bool] = {}

    def default_branch(self) -> str:
        with _told():
            return str(self._client.projects.get(self._path).default_branch)

    def find(self, head: str) -> Request | None:
        return self._first(head, "opened")

    def last(self, head: str) -> Request | None:
        return self._first(head, "all")

    def _first(self, head: str, state: str) -> Request | None:
        """The newest request of a branch in a state (GitLab's "Merge requests API" says the order)."""
        with _told():
            found = self._requests.list(state=state, source_branch=head, iterator=True)
            return next((request for request in map(_request, found) if not request.foreign), None)

    def request(self, number: int) -> Request:
        with _told(f"merge request {number}"):
            return _request(self._requests.get(number))

    def open(self, head: str, base: str, title: str, body: str, *, draft: bool) -> Request:
        named = {"source_branch": head, "target_branch": base, "title": f"{'Draft: ' if draft else ''}{title}"}
        with _told():
            return _request(self._requests.create({**named, "description": _inert(body)}))

    def update(self, request: Request, body: str, *, ready: bool) -> None:
        changes = {"description": _inert(body)} if _inert(body) != request.body else {}
        if ready and request.draft:
            changes["title"] = _DRAFT.sub("", request.title)
        if changes:
            self._change(request, changes)

    def label(self, request: Request, labels: Sequence[str]) -> None:
        self._change(request, {"add_labels": ",".join(labels)})

    def ask_reviewers(self, request: Request, reviewers: Sequence[str]) -> None:
        with _told():
            asked = [user["id"] for user in self._requests.get(request.number).reviewers]
            wanted = [self._user(login) for login in reviewers]
        if None in wanted:
            login = reviewers[wanted.index(None)]
            raise GitgenError(f"GitLab has nobody of the name {login}", "--reviewer with a user name, without @")
        self._change(request, {"reviewer_ids": list(dict.fromkeys((*asked, *wanted)))})

    def threads(self, request: Request) -> tuple[Thread, ...]:
        with _told():
            merge = self._requests.get(request.number)
            states = merge.reviewer_details.list(iterator=True, per_page=_PAGE)
            asking = {each.user["id"] for each in states if each.state == "requested_changes"}
            listed = merge.discussions.list(iterator=True, per_page=_PAGE)
            notes = ((each.get_id(), each.attributes["notes"]) for each in listed)
            own, diffs = self._own(), _Diffs(merge)
            return tuple(
                self._thread(request, str(id), said, own, diffs) for id, said in notes if _unresolved(said, asking)
            )

    def may_write(self, login: str) -> bool:
        from gitlab.exceptions import GitlabGetError

        with _told():
            user = self._user(login)
            if user is None:
                return False
            try:
                # Of this project, or through any group above it.
                member = self._client.projects.get(self._path, lazy=True).members_all.get(user)
            except GitlabGetError as error:
                if error.response_code != 404:
                    raise
                return False
            return bool(member.state == "active" and member.access_level >= _DEVELOPER)

    def answer(self, request: Request, answers: Sequence[Answer], body: str) -> None:
        with _told():
            drafts = self._requests.get(request.number, lazy=True).draft_notes
            self._discard_drafts(request, drafts)
            for answer in answers:
                drafts.create({"note": _inert(answer.text), "in_reply_to_discussion_id": answer.thread.id})
            if body:
                drafts.create({"note": _inert(body)})
            drafts.bulk_publish()

    def resolve(self, request: Request, thread: Thread) -> None:
        if thread.id:
            with _told():
                discussions = self._requests.get(request.number, lazy=True).discussions
                discussions.update(thread.id, {"resolved": True})

    # How GitLab is spoken to

    def _change(self, request: Request, changes: Mapping[str, Any]) -> None:
        with _told():
            self._requests.update(request.number, dict(changes))

    def _user(self, login: str) -> int | None:
        found = self._client.users.list(username=login, get_all=True)
        return next((int(user.id) for user in found), None)

    def _own(self) -> int:
        self._client.auth()
        assert self._client.user is not None
        return int(self._client.user.id)

    def _is_bot(self, user: int) -> bool:
        from gitlab.exceptions import GitlabGetError

        if user not in self._bots:
            try:
                self._bots[user] = bool(getattr(self._client.users.get(user), "bot", False))
            except GitlabGetError as error:
                if error.response_code not in (403, 404):
                    raise
                self._bots[user] = False  # Where profiles are hidden, the question who may push is left.
        return self._bots[user]

    def _discard_drafts(self, request: Request, drafts: Any) -> None:
        """Delete what a killed run has left; GitgenError for comments that the user is writing.

        All that one has not published yet is published together, so theirs would be as well.
        """
        left = drafts.list(get_all=True)
        if not all(_OURS in draft.note for draft in left):
            mend = f"submit or delete them at {request.url}, then the same again"
            raise GitgenError(f"You have comments on {request.name} that are not submitted", mend)
        for draft in left:
            drafts.delete(draft.id)

    def _thread(self, request: Request, id: str, notes: Sequence[Mapping[str, Any]], own: int, diffs: _Diffs) -> Thread:
        comments = tuple(self._comment(request, note, own) for note in notes)
        place = notes[0].get("position")
        if not place:
            return Thread(id, comments)
        old, new = place.get("old_line"), place.get("new_line")
        return Thread(
            id=id,
            comments=comments,
            path=place["new_path"] or place["old_path"],
            line=new or old,
            hunk=diffs.hunk(place),
            deleted=new is None and old is not None,
            # A place moves along with each push, until its line is changed.
            outdated=place["head_sha"] != diffs.head,
        )

    def _comment(self, request: Request, note: Mapping[str, Any], own: int) -> Comment:
        written, changed = (datetime.fromisoformat(note[key]) for key in ("created_at", "updated_at"))
        author = note["author"]
        return Comment(
            url=f"{request.url}#note_{note['id']}",
            author=author["username"],
            body=note["body"].replace("\r\n", "\n"),
            bot=self._is_bot(author["id"]),
            system=note["system"],
            edited=changed if changed > written else None,
            own=author["id"] == own,
        )


class _Diffs:
    """The diffs of a merge request as its pushes have left them, each read when it is needed."""

    def __init__(self, merge: ProjectMergeRequest) -> None:
        self._merge = merge
        self.head: str = (merge.attributes.get("diff_refs") or {}).get("head_sha") or ""
        self._read: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}

    def hunk(self, place: Mapping[str, Any]) -> str:
        """The hunk that a place is in; empty where it is none of text, or the diff is no longer to be had."""
        shas = tuple(place[f"{name}_sha"] for name in ("base", "start", "head"))
        if shas not in self._read:
            self._read[shas] = self._of(shas)
        paths = place["old_path"], place["new_path"]
        diff = next((each["diff"] for each in self._read[shas] if (each["old_path"], each["new_path"]) == paths), "")
        return hunk_at(diff, place.get("old_line"), place.get("new_line"))

    def _of(self, shas: tuple[str, ...]) -> list[Mapping[str, Any]]:
        names = ("base_commit_sha", "start_commit_sha", "head_commit_sha")
        for version in self._merge.diffs.list(iterator=True, per_page=_PAGE):
            if tuple(version.attributes[name] for name in names) == shas:
                found: list[Mapping[str, Any]] = self._merge.diffs.get(version.id).diffs
                return found
        return []


def opened(site: str, path: str, token: str) -> GitLab:
    """The project `group/name` at a site, asked with a token. Nothing is asked yet."""
    try:
        from gitlab import Gitlab
    except ImportError:
        raise GitgenError("python-gitlab is not installed", "pip install 'gitgen[gitlab]'") from None
    # As a bearer's token, any kind is taken: personal, of a project or a group, and OAuth's.
    return GitLab(Gitlab(site, oauth_token=token, user_agent="gitgen", timeout=30), path)


def _request(merge: ProjectMergeRequest) -> Request:
    return Request(
        number=merge.iid,
        name=f"!{merge.iid}",
        id=str(merge.id),
        url=merge.web_url,
        title=merge.title,
        body=(merge.description or "").replace("\r\n", "\n"),
        head=merge.source_branch,
        base=merge.target_branch,
        draft=merge.draft,
        open=merge.state == "opened",
        foreign=merge.source_project_id != merge.target_project_id,
    )


def _unresolved(notes: Sequence[Mapping[str, Any]], asking: set[int]) -> bool:
    """Whether a discussion is an open one, or the words of a reviewer who asks for changes."""
    if any(note["resolvable"] for note in notes):
        return any(note["resolvable"] and not note["resolved"] for note in notes)
    return any(not note["system"] and note["author"]["id"] in asking for note in notes)


def _inert(text: str) -> str:
    """A text in which no line is a quick action, which GitLab would carry out in the name of whoever sends it."""
    return _COMMAND.sub(r"\\/", text)


@contextmanager
def _told(what: str = "it") -> Iterator[None]:
    """What GitLab says no to, as an error that a person can mend."""
    import requests
    from gitlab.exceptions import GitlabError

    try:
        yield
    except GitlabError as error:
        raise _refused(error.response_code or 0, error.error_message, what) from None
    except requests.RequestException as error:
        raise GitgenError(f"GitLab cannot be reached: {type(error).__name__}", "the same again, when it can") from None


def _refused(status: int, said: Any, what: str) -> GitgenError:
    if isinstance(said, dict):
        said = [
            f"{key} {' '.join(map(str, value)) if isinstance(value, list) else value}" for key, value in said.items()
        ]
    reason = "; ".join(map(str, said)) if isinstance(said, list) else str(said)
    mend = {
        401: "glab auth login, or another GITLAB_TOKEN",
        403: "a token with the scope api, of a developer of the project or more",
        404: "glab repo view, with the same token, shows whether it may see the project",
    }.get(status, "mend that, then the same again")
    if status == 404:
        return GitgenError(f"GitLab does not have {what}, or this token may not see it", mend)
    return GitgenError(f"GitLab says no: {reason or f'status {status}'}", mend)
