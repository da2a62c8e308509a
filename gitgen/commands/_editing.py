"""A chat in the user's editor. What they wrote is kept in the Git folder until it stands in a commit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from gitgen import context, ui
from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.record import File
from gitgen.record.chat_text import Broken, Said, read, write
from gitgen.repository import Repository
from gitgen.state.commits import Commit

_HEAD = """\
# The request of step {step}, {oid}, as it is to be asked again. Lines like this, above the first message, are comment.
# === system, === user, === assistant, === reply begin a message; === alone parts two texts of one message.
# [file PATH] shows a file as it is before the step. A backslash stands before lines that only look like these.
# An empty text asks nothing.

"""


def edited(repository: Repository, commit: Commit, talk: Sequence[Said]) -> tuple[Said, ...]:
    """The talk as the user leaves it in the editor; GitgenError, with what they wrote kept, if it cannot be read."""
    editor, place = _editor(repository), _place(repository, commit)
    written = _HEAD.format(step=commit.step, oid=commit.oid[:10]) + write(talk)
    if place.is_file():
        ui.note(f"going on with what you wrote before: {place}")
    else:
        _put(place, written.encode())
    try:
        ui.edit(place, editor)
    finally:
        content = place.read_bytes() if place.is_file() else b""
        if content == written.encode():
            place.unlink()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(place, "it is not UTF-8 text") from None
    if "\r\n" not in written:
        text = text.replace("\r\n", "\n")
    if not any(line.strip() and not line.startswith("#") for line in text.split("\n")):
        place.unlink(missing_ok=True)
        raise GitgenError("The text is empty, so nothing is asked", "the same again begins with the chat as it was")
    try:
        return read(text, _Files(repository, commit, talk), len(talk) - 1)
    except Broken as broken:
        raise _refused(place, str(broken)) from None


def forget(repository: Repository, commit: Commit) -> None:
    """Delete what the user wrote: it stands in Git now."""
    _place(repository, commit).unlink(missing_ok=True)


def _place(repository: Repository, commit: Commit) -> Path:
    return repository.git.folder / repository.git.text("rev-parse", "--git-path", f"gitgen/{commit.oid}.chat")


def _put(place: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all, and that nobody else can read."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.touch(0o600)
    part.write_bytes(content)
    part.replace(place)


def _refused(place: Path, why: str) -> GitgenError:
    mend = f"the same again opens what you wrote; rm {quote(str(place))} begins anew"
    return GitgenError(f"The chat that you edited cannot be read: {why}", mend)


def _editor(repository: Repository) -> str:
    """The editor that git would use; GitgenError if it would be one on a terminal that is not there."""
    mend = "git config core.editor EDITOR, or set EDITOR; or the same without --edit"
    chosen = any(os.environ.get(name) for name in ("GIT_EDITOR", "VISUAL", "EDITOR"))
    if not (chosen or repository.config.get("core.editor") or ui.attended()):
        raise GitgenError("There is no terminal to edit the chat in, and no editor is set", mend)
    try:
        return repository.git.text("var", "GIT_EDITOR")
    except GitFailed as error:
        raise GitgenError(f"There is no editor: {error.what}", mend) from None


class _Files:
    """Makes a part of a path: the file that was shown before, or one of the tree that the step started from."""

    def __init__(self, repository: Repository, commit: Commit, talk: Sequence[Said]) -> None:
        self._tree = repository.tree(commit.parent)
        parts = (part for said in talk for message in said.messages for part in message.parts)
        self._shown = [part for part in parts if isinstance(part, File)]

    def __call__(self, path: str, oid: str) -> File:
        same = [file for file in self._shown if file.path == path and oid in (file.oid, "")]
        if same:
            return same[0]
        try:
            return context.named([path], self._tree, self._tree.entry)[0].file
        except GitgenError as error:
            raise ValueError(error.what) from None
