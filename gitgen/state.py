"""The state of a session: the fold of its branch's log, nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitgen.errors import GitgenError
from gitgen.record import FOLDER, Chat, Usage
from gitgen.repository import HEADS, Repository
from gitgen.trailers import OURS, number_of, parse, usage_of, whole_number
from gitgen.tree import GitTree
from gitgen.values import Tree

if TYPE_CHECKING:
    from gitgen.draft import Draft

PREFIX = "gitgen/"
REVERTS, UNDOES, REDOES = "Gitgen-Reverts", "Gitgen-Undoes", "Gitgen-Redoes"
"""The trailers of a commit that takes a step back, or brings it again: the commit that it reverts, for people, and the
chat file of the step, by which the step is known after a rebase as well."""
HOOK = "Gitgen-Hook"
"""The trailer of a commit that holds what a hook has made of the files of the step below it: the hook's name."""
DONE = ("ok", "no-change")
"""The states in which a step has done what it was asked; after `rejected` and `partial` it can be run again."""

# Lines, because a name or a subject from elsewhere may hold any other separator.
_FORMAT = "%H%n%P%n%at%n%an%n%s%n%b"


_CHAT_NUMBER = re.compile(rb"(?<![^\0])([0-9]{1,9})-[^\0]*\.json(?![^\0])")


@dataclass(frozen=True)
class Commit:
    """A commit of a session; `step` is empty for one that a person made."""

    oid: str
    parent: str
    author: str
    time: int
    """Seconds since the epoch."""
    subject: str
    trailers: dict[str, str]
    asked: str = ""
    """The first line of what a person asked for, where the subject is another: it stands below it."""
    merges: bool = False
    """Whether it has further parents."""

    @property
    def step(self) -> str:
        return self.trailers.get("Gitgen-Step", "")

    @property
    def status(self) -> str:
        return self.trailers.get("Gitgen-Status", "")

    @property
    def model(self) -> str:
        return self.trailers.get("Gitgen-Model", "")

    @property
    def usage(self) -> Usage:
        return usage_of(self.trailers)

    @property
    def total_tokens(self) -> int:
        return number_of(self.trailers, "Total")

    @property
    def exit_code(self) -> int | None:
        """What the program that the step ran ended with, below 0 for a signal; None where it ran none."""
        told = self.trailers.get("Gitgen-Exit-Code")
        number = whole_number((told or "").removeprefix("-"))
        return None if told is None else -number if told.startswith("-") else number

    @property
    def source(self) -> str:
        """The id of the step that is done again here; empty for any other."""
        return _id(self.trailers.get("Gitgen-Source", ""))

    @property
    def log(self) -> str:
        """The id of the step's chat file: it is the same after a rebase; empty for a commit that is no step."""
        return self.trailers.get("Gitgen-Log", "") if self.step else ""

    @property
    def reverted(self) -> str:
        """The id of the chat file of the step that this commit takes back or brings again; empty for any other."""
        return "" if self.step else self.trailers.get(UNDOES, "") or self.trailers.get(REDOES, "")

    @property
    def hook(self) -> str:
        """The name of the hook whose changes of the step below it this is; empty for any other."""
        return self.trailers.get(HOOK, "")

    def begins(self, branch: str) -> bool:
        """Whether the session on this branch began with it."""
        return "Gitgen-Plan" in self.trailers and self.trailers.get("Gitgen-Session") == branch


@dataclass(frozen=True)
class Session:
    """A session at one tip; `commits` oldest first, the one that began it excluded."""

    branch: str
    tip: str
    base: str
    """The commit that it began from; empty when it began with the repository."""
    plan: tuple[str, ...]
    """The steps that its beginning asked for."""
    commits: tuple[Commit, ...]
    first: Commit
    """The commit that began it."""

    @property
    def test(self) -> str:
        """The command that its beginning asked to pass."""
        return self.first.trailers.get("Gitgen-Test", "")

    @property
    def source(self) -> str:
        """The id of a step of another session, where this one began with asking that again."""
        return self.first.source

    @property
    def replay(self) -> str:
        """The id of the commit up to which the steps after that one are to follow."""
        return _id(self.first.trailers.get("Gitgen-Replay", ""))

    @property
    def name(self) -> str:
        return self.branch.removeprefix(PREFIX)

    @property
    def steps(self) -> tuple[Commit, ...]:
        """The commits that steps made, oldest first."""
        return tuple(commit for commit in self.commits if commit.step)

    @property
    def time(self) -> int:
        """When it was last worked on, in seconds since the epoch."""
        return self.commits[-1].time if self.commits else self.first.time

    def end_of(self, step: Commit) -> str:
        """The id of the commit that a step ends with: that of what a hook has changed of its files, else its own."""
        at = next(number for number, commit in enumerate(self.commits) if commit.oid == step.oid)
        return next((commit.oid for commit in self.commits[at + 1 : at + 2] if commit.hook), step.oid)

    def undone(self) -> dict[str, str]:
        """The steps that are taken back, each with the commit that did it, in the order in which that was done."""
        return undone(self.commits)

    def left(self) -> tuple[str, ...]:
        """The steps of the plan that have not been done, in order; one that is taken back has been done."""
        left = list(self.plan)
        for commit in self.steps:
            if commit.status in DONE and left[:1] == [commit.step]:
                left.pop(0)
        return tuple(left)

    def failed(self) -> Commit | None:
        """The last step, if it was rejected or left partial."""
        last = next((commit for commit in reversed(self.commits) if commit.step), None)
        return last if last is not None and last.status not in DONE else None


