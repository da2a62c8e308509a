"""A person's commit on another tip, as `git cherry-pick` would make it, without a work tree."""

from __future__ import annotations

from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.state.chats import prompt_path
from gitgen.state.commits import Commit
from gitgen.values import Blob

NAMED = 3
"""So many paths are named in a message; of more, only the number."""


def cherry_pick(repository: Repository, commit: Commit, branch: str, tip: str, names: tuple[str, str]) -> str:
    """The same change by the same author, with the same message, on `tip`; its id. No ref is moved.

    GitgenError if it does not apply. `names` are the sessions that it was made on and that it comes to: what it does to
    the prompt of the one it does to that of the other.
    """
    tree = _merged(repository, commit, branch, tip)
    before, after = (repository.tree(oid).entry(prompt_path(names[0])) for oid in (commit.parent, commit.oid))
    if after is not None and after != before:
        there = _commit_tree(repository, tree, tip)
        prompt = {prompt_path(names[1]): Blob(repository.git.read(after.oid))}
        tree = repository.commit(there, "The prompt\n", prompt, repository.tree(there), sign=False) + "^{tree}"
    shown = repository.git.run(
        "show", "--no-patch", "--no-show-signature", "--encoding=UTF-8", "--date=raw", "--format=%P%n%an%n%ae%n%ad%n%B",
        commit.oid,
    )  # fmt: skip
    parents, author, email, date, message = shown.split(b"\n", 4)
    name, address = (word.decode("utf-8", "surrogateescape") for word in (author, email))
    environ = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": address, "GIT_AUTHOR_DATE": f"@{date.decode()}"}
    signed = ("-S",) if repository.signs() else ()
    merged = (word for parent in parents.decode().split()[1:] for word in ("-p", parent))
    arguments = ("commit-tree", *signed, tree, "-p", tip, *merged, "-F", "-")
    return repository.git.run(*arguments, stdin=message.rstrip(b"\n") + b"\n", environ=environ).decode().strip()


def _merged(repository: Repository, commit: Commit, branch: str, tip: str) -> str:
    """The tree of the tip with the commit's change, by git's own three-way merge (man git-merge-tree)."""
    # Commits of no branch, because before 2.40 git takes no tree for the base of a merge.
    base = _commit_tree(repository, f"{commit.parent}^{{tree}}")
    ours, theirs = (_commit_tree(repository, f"{oid}^{{tree}}", base) for oid in (tip, commit.oid))
    arguments = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
    tree, *conflicts = repository.git.run(*arguments, check=False).decode("utf-8", "surrogateescape").split("\0")
    paths = sorted({path for path in conflicts if path})
    if paths:
        named = ", ".join(paths) if len(paths) <= NAMED else f"{len(paths)} files"
        short = commit.oid[:10]
        raise GitgenError(
            f"The commit {short} of {commit.author} does not apply on {branch}: {named} is not as it was",
            f"git switch {branch} && git cherry-pick {short}, and mend it there (or leave it out: git commit "
            f"--allow-empty -C {short}); then: gitgen resume {branch}",
        )
    return tree or repository.git.text(*arguments).strip("\0")


def _commit_tree(repository: Repository, tree: str, *parents: str) -> str:
    parent = (word for oid in parents for word in ("-p", oid))
    return repository.git.text("commit-tree", tree, *parent, "-m", "To merge")
