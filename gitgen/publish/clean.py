"""A session's branch without gitgen's own files, for those who want to read or merge only the work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.record import FOLDER
from gitgen.repository import FORGET, Repository
from gitgen.repository.tree import Entry
from gitgen.state.commits import Session

SUFFIX = "-clean"
SOURCE = "Gitgen-Source"
_KEPT_HEADERS = (b"author", b"committer", b"encoding")
"""What of a commit's header the clean one has as well; a signature is true of the original alone."""


@dataclass(frozen=True)
class Clean:
    """A clean branch, commit by commit as the session's: `oids` maps each of the session's to its clean one."""

    tip: str
    oids: dict[str, str]


def clean(repository: Repository, session: Session) -> Clean:
    """Write the clean counterpart of every commit of a session; no ref is moved.

    The same session always gives the same ids, so that more of it is a fast-forward. Each has the author, the
    dates and the message of its original, with `Gitgen-Source` among its trailers, and its files but `.gitgen/`,
    which stays as the commit that the session began from has it.
    """
    commits = (session.first, *session.commits)
    stream = bytearray(b"feature done\n")
    marks: dict[str, str] = {}
    for number, commit in enumerate(commits, 1):
        stream += b"commit refs/gitgen/none\nmark :%d\n" % number
        stream += _counterpart(repository, commit.oid, session.base, marks)
        marks[commit.oid] = f":{number}"
    for mark in marks.values():
        stream += f"get-mark {mark}\n".encode()
    stream += FORGET
    written = repository.git.run("fast-import", "--quiet", "--done", stdin=bytes(stream)).decode().split()
    return Clean(written[-1], dict(zip(marks, written, strict=True)))


def _counterpart(repository: Repository, oid: str, base: str, marks: dict[str, str]) -> bytes:
    """A commit for fast-import (man git-fast-import, "commit"), its tree by its id."""
    header, _, message = repository.git.read(oid).partition(b"\n\n")
    lines = [line for line in header.split(b"\n") if line.split(b" ")[0] in _KEPT_HEADERS]
    text = _with_source(message, oid)
    stream = b"".join(line + b"\n" for line in lines) + b"data %d\n%s\n" % (len(text), text)
    parents = re.findall(rb"(?m)^parent ([0-9a-f]+)$", header)
    for number, parent in enumerate(parents):
        word = b"from" if number == 0 else b"merge"
        stream += word + b" " + marks.get(parent.decode(), parent.decode()).encode() + b"\n"
    tree = repository.tree(oid)
    stream += b'M 040000 %s ""\n' % repository.git.id_of(f"{oid}^{{tree}}").encode()
    # What a merge brings of the folder comes from the branch that was merged.
    kept = _folder(repository, parents[1].decode() if len(parents) > 1 else base)
    if kept is not None:
        stream += f"M 040000 {kept.oid} {FOLDER}\n".encode()
    elif tree.entry(FOLDER) is not None:
        stream += f"D {FOLDER}\n".encode()
    return stream


def _folder(repository: Repository, commit: str) -> Entry | None:
    return repository.tree(commit).entry(FOLDER) if commit else None


def _with_source(message: bytes, oid: str) -> bytes:
    """The message with one trailer more, in the block that it has or in one of its own.

    The chat that a step names is on the session's branch alone, so its name goes.
    """
    from gitgen.record import interpret_trailers

    text = message.decode("utf-8", "surrogateescape").rstrip("\n")
    start, end = interpret_trailers.block(text)
    lines = "\n".join(line for line in text[start:end].splitlines() if not line.startswith("Gitgen-Log:"))
    said = text[:start].rstrip("\n") if start < end else text
    block = f"{lines}\n{SOURCE}: {oid}" if lines else f"{SOURCE}: {oid}"
    return f"{said}\n\n{block}\n".encode("utf-8", "surrogateescape")


def check_published(repository: Repository, name: str, there: str, ours: Clean) -> None:
    """GitgenError if the clean branch on a remote, at `there`, has commits that do not come from the session."""
    if there in ours.oids.values():
        return
    foreign = " ".join(oid[:10] for oid in _foreign(repository, there, ours))
    mend = f"git cherry-pick {foreign or there[:10]} on the session's branch, delete {name} there, then the same again"
    raise GitgenError(f"{name} on the remote has commits that the session has not: {foreign or there[:10]}", mend)


def _foreign(repository: Repository, there: str, ours: Clean) -> Iterator[str]:
    """The commits of the remote's clean branch that the session did not give it, oldest first."""
    try:
        listed = repository.git.text("rev-list", "--reverse", there, f"^{ours.tip}")
    except GitFailed:
        return
    yield from listed.split()