def undone(commits: Iterable[Commit]) -> dict[str, str]:
    """The steps among commits, oldest first, that are taken back by them, each with the commit that did it."""
    steps: dict[str, str] = {}
    by: dict[str, str] = {}
    for commit in commits:
        if commit.step:
            steps[commit.log] = commit.oid
        elif step := steps.get(commit.reverted):
            by.pop(step, None)
            if UNDOES in commit.trailers:
                by[step] = commit.oid
    return by


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


def _id(text: str) -> str:
    """The text if it is an object's id: a stranger's branch may hold anything."""
    return text if re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", text) else ""


def is_shallow(repository: Repository) -> bool:
    """Whether this clone lacks what is older than some commits (man git-clone, `--depth`)."""
    return repository.git.text("rev-parse", "--is-shallow-repository") == "true"


def no_session(repository: Repository, branch: str) -> GitgenError:
    """The error for a branch that is no session, or whose beginning or very tip this clone does not have."""
    if repository.tip(branch) is None:
        return no_branch(repository, branch)
    if branch.startswith(PREFIX) and is_shallow(repository):
        return GitgenError(f"This clone is shallow, and has not the beginning of {branch}", "git fetch --unshallow")
    return GitgenError(f"{branch} is not a session of gitgen", "gitgen sessions lists them")


def no_branch(repository: Repository, branch: str) -> GitgenError:
    """The error for a branch that is not there, or only on a remote."""
    remote = repository.git.text("for-each-ref", "--count=1", "--format=%(refname:short)", f"refs/remotes/*/{branch}")
    if branch and remote:
        return GitgenError(f"The branch {branch} is only on a remote: {remote}", f"git branch {branch} {remote}")
    if branch and _points_nowhere(repository, branch):
        return GitgenError(f"{branch} points at no commit that git can read", "git fsck tells more")
    return GitgenError(f"There is no branch {branch}", "gitgen sessions, or git branch --list, lists them")


def _points_nowhere(repository: Repository, branch: str) -> bool:
    """Whether there is such a ref, though what it holds is no id, or that of an object that is missing."""
    ref = HEADS + branch
    named = repository.git.text("rev-parse", "-q", "--verify", ref, check=False)
    return bool(named) or (repository.common / ref).is_file()


def folder_of(name: str) -> str:
    """Where a session keeps its prompt and its chats."""
    return f"{FOLDER}/{name}"


def prompt_path(name: str) -> str:
    """Where a session keeps its prompt."""
    return f"{folder_of(name)}/prompt"


def chat_path(name: str, tree: GitTree, step: str) -> str:
    """The path of the next chat file: the highest number in the session's folder plus one, then the step."""
    # All at once: the folder of a long session has thousands of them.
    numbers = _CHAT_NUMBER.findall(b"\0".join(tree.names(folder_of(name))))
    number = max(map(int, numbers), default=0)
    return f"{folder_of(name)}/{number + 1:04d}-{step}.json"


def draft_of(repository: Repository, commit: Commit, chat: Chat) -> Draft:
    """What today's reader makes of a step's replies on the tree that the step started from."""
    return draft_on(repository.tree(commit.parent), chat)


def draft_on(tree: Tree, chat: Chat) -> Draft:
    """What today's reader makes of a chat's replies on a tree."""
    from gitgen.draft import Draft  # Most of what reads a session needs no reader of replies.

    draft = Draft.of(tree, chat.inputs)
    for reply in chat.replies():
        draft = draft.read(reply)
    return draft


def chat_of(repository: Repository, commit: Commit) -> Chat:
    """The chat of a step's commit; GitgenError if the commit holds none that can be read."""
    short = commit.oid[:10]
    log = commit.trailers.get("Gitgen-Log", "")
    if not log:
        raise GitgenError(f"{short} is no step", "gitgen log lists the steps")
    try:
        return Chat.from_json(repository.git.read(log))
    except ValueError as error:
        raise GitgenError(f"The chat of {short} cannot be read: {error}", f"git show {short}") from None


def asked_of(repository: Repository, commit: Commit) -> str:
    """What a person asked for with a step: the feedback, else the prompt of the session; its subject if neither is."""
    try:
        asked = chat_of(repository, commit).inputs.get("feedback")
        if isinstance(asked, str) and asked.strip():
            return asked.strip()
        name = commit.trailers.get("Gitgen-Session", "").removeprefix(PREFIX)
        prompt = repository.tree(commit.oid).get(prompt_path(name), b"").decode("utf-8", "replace")
    except GitgenError:
        prompt = ""
    return prompt.strip() or commit.subject
