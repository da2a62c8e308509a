"""`gitgen doctor`, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Gitgen, git

KEY = "sk-a-key-that-nobody-is-shown"


def test_it_says_what_is_here_and_shows_no_key(gitgen: Gitgen, folder: Path) -> None:
    done = gitgen("doctor", OPENAI_API_KEY=KEY, GITGEN_MODEL="gpt-4.1")
    assert done.code == 0, done.out
    assert [line.split()[:2] for line in done.out.splitlines()] == [
        ["ok", "git"],
        ["ok", "identity"],
        ["ok", "model"],
        ["ok", "cache"],
    ]
    assert git(folder, "version").split()[2] in done.out and "gpt-4.1 at https" in done.out and "with a key" in done.out
    assert KEY not in done.out + done.err


def test_what_is_missing_comes_with_what_mends_it(gitgen: Gitgen, folder: Path) -> None:
    (folder.parent / "home" / ".gitconfig").write_text("")
    done = gitgen("doctor", "--json", "--model", "no/such.gguf")
    assert done.code == 1
    missing = {finding["name"]: finding["mend"] for finding in json.loads(done.out) if not finding["ok"]}
    assert "git config" in missing["identity"] and ".gguf" in missing["model"] and "git" not in missing


def test_it_shows_the_cache_and_clears_it(gitgen: Gitgen, folder: Path) -> None:
    assert "not made yet" in gitgen("doctor").out
    gitgen("context", "--all", "greet")
    assert "2 files, 1 commits" in gitgen("doctor").out
    assert "deleted" in gitgen("doctor", "--clear-cache").out
    assert not (folder / ".git/gitgen/cache.sqlite").exists() and "not made yet" in gitgen("doctor").out


def test_it_works_outside_of_a_repository(gitgen: Gitgen, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert "this is no repository" in gitgen("doctor", cwd=outside).out
