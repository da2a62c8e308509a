"""Running a step: every reply is stored before it is read, and the branch moves once, at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from gitgen import budget, showing
from gitgen.ai import Model, Request, retry
from gitgen.draft import Draft
from gitgen.errors import GitgenError, Refusal
from gitgen.failure import same_failure, trimmed
from gitgen.models import tokens
from gitgen.models.profiles import Profile, profile_of
from gitgen.progress import Progress
from gitgen.record import Chat, File, Message, Part, Ran, Reads, Reply, Text, Turn, user
from gitgen.record.trailers import REDACTED, compose, one_line, step_trailers, summary_of
from gitgen.redact import taken_out
from gitgen.render import render
from gitgen.repository.advance import advance
from gitgen.running.process import TIMED_OUT
from gitgen.state.chats import chat_of, prompt_path
from gitgen.state.commits import DONE, HOOK, PREFIX
from gitgen.state.log import load, steps_before
from gitgen.steps import Answer, Brief
from gitgen.touched import touched
from gitgen.underway import UnderWay, redacted
from gitgen.values import Changes
from gitgen.world import World

_PATH = re.compile(r"(?<![\w./-])(?:[\w-]+/)*[\w-]+\.[A-Za-z]\w{0,7}(?![\w/])")
"""What may be the path of a file among the words of a feedback."""
HOOK_REFUSES = "hook"
"""The kind of refusal by which a step ends that the user's hook has not let pass."""


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
    hooked: tuple[str, ...] = ()
    """The files that the user's hook has changed, in a commit of their own on top."""

    @property
    def reply(self) -> Reply | None:
        """The last reply, whole or not."""
        return self.chat.turns[-1].reply if self.chat.turns else None


