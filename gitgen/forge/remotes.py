"""Which forge a remote's address leads to, and who may ask it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from gitgen.errors import GitgenError
from gitgen.forge import Forge
from gitgen.forge.tokens import token_for
from gitgen.git import Git

Kind: TypeAlias = Literal["github", "gitlab", "gitea", "none"]
_HINTS: Mapping[Kind, frozenset[str]] = {
    "github": frozenset({"github"}),
    "gitlab": frozenset({"gitlab"}),
    "gitea": frozenset({"gitea", "forgejo", "codeberg"}),
}
"""The words of a host's name that tell its kind."""
_LOGINS: Mapping[Kind, str] = {"github": "x-access-token", "gitlab": "oauth2"}
"""What stands for a user's name beside any kind of token, at the forges that gitgen can talk to."""
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?!//)(?P<path>\S+)")
"""`user@host:path`, the form of an address that is no URL (man git-fetch, "Git URLs")."""


@dataclass(frozen=True)
class Remote:
    """A remote, by its name, with what its address tells."""

    name: str
    kind: Kind
    scheme: str
    host: str
    """With its port, where the address names one for http."""
    path: str
    """`owner/name`, or `group/.../name`."""

    @property
    def site(self) -> str:
        """The address of the forge's pages."""
        return f"{self.scheme}://{self.host}"

    @property
    def has_api(self) -> bool:
        """Whether gitgen can talk to the forge."""
        return self.kind in _LOGINS

    @property
    def login(self) -> str:
        """The name that goes with a token where git asks for a password."""
        return _LOGINS.get(self.kind, "")


def remote_of(name: str, address: str, config: Mapping[str, tuple[str, ...]]) -> Remote:
    """What a remote's address tells; `git config gitgen.forge` says the kind where the name of the host does not."""
    scheme, host, path = _taken_apart(address)
    chosen = config.get("gitgen.forge", ("",))[-1].lower()
    if chosen and chosen not in get_args(Kind):
        raise GitgenError(f"There is no forge {chosen}", f"git config gitgen.forge {'|'.join(get_args(Kind))}")
    kind = cast(Kind, chosen) if chosen and host else _kind_of(host)
    return Remote(name, kind, scheme, host, path.strip("/").removesuffix(".git"))


def _taken_apart(address: str) -> tuple[str, str, str]:
    """Scheme, host and path; no host for a folder. A password in the address is left behind."""
    if "://" in address:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https"):
            return parts.scheme, parts.netloc.rpartition("@")[2], parts.path
        return "https", parts.hostname or "", parts.path if parts.scheme != "file" else ""
    found = _SCP.fullmatch(address)
    return ("https", found["host"], found["path"]) if found else ("", "", "")


def _kind_of(host: str) -> Kind:
    name = host.partition(":")[0].lower()
    words = set(re.split(r"[.-]", name))
    return next((kind for kind, hints in _HINTS.items() if words & hints), "none")


@dataclass(frozen=True)
class Access:
    """A forge, and the token that opens it: for the redactor and for `git push`, never to be printed."""

    forge: Forge
    token: str


def access(remote: Remote, git: Git, environ: Mapping[str, str]) -> Access:
    """The forge of a remote; GitgenError without a token, or without the library that talks to it."""
    if not remote.has_api:
        raise GitgenError(f"There is no forge behind {remote.name} that gitgen can talk to", "git config gitgen.forge")
    token = token_for(remote.kind, remote.scheme, remote.host, git, environ)
    module = import_module(f"gitgen.forge.{remote.kind}")
    forge: Forge = module.opened(remote.site, remote.path, token)
    return Access(forge, token)
