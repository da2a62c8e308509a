"""GitHub, through PyGithub: its REST API for requests, its GraphQL API for threads, which REST does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gitgen.errors import GitgenError
from gitgen.forge import Answer, Comment, Request, Thread

if TYPE_CHECKING:
    from github.PullRequest import PullRequest
    from github.Repository import Repository

_PAGE = 50
_BATCH = 50
"""So many replies go into one request."""
_DRAFT = "<!-- gitgen:draft -->"
"""Begins the body of a review of ours that is not submitted, so that one left by a killed run is known again."""

_COMMENT = "url body isMinimized lastEditedAt viewerDidAuthor author { __typename login }"
_COMMENTS = f"nodes {{ {_COMMENT} state diffHunk }} pageInfo {{ hasNextPage endCursor }}"
_THREADS = f"""query($owner: String!, $name: String!, $number: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{ pullRequest(number: $number) {{
    page: reviewThreads(first: {_PAGE}, after: $after) {{
      nodes {{ id path line originalLine diffSide isOutdated isResolved comments(first: {_PAGE}) {{ {_COMMENTS} }} }}
      pageInfo {{ hasNextPage endCursor }}
    }} }} }} }}"""
_MORE_COMMENTS = f"""query($id: ID!, $after: String) {{ node(id: $id) {{ ... on PullRequestReviewThread {{
  page: comments(first: {_PAGE}, after: $after) {{ {_COMMENTS} }} }} }} }}"""
_REVIEWS = f"""query(
  $owner: String!, $name: String!, $number: Int!, $after: String, $states: [PullRequestReviewState!]
) {{
  repository(owner: $owner, name: $name) {{ pullRequest(number: $number) {{
    page: reviews(first: {_PAGE}, after: $after, states: $states) {{
      nodes {{ id state {_COMMENT} }} pageInfo {{ hasNextPage endCursor }}
    }} }} }} }}"""


class GitHub:
    """One repository on GitHub, or on a GitHub Enterprise Server."""

    def __init__(self, repository: Repository, path: str) -> None:
        self._repository = repository
        self._owner, _, self._name = path.partition("/")

    def default_branch(self) -> str:
        with _told():
            return self._repository.default_branch

    def find(self, head: str) -> Request | None:
        return self._first(head, "open")

    def last(self, head: str) -> Request | None:
        return self._first(head, "all")

    def _first(self, head: str, state: str) -> Request | None:
        """The newest request of a branch in a state (GitHub's REST API, "List pull requests", says the order)."""
        with _told():
            pulls = self._repository.get_pulls(state=state, head=f"{self._owner}:{head}")
            return next((self._request(pull) for pull in pulls), None)

    def request(self, number: int) -> Request:
        with _told(f"request {number}"):
            return self._request(self._repository.get_pull(number))

    def open(self, head: str, base: str, title: str, body: str, *, draft: bool) -> Request:
        with _told():
            pull = self._repository.create_pull(title=title, body=body, head=head, base=base, draft=draft)
            return self._request(pull)

    def update(self, request: Request, body: str, *, ready: bool) -> None:
        with _told():
            if body != request.body:
                self._repository.get_pull(request.number).edit(body=body)
            if ready and request.draft:
                self._change("markPullRequestReadyForReview", "clientMutationId", pullRequestId=request.id)

    def label(self, request: Request, labels: Sequence[str]) -> None:
        with _told():
            self._repository.get_pull(request.number).add_to_labels(*labels)

    def ask_reviewers(self, request: Request, reviewers: Sequence[str]) -> None:
        with _told():
            self._repository.get_pull(request.number).create_review_request(reviewers=list(reviewers))

    def threads(self, request: Request) -> tuple[Thread, ...]:
        with _told():
            open_ = (node for node in self._paged(_THREADS, request) if not node["isResolved"])
            found = [self._thread(node) for node in open_]
            reviews = tuple(self._paged(_REVIEWS, request, states=["CHANGES_REQUESTED", "COMMENTED", "APPROVED"]))
            found += [Thread("", (_comment(node),)) for node in _about_the_whole(reviews)]
            return tuple(thread for thread in found if thread.comments)

    def may_write(self, login: str) -> bool:
        from github import GithubException

        with _told():
            try:
                return self._repository.get_collaborator_permission(login) in ("admin", "write")
            except GithubException as error:
                if error.status != 404:
                    raise
                return False  # Nobody of this name, or nobody who has been given any right.

    def answer(self, request: Request, answers: Sequence[Answer], body: str) -> None:
        with _told():
            self._discard_draft(request)
            fields = "pullRequestReview { id }"
            added = self._change("addPullRequestReview", fields, pullRequestId=request.id, body=_DRAFT)
            review = added["pullRequestReview"]["id"]
            for start in range(0, len(answers), _BATCH):
                self._reply(review, answers[start : start + _BATCH])
            # A review with replies needs no text of its own, but one without has to say something.
            said = body or "Answered above."
            self._change(
                "submitPullRequestReview", "clientMutationId", pullRequestReviewId=review, event="COMMENT", body=said
            )

    def resolve(self, request: Request, thread: Thread) -> None:
        if thread.id:
            with _told():
                self._change("resolveReviewThread", "clientMutationId", threadId=thread.id)

    # How GitHub is spoken to

    def _ask(self, query: str, **variables: Any) -> Mapping[str, Any]:
        _, reply = self._repository.requester.graphql_query(query, variables)
        data: Mapping[str, Any] = reply["data"]
        return data

    def _change(self, mutation: str, fields: str, **values: Any) -> Mapping[str, Any]:
        kind = mutation[:1].upper() + mutation[1:]
        query = f"mutation($input: {kind}Input!) {{ done: {mutation}(input: $input) {{ {fields} }} }}"
        done: Mapping[str, Any] = self._ask(query, input=values)["done"]
        return done

    def _reply(self, review: str, answers: Sequence[Answer]) -> None:
        """Put replies into a review that is not submitted, all in one request."""
        kind = "AddPullRequestReviewThreadReplyInput!"
        names = [f"r{number}" for number in range(len(answers))]
        inputs = {
            name: {"pullRequestReviewId": review, "pullRequestReviewThreadId": answer.thread.id, "body": answer.text}
            for name, answer in zip(names, answers, strict=True)
        }
        declared = ", ".join(f"${name}: {kind}" for name in names)
        calls = (f"{n}: addPullRequestReviewThreadReply(input: ${n}) {{ clientMutationId }}" for n in names)
        if answers:
            self._ask(f"mutation({declared}) {{ {' '.join(calls)} }}", **inputs)

    def _paged(self, query: str, request: Request, **more: Any) -> Iterator[Mapping[str, Any]]:
        after = None
        while True:
            where = {"owner": self._owner, "name": self._name, "number": request.number, "after": after, **more}
            page = self._ask(query, **where)["repository"]["pullRequest"]["page"]
            yield from page["nodes"]
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _discard_draft(self, request: Request) -> None:
        """Delete what a killed run has left; GitgenError for a review that the user is writing."""
        for node in self._paged(_REVIEWS, request, states=["PENDING"]):
            if not node["body"].startswith(_DRAFT):
                mend = f"submit or discard it at {request.url}, then the same again"
                raise GitgenError(f"You have a review of {request.name} that is not submitted", mend)
            self._change("deletePullRequestReview", "clientMutationId", pullRequestReviewId=node["id"])

    def _thread(self, node: Mapping[str, Any]) -> Thread:
        comments, page = list(node["comments"]["nodes"]), node["comments"]["pageInfo"]
        while page["hasNextPage"]:
            more = self._ask(_MORE_COMMENTS, id=node["id"], after=page["endCursor"])["node"]["page"]
            comments, page = comments + more["nodes"], more["pageInfo"]
        # What is not submitted was said to nobody yet.
        said = [comment for comment in comments if comment["state"] != "PENDING"]
        return Thread(
            id=node["id"],
            comments=tuple(_comment(comment) for comment in said),
            path=node["path"],
            line=node["line"] or node["originalLine"],
            hunk=said[0]["diffHunk"] if said else "",
            deleted=node["diffSide"] == "LEFT",
            outdated=node["isOutdated"],
        )

    def _request(self, pull: PullRequest) -> Request:
        head = pull.head.repo.full_name if pull.head.repo else ""
        return Request(
            number=pull.number,
            name=f"#{pull.number}",
            id=pull.raw_data["node_id"],
            url=pull.html_url,
            title=pull.title,
            body=(pull.body or "").replace("\r\n", "\n"),
            head=pull.head.ref,
            base=pull.base.ref,
            draft=pull.draft,
            open=pull.state == "open",
            foreign=head != pull.base.repo.full_name,
        )


def opened(site: str, path: str, token: str) -> GitHub:
    """The repository `owner/name` at a site, asked with a token. Nothing is asked yet."""
    try:
        from github import Auth, Github
    except ImportError:
        raise GitgenError("PyGithub is not installed", "pip install 'gitgen[github]'") from None
    ours = site == "https://github.com"
    # A server of one's own limits no rates (GitHub Enterprise Server, "Rate limits"), so nothing is to be spared there.
    pauses: dict[str, Any] = {} if ours else {"seconds_between_requests": 0, "seconds_between_writes": 0}
    api = "https://api.github.com" if ours else f"{site}/api/v3"
    client = Github(base_url=api, auth=Auth.Token(token), user_agent="gitgen", timeout=30, **pauses)
    return GitHub(client.get_repo(path, lazy=True), path)


def _about_the_whole(reviews: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The reviews that demand something in words and whose author has not approved since, and our answers to such."""
    for number, review in enumerate(reviews):
        asks = review["state"] == "CHANGES_REQUESTED" and review["body"].strip()
        later = (other for other in reviews[number + 1 :] if other["author"] == review["author"])
        if "<!-- gitgen:" in review["body"] or (asks and all(other["state"] != "APPROVED" for other in later)):
            yield review


def _comment(node: Mapping[str, Any]) -> Comment:
    author, edited = node["author"] or {"login": "ghost", "__typename": "User"}, node["lastEditedAt"]
    return Comment(
        url=node["url"],
        author=author["login"],
        body=node["body"],
        bot=author["__typename"] == "Bot",
        minimized=node["isMinimized"],
        edited=datetime.fromisoformat(edited) if edited else None,
        own=node["viewerDidAuthor"],
    )


@contextmanager
def _told(what: str = "it") -> Iterator[None]:
    """What GitHub says no to, as an error that a person can mend."""
    import requests
    from github import GithubException

    try:
        yield
    except GithubException as error:
        raise _refused(error.status, error.data, what) from None
    except requests.RequestException as error:
        raise GitgenError(f"GitHub cannot be reached: {type(error).__name__}", "the same again, when it can") from None


def _refused(status: int, said: Any, what: str) -> GitgenError:
    words = said if isinstance(said, dict) else {}
    errors = (item for item in words.get("errors") or () if isinstance(item, dict))
    details = [item.get("message") or f"{item.get('field', 'a field')} is {item.get('code')}" for item in errors]
    reason = "; ".join(filter(None, (words.get("message", ""), *details))) or f"status {status}"
    mend = {
        401: "gh auth login, or another GITHUB_TOKEN",
        403: "a token that may do this: repository contents and pull requests, read and write",
        404: "gh repo view, with the same token, shows whether it may see the repository",
    }.get(status, "mend that, then the same again")
    if status == 404:
        return GitgenError(f"GitHub does not have {what}, or this token may not see it", mend)
    return GitgenError(f"GitHub says no: {reason}", mend)
