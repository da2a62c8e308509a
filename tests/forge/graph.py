"""GitHub's GraphQL on the loopback, executed by graphql-core on GitHub's own schema."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError, graphql_sync

from tests.forge.described import schema

if TYPE_CHECKING:
    from tests.forge.github import Comment, GitHub, Pull, Thread

PAGE = 100
"""GitHub gives no more of anything at once."""


def execute(forge: GitHub, login: str, body: dict[str, Any]) -> dict[str, Any]:
    """The result of a query or a mutation, errors included."""
    graph = _Graph(forge, login)
    for name in [name for name in forge.before if f"{name}(" in body["query"]]:
        forge.before.pop(name)()
    result = graphql_sync(schema(), body["query"], graph, variable_values=body.get("variables"))
    if result.errors:
        forge.wrong += [f"graphql: {e.message}" for e in result.errors if not isinstance(e.original_error, _Told)]
    return dict(result.formatted)


class _Told(GraphQLError):
    """An error that GitHub itself gives."""


class _Graph:
    """The root of the schema, as one user sees it; its methods are resolvers."""

    def __init__(self, forge: GitHub, login: str) -> None:
        self.forge = forge
        self.login = login

    # Queries

    def repository(self, info: Any, owner: str, name: str, **_: Any) -> dict[str, Any]:
        return {"pullRequest": lambda info, number: self._pull(self.forge.pull(number))}

    def viewer(self, info: Any) -> dict[str, Any]:
        return {"__typename": "User", "login": self.login}

    def node(self, info: Any, id: str) -> dict[str, Any]:
        pull, thread = self._thread_of(id)
        return self._thread(pull, thread)

    # Mutations

    def addPullRequestReview(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        pull = self._pull_of(input["pullRequestId"])
        if any(review.state == "PENDING" and review.author == self.login for review in pull.reviews):
            raise _Told("User can only have one pending review per pull request")
        review = self.forge.review(pull, self.login, input.get("body") or "", "PENDING")
        return {"pullRequestReview": self._review(review)}

    def addPullRequestReviewThreadReply(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        pull, thread = self._thread_of(input["pullRequestReviewThreadId"])
        review = self._review_of(input["pullRequestReviewId"])
        comment = self.forge.comment(pull, self.login, input["body"], hunk=thread.comments[0].hunk, review=review)
        thread.comments.append(comment)
        return {"comment": self._comment(comment)}

    def submitPullRequestReview(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        review = self._review_of(input["pullRequestReviewId"])
        review.state = {"COMMENT": "COMMENTED", "APPROVE": "APPROVED"}.get(input["event"], "CHANGES_REQUESTED")
        review.body = input.get("body") or review.body
        return {"pullRequestReview": self._review(review)}

    def deletePullRequestReview(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        review = self._review_of(input["pullRequestReviewId"])
        for pull in self.forge.pulls:
            pull.reviews = [other for other in pull.reviews if other is not review]
            for thread in pull.threads:
                thread.comments = [comment for comment in thread.comments if comment.review is not review]
        return {"pullRequestReview": self._review(review)}

    def resolveReviewThread(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        pull, thread = self._thread_of(input["threadId"])
        thread.resolved = True
        return {"thread": self._thread(pull, thread)}

    def markPullRequestReadyForReview(self, info: Any, input: dict[str, Any]) -> dict[str, Any]:
        pull = self._pull_of(input["pullRequestId"])
        pull.draft = False
        return {"pullRequest": self._pull(pull)}

    # What they find, and how it looks

    def _pull_of(self, id: str) -> Pull:
        return next(pull for pull in self.forge.pulls if f"P{pull.number}" == id)

    def _review_of(self, id: str) -> Comment:
        return next(review for pull in self.forge.pulls for review in pull.reviews if f"R{review.id}" == id)

    def _thread_of(self, id: str) -> tuple[Pull, Thread]:
        return next((pull, thread) for pull in self.forge.pulls for thread in pull.threads if thread.id == id)

    def _pull(self, pull: Pull) -> dict[str, Any]:
        return {
            "id": f"P{pull.number}",
            "isDraft": pull.draft,
            "number": pull.number,
            "reviewThreads": _connection(lambda: [self._thread(pull, thread) for thread in pull.threads]),
            "reviews": self._reviews(pull),
        }

    def _reviews(self, pull: Pull) -> Callable[..., Any]:
        def resolve(info: Any, states: Sequence[str] = (), **paging: Any) -> Any:
            seen = (review for review in pull.reviews if self._sees(review))
            return _page([self._review(r) for r in seen if not states or r.state in states], **paging)

        return resolve

    def _sees(self, comment: Comment) -> bool:
        """What belongs to a review that is not submitted is seen by its author alone."""
        review = comment.review or comment
        return review.state != "PENDING" or review.author == self.login

    def _thread(self, pull: Pull, thread: Thread) -> dict[str, Any]:
        line = self.forge.line_now(pull, thread)
        return {
            "__typename": "PullRequestReviewThread",
            "id": thread.id,
            "path": thread.path,
            "line": line,
            "originalLine": thread.original_line,
            "diffSide": thread.side,
            "isOutdated": line is None,
            "isResolved": thread.resolved,
            "comments": _connection(lambda: [self._comment(each) for each in thread.comments if self._sees(each)]),
        }

    def _comment(self, comment: Comment) -> dict[str, Any]:
        return {
            "__typename": "PullRequestReviewComment",
            "id": f"C{comment.id}",
            "databaseId": comment.id,
            "url": comment.url,
            "body": comment.body,
            "diffHunk": comment.hunk,
            "author": {"__typename": "Bot" if comment.bot else "User", "login": comment.author},
            "lastEditedAt": comment.edited,
            "isMinimized": comment.minimized,
            "state": "PENDING" if comment.review and comment.review.state == "PENDING" else "SUBMITTED",
            "viewerDidAuthor": comment.author == self.login,
        }

    def _review(self, review: Comment) -> dict[str, Any]:
        return {
            **self._comment(review),
            "__typename": "PullRequestReview",
            "id": f"R{review.id}",
            "state": review.state,
        }


def _connection(items: Callable[[], list[dict[str, Any]]]) -> Callable[..., Any]:
    return lambda info, **paging: _page(items(), **paging)


def _page(items: list[dict[str, Any]], first: int = 0, after: str | None = None) -> dict[str, Any]:
    if not 0 < first <= PAGE:
        raise _Told("You must provide a `first` value of 1 to 100 to properly paginate the connection")
    start = int(after or 0)
    end = min(start + first, len(items))
    more = {"hasNextPage": end < len(items), "endCursor": str(end) if items else None}
    return {"nodes": items[start:end], "totalCount": len(items), "pageInfo": more}