class Run:
    """One step under way: `log` is its chat on the progress ref, `draft` what its replies come to."""

    def __init__(self, world: World, branch: str, tip: str, chat: Chat, progress: Progress | None) -> None:
        """The step starts from `tip`; with `progress`, its recorded replies are read again on the tip's tree."""
        self.world = world
        self.branch = branch
        self.name = branch.removeprefix(PREFIX)
        self.tip = tip
        self.tree = world.repository.tree(tip)
        self.draft = Draft.of(self.tree, chat.inputs)
        self.log = UnderWay(world, branch, tip, self.tree, chat, progress)
        self._recorded = _asked(chat)
        self._hooked: Changes = {}
        """What the user's hook has made of the files, beyond the replies."""
        self._heard = 0
        """How many of the chat's exchanges have been read."""

    @classmethod
    def start(cls, world: World, branch: str, tip: str, step: str, inputs: Mapping[str, Any]) -> Run:
        """A step that nothing has been asked for yet. If there is no branch yet, `tip` is what it will begin with."""
        return cls.of(world, branch, tip, Chat(step, inputs))

    @classmethod
    def of(cls, world: World, branch: str, tip: str, chat: Chat) -> Run:
        """A step whose chat is there but on no progress ref yet: its last turn is still to be asked, if it has one."""
        return cls(world, branch, tip, replace(chat, inputs=redacted(chat.inputs, world.redact)), None)

    @classmethod
    def pasted(cls, world: World, branch: str, tip: str, reply: Reply, inputs: Mapping[str, Any]) -> Run:
        """A step `apply` whose reply is there already; it is stored at once."""
        run = cls.start(world, branch, tip, "apply", inputs)
        run.log.pasted(reply)
        run._recorded = _asked(run.chat)
        return run

    @classmethod
    def resume(cls, world: World, tip: str, progress: Progress) -> Run:
        """A step whose replies so far stand on the progress ref."""
        return cls(world, progress.branch, tip, progress.chat, progress)

    @property
    def chat(self) -> Chat:
        return self.log.chat

    def run(self) -> Landed:
        """Run the step to its end and land it; a GitgenError leaves all that was asked and answered on its ref."""
        brief = self._brief()
        with suppress(_Unfinished):
            self.world.shelf.load(self.chat.step).run(brief)
            self._heed_hook(brief)
        test = self.chat.inputs.get("test")
        due = self.status() in DONE and not self.draft.declined
        if test and due and (self.chat.ran is None or self.draft.changes):
            self.execute(str(test))
        return self.land()

    def _brief(self) -> Brief:
        # What stands in the chat is sent again as it stands there, whatever would be asked today.
        return Brief(
            inputs=self.chat.inputs,
            prompt=self._prompt(),
            # Recorded rounds are all read, however many would be asked for today.
            rounds=max(self.world.settings.rounds, len(self._recorded) - 1),
            preprompt=lambda name: "" if self._recorded else self.world.preprompt(name),
            edit_format=lambda: "" if self._recorded else self._profile.edit_format,
            bare=lambda: not self._recorded and self._profile.bare is not None,
            files=self._files,
            more=self._more,
            ask=self.ask,
            remember=self.log.remember,
            attended=self.world.person is not None,
            person=self._person,
            earlier=self._earlier,
            execute=self.execute,
        )

    def ask(self, messages: tuple[Message, ...], reads: Reads, given: Reply | None = None) -> Answer:
        """Send messages and read the reply: the recorded one if this was asked before, a given one, or the model's."""
        if given is not None and not self._recorded:
            self.log.pasted(given, self._profile.suited(messages), reads)
            self._recorded = _asked(self.chat)[-1:]
        reply, tries = self._turn(messages, reads), 0
        while reply.finish_reason == "length" and (self._recorded or tries < self.world.settings.continues):
            tries += 1
            reply = self._turn((user(self.world.preprompt("continue")),), "rest")
        if not reply.whole:
            raise _Unfinished
        text = next(islice(self.chat.exchanges(), self._heard, None)).text
        self._heard += 1
        if reads == "edits":
            self.draft = self.draft.read(text)
        return Answer(text, self.draft)

    def _turn(self, messages: tuple[Message, ...], reads: Reads) -> Reply:
        tries = self._recorded.pop(0) if self._recorded else ()
        turn = tries[-1] if tries else None
        if turn is None or turn.reply is None or turn.reply.finish_reason is None:
            turn = self._answer(turn, messages, reads)
        if turn.reply is None:
            raise _Unfinished
        return turn.reply

    def _heed_hook(self, brief: Brief) -> None:
        """Run the user's hook on the files; what it refuses goes back to the model, for at most `rounds` more replies.

        A recorded round is only read again: what the hook said then is in the chat.
        """
        before: Ran | None = None
        began = self._heard
        while self.draft.changes and not self.draft.refusals:
            left, said = brief.rounds - (self._heard - began), ""
            if not self._recorded:
                look = self.world.pre_commit
                hooked = look(self.tip, lambda: self._with_files("The files of a step")) if look else None
                if hooked is None or hooked.ran.exit_code == 0:
                    self._hooked = hooked.changes if hooked else {}
                    return
                alike = before is not None and same_failure(before, hooked.ran)
                if alike or left <= 0 or not self.chat.turns[0].messages:
                    self.draft = replace(self.draft, refusals=(_refusal(hooked.ran),))
                    return
                before = hooked.ran
                said = f"$ {before.command}\n{trimmed(before.output)}\n(exit code {before.exit_code})"
            replace(brief, rounds=left - 1).edits(user(brief.preprompt("hook"), said))

    def _with_files(self, subject: str) -> str:
        """The id of a commit that holds the files as they are now; no ref is moved."""
        files = {**self.draft.changes, **self._hooked}
        return self.world.repository.commit(self.tip, f"{subject}\n", files, self.tree, sign=False)

    def execute(self, command: str) -> Ran:
        """Run a command on the files as the replies so far leave them, and keep what came of it."""
        oid = self._with_files(f"To run: {command}") if self.draft.changes else self.tip
        self.log.ran(self.world.execute(self.branch, oid, command))
        assert self.chat.ran is not None
        return self.chat.ran

    def status(self) -> str:
        """`ok`, `no-change`, `rejected` or `partial`, as the replies so far come to."""
        last = self.chat.turns[-1] if self.chat.turns else None
        if last is not None and (last.reply is None or not last.reply.whole):
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
        blob = self.log.blob
        repository = self.world.repository
        subject = self._subject(status)
        feedback = str(self.chat.inputs.get("feedback", "")).strip()
        log = repository.blob_id(blob.content, self.tip)
        verified = self.world.pre_commit is not None or not changes
        block = step_trailers(self.chat, session=self.branch, status=status, log=log, verified=verified)
        message = compose(subject, feedback if feedback != subject else "", block)
        oid = repository.commit(self.tip, message, {**changes, self.log.path: blob}, self.tree)
        hooked = self._hooked if changes else {}
        advance(repository, self.branch, self.tip, self._by_hook(oid, hooked), self.chat.step)
        self.log.landed()
        draft = (
            replace(self.draft, notes=(*self.draft.notes, *self._masked(changes))) if REDACTED in block else self.draft
        )
        return Landed(self.branch, oid, self.chat, status, subject, changes, draft, tuple(sorted(hooked)))

    def _masked(self, changes: Changes) -> Iterator[str]:
        """What to say of the files that have got a mark where the reply had a secret: they will not work so."""
        for path, blob in changes.items():
            before, after = self.tree.get(path, b""), blob.content if blob else b""
            for kind in dict.fromkeys(taken_out(after.decode("utf-8", "replace"), before.decode("utf-8", "replace"))):
                yield f"{path}: [REDACTED:{kind}] stands where the reply had a secret; let it be read from elsewhere"

    def _by_hook(self, step: str, changes: Changes) -> str:
        """The commit that a step ends with: itself, or one on top with what the user's hook has changed."""
        if not changes:
            return step
        message = compose(
            "Keep what the pre-commit hook changed", "", {"Gitgen-Session": self.branch, HOOK: "pre-commit"}
        )
        return self.world.repository.commit(step, message, changes, self.world.repository.tree(step))

    def _subject(self, status: str) -> str:
        own = one_line(self.world.shelf.load(self.chat.step).subject(self.chat.inputs))
        if status not in DONE:
            return one_line(f"Keep the {status} reply to: {own}")
        replies = self.chat.replies()
        return (summary_of(replies[-1]) if replies else "") or own

    @property
    def _profile(self) -> Profile:
        return profile_of(self._model_name, self.world.settings.profiles)

    @property
    def _model_name(self) -> str:
        """The model that is asked, or that the step's reply came from: then none need be there."""
        return str(self.chat.inputs.get("model") or self.world.model().name)

    def _prompt(self) -> File:
        path = prompt_path(self.name)
        entry = self.tree.entry(path)
        if entry is None:
            raise GitgenError(
                f"{path} is no longer on {self.branch}", f"bring it back, or: gitgen resume --drop {self.branch}"
            )
        return File(path, entry.oid)

    def _person(self, question: str, choices: tuple[str, ...]) -> str | None:
        return self.world.person(question, choices) if self.world.person else None

    def _earlier(self, step: str) -> Chat | None:
        if self._recorded:
            return None
        session = load(self.world.repository, self.branch)
        steps = (*steps_before(self.world.repository, session), *session.steps) if session else ()
        done = [commit for commit in steps if commit.step == step and commit.status in DONE]
        return chat_of(self.world.repository, done[-1]) if done else None

    def _files(self) -> tuple[Part, ...]:
        if self._recorded:
            return ()
        here, profile, model = self.world, self._profile, self._model_name
        return showing.shown(here, self.tip, self.tree, self.chat.inputs, self._prompt(), profile, model, self._touched)

    def _touched(self) -> Mapping[str, str]:
        session = load(self.world.repository, self.branch)
        return touched(self.world.repository, session) if session else {}

    def _more(self, paths: tuple[str, ...]) -> tuple[Part, ...]:
        if self._recorded:
            return ()
        model, profile = self._model_name, self._profile
        request = render(self.world.repository, self.chat, self.chat.turns[-1])
        taken = tokens.count([message["content"] for message in request.messages], model)
        budget = min(showing.room_for_files(profile), profile.room - taken)
        with closing(showing.counts_of(self.world.repository, model)) as counts:
            found = showing.more(self.tree, paths, budget, counts)
        return (*found, Text(self.world.preprompt("context-more")))

    def _answer(self, asked: Turn | None, messages: tuple[Message, ...], reads: Reads) -> Turn:
        """Ask the model and keep what it answers. `asked` is the turn that these messages were asked in before."""
        if asked is None and not messages:
            raise GitgenError(
                f"The step {self.chat.step} asks no model: its reply comes from you", "gitgen apply FILE, or gitgen fix"
            )
        model = self.world.model()
        if asked is not None:
            messages, reads = asked.messages if asked.reply is None else (), asked.reads
        turn = self.log.asks(Turn(self._parameters(model, messages, reads), self._profile.suited(messages), reads))
        request = render(self.world.repository, self.chat, turn)
        recorded = self.world.recall(request)
        if recorded is not None:
            self.world.listener.note(f"{self.chat.step}: the request is as it was, and its recorded reply is taken")
            self.log.keeper(turn, request)(recorded)
            return self.chat.turns[-1]
        self._check_length(request, model)
        metered = budget.Metered(model, request, self.world.settings, lambda: self.chat, self._spent_earlier)
        metered.check()
        self.log.store()
        keep = self.log.keeper(turn, request)
        retry.persist(metered, request, keep, self.world.listener, self.world.settings.retries)
        return self.chat.turns[-1]

    def _parameters(self, model: Model, messages: tuple[Message, ...], reads: Reads) -> Mapping[str, Any]:
        paths = self._of_bare(messages) if reads == "edits" and self._profile.bare else ()
        return self._profile.request(model.name, self.world.settings.temperature, free=reads != "edits", paths=paths)

    def _of_bare(self, messages: tuple[Message, ...]) -> tuple[str, ...]:
        """The paths that a bare request shows whole or names; none for a request that says itself how to answer."""
        talk = (*self.chat.conversation(), *messages)
        if any(message.role == "system" for message in talk):
            return ()
        shown = (part.path for message in talk for part in message.parts if type(part) is File)
        return (*shown, *_PATH.findall(str(self.chat.inputs.get("feedback", ""))))

    def _spent_earlier(self) -> budget.Bill:
        return budget.bill_of_session(self.world.repository, self.branch, self.world.settings.profiles)

    def _check_length(self, request: Request, model: Model) -> None:
        texts = [message["content"] for message in request.messages]
        room = self._profile.room
        if not tokens.fits(texts, room, model.name):
            raise GitgenError(
                f"The request comes to {tokens.count(texts, model.name)} tokens; {model.name} takes {room}",
                "shorten it, show it fewer files with --file, or use a model with a larger context",
            )


def _refusal(ran: Ran) -> Refusal:
    if ran.exit_code == TIMED_OUT:
        return Refusal(HOOK_REFUSES, "your pre-commit hook did not end in time (git config gitgen.timelimit SECONDS)")
    said = one_line(ran.output.strip().rpartition("\n")[2]) or f"exit code {ran.exit_code}"
    return Refusal(HOOK_REFUSES, f"your pre-commit hook refuses the files: {said}")


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
