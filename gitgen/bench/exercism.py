"""Reads exercises in Exercism's layout, from a folder of this machine, as tasks of a bench.

The layout is that of Exercism's documentation, "Practice Exercises" and "Track config.json": `.meta/config.json` names
the files of the solution and of the test, or the track has patterns for them; the text lies in `.docs`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import Any

from gitgen.errors import GitgenError

_TEXTS = ("introduction.md", "instructions.md", "instructions.append.md")
_LEFT_OUT = frozenset({".meta", ".docs", ".approaches", ".articles", ".git", "node_modules", "target", "__pycache__"})
"""Folders that are none of the exercise's own files, or come of running it."""
_FOR_PEOPLE = ("README.md", "HELP.md", "HINTS.md")


@dataclass(frozen=True)
class _Language:
    """How tests are run, their names put for `{}`, and what in them leaves cases out until a person has come so far."""

    command: str
    skips: str = ""
    instead: str = ""


_LANGUAGES: Mapping[str, _Language] = {
    ".py": _Language("python3 -m unittest {}"),
    ".js": _Language("npx --no-install jest {}", r"\bx(test|it|describe)\(|\b(test|it|describe)\.skip\(", r"\1\2("),
    ".c": _Language("make", r"(?m)^\s*TEST_IGNORE\w*\(.*\);.*\n"),
    ".bats": _Language("BATS_RUN_SKIPPED=true bats {}"),
    ".rs": _Language("cargo test --offline -- --include-ignored"),
}
"""By the suffix of the test's files."""
_PYTEST = re.compile(rb"(?m)^\s*(?:import|from) pytest\b")


@dataclass(frozen=True)
class Imported:
    """A task that an exercise has become; `new` unless there was one of its name, which then stays as it was."""

    name: str
    new: bool


def import_exercises(source: Path, target: Path, check: str = "") -> Iterator[Imported]:
    """Write a task below `target` for each exercise of a track, of a folder of exercises, or for a single one.

    `check` runs the tests instead of what is known of the language; `{}` in it stands for their files. What lies in
    `target` already is left as it is. GitgenError if there is no exercise, or for one that cannot be read or tested.
    """
    folders = _exercises(source)
    if not folders:
        raise GitgenError(
            f"There is no exercise in {source}", "name a track, or a folder whose folders have a .meta/config.json"
        )
    track = _track_of(folders[0])
    # All are read before one is written: one that is wrong leaves no half of a suite.
    tasks = {_name(folder, track): _task(folder, track, check) for folder in folders}
    target.mkdir(parents=True, exist_ok=True)
    for name, files in tasks.items():
        new = not (target / name).exists()
        if new:
            _write(target, name, files)
        yield Imported(name, new)


def _exercises(source: Path) -> list[Path]:
    practice = source / "exercises" / "practice"
    top = practice if practice.is_dir() else source
    candidates = (top, *sorted(top.iterdir())) if top.is_dir() else ()
    return [folder for folder in candidates if (folder / ".meta" / "config.json").is_file()]


def _track_of(exercise: Path) -> Mapping[str, Any]:
    """The configuration of the track that an exercise lies in; empty where it lies in none."""
    folder = exercise.resolve().parents
    config = folder[2] / "config.json" if len(folder) > 2 else None
    in_track = config is not None and folder[0].name in ("practice", "concept") and config.is_file()
    return _json(config) if config is not None and in_track else {}


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GitgenError(f"{path} cannot be read: {error}", f"mend {path}, or take it away") from None
    return found if isinstance(found, dict) else {}


def _name(exercise: Path, track: Mapping[str, Any]) -> str:
    slug = exercise.resolve().name
    return f"{track['slug']}-{slug}" if re.fullmatch(r"[a-z0-9-]+", str(track.get("slug", ""))) else slug


def _task(folder: Path, track: Mapping[str, Any], check: str) -> dict[str, bytes]:
    """The files of the task that an exercise becomes."""
    config = _json(folder / ".meta" / "config.json")
    kinds = ("solution", "test", "example", "exemplar", "editor")
    solution, test, example, exemplar, editor = (_named(kind, folder, config, track) for kind in kinds)
    text = [path.read_text(encoding="utf-8").strip() for name in _TEXTS if (path := folder / ".docs" / name).is_file()]
    if not text or not solution or not test:
        raise GitgenError(f"{folder} is no exercise: it names no text, solution or test", f"take {folder} away")
    there = dict(_files(folder))
    language = _LANGUAGES.get(Path(test[0]).suffix)
    task = {"prompt": "\n\n".join((*text, _closing(solution, there))).encode() + b"\n"}
    task |= {f"files/{path}": there[path] for path in (*solution, *editor) if path in there}
    others = {path: content for path, content in there.items() if path not in (*solution, *example, *exemplar)}
    task |= {f"tests/{path}": _whole(content, language) for path, content in others.items() if path in test}
    task |= {f"tests/{path}": content for path, content in others.items() if path not in test}
    command = check or _command(language, others, test)
    if not command:
        mend = "--check 'CMD {}', where {} stands for the files of the test"
        raise GitgenError(f"How the tests of {folder} are run is not known: {test[0]}", mend)
    named = " ".join(map(quote, test))
    return task | {"check": f"#!/bin/sh\n{command.replace('{}', named)}\n".encode()}


def _named(kind: str, folder: Path, config: Mapping[str, Any], track: Mapping[str, Any]) -> list[str]:
    """The paths that an exercise, or else its track, names for a kind of file."""
    kebab = folder.resolve().name
    words = kebab.split("-")
    pascal = "".join(word.capitalize() for word in words)
    slugs = {"kebab": kebab, "snake": "_".join(words), "pascal": pascal, "camel": pascal[:1].lower() + pascal[1:]}
    for place in (config, track):
        files = place.get("files")
        listed = files.get(kind) if isinstance(files, dict) else None
        if isinstance(listed, list) and listed:
            return [re.sub(r"%\{(\w+)_slug\}", lambda found: slugs.get(found[1], found[0]), str(p)) for p in listed]
    return []


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The exercise's own files; links are not followed, wherever they lead."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT)
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink() and name not in _FOR_PEOPLE:
                yield path.relative_to(folder).as_posix(), path.read_bytes()


def _closing(solution: Sequence[str], there: Mapping[str, bytes]) -> str:
    kept = " Keep the names that it has already." if any(path in there for path in solution) else ""
    return f"Write this in {' and '.join(solution)}, with nothing but the language's own library.{kept}"


def _whole(test: bytes, language: _Language | None) -> bytes:
    """A test without what leaves some of its cases out."""
    if language is None or not language.skips:
        return test
    return re.sub(language.skips.encode(), language.instead.encode(), test)


def _command(language: _Language | None, files: Mapping[str, bytes], test: Sequence[str]) -> str:
    if any(_PYTEST.search(files.get(path, b"")) for path in test):
        return "python3 -m pytest -q {}"
    return language.command if language else ""


def _write(target: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Write a task in one go: its folder is there whole, or not at all."""
    with TemporaryDirectory(prefix=".importing-", dir=target) as passing:
        for path, content in files.items():
            file = Path(passing, name, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        Path(passing, name, "check").chmod(0o755)
        Path(passing, name).rename(target / name)
