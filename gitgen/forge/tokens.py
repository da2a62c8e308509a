"""The token for a forge: from the environment, from its own command line, from git's credential helpers."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from urllib.parse import urlsplit

from gitgen.errors import GitgenError
from gitgen.git import Git, GitFailed

_SILENT = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never"}
"""With these no credential helper asks anybody."""


def token_for(kind: str, scheme: str, host: str, git: Git, environ: Mapping[str, str]) -> str:
    """The token that opens a forge; GitgenError if there is none.

    A token of the environment goes to the host that it is meant for, and to no other.
    """
    names = _variables(host, environ)
    token = next((environ[name].strip() for name in names if environ.get(name, "").strip()), "")
    token = token or (_of_gh(host, environ) if kind == "github" else "") or _of_credentials(scheme, host, git)
    if not token:
        login = f"gh auth login --hostname {host}" if kind == "github" else f"export {names[0]}=..."
        raise GitgenError(f"There is no token for {host}", f"{login}, or: git credential approve")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise GitgenError(f"The token for {host} has characters in it that no token has", "set it to the token alone")
    return token


def _variables(host: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The environment variables that hold a token for a host (man gh-environment)."""
    here = {urlsplit(environ.get("GITHUB_SERVER_URL", "")).netloc, environ.get("GH_HOST", ""), "github.com"}
    if host in here:
        return ("GITHUB_TOKEN", "GH_TOKEN")
    return ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


def _of_gh(host: str, environ: Mapping[str, str]) -> str:
    """What GitHub's own command line has stored, if it is installed."""
    try:
        done = subprocess.run(
            ["gh", "auth", "token", "--hostname", host],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=dict(environ),
            timeout=20,
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
