"""Sessions put into Git step by step without a model, as gitgen would write them; anything can stand in them."""

from __future__ import annotations

from collections.abc import Mapping

from gitgen.record import Chat, Message, Ran, Reply, Turn, Usage, user
from gitgen.record.trailers import compose, step_trailers
from gitgen.repository import HEADS, Repository
from gitgen.values import Blob

BRANCH = "gitgen/made"
USAGE = Usage(100, 20, 120, 60)


class Making:
    """A session that grows on a branch, from `main`."""

    def __init__(self, repository: Repository, prompt: str = "Count.", plan: str = "", branch: str = BRANCH) -> None:
        self.repository = repository
        self.branch = branch
        self.folder = f".{branch}"
        self.tip = repository.tip("main") or ""
        self._steps = 0
        begin = compose(f"Begin {branch}", "", {"Gitgen-Session": branch, "Gitgen-Plan": plan})
        self._commit(begin, {f"{self.folder}/prompt": prompt.encode()})

    def step(
        self,
        reply: str = "Done.",
        files: Mapping[str, bytes | Blob | None] | None = None,
        *,
        feedback: str = "Count on",
        messages: tuple[Message, ...] | None = None,
        status: str = "ok",
        subject: str = "",
        model: str = "scripted",
        usage: Usage = USAGE,
        name: str = "fix",
        ran: Ran | None = None,
    ) -> str:
        """One step more, of one turn; the id of its commit."""
        turn = Turn({}, messages or (user(feedback),), "edits", Reply(reply, "stop", model), usage, "", 1.5)
        inputs = {"feedback": feedback, **({"test": ran.command} if ran else {})}
        return self.chat(Chat(name, inputs, (turn,), ran), files, status=status, subject=subject or feedback)

    def chat(
        self, chat: Chat, files: Mapping[str, bytes | Blob | None] | None = None, *, status: str = "ok", subject: str
    ) -> str:
        """A step of this chat; the id of its commit."""
        self._steps += 1
        log = chat.to_json().encode()
        trailers = step_trailers(chat, session=self.branch, status=status, log=self.repository.blob_id(log, self.tip))
        return self._commit(
            compose(subject, "", trailers), {f"{self.folder}/{self._steps:04d}-{chat.step}.json": log, **(files or {})}
        )

    def by_hand(self, subject: str, files: Mapping[str, bytes | Blob | None]) -> str:
        """A commit that a person made; its id."""
        return self._commit(subject + "\n", files)

    def _commit(self, message: str, files: Mapping[str, bytes | Blob | None]) -> str:
        repository, old = self.repository, self.repository.tip(self.branch)
        changes = {path: Blob(blob) if isinstance(blob, bytes) else blob for path, blob in files.items()}
        self.tip = old or self.tip
        self.tip = repository.commit(self.tip, message, changes, repository.tree(self.tip))
        repository.move(HEADS + self.branch, self.tip, old, "made")
        return self.tip
