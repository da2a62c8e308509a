"""A past step asked again, and what followed it done again, on a session of its own.

The new session's first commit names the step (`Gitgen-Source`) and, where the later ones are to follow, the commit up
to which they do (`Gitgen-Replay`). Each step that is done again names the one that it repeats. So what is left is read
from the branch, like everything else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from gitgen.ai.replay import Recordings
from gitgen.beginning import begin
from gitgen.draft import Draft
from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.record import RECORDED, Chat, Exchange, Part, Reply, Text, Turn
from gitgen.record.chat_text import Said
from gitgen.render import recordings
from gitgen.repository import Repository
from gitgen.repository.advance import advance
from gitgen.rerun.cherry import cherry_pick
from gitgen.rerun.rehearsal import remembered
from gitgen.state.chats import chat_of, prompt_path
from gitgen.state.commits import DONE, PREFIX, Commit, Session, undone
from gitgen.state.log import history
from gitgen.steps import HEAL
from gitgen.underway import without_secrets
from gitgen.world import World

EDITED = "edited"
"""The model that an edited reply is said to be by."""
NOT_REPEATED = ("review",)
"""Steps that tell of the files as they were."""


def exchanges_of(chat: Chat) -> tuple[Exchange, ...]:
    """The exchanges of a step up to the one that is asked again: the first that is about edits, else the last.

    What comes after that are rounds about the reply. GitgenError if the step has asked nothing.
    """
    exchanges = tuple(chat.exchanges())
    if not exchanges or not exchanges[0].turns[0].messages:
        raise GitgenError(f"The step {chat.step} has asked no model", "gitgen log lists the steps; gitgen show STEP")
    edits = (number for number, exchange in enumerate(exchanges) if exchange.turns[0].reads == "edits")
    return exchanges[: next(edits, len(exchanges) - 1) + 1]


def talk_of(chat: Chat) -> tuple[Said, ...]:
    """What `exchanges_of` finds as a talk whose last messages are to be asked."""
    *kept, asked = exchanges_of(chat)
    return (*(Said(each.turns[0].messages, each.text) for each in kept), Said(asked.turns[0].messages))


def asked_again(world: World, commit: Commit, talk: Sequence[Said], source: str) -> Chat:
    """The chat of a step that asks the last messages of `talk`, which is that of `commit` as a person has edited it.

    The replies before them are kept as they stand, and what the step was told after them is forgotten.
    """
    chat, redact = chat_of(world.repository, commit), world.redact
    exchanges, kept, turns = exchanges_of(chat), len(talk) - 1, []
    for said, exchange in zip(talk, exchanges, strict=False):
        first, messages = exchange.turns[0], tuple(without_secrets(message, redact) for message in said.messages)
        turn = Turn(first.request, messages, first.reads)
        if said.reply is not None:
            model = next(t.reply.model for t in exchange.turns if t.reply) if said.reply == exchange.text else EDITED
            turn = replace(turn, reply=Reply(redact(said.reply), "stop", model), usage=RECORDED, started=first.started)
        turns.append(turn)
    told = _told(world, commit, chat)
    inputs = {name: value for name, value in chat.inputs.items() if told.get(name, 0) <= kept}
    return Chat(chat.step, {**_as_edited(inputs, talk_of(chat), talk), "source": source}, tuple(turns))


def begin_again(world: World, session: Session, commit: Commit, branch: str, *, replay: bool) -> str:
    """Write the first commit of a session that asks a step of another again, on that step's parent; no ref is moved."""
    path = prompt_path(session.name)
    prompt = world.repository.tree(commit.parent).get(path)
    if prompt is None:
        raise GitgenError(f"{path} is not there before {commit.oid[:10]}", "gitgen rerun with another step")
    return begin(
        world,
        branch,
        base=commit.parent,
        prompt=prompt.decode("utf-8", "replace"),
        plan=(commit.step,),
        source=commit.oid,
        replay=session.tip if replay else "",
    )


def retried(world: World, session: Session, failed: Commit) -> Chat:
    """The chat of a last step that failed, to be asked anew; the step that the session began with as it was edited."""
    chat = chat_of(world.repository, failed)
    if session.source and failed.source == session.source:
        return asked_again(world, failed, talk_of(chat), session.source)
    return Chat(chat.step, chat.inputs)


def to_follow(world: World, session: Session) -> Chat | None:
    """The next step that a replay has to repeat, or None; the commits of people before it are brought over."""
    while left := _left(world, session):
        commit = left[0]
        if commit.step:
            return _repeated(world, commit)
        names = (_of_session(world, session), session.name)
        oid: str = cherry_pick(world.repository, commit, session.branch, session.tip, names)
        advance(world.repository, session.branch, session.tip, oid, "cherry-pick")
        world.listener.note(f"brought over: {commit.oid[:10]} {commit.subject}")
        session = replace(session, tip=oid, commits=(*session.commits, replace(commit, oid=oid)))
    return None


