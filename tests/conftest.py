"""Every test has a home of its own: no user's git configuration, key or cache is read, fixed names and dates."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from gitgen import cli
from gitgen.git import Git
from gitgen.repository import Repository

ROOT = Path(__file__).parent.parent

# A machine that is busy is no fault of the code: nothing is timed in a test.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# A shell that runs the tests in the background has them, and so the commands they start, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with nothing in it but an identity for git; returns it."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(
            ("GIT_", "GITGEN_", "OPENAI_", "XDG_", "EMAIL", "GITHUB_", "GH_", "GITLAB_")
        ) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    monkeypatch.setenv("NO_COLOR", "1")
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n"
    )
    return home


def git(folder: Path, *args: str, stdin: str | None = None) -> str:
    """Run git as a person would; its output without the last newline."""
    done = subprocess.run(["git", *args], cwd=folder, input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, f"git {args}: {done.stderr}"
    return done.stdout.rstrip("\n")


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


HELLO = "def greet(name):\n    return 'Hello ' + name\n\n\nprint(greet('Ada'))\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with one commit, of two files, on `main`."""
    path = tmp_path / "work"
    path.mkdir()
    git(path, "init", "-q")
    write(path, {"hello.py": HELLO, "README.md": "# Hello\n"})
    git(path, "add", "-A")
    git(path, "commit", "-qm", "Say hello")
    return path


@pytest.fixture
def repository(folder: Path) -> Repository:
    return Repository(Git(folder), folder)


@dataclass(frozen=True)
class Ran:
    """A finished run of gitgen."""

    code: int
    out: str
    err: str


Gitgen = Callable[..., Ran]


@pytest.fixture
def gitgen(folder: Path) -> Gitgen:
    """Run the installed command in `folder` (or `cwd`), without a terminal."""

    def run(*args: str, cwd: Path = folder, stdin: str = "", **environ: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "gitgen", *args],
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
            timeout=120,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def in_process(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gitgen:
    """Run the command inside this process, which is quicker than starting one, without a terminal."""

    def run(*args: str, cwd: Path = folder, stdin: str = "", **environ: str) -> Ran:
        with monkeypatch.context() as patched:
            patched.chdir(cwd)
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            for name, value in environ.items():
                patched.setenv(name, value)
            code = cli.main(args)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PATH with the installed gitgen, as a hook finds it."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "gitgen"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m gitgen "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
