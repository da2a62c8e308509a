"""A repository as gitgen needs it: lazy trees to read, commits made in memory, refs moved by compare-and-swap."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import cache, cached_property, partial
from hashlib import new as new_hash
from pathlib import Path

from gitgen.errors import GitgenError
from gitgen.git import Git, GitFailed, NoObject
from gitgen.repository.tree import GitTree
from gitgen.repository.written import Made, Written
from gitgen.values import REGULAR, Blob, Changes

HEADS = "refs/heads/"
FORGET = b"reset refs/gitgen/none\n\ndone\n"
"""Ends a stream for `git fast-import`. A branch that is reset to nothing is not written, so no ref is ever locked."""
_PATIENT = ("-c", "core.filesRefLockTimeout=5000", "-c", "core.packedRefsTimeout=10000")
"""Milliseconds that git waits for a lock of somebody else's; its own tenth of a second is short beside 15 others."""


class LostRace(Exception):
    """A ref no longer stood where this process had read it; nothing was moved."""


class Repository:
    """One repository; `top` is the root of the work tree that gitgen was started in, None in a bare one."""

    def __init__(self, git: Git, top: Path | None) -> None:
        self.git = git
        self.top = top
        self._common = cache(partial(_common_folder, git, top))
        self._written = Written(git, self._common)

    @staticmethod
    def find(folder: Path) -> Repository | None:
        """The repository that `folder` lies in, or None."""
        git = Git(folder)
        try:
            said = git.run("rev-parse", "--is-bare-repository", "--show-toplevel", check=False)
        except GitFailed:
            return None
        # A folder's name may have newlines in it, and end with one.
        bare, _, top = os.fsdecode(said).removesuffix("\n").partition("\n")
        if not bare:
            why, mend = _why_no_repository(git)
            if "not a git repository" in why:
                return None
            raise GitgenError(why, mend)
        return Repository(Git(Path(top)), Path(top)) if top else Repository(git, None)

    @cached_property
    def config(self) -> Mapping[str, tuple[str, ...]]:
        """Git's configuration: lower-case key to its values in the strongest scope that has any, the last one wins.

        Scopes do not add up: several models in the local configuration replace the global ones.
        """
        values: dict[str, tuple[str, ...]] = {}
        scopes: dict[str, str] = {}
        listed = self.git.run("config", "--list", "--show-scope", "-z", check=False).decode("utf-8", "replace")
        words = iter(listed.split("\0"))
        for scope, item in zip(words, words, strict=False):
            key, _, value = item.partition("\n")
            values[key] = (*(values[key] if scopes.get(key) == scope else ()), value)
            scopes[key] = scope
        return values

    @property
    def common(self) -> Path:
        """The folder of Git that all its work trees share."""
        return self._common()

    def resolve(self, revision: str) -> str | None:
        """The id of the commit that a revision names, or None."""
        try:
            return self.git.id_of(revision + "^{commit}")
        except NoObject:
            return None

    def head_branch(self) -> str | None:
        """The branch that HEAD names, born or unborn; None when HEAD is detached."""
        return self.git.text("symbolic-ref", "-q", "--short", "HEAD", check=False) or None

    def tip(self, branch: str) -> str | None:
        """The id of the commit a branch points at, or None if there is no such branch."""
        return self.resolve(HEADS + branch)

    def refs(self, *patterns: str) -> dict[str, str]:
        """The ids that refs point at, by their full names; of all that match (man git-for-each-ref)."""
        lines = self.git.text("for-each-ref", "--format=%(objectname) %(refname)", *patterns).split("\n")
        return {name: oid for oid, _, name in (line.partition(" ") for line in lines) if name}

    def tree(self, commit: str | None) -> GitTree:
        """The tree of a commit (the empty tree for None)."""
        return GitTree(self, self._written.attempt(lambda: self.git.id_of(f"{commit}^{{tree}}")) if commit else None)

    def read(self, oid: str, most: int | None = None) -> bytes:
        """The content of the object with this id, or its first `most` bytes; GitFailed if there is none."""
        return self._written.attempt(lambda: self.git.read(oid, most))

    def blob_id(self, content: bytes, like: str) -> str:
        """The id that Git gives a blob, in the hash that the id `like` is written in."""
        hasher = new_hash("sha1" if len(like) == 40 else "sha256")
        hasher.update(b"blob %d\0" % len(content) + content)
        return hasher.hexdigest()

    @cached_property
    def identity(self) -> tuple[str, str]:
        """Author and committer, each as `Name <email> seconds zone`; GitgenError if the user gave git none."""
        try:
            # Without this git makes an identity up from the names of the user and of the host.
            author, committer = (
                self.git.text("-c", "user.useConfigOnly=true", "var", f"GIT_{who}_IDENT")
                for who in ("AUTHOR", "COMMITTER")
            )
        except GitFailed as error:
            if error.killed:
                raise
            raise GitgenError(
                "Git does not know who you are, and gitgen never makes an identity up",
                "git config --global user.name 'Your Name' && git config --global user.email you@example.org",
            ) from None
        return author, committer

    def commit(self, parent: str | None, message: str, changes: Changes, tree: GitTree, *, sign: bool = True) -> str:
        """Write a commit of `changes` on `parent`, whose tree is `tree`; its id. No ref is moved.

        One `git fast-import` whose branch is forgotten at its end: only objects on the touched paths are read and
        written, whatever the size of the repository. Signed when `commit.gpgSign` is set, unless `sign` is False.
        """
        author, committer = (_at_this_time(who) for who in self.identity)
        stream = bytearray(b"feature done\ncommit refs/gitgen/none\nmark :1\n")
        # A name need not be UTF-8 (man git-commit, "Discussion"): its bytes are kept.
        stream += f"author {author}\ncommitter {committer}\n".encode("utf-8", "surrogateescape")
        stream += _counted(message.encode())
        if parent:
            stream += f"from {parent}\n".encode()
        # Deletions first, so that a file can take the place of a folder that this very step empties.
        for path, blob in sorted(changes.items(), key=lambda item: item[1] is not None):
            stream += _file_change(path, blob, tree.mode(path))
        stream += b"get-mark :1\n" + FORGET
        oid = self._written.write(Made(("fast-import", "--quiet", "--done"), bytes(stream), parent))
        return self.commit_tree(parent, message, f"{oid}^{{tree}}") if sign and self.signs() else oid

    def commit_tree(self, parent: str | None, message: str, tree: str, *, sign: bool = True) -> str:
        """Write a commit on `parent` of a tree that is there; its id. No ref is moved. Signed as `commit` does."""
        _ = self.identity
        signed = ("-S",) if sign and self.signs() else ()
        parents = ("-p", parent) if parent else ()
        arguments = ("commit-tree", *signed, tree, *parents, "-F", "-")
        write = lambda: self.git.run(*arguments, stdin=message.encode(), seconds=60).decode().strip()  # noqa: E731
        try:
            oid = self._written.attempt(write)
        except GitFailed as error:
            if not signed:
                raise
            raise GitgenError(
                f"The commit could not be signed: {error.what}",
                "mend the signing (or: git config commit.gpgSign false), then the same again, or: gitgen resume",
            ) from None
        # Signed a second time it would be another commit: its bytes are kept.
        again = ("hash-object", "-w", "-t", "commit", "--stdin")
        self._written.note(oid, Made(again, self.git.read(oid), parent))
        return oid

    def signs(self) -> bool:
        """Whether the user has their commits signed."""
        return self.config.get("commit.gpgsign", ("",))[-1].lower() in ("true", "yes", "on", "1")

    def move(self, ref: str, new: str | None, old: str | None, reason: str) -> None:
        """Point `ref` at `new` (None deletes it) if it still is at `old` (None: is not there); else LostRace."""
        self.move_all([(ref, new, old)], reason)

    def move_all(self, moves: Sequence[tuple[str, str | None, str | None]], reason: str) -> None:
        """Move refs as `move` does, each given as (ref, new, old): all of them, or none."""
        self._written.attempt(lambda: self._try_moves(moves, reason))
        try:
            self._written.held()
        except GitFailed:
            self._update([(ref, old, new) for ref, new, old in moves], f"take back: {reason}")
            raise

    def _try_moves(self, moves: Sequence[tuple[str, str | None, str | None]], reason: str) -> None:
        try:
            self._update(moves, reason)
        except GitFailed as error:
            if error.killed:
                # It may have moved all of them, or the first few, before it died.
                moves = [move for move in moves if self._at(move[0]) != (move[1] or "")]
            # Anything else than a lost race (a full disk, a folder without rights) is told as it is.
            for ref, _, old in moves:
                if self._at(ref) != (old or ""):
                    raise LostRace(ref) from None
            if not error.killed:
                raise
            if moves:
                self._update(moves, reason)

    def _at(self, ref: str) -> str:
        return self.git.text("rev-parse", "-q", "--verify", ref, check=False)

    def _update(self, moves: Sequence[tuple[str, str | None, str | None]], reason: str) -> None:
        zero = "0" * len(next(new or old or "" for _, new, old in moves))
        lines = "".join(f"update {ref} {new or zero} {old or zero}\n" for ref, new, old in moves)
        options = ("--create-reflog", "-m", f"gitgen: {reason}", "--stdin")
        self.git.run(*_PATIENT, "update-ref", *options, stdin=lines.encode("utf-8", "surrogateescape"))


