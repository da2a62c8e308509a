"""The log of a branch, and its fold into a session."""

from __future__ import annotations

from collections.abc import Iterator

from gitgen.record import FOLDER
from gitgen.record.trailers import OURS, parse
from gitgen.repository import Repository
from gitgen.state.commits import PREFIX, Commit, Session

# Lines, because a name or a subject from elsewhere may hold any other separator.
_FORMAT = "%H%n%P%n%at%n%an%n%s%n%b"


def history(repository: Repository, *revisions: str, first_parent: bool = True) -> Iterator[Commit]:
    """The commits that revisions and ranges reach, newest first; along first parents, unless all are asked for.

    Among the revisions (man gitrevisions) may be options of git log.
    """
    parents_of = ("--first-parent",) if first_parent else ()
    options = (*parents_of, "--encoding=UTF-8", "-z", f"--format={_FORMAT}")
    for record in repository.git.records("-c", "log.showSignature=false", "log", *options, *revisions, "--"):
        oid, parents, time, author, subject, body = record.decode("utf-8", "replace").split("\n", 5)
        first = body.partition("\n")[0]
        yield Commit(
            oid,
            parents.partition(" ")[0],
            author,
            int(time or 0),  # A commit that git itself would not have written may lack a date.
            subject,
            parse(body),
            "" if first.startswith(OURS) else first,
            " " in parents,
        )


def walk(repository: Repository, branch: str, tip: str) -> Iterator[Commit]:
    """The commits of a session, newest first, as they are read; the one that began it is the last, if it is there."""
    for commit in history(repository, tip):
        yield commit
        if commit.begins(branch):
            return


def changing(repository: Repository, session: Session) -> Iterator[str]:
    """The ids of the session's commits that changed a file other than gitgen's own, newest first."""
    if session.commits:
        range_ = f"{session.commits[0].parent}..{session.tip}"
        options = ("--first-parent", range_, "--", f":(top,exclude){FOLDER}")
        for line in repository.git.records("rev-list", *options, end=b"\n"):
            yield line.decode()


def load(repository: Repository, branch: str) -> Session | None:
    """The session on a branch, or None if there is no such branch or its log does not begin one."""
    # The whole history of any other branch would be read in vain.
    tip = repository.tip(branch) if branch.startswith(PREFIX) else None
    commits = list(walk(repository, branch, tip)) if tip else []
    return session_of(branch, commits) if commits and commits[-1].begins(branch) else None


def session_of(branch: str, commits: list[Commit]) -> Session:
    """The session that commits make, newest first, the last being the one that began it."""
    first = commits[-1]
    plan = tuple(step for step in first.trailers["Gitgen-Plan"].split(",") if step)
    return Session(branch, commits[0].oid, first.parent, plan, tuple(reversed(commits[:-1])), first)


def steps_before(repository: Repository, session: Session) -> tuple[Commit, ...]:
    """The steps that another session had done before this one asked one of its steps again, oldest first."""
    found: list[Commit] = []
    for commit in history(repository, session.base) if session.source else ():
        if commit.step:
            found.append(commit)
        elif "Gitgen-Plan" in commit.trailers and not commit.source:
            break
    return tuple(reversed(found))
