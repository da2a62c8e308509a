"""From the threads of a review to steps, and from the steps back to answers; what is done is read from the branch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gitgen.draft.sections import declined, sections
from gitgen.forge import Answer, Comment, Request, Thread
from gitgen.quoting import quoted
from gitgen.record import Chat
from gitgen.repository import Repository
from gitgen.state.chats import chat_of, draft_of
from gitgen.state.commits import DONE, Commit, Session

ALL, ONE = "threads", "thread"
"""The step that asks about all threads at once, and the one that makes a commit of what was said to one."""
_MARK = "<!-- gitgen:answers {} -->"
"""In an answer, unseen: which comment it answers; with a chat's id, which attempt at it has come to nothing."""


@dataclass(frozen=True)
class Task:
    """What a thread still asks for: the comments that count, the last of which stands for the thread."""

    thread: Thread
    comments: tuple[Comment, ...]

    @property
    def comment(self) -> str:
        """The address that goes into the trailer."""
        return self.comments[-1].url

    @property
    def place(self) -> str:
        """Where the thread stands, in words."""
        if not self.thread.path:
            return ""
        return self.thread.path + (f", line {self.thread.line}" if self.thread.line else "")

    def text(self) -> str:
        """The thread as the model gets it, every line of others quoted."""
        state = {"deleted": "a line that the request takes away", "outdated": "the line has changed since"}
        notes = "".join(f" ({words})" for name, words in state.items() if getattr(self.thread, name))
        parts = [quoted(self.place)[2:] + notes if self.place else "On the request as a whole"]
        if self.thread.hunk:
            parts.append(f"The diff it stands on:\n{quoted(self.thread.hunk)}")
        parts += (f"{comment.author} writes:\n{quoted(comment.body)}" for comment in self.comments)
        return "\n\n".join(parts)


@dataclass(frozen=True)
class Reading:
    """The threads of a request, sifted: what is to be done, and what was left out, and why."""

    tasks: tuple[Task, ...]
    left_out: tuple[str, ...]


def read(threads: Iterable[Thread], session: Session, started: datetime, trusted: Callable[[str], bool]) -> Reading:
    """What unresolved threads still ask for. What comes from people who may not push is left out, and what is not
    theirs: bots, hidden comments, comments edited after `started`, and answers of gitgen's."""
    done = done_by(session)
    tasks, left_out, answers = [], [], 0
    for thread in threads:
        last = max((number for number, each in enumerate(thread.comments) if each.url in done), default=-1)
        kept = []
        for comment in thread.comments[last + 1 :]:
            reason = _why_not(comment, started, trusted)
            if reason:
                left_out.append(f"{comment.url} by {comment.author}: {reason}")
            elif _is_answer(comment):
                answers += 1
            else:
                kept.append(comment)
        if kept:
            tasks.append(Task(thread, tuple(kept)))
    if answers:
        left_out.append("1 answer of gitgen's own" if answers == 1 else f"{answers} answers of gitgen's own")
    return Reading(tuple(tasks), tuple(left_out))


def _why_not(comment: Comment, started: datetime, trusted: Callable[[str], bool]) -> str:
    if comment.own and _is_answer(comment):
        return ""
    if comment.system:
        return "a note of the forge's own"
    if comment.bot:
        return "a bot"
    if comment.minimized:
        return "hidden on the forge"
    if comment.edited is not None and comment.edited > started:
        return "edited since this run began"
    return "" if trusted(comment.author) else "may not push to the repository"


def _is_answer(comment: Comment) -> bool:
    return _MARK.partition("{}")[0] in comment.body


def inputs(request: Request, tasks: Sequence[Task], *, single: bool, allowed: Sequence[str]) -> dict[str, Any]:
    """What the step that asks about all these threads is given; all that the later steps need is in it."""
    texts = [f"Thread {number}: {task.text()}" for number, task in enumerate(tasks, 1)]
    given: dict[str, Any] = {
        "request": request.url,
        "feedback": "\n\n".join(texts),
        "threads": [{"comment": task.comment, "place": task.place, "text": task.text()} for task in tasks],
        "paths": list(dict.fromkeys(task.thread.path for task in tasks if task.thread.path)),
        "guard": list(allowed),
    }
    return {**given, "single": True, "comment": " ".join(task.comment for task in tasks)} if single else given


