"""The user's cache folder of gitgen: model files, vocabularies, work trees for running, traces of bugs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def folder(name: str = "", environ: Mapping[str, str] = os.environ) -> Path:
    """The cache folder, or what is called `name` in it (XDG Base Directory Specification); it need not be there."""
    home = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home()) / ".cache"
    return Path(home) / "gitgen" / name


def make(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """What is called `name` in the cache folder, made if need be.

    Programs are run in there, whatever the umask: so nobody else can enter the cache folder.
    """
    cache = folder(environ=environ)
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(PermissionError):
        # One that an earlier gitgen has made, by the umask.
        if cache.stat().st_mode & 0o077:
            cache.chmod(0o700)
    made = folder(name, environ)
    made.mkdir(parents=True, exist_ok=True)
    return made
