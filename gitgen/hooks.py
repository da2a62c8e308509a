"""The user's own git hooks (man githooks), run on the files of a step, in a work tree apart from the user's."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitgen import resources
from gitgen.errors import GitgenError
from gitgen.git import STEP, Git
from gitgen.record import FOLDER, Ran
from gitgen.repository import Repository
from gitgen.values import Blob, Changes

if TYPE_CHECKING:
    from gitgen.running.process import Limits

PRE_COMMIT = "pre-commit"
_SLOT = "%hooks"
"""The name of the work tree for hooks; no session has such a name."""
_SUBMODULE = "160000"


@dataclass(frozen=True)
class Hooked:
    """How a hook ended, and what it has changed in the files where it let them pass."""

    ran: Ran
    changes: Changes


def has_hook(repository: Repository, name: str) -> bool:
    """Whether git would run a hook of the user's here; no process is started to know it."""
    if any(key.startswith("hook.") and key.endswith(".event") and name in of for key, of in repository.config.items()):
        return True
    hook = _folder(repository) / name
    # Git passes over what cannot be run; and what gitgen has put there itself has nothing to say about its steps.
    return os.access(hook, os.X_OK) and hook.read_bytes() != (resources.folder("hooks") / name).read_bytes()


def pre_commit(repository: Repository, parent: str, commit: str, limits: Limits, echo: Callable[[str], None]) -> Hooked:
    """Run the hook `pre-commit` as `git commit` would, with the files of `commit` staged on top of `parent`.

    Where it fails and has changed files, they are added and it is run once more, as its user would do.
    """
    from gitgen.repository.checkout import checked_out

    with checked_out(repository, _SLOT, commit, head=parent) as place, _lent(repository.top, place.folder):
        git = Git(place.folder)
        before = git.text("rev-parse", f"{commit}^{{tree}}")
        ran = _run(repository, git, limits, echo)
        after = _tree(git)
        if ran.exit_code and after != before:
            ran = _run(repository, git, limits, echo)
            after = _tree(git)
    return Hooked(ran, {} if ran.exit_code else dict(_changes(repository, before, after)))


def _run(repository: Repository, git: Git, limits: Limits, echo: Callable[[str], None]) -> Ran:
    began = time.monotonic()
    # A relative core.hooksPath means the user's work tree: what it names is often not in Git.
    options = ("-c", f"core.hooksPath={_folder(repository)}", "hook", "run", "--ignore-missing", PRE_COMMIT)
    code, output = git.follow(*options, environ={STEP: "1", "GIT_EDITOR": ":"}, limits=limits, echo=echo)
    if code and "'hook' is not a git command" in output:
        raise GitgenError("This git cannot run hooks", "install git 2.36 or later, or the same again with --no-verify")
    return Ran(f"git hook run {PRE_COMMIT}", code, output, "none", round(time.monotonic() - began, 3))


def _folder(repository: Repository) -> Path:
    """Where the user's hooks are (man git-config, `core.hooksPath`; man gitrepository-layout)."""
    top = repository.top or repository.git.folder
    named = repository.config.get("core.hookspath", ("",))[-1]
    if named:
        return top / Path(named).expanduser()
    own = top / ".git" if repository.top else repository.common
    if own.is_file():
        own = top / _after("gitdir: ", own)
        if (own / "commondir").is_file():
            own = own / _after("", own / "commondir")
    return own / "hooks"


def _after(prefix: str, file: Path) -> str:
    return os.fsdecode(file.read_bytes()).removeprefix(prefix).rstrip("\n")


@contextmanager
def _lent(top: Path | None, tree: Path) -> Iterator[None]:
    """The dependencies that are installed in the user's work tree, as links, for as long as the block lasts."""
    from gitgen.repository.checkout import LENT

    links = [tree / name for name in LENT if top and (top / name).is_dir() and not os.path.lexists(tree / name)]
    try:
        for link in links:
            link.symlink_to(top / link.name if top else "")
        yield
    finally:
        for link in links:
            link.unlink(missing_ok=True)


def _tree(git: Git) -> str:
    """The tree that the files come to now: those that Git knows, and what the hook has added itself."""
    git.run("add", "--update", "--", ".")
    return git.text("write-tree")


def _changes(repository: Repository, before: str, after: str) -> Iterator[tuple[str, Blob | None]]:
    words = repository.git.run("diff-tree", "-r", "-z", "--no-renames", before, after).split(b"\0")
    for heading, name in zip(words[::2], words[1::2], strict=False):
        _, mode, _, oid, status = heading.decode().split()
        path = name.decode("utf-8", "surrogateescape")
        if mode != _SUBMODULE and path.partition("/")[0] != FOLDER:
            yield path, None if status == "D" else Blob(repository.git.read(oid), mode)