def following(repository: Repository, session: Session) -> Chat | None:
    """The chat of the next thread that the last reply to all of them speaks of, and that no step was made of yet."""
    steps = session.steps
    at = max((number for number, commit in enumerate(steps) if commit.step == ALL), default=None)
    if at is None or steps[at].status not in DONE:
        return None
    chat = chat_of(repository, steps[at])
    if chat.inputs.get("single"):
        return None
    threads = _asked_about(chat)
    tried = {url for commit in steps[at + 1 :] if commit.step == ONE for url in _feedback(commit)}
    said = next((each.text for each in chat.exchanges() if each.whole), "")
    texts, model = sections(said, len(threads)), next(iter(chat.models[::-1]), "")
    for number, thread in enumerate(threads, 1):
        if thread["comment"] in tried:
            continue
        names = ("request", "guard", "files", "read", "paths")
        kept = {key: chat.inputs[key] for key in names if key in chat.inputs}
        section = {"section": texts[number], "model": model} if number in texts else {}
        about = {"comment": thread["comment"], "place": thread["place"], "feedback": thread["text"]}
        return Chat(ONE, {**kept, **about, **section})
    return None


def _asked_about(chat: Chat) -> tuple[Mapping[str, str], ...]:
    """The threads that a chat is about; none where it holds something else: it may come from a stranger's branch."""
    listed = chat.inputs.get("threads")
    found = (each for each in listed if isinstance(each, dict)) if isinstance(listed, list) else ()
    return tuple({key: str(each.get(key, "")) for key in ("comment", "place", "text")} for each in found)


def rounds(session: Session, request: Request) -> int:
    """How often the threads of a request have been asked about."""
    return sum(commit.step == ALL and commit.trailers.get("Gitgen-Request") == request.url for commit in session.steps)


def done_by(session: Session) -> dict[str, Commit]:
    """The steps that have done what a comment asks, by its address."""
    return {url: commit for commit in session.steps if commit.status in DONE for url in _feedback(commit)}


def _feedback(commit: Commit) -> list[str]:
    return commit.trailers.get("Gitgen-Feedback", "").split()


@dataclass(frozen=True)
class Outcome:
    """A thread that a step has dealt with, and what there is to say to it."""

    thread: Thread
    commit: Commit
    text: str
    done: bool
    """Whether the files are as the thread asks."""
    declined: bool
    """Whether the reply gives a reason to leave them."""
    answered: bool


def outcomes(
    repository: Repository, threads: Iterable[Thread], session: Session, shown: Mapping[str, str]
) -> Iterator[Outcome]:
    """What steps have made of unresolved threads; `shown` maps a commit to the one that the request has for it."""
    threads, tried = tuple(threads), _tried(session)
    bodies = [comment.body for thread in threads for comment in thread.comments]
    for thread in threads:
        url = next((comment.url for comment in reversed(thread.comments) if comment.url in tried), None)
        if url is None:
            continue
        commit = tried[url]
        said, declines = _said(repository, commit, shown)
        rejected = commit.status not in DONE
        # What was rejected can be tried again; each attempt has an answer of its own, also after a rebase.
        mark = _MARK.format(f"{url} {commit.trailers.get('Gitgen-Log', '')}" if rejected else url)
        answered = any(mark in body for body in bodies)
        yield Outcome(thread, commit, f"{_harmless(said)}\n{mark}", not rejected and not declines, declines, answered)


def _tried(session: Session) -> dict[str, Commit]:
    """The last steps that have come to an end about a comment, by its address."""
    return {url: commit for commit in session.steps if commit.status != "partial" for url in _feedback(commit)}


def _said(repository: Repository, commit: Commit, shown: Mapping[str, str]) -> tuple[str, bool]:
    """What there is to say of a step, and whether that is a reason to change nothing."""
    chat = chat_of(repository, commit)
    if commit.status not in DONE:
        reasons = "; ".join(map(str, draft_of(repository, commit, chat).refusals[:3]))
        return f"No file was changed, the edits did not fit: {reasons}", False
    reason = declined(str(chat.inputs.get("section", ""))) if commit.step == ONE else ""
    return reason or f"{commit.subject.rstrip('.')}: {shown.get(commit.oid, commit.oid)}", bool(reason)


def _harmless(text: str) -> str:
    """A sentence of a model's that mentions nobody and hides nothing."""
    return quoted(" ".join(text.split()))[2:].replace("<", "&lt;").replace("@", "@<!-- -->")


def answers(outcomes: Sequence[Outcome]) -> tuple[tuple[Answer, ...], str]:
    """The answers to the threads, and a text for what is about the request as a whole."""
    new = [outcome for outcome in outcomes if not outcome.answered]
    replies = tuple(Answer(outcome.thread, outcome.text) for outcome in new if outcome.thread.id)
    return replies, "\n\n".join(outcome.text for outcome in new if not outcome.thread.id)
