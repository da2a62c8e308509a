"""What must not get into a commit, or to a remote: secrets, and steps that are not what their chats make them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from gitgen.record import FOLDER
from gitgen.redact import Secret
from gitgen.repository import Repository

if TYPE_CHECKING:
    from gitgen.history.verify import Verdict
    from gitgen.state.commits import Commit

Find: TypeAlias = Callable[[str], list[Secret]]

_CHAT = re.compile(rf"{re.escape(FOLDER)}/.*\.json")
_ALLOWED = re.compile(r"leaks:allow")
"""The comment by which a person says that a line keeps no secret, as gitleaks and betterleaks read it."""
_BINARY = 8000
"""Git takes a file for text if there is no NUL among so many bytes."""


@dataclass(frozen=True)
class Pushed:
    """A ref that is pushed: what it is called here, its commit, and the one that the remote has, if that is known."""

    name: str
    oid: str
    there: str = ""


@dataclass(frozen=True)
class Problem:
    """What is wrong, and the command that mends it."""

    what: str
    mend: str


def staged(repository: Repository, find: Find, index: str = "") -> Iterator[Problem]:
    """The secrets that the index (that of the path, if one is given) would bring into the next commit."""
    environ = {"GIT_INDEX_FILE": index} if index else {}
    head = repository.resolve("HEAD") or repository.git.text("hash-object", "-t", "tree", "--stdin")
    options = ("--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=AMT")
    raw = repository.git.run("diff-index", *options, head, environ=environ)
    words = raw.decode("utf-8", "surrogateescape").split("\0")
    entries = [(*heading.split()[2:4], path) for heading, path in zip(words[::2], words[1::2], strict=False)]
    contents = repository.git.read_all(oid for old, new, _ in entries for oid in (old, new) if oid.strip("0"))
    for old, new, path in entries:
        before = set(_secrets(path, contents.get(old, ("", b""))[1], find))
        known = {text for _, _, text in before}
        for where, kind, text in _secrets(path, contents.get(new, ("", b""))[1], find):
            if text not in known:
                mend = (
                    f"take it out, then: git add {path} (if it is none: git commit --no-verify, or leaks:allow there)"
                )
                yield Problem(f"{where} holds a secret: {kind}", mend)


def pushed(repository: Repository, find: Find, refs: Sequence[Pushed], remote: str) -> Iterator[Problem]:
    """What is wrong with the commits that these refs would bring to a remote, read from Git's objects alone."""
    told: set[str] = set()
    for ref in refs:
        if not ref.oid.strip("0") or repository.resolve(ref.oid) is None:
            continue  # A branch that is deleted, or a tag of what is no commit.
        there = (ref.there,) if ref.there.strip("0") and repository.resolve(ref.there) else ()
        range_ = (ref.oid, "--not", *there, f"--remotes={remote}" if remote else "--remotes")
        by_chat: dict[str, Commit] = {}
        for verdict in _verdicts(repository, range_):
            by_chat[verdict.commit.log] = verdict.commit
            if not verdict.holds and verdict.commit.oid not in told:
                told.add(verdict.commit.oid)
                yield _differs(ref, verdict.commit, verdict.why or f"it differs in {', '.join(verdict.paths)}")
        for oid, path, content in _own_files(repository, range_):
            kinds = dict.fromkeys(kind for _, kind, _ in _secrets(path, content, find))
            if kinds and oid not in told:
                told.add(oid)
                yield _leaks(ref, path, ", ".join(kinds), by_chat.get(oid))


def _verdicts(repository: Repository, range_: Sequence[str]) -> Iterator[Verdict]:
    # Most pushes have no step in them, and then nothing that can read one is needed.
    if repository.git.run("rev-list", "--max-count=1", "--basic-regexp", "--grep=^Gitgen-Step:", *range_):
        from gitgen.history.verify import verify

        yield from verify(repository, *range_)


def _differs(ref: Pushed, commit: Commit, why: str) -> Problem:
    short = commit.oid[:10]
    mend = f"gitgen show {short} --how tells more (if it is meant to be so: git push --no-verify)"
    return Problem(f"{ref.name}: the step {short} is not what its chat makes: {why}", mend)


def _leaks(ref: Pushed, path: str, kinds: str, commit: Commit | None) -> Problem:
    session = commit.trailers.get("Gitgen-Session", "") if commit else ""
    again = f"gitgen rerun {commit.oid[:10]} --session {session} --replay" if commit and session else ""
    mend = f"{again} makes the session anew without it" if again else f"git log {ref.name} -- {path} finds the commit"
    return Problem(f"{ref.name}: {path} holds a secret: {kinds}", f"{mend} (if it is none: git push --no-verify)")


def _own_files(repository: Repository, range_: Sequence[str]) -> Iterator[tuple[str, str, bytes]]:
    """Id, path and content of gitgen's own files that are new in a range, whatever became of them there."""
    listed = repository.git.text("rev-list", "--objects", "--full-history", *range_, "--", f":(top){FOLDER}")
    paths = dict(line.partition(" ")[::2] for line in listed.split("\n") if line.partition(" ")[2])
    # A folder is listed by its path as well; read, it is a tree, and no text.
    for oid, content in repository.git.read_all(paths).values():
        yield oid, paths[oid], content


def _secrets(path: str, content: bytes, find: Find) -> Iterator[tuple[str, str, str]]:
    """Where each secret of a file stands, its kind, and the secret."""
    if b"\0" in content[:_BINARY]:
        return
    text = content.decode("utf-8", "replace")
    if _CHAT.fullmatch(path):
        try:
            said = _texts(json.loads(text))
        except (ValueError, RecursionError):
            said = iter((text,))
        yield from ((path, secret.kind, each[secret.start : secret.end]) for each in said for secret in find(each))
        return
    for secret in find(text):
        line = text[text.rfind("\n", 0, secret.start) + 1 : (text + "\n").index("\n", secret.end)]
        if not _ALLOWED.search(line):
            where = f"{path}:{text.count(chr(10), 0, secret.start) + 1}"
            yield where, secret.kind, text[secret.start : secret.end]


def _texts(value: Any) -> Iterator[str]:
    """The texts in a JSON value: as they stand in the file, their escapes hide where a word begins."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
