"""Takes a branch to a remote, never by force, and says what stands there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from gitgen.errors import GitgenError
from gitgen.forge.remotes import Remote, remote_of
from gitgen.git import Git, GitFailed
from gitgen.history.tracking import default_branch
from gitgen.repository import HEADS, Repository

# The helper reads the token from its environment: no command line and no file ever has it.
_HELPER = '!f() { test "$1" = get && echo "username=$GITGEN_FORGE_LOGIN" && echo "password=$GITGEN_FORGE_TOKEN"; }; f'
_LOCKED_OUT = re.compile(r"Authentication failed|could not read (?:Username|Password)|Permission denied|403")
_REJECTED = re.compile(r"\[(?:remote )?rejected\] .*?\(([^)]*)\)")


def remote_for(repository: Repository, wanted: str | None) -> tuple[Remote, str]:
    """The remote that the user named, or that git pushes to, and its address; GitgenError if there is none."""
    config = repository.config
    names = repository.git.text("remote").split("\n")
    default = config.get("remote.pushdefault", ("",))[-1] or ("origin" if "origin" in names else names[0])
    name = wanted or config.get("gitgen.remote", ("",))[-1] or default
    if not name:
        raise GitgenError("The repository has no remote", "git remote add origin URL")
    if name not in names:
        raise GitgenError(f"There is no remote {name}", "git remote -v lists them")
    address = repository.git.text("remote", "get-url", "--push", name)
    return remote_of(name, address, config), address


def base_for(repository: Repository, remote: Remote, branch: str, begun_from: str, wanted: str | None) -> str:
    """The branch of the remote that a session is meant for: as the user says, else the one it began from.

    Of several that hold the commit that it began from, the default one, then the one that ends with it.
    """
    chosen = wanted or repository.config.get("gitgen.base", ("",))[-1]
    if chosen:
        return chosen
    prefix = f"refs/remotes/{remote.name}/"
    default = (default_branch(repository) or "main").removeprefix(f"{remote.name}/")
    if not begun_from:
        return default
    listed = repository.git.text(
        "for-each-ref", "--format=%(objectname) %(refname)", "--contains", begun_from, prefix
    ).split("\n")
    holding = {ref.removeprefix(prefix): oid for oid, _, ref in (line.partition(" ") for line in listed) if ref}
    holding = {name: oid for name, oid in holding.items() if name not in ("HEAD", branch) and "gitgen/" not in name}
    if default in holding or not holding:
        return default
    return next((name for name, oid in holding.items() if oid == begun_from), next(iter(holding)))


def fetch(repository: Repository, remote: Remote, branch: str, token: str = "") -> str | None:
    """The tip of a branch on a remote, fetched; None if it is not there."""
    ref = f"refs/remotes/{remote.name}/{branch}"
    try:
        _run(repository, remote, token, "fetch", "-q", remote.name, f"+{HEADS}{branch}:{ref}")
    except GitFailed as error:
        if "find remote ref" in error.stderr:
            return None
        raise
    return repository.resolve(ref)


def refs(repository: Repository, remote: Remote, address: str, pattern: str, token: str = "") -> dict[str, str]:
    """The refs of a remote that match a pattern, with the commits that they point at, without anything fetched."""
    said = _run(repository, remote, token, "ls-remote", "--", address, pattern).decode("utf-8", "surrogateescape")
    return {ref: oid for oid, _, ref in (line.partition("\t") for line in said.splitlines())}


def clone(address: str, remote: Remote, folder: Path, token: str = "") -> None:
    """Clone a repository into a new folder: it is there whole, or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    around = Repository(Git(folder.parent), None)
    with TemporaryDirectory(prefix=".cloning-", dir=folder.parent) as passing:
        _run(around, remote, token, "clone", "-q", "--", address, f"{passing}/clone")
        Path(passing, "clone").rename(folder)


def push(
    repository: Repository, remote: Remote, source: str, target: str, token: str = "", options: Sequence[str] = ()
) -> None:
    """Bring `source`, a ref or a commit, to the ref `target` of a remote; GitgenError if it is no fast-forward."""
    more = [word for option in options for word in ("-o", option)]
    try:
        _run(repository, remote, token, "push", "-q", *more, remote.name, f"{source}:{target}")
    except GitFailed as error:
        branch = target.removeprefix(HEADS)
        found = _REJECTED.search(error.stderr)
        if found and found[1] in ("fetch first", "non-fast-forward"):
            raise GitgenError(
                f"{remote.name} has commits on {branch} that are not here; nothing was pushed",
                f"git switch {branch} && git pull --rebase {remote.name} {branch}, then the same again",
            ) from None
        if not found and _LOCKED_OUT.search(error.stderr):
            mend = f"git push {remote.name} {branch} must work first: git credential approve, or a token that may push"
            raise GitgenError(f"{remote.name} does not let you push", mend) from None
        why = found[1] if found else error.what.removeprefix("git push: ")
        raise GitgenError(f"{remote.name} does not take {branch}: {why}", f"git push {remote.name} {branch}") from None
    _note(repository, remote, source, target)


def _note(repository: Repository, remote: Remote, source: str, target: str) -> None:
    """See to it that the ref that follows a branch of a remote says what was pushed: git itself only tries to.

    GitFailed if a lock that a killed git has left is in its way.
    """
    following = f"refs/remotes/{remote.name}/{target.removeprefix(HEADS)}"
    if target.startswith(HEADS) and repository.resolve(following) != repository.resolve(source):
        repository.git.run("update-ref", following, source)


def _run(repository: Repository, remote: Remote, token: str, *arguments: str) -> bytes:
    """Run git against a remote; where git's own credentials do not open it, the forge's token does."""
    over_http = token and remote.host
    helper = ("-c", f"credential.{remote.site}.helper={_HELPER}") if over_http else ()
    environ = {"GITGEN_FORGE_LOGIN": remote.login, "GITGEN_FORGE_TOKEN": token} if over_http else {}
    # Without a terminal of our own to ask on, git must not wait for one.
    return repository.git.run(*helper, *arguments, environ={"GIT_TERMINAL_PROMPT": "0", **environ})
