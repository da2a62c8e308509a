"""`gitgen doctor`, through the command line."""

from __future__ import annotations

import fcntl
import json
import sys
from pathlib import Path

import pytest

from gitgen import checkup
from gitgen.repository import Repository
from gitgen.repository.checkout import checked_out
from tests.conftest import Gitgen, Ran, git
from tests.replies import FRENCH
from tests.scripted import endpoint, fails, says

KEY = "sk-a-key-that-nobody-is-shown"
NAMES = ["git", "identity", "model", "key", "endpoint", "local", "sandbox", "tokenizer", "extras", "cache", "leftovers"]


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own for temporary files: what others left is none of a test's business."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


def found(ran: Ran) -> dict[str, dict[str, object]]:
    """The findings by name, the last of each."""
    return {finding["name"]: finding for finding in json.loads(ran.out)}


def test_it_says_what_is_here_and_shows_no_key(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(models=("a", "gpt-4.1")) as running:
        done = gitgen("doctor", GITGEN_API_KEY=KEY, GITGEN_MODEL="gpt-4.1", GITGEN_BASE_URL=running.base_url)
    assert done.code == 0, done.out
    lines = [line for line in done.out.splitlines() if not line.startswith(" ")]
    assert [line.split()[1] for line in lines] == NAMES
    needed = [line for line in lines if line.split()[1] not in ("local", "sandbox", "extras")]
    assert all(line.startswith("ok ") for line in needed), done.out
    assert git(folder, "version").split()[2] in done.out and "GITGEN_API_KEY is set" in done.out
    assert f"{running.base_url} answers, and offers 2 models" in done.out and "o200k_base, without" in done.out
    assert KEY not in done.out + done.err


def test_what_is_missing_comes_with_what_mends_it(gitgen: Gitgen, folder: Path) -> None:
    (folder.parent / "home" / ".gitconfig").write_text("")
    done = gitgen("doctor", "--json", "--model", "no/such.gguf")
    assert done.code == 1
    missing = {name: str(one["mend"]) for name, one in found(done).items() if not one["ok"] and one["needed"]}
    assert "git config" in missing["identity"] and ".gguf" in missing["model"] and set(missing) == {"identity", "model"}


@pytest.mark.parametrize(
    ("model", "url", "said", "mend"),
    [
        ("m", "http://127.0.0.1:9/v1", "is not reachable", "check --base-url"),
        ("other", "{}", "does not offer other", "gitgen models lists"),
        ("m", "{}/nowhere", "no chat endpoint", "--base-url"),
    ],
)
def test_an_endpoint_is_asked_whether_it_answers(gitgen: Gitgen, model: str, url: str, said: str, mend: str) -> None:
    with endpoint(models=("m",)) as running:
        args = ("doctor", "--json", "--model", model, "--base-url", url.format(running.base_url))
        done = gitgen(*args)
        finding = found(done)["endpoint"]
        assert done.code == 1 and said in str(finding["said"]) and mend in str(finding["mend"])
        assert "none is sent" in str(found(done)["key"]["said"])
        done = gitgen(*args, "--offline")
        assert done.code == 0 and "not asked" in str(found(done)["endpoint"]["said"])


def test_what_a_step_does_without_is_no_failure(
    gitgen: Gitgen, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in ("github", "xllamacpp"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(checkup, "find_spec", lambda name: None if name in ("github", "xllamacpp") else name)
    done = gitgen("doctor", "--json", "--offline", "--model", "m", "--base-url", "http://127.0.0.1:9/v1")
    extras = found(done)["extras"]
    assert done.code == 0 and extras["mend"] == "pip install 'gitgen[github,local]'" and not extras["ok"]
    assert "pip install 'gitgen[local]'" in str(found(done)["local"]["mend"])


def test_a_git_that_is_too_old_is_told(gitgen: Gitgen, folder: Path, tmp_path: Path, path: None) -> None:
    old = tmp_path / "bin" / "git"
    old.write_text(
        '#!/bin/sh\ntest "$1" = version && { echo git version 2.30.2; exit; }\nPATH=${PATH#*:} exec git "$@"\n'
    )
    old.chmod(0o755)
    done = gitgen("doctor", "--json", "--offline")
    assert found(done)["git"]["mend"] == "install git 2.36 or later" and "2.30.2" in str(found(done)["git"]["said"])


def test_leftovers_are_told_and_what_nobody_can_miss_is_removed(
    gitgen: Gitgen, folder: Path, repository: Repository, tmp_path: Path
) -> None:
    options = ("--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--offline")
    assert "leftovers  none" in gitgen("doctor", *options).out
    with endpoint(says(FRENCH, finish_reason="length"), fails(400)) as running:
        gitgen("fix", "Greet", "--name", "s", "--base-url", running.base_url, "--model", "m")
    crash, lock = folder / ".git/fast_import_crash_1", folder / ".git/index.lock"
    crash.write_text("x")
    lock.write_text("")
    runs = tmp_path / "home/cache/gitgen/run"
    with checked_out(repository, "s", repository.resolve("HEAD") or ""):
        pass
    (own,) = runs.iterdir()
    for name in ("s+2", "s+3"):
        (own / name).mkdir()
    gone = runs / "0123456789abcdef"
    gone.mkdir()
    (gone / "repository").write_bytes(bytes(tmp_path / "gone"))
    (tmp_path / "tmp/gitgen-x.json").write_text("{}")
    with (own / "s+3.lock").open("w") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        done = gitgen("doctor", "--json", *options)
        left = {one["said"]: one["mend"] for one in json.loads(done.out) if one["name"] == "leftovers"}
        assert done.code == 0 and len(left) == 5
        assert any("a step is under way on gitgen/s" in said and "gitgen resume" in mend for said, mend in left.items())
        assert any(str(lock) in said and f"rm -f {lock}" in mend for said, mend in left.items())
        assert left["files of runs that are over: 0123456789abcdef, s+2"] == "gitgen doctor --clean"
        done = gitgen("doctor", "--clean", *options)
    assert "3 removed" in done.out and "gitgen resume" in done.out and str(lock) in done.out
    assert not crash.exists() and not gone.exists() and lock.exists() and (tmp_path / "tmp/gitgen-x.json").exists()
    assert sorted(one.name for one in own.iterdir() if one.is_dir()) == ["s", "s+3"]


def test_it_shows_the_cache_and_clears_it(gitgen: Gitgen, folder: Path) -> None:
    assert "not made yet" in gitgen("doctor", "--offline").out
    gitgen("context", "--all", "greet")
    assert "2 files, 1 commits" in gitgen("doctor", "--offline").out
    assert "deleted" in gitgen("doctor", "--offline", "--clear-cache").out
    assert not (folder / ".git/gitgen/cache.sqlite").exists() and "not made yet" in gitgen("doctor", "--offline").out


def test_it_works_outside_of_a_repository(gitgen: Gitgen, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    assert "this is no repository" in gitgen("doctor", "--offline", cwd=outside).out
