"""Running a step: every reply is stored before it is read, and the branch moves once, at the end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from tempfile import NamedTemporaryFile
from typing import Any

from gitgen import context, steps, tokens
from gitgen.ai import Completion, Model, Request, retry
from gitgen.beginning import begin_branch
from gitgen.draft import Draft
from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.profiles import Profile, profile_of
from gitgen.progress import ASIDE, Progress, advance, busy, ref_of
from gitgen.record import Chat, File, Message, Reads, Reply, Turn, Usage
from gitgen.render import render
from gitgen.repository import LostRace
from gitgen.state import DONE, PREFIX, chat_path, prompt_path
from gitgen.trailers import compose, one_line, step_trailers, summary_of
from gitgen.values import Blob, Changes
from gitgen.world import World


@dataclass(frozen=True)
class Landed:
    """A step that has become a commit."""

    branch: str
    oid: str
    chat: Chat
    status: str
    subject: str
    changes: Changes
    draft: Draft

    @property
    def reply(self) -> Reply | None:
        """The last reply, whole or not."""
        return self.chat.turns[-1].reply if self.chat.turns else None


class Run:
    """One step under way: `chat` is what stands on the progress ref, `draft` what its replies come to."""

    def __init__(self, world: World, branch: str, tip: str, chat: Chat, progress: Progress | None) -> None:
        """The step starts from `tip`; with `progress`, its recorded replies are read again on the tip's tree."""
        self.world = world
        self.branch = branch
        self.name = branch.removeprefix(PREFIX)
        self.tip = tip
        self.chat = chat
        self.tree = world.repository.tree(tip)
        self.draft = Draft(self.tree)
        self._stored = progress.oid if progress else None
        self._recorded = _asked(chat)
        self._path = progress.path if progress else ""
        if not self._path or self._path in self.tree:
            self._path = chat_path(self.name, self.tree, chat.step)

    @classmethod
    def start(cls, world: World, branch: str, tip: str, step: str, inputs: Mapping[str, Any]) -> Run:
        """A step that nothing has been asked for yet. If there is no branch yet, `tip` is what it will begin with."""
        kept = {key: world.redact(value) if isinstance(value, str) else value for key, value in inputs.items()}
        return cls(world, branch, tip, Chat(step, kept), None)

    @classmethod
    def pasted(cls, world: World, branch: str, tip: str, reply: Reply, inputs: Mapping[str, Any]) -> Run:
        """A step `apply` whose reply is there already; it is stored at once."""
        run = cls.start(world, branch, tip, "apply", inputs)
        kept = replace(reply, content=world.redact(reply.content))
        turn = Turn({}, (), "edits", kept, Usage(), world.now().isoformat(timespec="seconds"))
        run.chat = run.chat.with_turn(turn)
        run._recorded = _asked(run.chat)
        run._store()
        return run

    @classmethod
    def resume(cls, world: World, tip: str, progress: Progress) -> Run:
        """A step whose replies so far stand on the progress ref."""
        return cls(world, progress.branch, tip, progress.chat, progress)

    def run(self) -> Landed:
        """Run the step to its end and land it; a GitgenError leaves all that was asked and answered on its ref."""
        brief = steps.Brief(
            inputs=self.chat.inputs,
            prompt=self._prompt(),
            # Recorded rounds are all read, however many would be asked for today.
            rounds=max(self.world.settings.rounds, len(self._recorded) - 1),
            # What stands in the chat is sent again as it stands there, whatever would be asked today.
            preprompt=lambda name: "" if self._recorded else self.world.preprompt(name),
            edit_format=lambda: "" if self._recorded else self._profile.edit_format,
            files=self._files,
            ask=self.ask,
        )
        with suppress(_Unfinished):
            steps.load(self.chat.step).run(brief)
        return self.land()

    def ask(self, messages: tuple[Message, ...], reads: Reads) -> Draft:
        """Send messages and read the reply: the recorded one if this was asked before, else the model's."""
        tries = self._recorded.pop(0) if self._recorded else ()
        turn = tries[-1] if tries else None
        if turn is None or turn.reply is None or turn.reply.finish_reason is None:
            turn = self._answer(turn, messages, reads)
        if turn.reply is None or not turn.reply.whole:
            raise _Unfinished
        if reads == "edits":
            self.draft = self.draft.read(turn.reply.content)
        return self.draft

    def status(self) -> str:
        """`ok`, `no-change`, `rejected` or `partial`, as the replies so far come to."""
        last = self.chat.turns[-1].reply if self.chat.turns else None
        if last is None or not last.whole:
            return "partial"
        if self.draft.refusals:
            return "rejected"
        edits = any(turn.reads == "edits" for turn in self.chat.turns)
        return "no-change" if edits and not self.draft.changes else "ok"

    def land(self, status: str = "") -> Landed:
        """Make the step a commit on the branch: its edits if they all fit, its chat in any case.

        `status` is that of the replies unless it is given: `partial` ends a step as it is.
        """
        status = status or self.status()
        changes: Changes = self.draft.changes if status == "ok" else {}
        blob = self._chat_blob()
        repository = self.world.repository
        subject = self._subject(status)
        feedback = str(self.chat.inputs.get("feedback", "")).strip()
        block = step_trailers(
            self.chat, session=self.branch, status=status, log=repository.blob_id(blob.content, self.tip)
        )
        message = compose(subject, feedback if feedback != subject else "", block)
        oid = repository.commit(self.tip, message, {**changes, self._path: blob}, self.tree)
        advance(repository, self.branch, self.tip, oid, self.chat.step)
        if self._stored:
            # Who has taken the progress ref meanwhile has a step of their own under way.
            with suppress(LostRace):
                repository.move(ref_of(self.branch), None, self._stored, "step landed")
        return Landed(self.branch, oid, self.chat, status, subject, changes, self.draft)

    def _subject(self, status: str) -> str:
        last = self.chat.turns[-1].reply if self.chat.turns else None
        own = one_line(steps.load(self.chat.step).subject(self.chat.inputs))
        if status not in DONE:
            return one_line(f"Keep the {status} reply to: {own}")
        return (summary_of(last.content) if last else "") or own

    @property
    def _profile(self) -> Profile:
        return profile_of(self.world.model().name)

    def _prompt(self) -> File:
        path = prompt_path(self.name)
        entry = self.tree.entry(path)
        if entry is None:
            raise GitgenError(
                f"{path} is no longer on {self.branch}", f"bring it back, or: gitgen resume --drop {self.branch}"
            )
        return File(path, entry.oid)

    def _files(self) -> tuple[File, ...]:
        if self._recorded:
            return ()
        model, profile = self.world.model().name, self._profile
        paths = self.chat.inputs.get("files")
        if paths:
            return tuple(shown.file for shown in context.named(paths, self.tree, self.tree.entry))
        # A copy of the session's own prompt is no file of the program; shown, it argues against the feedback.
        prompt = self._prompt().oid
        found = context.small_tree(
            (entry for entry in self.tree.walk() if entry.oid != prompt),
            self.tree.start_of,
            lambda texts: tokens.fits(texts, profile.room, model),
            profile.room,
        )
        if found is None:
            raise GitgenError(
                f"The files of {self.branch} are more than {model} can be shown ({profile.room} tokens)",
                "name those that matter: --file PATH, as often as needed",
            )
        return tuple(shown.file for shown in found)

    def _answer(self, asked: Turn | None, messages: tuple[Message, ...], reads: Reads) -> Turn:
        """Ask the model and keep what it answers. `asked` is the turn that these messages were asked in before."""
        if asked is None and not messages:
            raise GitgenError(
                f"The step {self.chat.step} asks no model: its reply comes from you", "gitgen apply FILE, or gitgen fix"
            )
        model = self.world.model()
        if asked is not None:
            messages, reads = asked.messages if asked.reply is None else (), asked.reads
        turn = Turn(
            self._profile.request(model.name, self.world.settings.temperature),
            tuple(self._redacted(message) for message in messages),
            reads,
        )
        unanswered = asked is not None and asked.reply is None
        self.chat = self.chat.answered(turn) if unanswered else self.chat.with_turn(turn)
        request = render(self.world.repository, self.chat, turn)
        self._check_length(request, model)
        self._store()
        keep = _Keeper(self, turn, request)
        retry.persist(model, request, keep, self.world.listener, self.world.settings.retries)
        return self.chat.turns[-1]

    def _check_length(self, request: Request, model: Model) -> None:
        texts = [message["content"] for message in request.messages]
        room = self._profile.room
        if not tokens.fits(texts, room, model.name):
            raise GitgenError(
                f"The request comes to {tokens.count(texts, model.name)} tokens; {model.name} takes {room}",
                "shorten it, show it fewer files with --file, or use a model with a larger context",
            )

    def _store(self) -> None:
        """Put the chat so far on the progress ref: what was paid for is in Git before anything is done with it."""
        repository = self.world.repository
        message = f"Under way: {self.chat.step}\n"
        changes = {self._path: self._chat_blob()}
        oid = repository.commit(self.tip, message, changes, self.tree, sign=False)
        try:
            repository.move(ref_of(self.branch), oid, self._stored, "step under way")
        except LostRace:
            raise self._overtaken(oid) from None
        first, self._stored = self._stored is None, oid
        if first and repository.tip(self.branch) is None:
            begin_branch(repository, self.branch, self.tip)

    def _overtaken(self, oid: str) -> GitgenError:
        """The error for a progress ref that another process has moved; a reply of ours is kept on a ref of its own."""
        if self.chat.turns[-1].reply is None:
            return busy(self.branch)
        aside = f"{ASIDE}{self.name}-{oid[:10]}"
        self.world.repository.move(aside, oid, None, "overtaken")
        return GitgenError(
            f"The step on {self.branch} was taken on or ended elsewhere; this reply is kept as {aside}",
            f"git show {aside}; gitgen log {self.branch} shows how the step ended",
        )

    def _chat_blob(self) -> Blob:
        return Blob(self.chat.to_json().encode())

    def _redacted(self, message: Message) -> Message:
        redact = self.world.redact
        parts = (p if isinstance(p, File) else replace(p, text=redact(p.text)) for p in message.parts)
        return replace(message, parts=tuple(parts))


