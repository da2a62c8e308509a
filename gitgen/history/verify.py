"""Whether each step's tree is what its chat makes of its parent's tree: `apply(parent, replies) + chat == tree`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from gitgen.git import GitFailed
from gitgen.history.diff_tree import Change, changes
from gitgen.record import FOLDER, Chat
from gitgen.repository import Repository
from gitgen.repository.tree import GitTree
from gitgen.state.chats import draft_on
from gitgen.state.commits import Commit
from gitgen.state.log import history
from gitgen.values import DIRECTORY, REGULAR, Changes

CHUNK = 200


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a step: paths that its chat does not account for, or why that cannot be told."""

    commit: Commit
    paths: tuple[str, ...] = ()
    why: str = ""

    @property
    def holds(self) -> bool:
        return not self.paths and not self.why


def verify(repository: Repository, *revisions: str) -> Iterator[Verdict]:
    """A verdict on each step that revisions and ranges reach, newest first (man gitrevisions; `--all` as git log)."""
    steps = (commit for commit in history(repository, *revisions, first_parent=False) if _claims(commit))
    # Git compares the trees of some steps while the replies of those before are read again: each takes half the time.
    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(_read, repository, steps)
        while read := coming.result():
            coming = ahead.submit(_read, repository, steps)
            objects, changed = read
            for commit in objects.steps:
                yield _verdict(repository, objects, commit, changed[commit.oid])


def _read(repository: Repository, steps: Iterator[Commit]) -> tuple[_Objects, Mapping[str, Sequence[Change]]] | None:
    """What is needed to verify the next steps, or None after the last. Only git processes of its own are used."""
    chunk = list(islice(steps, CHUNK))
    if not chunk:
        return None
    changed = changes(repository, chunk)
    return _Objects(repository, chunk, changed), changed


def _claims(commit: Commit) -> bool:
    """Whether a commit is a step; on a clean branch it is a copy of one, and says so instead of naming a chat."""
    return bool(commit.step) and not ("Gitgen-Source" in commit.trailers and not _log(commit))


class _Objects:
    """The chats of some steps and the folders that they changed, read at once; all else when it is asked for."""

    def __init__(
        self, repository: Repository, steps: Sequence[Commit], changed: Mapping[str, Sequence[Change]]
    ) -> None:
        self.steps = steps
        self._git = repository.git
        folders = (
            change.old[1]
            for of_step in changed.values()
            for change in of_step
            # gitgen's own grow with the session, and no reply can reach them.
            if change.old[0] == DIRECTORY and change.path.partition("/")[0] != FOLDER
        )
        roots = [_root(commit) for commit in steps]
        self._by_name = self._git.read_all([*(_log(commit) for commit in steps), *roots, *folders])
        self._by_id = dict(self._by_name.values())
        self._files: dict[str, bytes] = {}
        """What the step at hand has read; its reader looks at a file more than once."""

    def root(self, commit: Commit) -> GitTree:
        """The tree that a step started from."""
        self._files.clear()
        oid = self._by_name[_root(commit)][0] if _root(commit) in self._by_name else None
        return GitTree(self, oid)

    def chat(self, commit: Commit) -> Chat:
        """The chat of a step; ValueError if there is none that can be read."""
        if _log(commit) not in self._by_name:
            raise ValueError("it is not there")
        return Chat.from_json(self._by_name[_log(commit)][1])

    def read(self, oid: str, most: int | None = None) -> bytes:
        if oid in self._by_id:
            return self._by_id[oid][:most]
        if most is not None:
            return self._git.read(oid, most)
        if oid not in self._files:
            self._files[oid] = self._git.read(oid)
        return self._files[oid]


def _log(commit: Commit) -> str:
    return commit.trailers.get("Gitgen-Log", "")


def _root(commit: Commit) -> str:
    return f"{commit.parent}^{{tree}}" if commit.parent else ""


def _verdict(repository: Repository, objects: _Objects, commit: Commit, changed: Sequence[Change]) -> Verdict:
    if not commit.parent:
        return Verdict(commit, why="the commit below it is not in this clone: git fetch --unshallow")
    actual = {change.path: change.new for change in changed if DIRECTORY not in (change.old[0], change.new[0])}
    expected: dict[str, tuple[str, str]] = {}
    try:
        chat = objects.chat(commit)
        if commit.status == "ok":
            parent = objects.root(commit)
            draft = draft_on(parent, chat)
            if draft.refusals:
                return Verdict(commit, why=f"its replies do not fit: {draft.refusals[0]}")
            expected = _entries(repository, draft.changes, parent, commit.oid)
    except ValueError as error:
        return Verdict(commit, why=f"its chat cannot be read: {error}")
    except GitFailed as error:
        return Verdict(commit, why=error.what)
    log = _log(commit)
    chats = [path for path, (_, oid) in actual.items() if oid == log and path.startswith(f"{FOLDER}/")]
    if not chats:
        return Verdict(commit, why="it does not add its chat file")
    expected[chats[0]] = (REGULAR, log)
    differ = {path for path in actual.keys() | expected.keys() if actual.get(path) != expected.get(path)}
    return Verdict(commit, tuple(sorted(differ)))


def _entries(repository: Repository, made: Changes, parent: GitTree, like: str) -> dict[str, tuple[str, str]]:
    """The entries that a step's changes come to."""
    entries = {}
    for path, blob in made.items():
        if blob is None:
            entries[path] = ("", "")
            continue
        before = parent.mode(path) or ""
        kept = before if before.startswith("10") else REGULAR
        entries[path] = (blob.mode or kept, repository.blob_id(blob.content, like))
    return entries
