"""What must hold before a token is spent: a repository, a branch, a clean work tree, a name that is free."""

from __future__ import annotations

import os
import re
import unicodedata
from hashlib import sha256
from pathlib import Path
from shlex import quote

from gitgen.errors import GitgenError
from gitgen.git import HOOK_REPOSITORY
from gitgen.progress import branch_taken
from gitgen.repository import HEADS, Repository
from gitgen.repository.advance import refuse_behind
from gitgen.repository.worktree import worktree_of
from gitgen.state.absent import no_branch
from gitgen.state.commits import PREFIX

LONGEST_NAME = 40
NAMED = 3
"""So many paths are named in a message; of more, only the number."""


def repository_at(folder: Path) -> Repository:
    """The repository around a folder, be it bare; GitgenError if there is none, or if git was told of another."""
    if not folder.is_dir():
        raise GitgenError(f"There is no folder {folder}", f"gitgen new {folder}")
    repository = Repository.find(folder)
    if repository is None:
        for above in (folder, *folder.parents):
            if (above / ".git").exists():
                what = f"{above / '.git'} is no repository that git can read"
                raise GitgenError(what, "git fsck, or: man gitrepository-layout, tells what a repository needs")
        raise GitgenError("There is no Git repository here", "git init, or for a new program: gitgen new PATH")
    told = os.environ.get(HOOK_REPOSITORY, "")
    if told:
        here = os.fsdecode(repository.git.run("rev-parse", "--absolute-git-dir", "--show-toplevel", check=False))
        if not here.startswith(told):
            what = f"GIT_DIR or GIT_WORK_TREE is set to another repository, {told.splitlines()[-1]}"
            raise GitgenError(what, "cd to its work tree, or: unset GIT_DIR GIT_WORK_TREE")
    _refuse_git_folder(repository)
    return repository


def with_work_tree(repository: Repository) -> Path:
    """The root of the work tree; GitgenError for a bare repository."""
    _refuse_git_folder(repository)
    if repository.top is None:
        raise GitgenError("This repository is bare", f"git clone {repository.git.folder} WORK, and go on in WORK")
    return repository.top


def _refuse_git_folder(repository: Repository) -> None:
    if repository.top is None and repository.git.text("rev-parse", "--is-bare-repository") != "true":
        raise GitgenError("This folder is Git's own", "cd to the work tree")


def branch_of_head(repository: Repository) -> tuple[str, str]:
    """The branch that is checked out and its tip; GitgenError if HEAD is detached or the branch unborn."""
    branch = repository.head_branch()
    if branch is None:
        raise GitgenError(
            "HEAD is detached: there is no branch to start from", "git switch BRANCH, or: git switch -c NEW"
        )
    tip = repository.tip(branch)
    if tip is None:
        raise GitgenError(f"The branch {branch} has no commit yet", "git commit --allow-empty -m 'Begin'")
    return branch, tip


def tip_of(repository: Repository, branch: str) -> str:
    """The tip of a branch that the user named; GitgenError if there is no such branch."""
    tip = repository.tip(branch)
    if tip is None:
        raise no_branch(repository, branch)
    return tip


def clean_work_tree(repository: Repository, branch: str, mend: str = "git commit or git stash") -> None:
    """GitgenError if the branch is checked out somewhere with uncommitted changes to tracked files."""
    refuse_behind(repository, branch)
    worktree = worktree_of(repository, branch)
    changed = worktree.dirty() if worktree else ()
    if worktree and changed:
        names = ", ".join(changed[:NAMED]) if len(changed) <= NAMED else f"{len(changed)} files"
        raise GitgenError(
            f"{branch} is checked out at {worktree.top} with uncommitted changes: {names}",
            mend,
        )


def commit_dirty(repository: Repository, branch: str) -> None:
    """Commit the uncommitted changes to tracked files where the branch is checked out, if there are any."""
    refuse_behind(repository, branch)
    worktree = worktree_of(repository, branch)
    if worktree and worktree.dirty():
        worktree.commit_tracked("Save work before gitgen goes on")


def branch_for(repository: Repository, name: str | None, prompt: str) -> str:
    """The branch of a new session, from its name or else from its prompt; GitgenError if it is bad or taken."""
    branch = branch_named(repository, name, prompt)
    if repository.tip(branch) is not None:
        raise branch_taken(branch)
    if other := _in_the_way(repository, branch):
        raise GitgenError(f"The branch {other} leaves no room for {branch}", f"git branch -m {other} OTHER")
    return branch


def branch_named(repository: Repository, name: str | None, prompt: str) -> str:
    """The branch of a session, be it there or not, from its name or else from its prompt; GitgenError if it is bad."""
    name = name.removeprefix(PREFIX) if name else slug(prompt)
    branch = PREFIX + name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or not repository_allows(repository, branch):
        raise GitgenError(f"{name!r} cannot be the name of a session", "--name with letters, digits, '-', '_' and '.'")
    return branch


def _in_the_way(repository: Repository, branch: str) -> str:
    """A branch beside which git cannot keep this one, because one would be a folder and the other a file."""
    above = PREFIX.rstrip("/")
    if repository.tip(above) is not None:
        return above
    return repository.git.text("for-each-ref", "--count=1", "--format=%(refname:short)", f"{HEADS}{branch}/")


def repository_allows(repository: Repository, branch: str) -> bool:
    """Whether git takes this for the name of a branch (man git-check-ref-format)."""
    return repository.git.text("check-ref-format", "--branch", branch, check=False) == branch


def slug(text: str) -> str:
    """A short name from the first words of a text: `todo-app-with-tags`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = ""
    for word in re.findall(r"[a-z0-9]+", plain):
        if len(name) + len(word) + 1 > LONGEST_NAME:
            break
        name = f"{name}-{word}".strip("-")
    return name or "session-" + sha256(text.encode("utf-8", "replace")).hexdigest()[:8]


def text_of(content: bytes, source: str, mend: str = "gitgen new PATH -m 'what the program shall do'") -> str:
    """The text that the user gave in a file or a pipe; GitgenError, with what mends it, if it is empty or no text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise GitgenError(f"{source} is not UTF-8 text", "give it as plain text")
    if not text.strip():
        raise GitgenError(f"{source} is empty", mend)
    return text.replace("\r\n", "\n")


def nothing_staged(repository: Repository) -> None:
    """GitgenError if a repository without a commit has an index already: it would be lost to the first commit."""
    staged = repository.git.run("ls-files", "-z").decode("utf-8", "surrogateescape").split("\0")[:-1]
    if staged:
        names = ", ".join(staged[:NAMED]) if len(staged) <= NAMED else f"{len(staged)} files"
        raise GitgenError(f"The repository has no commit yet, but staged files: {names}", "git commit -m Begin")


def nothing_unkept(folder: Path) -> None:
    """GitgenError if a folder that is to become a repository holds more than a prompt."""
    others = sorted(p.name for p in folder.iterdir() if p.name not in ("prompt", ".git")) if folder.is_dir() else []
    if others:
        raise GitgenError(
            f"{folder} holds files that no repository keeps: {', '.join(others[:NAMED])}",
            f"cd {quote(str(folder))} && git init && git add -A && git commit -m Begin",
        )
