"""A branch as a mapping of paths to bytes, for scripts: reading is Git's, setting stages, one commit writes."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from types import TracebackType

from gitgen import reply
from gitgen.draft import Draft
from gitgen.edits import Reading
from gitgen.errors import GitgenError, Rejected
from gitgen.patch.overlay import Overlay
from gitgen.patch.targets import why_not_writable
from gitgen.record.usage import UsageLog
from gitgen.repository import HEADS, LostRace, Repository
from gitgen.repository.worktree import worktree_of
from gitgen.state.absent import no_branch
from gitgen.state.log import load
from gitgen.values import Blob, Changes


class Store(MutableMapping[str, bytes]):
    """The files of a branch as they stand at its tip, with what was set on top; nothing is written before `commit`."""

    def __init__(self, repository: Repository, branch: str) -> None:
        """GitgenError if there is no such branch."""
        self.repository = repository
        self.branch = branch
        self._overlay = Overlay({}, {})
        self.reload()

    def reload(self) -> None:
        """Read the branch's tip again; what is staged stays on top."""
        tip = self.repository.tip(self.branch)
        if tip is None:
            raise no_branch(self.repository, self.branch)
        self.tip = tip
        self._tree = self.repository.tree(tip)
        self._overlay = Overlay(self._tree, self._overlay.changes)

    def __getitem__(self, path: str) -> bytes:
        return self._overlay[path]

    def __contains__(self, path: object) -> bool:
        return path in self._overlay

    def __iter__(self) -> Iterator[str]:
        return iter(self._overlay)

    def __len__(self) -> int:
        return len(self._overlay)

    def __setitem__(self, path: str, content: bytes | str) -> None:
        """Stage a file, a text as UTF-8; GitgenError for a path that nothing may be written to."""
        self._put(path, Blob(content.encode() if isinstance(content, str) else content))

    def __delitem__(self, path: str) -> None:
        if path not in self:
            raise KeyError(path)
        self._put(path, None)

    def mode(self, path: str) -> str | None:
        """Git's mode of what stands at a path; None where there is nothing."""
        return self._overlay.mode(path)

    @property
    def staged(self) -> Changes:
        """What `commit` would change."""
        changes = self._overlay.changes
        return {path: blob for path, blob in changes.items() if blob is None or not self._holds(path, blob)}

    def stage(self, changes: Changes) -> None:
        """Stage several changes at once, deletions first; GitgenError as for one."""
        for path, blob in sorted(changes.items(), key=lambda item: item[1] is not None):
            self._put(path, blob)

    def commit(self, message: str) -> str:
        """Write what is staged as one commit by the user of git, on top of the tip that was read; its id.

        GitgenError if the branch has moved, or its work tree cannot take the commit; then nothing is written, and
        what is staged stays so. Without changes the tip is returned.
        """
        if not message.strip():
            raise GitgenError("A commit needs a message", "commit('what it changes')")
        staged = self.staged
        if not staged:
            return self.tip
        oid = self.repository.commit(self.tip, message.strip() + "\n", staged, self._tree)
        self._advance(oid)
        self._overlay = Overlay({}, {})
        self.reload()
        return oid

    @property
    def usage(self) -> UsageLog:
        """The tokens of the steps on the branch, if it is a session's."""
        session = load(self.repository, self.branch)
        return UsageLog(tuple((commit.step, commit.usage) for commit in session.steps) if session else ())

    def close(self) -> None:
        """End the process that reads from Git."""
        self.repository.git.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _put(self, path: str, blob: Blob | None) -> None:
        refusal = why_not_writable(path, self._overlay) if blob else None
        if refusal:
            raise GitgenError(f"{path} cannot be written: {refusal.reason}", "use another path")
        self._overlay.put(path, blob)

    def _holds(self, path: str, blob: Blob) -> bool:
        return self._tree.get(path) == blob.content and blob.mode in (None, self._tree.mode(path))

    def _advance(self, oid: str) -> None:
        worktree = worktree_of(self.repository, self.branch)
        obstacle = worktree.in_the_way(self.tip, oid) if worktree else None
        if worktree and obstacle:
            raise GitgenError(
                f"The work tree at {worktree.top} cannot take the commit: {obstacle}", "commit or stash it"
            )
        try:
            self.repository.move(HEADS + self.branch, oid, self.tip, "store")
        except LostRace:
            raise GitgenError(
                f"{self.branch} has moved since it was read", "reload(), look, and commit again"
            ) from None
        behind = worktree.fast_forward(self.tip, oid) if worktree else None
        if worktree and behind:
            raise GitgenError(f"The commit {oid[:10]} stands, but {worktree.top} stays behind: {behind}", "git status")


def open_store(branch: str = "", folder: str | Path = ".") -> Store:
    """The store of a branch (else of the one that is checked out) of the repository around a folder; or GitgenError."""
    repository = Repository.find(Path(folder))
    if repository is None:
        raise GitgenError(f"There is no Git repository at {folder}", "git init")
    return Store(repository, branch or repository.head_branch() or "")


def parse_chat(text: str) -> Reading:
    """The edits that a reply asks for, and why parts of it cannot be read; knows no tree, never raises."""
    return reply.read(text)


def to_files(text: str, store: Store) -> Changes:
    """Stage what a reply asks for, all of it; raises Rejected, and then nothing of it is staged."""
    draft = Draft(store).read(text)
    if draft.refusals:
        raise Rejected(draft.refusals, draft.notes)
    store.stage(draft.changes)
    return draft.changes
