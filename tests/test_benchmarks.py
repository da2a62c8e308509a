"""The benchmarks run, and gitgen imports no more than it needs; how long anything takes is not asserted."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, git

HEAVY = {"openai", "git", "rich", "tiktoken", "questionary"}


def imported(folder: Path, *args: str) -> set[str]:
    """The heavy packages that a run of gitgen imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gitgen", *args], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return HEAVY & set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))


@pytest.mark.parametrize("name", ["startup", "fix", "commit", "context", "reply", "shapes", "read"])
def test_a_benchmark_runs(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", name], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "1.00" in done.stdout
    assert done.stderr == ""


def test_version_imports_nothing_heavy(folder: Path) -> None:
    assert imported(folder, "--version") == set()


def test_log_imports_neither_the_client_nor_the_counter(folder: Path) -> None:
    git(folder, "switch", "-qc", "gitgen/hello")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Begin\n\nGitgen-Session: gitgen/hello\nGitgen-Plan: fix")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Greet\n\nGitgen-Step: fix\nGitgen-Status: ok")
    assert imported(folder, "log") == set()
