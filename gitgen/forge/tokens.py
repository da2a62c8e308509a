"""The token for a forge: from the environment, from its own command line, from git's credential helpers."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitgen.errors import GitgenError
from gitgen.git import Git, GitFailed

_SILENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never"}
"""With these no credential helper asks anybody."""


@dataclass(frozen=True)
class _Keeper:
    """Where the tokens of a kind of forge are kept."""

    site: str
    """The host of the public one."""
    hosts: tuple[str, ...]
    """The variables that name another host which the token of the environment is meant for."""
    here: tuple[str, ...]
    """The variables that hold that token."""
    elsewhere: tuple[str, ...]
    """The variables that hold a token for any other host."""
    command: tuple[str, ...]
    """What prints the token for the host that comes behind it."""
    login: str


_KEEPERS: Mapping[str, _Keeper] = {
    # man gh-environment
    "github": _Keeper(
        "github.com",
        ("GITHUB_SERVER_URL", "GH_HOST"),
        ("GITHUB_TOKEN", "GH_TOKEN"),
        ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"),
        ("gh", "auth", "token", "--hostname"),
        "gh auth login --hostname",
    ),
    # man glab, "Environment variables"; GitLab's documentation, "Predefined CI/CD variables"
    "gitlab": _Keeper(
        "gitlab.com",
        ("CI_SERVER_URL", "GITLAB_HOST"),
        ("GITLAB_TOKEN",),
        (),
        ("glab", "config", "get", "token", "--host"),
        "glab auth login --hostname",
    ),
}


def token_for(kind: str, scheme: str, host: str, git: Git, environ: Mapping[str, str]) -> str:
    """The token that opens a forge; GitgenError if there is none.

    A token of the environment goes to the host that it is meant for, and to no other.
    """
    keeper = _KEEPERS[kind]
    names = keeper.here if host in _meant(keeper, environ) else keeper.elsewhere
    token = next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")
    token = token or _of_command((*keeper.command, host), environ) or _of_credentials(scheme, host, git)
    if not token:
        named = f", or {keeper.hosts[-1]}={host} with {keeper.here[0]}" if not names else ""
        raise GitgenError(f"There is no token for {host}", f"{keeper.login} {host}{named}, or: git credential approve")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise GitgenError(f"The token for {host} has characters in it that no token has", "set it to the token alone")
    return token


def _meant(keeper: _Keeper, environ: Mapping[str, str]) -> set[str]:
    """The hosts that a token of the environment is meant for."""
    named = (environ.get(name, "").strip().rpartition("://")[2].rstrip("/") for name in keeper.hosts)
    return {keeper.site, *named}


def _of_command(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """What the forge's own command line has stored, if it is installed."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=dict(environ), timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _of_credentials(scheme: str, host: str, git: Git) -> str:
    """What git's credential helpers have stored (man git-credential)."""
    asked = f"protocol={scheme}\nhost={host}\n\n".encode()
    try:
        filled = git.run("-c", "core.askPass=", "credential", "fill", stdin=asked, environ=_SILENT, seconds=20)
    except GitFailed:
        return ""
    lines = (line.partition("=") for line in filled.decode("utf-8", "replace").splitlines())
    return next((value for key, _, value in lines if key == "password"), "")
