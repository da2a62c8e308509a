"""Where the programs of this machine are: the folders of the system, and those elsewhere that PATH leads to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

SYSTEM = tuple(
    Path("/", name)
    for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "nix", "gnu", "snap", "sys")
)
"""Folders of the system; what a user keeps is elsewhere."""

VARIABLES = ("VIRTUAL_ENV", "PYENV_ROOT", "RUSTUP_HOME", "JAVA_HOME", "GOROOT")
"""Environment variables that name the folder of a tool and nothing else of the user's."""

_BESIDE = ("bin", "sbin", "lib", "lib64", "libexec", "include")
"""What of an installation is shown: not its whole prefix, which may be `~/.local`, or hold a tool's credentials."""


def elsewhere(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files and folders outside the system without which the programs of PATH would not run, sorted.

    A folder of PATH brings the libraries beside it, and whatever its symbolic links lead to: a virtual environment
    its interpreter, for one. No folder in which the home lies, nor the home itself, is ever among them.
    """
    found = {Path(environ[name]) for name in VARIABLES if environ.get(name)}
    left = [Path(name) for name in environ.get("PATH", "").split(os.pathsep)]
    seen: set[Path] = set()
    while left:
        folder = left.pop()
        if folder in seen or _is_known(folder) or not folder.is_dir():
            continue
        seen.add(folder)
        found |= set(_installation(folder))
        left += _led_to(folder)
        for target in _links(folder):
            if target.parent.name in ("bin", "sbin"):
                left.append(target.parent)
            elif not _is_known(target):
                found.add(target)
    home = Path.home()
    return tuple(sorted(p for p in found if not _is_known(p) and p.exists() and not home.is_relative_to(p)))


def _is_known(path: Path) -> bool:
    return not path.is_absolute() or any(path.is_relative_to(folder) for folder in SYSTEM)


def _installation(folder: Path) -> Iterator[Path]:
    prefix = folder.parent
    if (prefix / "pyvenv.cfg").exists() or folder.name == "shims":
        # A virtual environment is one piece. The shims of pyenv, rbenv and asdf start what lies beside them.
        yield prefix
    elif folder.name in ("bin", "sbin"):
        yield from (prefix / name for name in _BESIDE)
    else:
        yield folder


def _led_to(folder: Path) -> Iterator[Path]:
    """The real folder behind this one, and the one whose Python a virtual environment is made from (PEP 405)."""
    yield folder.resolve()
    with suppress(OSError, UnicodeDecodeError):
        for line in (folder.parent / "pyvenv.cfg").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "home":
                yield Path(value.strip())


def _links(folder: Path) -> Iterator[Path]:
    """Where the symbolic links in a folder lead to in the end, outside of it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                target = Path(os.path.realpath(entry.path))
                if target.parent != folder and target.exists():
                    yield target