def recalling(world: World, session: Session, chat: Chat) -> World:
    """The world in which a step of a replay gets the replies of the one that it repeats, where it asks the same.

    The step that the session began with asks anew, and so does one that was tried before and failed.
    """
    source = chat.inputs.get("source")
    if not session.replay or source == session.source or any(commit.source == source for commit in session.steps):
        return world
    later = _later(world, session)
    again = [commit for commit in later if commit.oid == source] if source else _rounds(world, later)
    chats = [chat_of(world.repository, commit) for commit in again]
    return replace(world, recall=Recordings(recordings(world.repository, chats)).recall)


def runs_what_was_built(repository: Repository, session: Session, commit: Commit, *, replay: bool) -> bool:
    """Whether asking a step again, with or without the later ones, runs what was built."""
    steps = session.steps[session.steps.index(commit) :] if replay else (commit,)
    return any("Gitgen-Test" in step.trailers or chat_of(repository, step).inputs.get("test") for step in steps)


def _repeated(world: World, commit: Commit) -> Chat:
    """The chat that a step begins with when it is done again: what it was given then, and not what it was told."""
    chat = chat_of(world.repository, commit)
    told = _told(world, commit, chat)
    given = {name: value for name, value in chat.inputs.items() if name not in told}
    pasted = tuple(turn for turn in chat.turns[:1] if not turn.messages)
    return Chat(chat.step, {**given, "source": commit.oid}, pasted)


def _left(world: World, session: Session) -> tuple[Commit, ...]:
    """What is still to be repeated, oldest first: a step is there by its id, a person's commit by author and date.

    A step that was taken back in the end is not, nor is what took it back, or brought it again: without it, it would
    take back what it does not know.
    """
    if not session.replay:
        return ()
    later = _later(world, session)
    rounds, taken_back, logs = _rounds(world, later), undone(later), {commit.log for commit in later if commit.step}
    steps = {commit.source for commit in session.steps if commit.status in DONE}
    people = [_signature(commit) for commit in session.commits if not (commit.step or commit.hook)]
    left = []
    for commit in later[1:]:
        if commit.step:
            over = commit.oid in steps or commit.oid in taken_back or _passed_over(commit) or commit in rounds
        elif commit.hook:
            over = True  # What a hook makes of a step that is done again, it makes anew.
        elif _signature(commit) in people:
            people.remove(_signature(commit))
            over = True
        else:
            over = commit.reverted in logs
        if not over:
            left.append(commit)
    return tuple(left)


def _later(world: World, session: Session) -> tuple[Commit, ...]:
    """The step that was asked again and all that came after it, oldest first."""
    try:
        return tuple(history(world.repository, f"{session.source}^..{session.replay}"))[::-1]
    except GitFailed:
        raise GitgenError(
            f"What {session.branch} repeats is not in this clone: {session.replay[:10]}",
            "fetch the branch of that session: git fetch",
        ) from None


def _passed_over(commit: Commit) -> bool:
    return commit.status not in DONE or commit.step in NOT_REPEATED


def _rounds(world: World, later: Sequence[Commit]) -> list[Commit]:
    """The steps that a failing test called for; a replay has its own."""
    steps = [commit for commit in later if commit.step]
    return [
        step
        for before, step in pairwise(steps)
        if step.step == HEAL and before.exit_code and chat_of(world.repository, before).inputs.get("test")
    ]


def _signature(commit: Commit) -> tuple[str, int, str]:
    """What a cherry-pick keeps."""
    return commit.author, commit.time, commit.subject


def _of_session(world: World, session: Session) -> str:
    """The name of the session that this one repeats."""
    return _later(world, session)[0].trailers.get("Gitgen-Session", "").removeprefix(PREFIX)


def _told(world: World, commit: Commit, chat: Chat) -> Mapping[str, int]:
    step, draft = world.shelf.load(chat.step), Draft.of(world.repository.tree(commit.parent), chat.inputs)
    return remembered(step, chat, draft)


def _as_edited(inputs: Mapping[str, Any], before: Sequence[Said], after: Sequence[Said]) -> dict[str, Any]:
    """The inputs with the texts that stood in the talk as they stand there now: they go into the commit's message."""
    changed: dict[str, str] = {}
    for old, new in zip(before, after, strict=False):
        ours, theirs = _parts(old), _parts(new)
        if len(ours) == len(theirs):
            pairs = ((a, b) for a, b in zip(ours, theirs, strict=True) if a != b)
            changed |= {a.text: b.text for a, b in pairs if isinstance(a, Text) and isinstance(b, Text)}
    return {name: changed.get(value, value) if isinstance(value, str) else value for name, value in inputs.items()}


def _parts(said: Said) -> list[Part]:
    return [part for message in said.messages for part in message.parts]