def _common_folder(git: Git, top: Path | None) -> Path:
    own = top / ".git" if top else None
    if own and not own.is_symlink() and (own / "objects").is_dir():
        return own
    return Path(git.text("rev-parse", "--path-format=absolute", "--git-common-dir"))


def _why_no_repository(git: Git) -> tuple[str, str]:
    """What git says of a folder in which it finds no repository, and the command that it names itself, if it does."""
    try:
        git.run("rev-parse", "--is-bare-repository")
    except GitFailed as error:
        first, *more = (line.strip() for line in (error.stderr.strip() or error.what).splitlines())
        return first, next((line for line in more if line.startswith("git ")), "git status, in that folder, tells more")
    return "", ""


def _at_this_time(identity: str) -> str:
    """An identity that was asked for earlier in this process, with the time of now in its zone."""
    if "GIT_COMMITTER_DATE" in os.environ:
        return identity
    who, _, zone = identity.rpartition(" ")
    return f"{who.rpartition(' ')[0]} {int(time.time())} {zone}"


def _counted(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _file_change(path: str, blob: Blob | None, before: str | None) -> bytes:
    """A `D` or `M` line (man git-fast-import, "commit"), the path quoted as its grammar wants it."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    quoted = f'"{escaped}"'.encode("utf-8", "surrogateescape")
    if blob is None:
        return b"D " + quoted + b"\n"
    kept = before if before and before.startswith("10") else REGULAR
    return f"M {blob.mode or kept} inline ".encode() + quoted + b"\n" + _counted(blob.content)