class _Keeper:
    """Puts each completion of a turn into the run's chat and onto its ref; a further try becomes a turn of its own."""

    def __init__(self, run: Run, turn: Turn, request: Request) -> None:
        self.run = run
        self.turn = turn
        self.request = request
        self.began = run.world.now()

    def __call__(self, completion: Completion) -> None:
        run, now = self.run, self.run.world.now()
        reply = replace(completion.reply, content=run.world.redact(completion.reply.content))
        if run.chat.turns[-1].reply is not None:
            run.chat = run.chat.with_turn(replace(self.turn, messages=()))
        answered = replace(
            run.chat.turns[-1],
            reply=reply,
            usage=completion.usage or self._estimated(reply),
            started=self.began.isoformat(timespec="seconds"),
            seconds=round((now - self.began).total_seconds(), 3),
        )
        run.chat = run.chat.answered(answered)
        try:
            run._store()
        except GitFailed as error:
            raise _kept_outside(run.chat, error) from None
        self.began = now

    def _estimated(self, reply: Reply) -> Usage:
        prompt = tokens.count([message["content"] for message in self.request.messages], reply.model)
        completion = tokens.counter(reply.model)(reply.content)
        return Usage(prompt, completion, prompt + completion, None, "estimated")


def _kept_outside(chat: Chat, error: GitFailed) -> GitgenError:
    """The error for a reply that Git cannot take, on a full disk say; the chat is put into a file instead."""
    try:
        with NamedTemporaryFile("w", encoding="utf-8", prefix="gitgen-", suffix=".json", delete=False) as file:
            file.write(chat.to_json())
    except OSError:
        return error
    return GitgenError(f"{error.what}; the reply is kept in {file.name}", "mend that; gitgen resume then asks again")


class _Unfinished(Exception):
    """The reply is not whole: the step ends here, as `partial`."""


def _asked(chat: Chat) -> list[tuple[Turn, ...]]:
    """The turns of a chat by what was asked: those without messages are further tries of the one before."""
    groups: list[tuple[Turn, ...]] = []
    for turn in chat.turns:
        if turn.messages or not groups:
            groups.append((turn,))
        else:
            groups[-1] = (*groups[-1], turn)
    return groups
