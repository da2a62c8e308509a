"""The entry point: what it imports, and what it says about itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gitgen import __version__
from tests.conftest import ROOT, Gitgen

HEAVY = ("click", "dask", "git", "httpx2", "jinja2", "openai", "questionary", "rich", "tiktoken", "unidiff")
IMPORTED = """
import sys
from gitgen.cli import main
code = main(sys.argv[1:])
print(code, *(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


def imported(folder: Path, *args: str) -> list[str]:
    """The exit code of a run, then the heavy modules that it imported."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n" + IMPORTED.format(heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script, *args], cwd=folder, capture_output=True, text=True)
    return done.stderr.splitlines()[-1].split()


def test_the_version_is_told_without_any_import(folder: Path) -> None:
    assert imported(folder, "--version") == ["0"]


@pytest.mark.parametrize("command", ["log", "usage", "show", "report"])
def test_what_only_reads_never_imports_a_client(folder: Path, command: str) -> None:
    code, *names = imported(folder, command)
    assert code == "1" and not {"openai", "httpx2", "tiktoken", "questionary", "rich"} & set(names)


def test_the_version_and_the_help_go_to_standard_output(gitgen: Gitgen) -> None:
    assert gitgen("--version").out == f"gitgen {__version__}\n"
    ran = gitgen("--help")
    assert ran.code == 0 and ran.err == "" and all(f"\n  {name}" in ran.out for name in ("new", "fix", "resume"))


def test_a_path_that_is_no_text_can_be_shown(gitgen: Gitgen) -> None:
    ran = gitgen("log", "caf\udce9")
    assert ran.code == 1 and ran.err.startswith("error: There is no branch caf")
