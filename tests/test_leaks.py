"""gitgen-secrets and gitgen-push-check: as native hooks, and through pre-commit itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gitgen.repository import Repository
from tests import planted
from tests.conftest import ROOT, Gitgen, git, write
from tests.sessions import BRANCH, Making

pytestmark = pytest.mark.usefixtures("path")


def tried(folder: Path, *command: str) -> tuple[int, str]:
    """The exit code of a command that may be refused, and all that it said."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def secret() -> str:
    return planted.BUILT_IN["github-token"]()


@pytest.fixture
def hooked(gitgen: Gitgen, folder: Path) -> Path:
    assert gitgen("hook", "install").code == 0
    return folder


@pytest.fixture
def remote(folder: Path, tmp_path: Path) -> Path:
    """A remote `origin` that has `main`."""
    bare = tmp_path / "origin.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(folder, "remote", "add", "origin", str(bare))
    git(folder, "push", "-q", "origin", "main")
    return bare


def session(repository: Repository, *replies: str) -> Making:
    """A session on BRANCH, which is not checked out, with a step for each reply; each is as it says."""
    made = Making(repository)
    for number, reply in enumerate(replies):
        made.step(f"```{number}.txt\n{number}\n```\n{reply}", {f"{number}.txt": f"{number}\n".encode()})
    return made


@pytest.mark.parametrize(
    "how", [("commit", "-m", "x"), ("commit", "-a", "-m", "x"), ("commit", "-m", "x", "README.md")]
)
def test_a_commit_that_brings_a_secret_in_is_refused(hooked: Path, how: tuple[str, ...]) -> None:
    token = secret()
    write(hooked, {"README.md": f"# Hello\n\nuse {token}\n"})
    if how == ("commit", "-m", "x"):
        git(hooked, "add", "-A")
    code, said = tried(hooked, "git", *how)
    assert code == 1 and "error: README.md:3 holds a secret: github-token" in said and "hint: take it out" in said
    assert token not in said
    write(hooked, {"README.md": "# Hello again\n"})
    git(hooked, "add", "-A")
    assert tried(hooked, "git", "commit", "-m", "x")[0] == 0


def test_only_what_is_staged_is_looked_at_and_only_what_is_new(hooked: Path) -> None:
    old = secret()
    write(hooked, {"old.txt": f"{old}\n"})
    git(hooked, "add", "-A")
    git(hooked, "commit", "-qm", "An old one", "--no-verify")
    write(hooked, {"old.txt": f"a line\n{old}\n", "image.bin": f"\0{secret()}".encode()})
    git(hooked, "add", "-A")
    write(hooked, {"README.md": secret()})
    assert tried(hooked, "git", "commit", "-m", "x")[0] == 0
    assert git(hooked, "status", "--porcelain") == " M README.md"


def test_a_person_can_say_that_a_line_keeps_no_secret(hooked: Path) -> None:
    write(hooked, {"test_it.py": f"KEY = '{secret()}'  # gitleaks:allow\n"})
    git(hooked, "add", "-A")
    assert tried(hooked, "git", "commit", "-m", "x")[0] == 0


def test_a_chat_is_read_as_what_it_says(hooked: Path) -> None:
    chat = json.dumps({"turns": [{"reply": {"content": f"a\n{secret()}"}}], "note": "leaks:allow"})
    write(hooked, {".gitgen/x/0001-fix.json": chat})
    git(hooked, "add", "-A")
    code, said = tried(hooked, "git", "commit", "-m", "x")
    assert code == 1 and ".gitgen/x/0001-fix.json holds a secret: github-token" in said


def test_the_first_commit_of_a_repository_is_looked_at(gitgen: Gitgen, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    git(tmp_path, "init", "-q", str(fresh))
    assert gitgen("hook", "install", cwd=fresh).code == 0
    write(fresh, {"a.txt": "plain\n", "b.txt": secret()})
    git(fresh, "add", "-A")
    assert "b.txt:1 holds a secret" in tried(fresh, "git", "commit", "-m", "x")[1]
    git(fresh, "rm", "-qf", "b.txt")
    assert tried(fresh, "git", "commit", "-m", "x")[0] == 0


def test_a_variable_of_the_environment_is_a_secret_too(hooked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "correct-horse-battery")
    write(hooked, {"README.md": "log in with correct-horse-battery\n"})
    git(hooked, "add", "-A")
    assert "README.md:1 holds a secret: SHOP_PASSWORD" in tried(hooked, "git", "commit", "-m", "x")[1]


@pytest.mark.usefixtures("remote")
def test_a_push_of_a_leaking_chat_is_refused_though_it_is_not_checked_out(hooked: Path, repository: Repository) -> None:
    made = session(repository, "Done.", f"Done with {secret()}.")
    code, said = tried(hooked, "git", "push", "origin", "main", BRANCH)
    assert code == 1 and f"refs/heads/{BRANCH}: .{BRANCH}/0002-fix.json holds a secret: github-token" in said
    assert f"gitgen rerun {made.tip[:10]} --session {BRANCH} --replay" in said
    assert git(hooked, "ls-remote", "--heads", "origin", BRANCH) == ""
    assert tried(hooked, "git", "push", "origin", f"{made.tip}^:refs/heads/{BRANCH}")[0] == 0, (
        "the step before is clean"
    )
    code, said = tried(hooked, "git", "push", "origin", BRANCH)
    assert code == 1 and "0002-fix.json" in said and "0001-fix.json" not in said, "what is there is not read again"


@pytest.mark.usefixtures("remote")
def test_what_was_taken_out_again_is_found_in_the_history(hooked: Path, repository: Repository) -> None:
    session(repository, f"Done with {secret()}.")
    git(hooked, "switch", "-q", BRANCH)
    git(hooked, "rm", "-q", f".{BRANCH}/0001-fix.json")
    git(hooked, "commit", "-qm", "Hide it")
    git(hooked, "switch", "-q", "main")
    assert "0001-fix.json holds a secret" in tried(hooked, "git", "push", "origin", BRANCH)[1]


@pytest.mark.usefixtures("remote")
def test_a_push_of_a_step_that_was_edited_is_refused(hooked: Path, repository: Repository) -> None:
    session(repository, "Done.", "Done.")
    git(hooked, "switch", "-q", BRANCH)
    write(hooked, {"1.txt": "edited\n"})
    git(hooked, "commit", "-qa", "--amend", "--no-edit")
    edited = git(hooked, "rev-parse", "HEAD")[:10]
    git(hooked, "switch", "-q", "main")
    for target in ((BRANCH,), ("--force", BRANCH), (f"{BRANCH}:refs/heads/other",), ("--all",)):
        code, said = tried(hooked, "git", "push", "origin", *target)
        assert code == 1 and f"the step {edited} is not what its chat makes: it differs in 1.txt" in said, said
        assert f"gitgen show {edited} --how" in said
    assert tried(hooked, "git", "push", "--no-verify", "origin", BRANCH)[0] == 0, "the person has the last word"
    assert tried(hooked, "git", "push", "origin", f":{BRANCH}")[0] == 0, "a branch can be deleted"


@pytest.mark.usefixtures("remote")
def test_a_good_session_passes_and_so_does_a_forced_push_and_a_tag(hooked: Path, repository: Repository) -> None:
    made = session(repository, "Done.", "Done.")
    git(hooked, "push", "-q", "origin", BRANCH)
    git(hooked, "branch", "-f", BRANCH, f"{made.tip}^")
    git(hooked, "push", "-q", "--force", "origin", BRANCH)
    git(hooked, "tag", "-a", "-m", "x", "v1", made.tip)
    git(hooked, "tag", "blob", "main:README.md")
    git(hooked, "push", "-q", "origin", "--tags")


CONFIG = """repos:
- repo: {0}
  rev: {1}
  hooks: [{{id: gitgen-secrets}}, {{id: gitgen-push-check}}]
"""


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    """What pre-commit is to see of this repository: its hooks, which take the gitgen that is installed."""
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text().replace("language: python", "language: system")
    path = tmp_path / "offered"
    path.mkdir()
    git(path, "init", "-q")
    write(path, {".pre-commit-hooks.yaml": hooks})
    git(path, "add", "-A")
    git(path, "commit", "-qm", "Offer hooks")
    return path


def pre_commit(folder: Path, *args: str) -> tuple[int, str]:
    return tried(folder, sys.executable, "-m", "pre_commit", *args)


def test_pre_commit_tries_the_hooks(folder: Path, offered: Path) -> None:
    write(folder, {"new.txt": "plain\n"})
    git(folder, "add", "-A")
    assert pre_commit(folder, "try-repo", str(offered), "gitgen-secrets")[0] == 0
    write(folder, {"new.txt": secret()})
    git(folder, "add", "-A")
    code, said = pre_commit(folder, "try-repo", str(offered), "gitgen-secrets")
    assert code == 1 and "new.txt:1 holds a secret: github-token" in said


@pytest.mark.usefixtures("remote")
def test_pre_commit_installs_them_and_refuses_a_branch_that_is_not_checked_out(
    folder: Path, offered: Path, repository: Repository
) -> None:
    session(repository, "Done.", f"Done with {secret()}.")
    write(folder, {".pre-commit-config.yaml": CONFIG.format(offered, git(offered, "rev-parse", "HEAD"))})
    assert pre_commit(folder, "install", "--hook-type", "pre-commit", "--hook-type", "pre-push")[0] == 0
    write(folder, {"key.txt": secret()})
    git(folder, "add", "-A")
    assert "key.txt:1 holds a secret" in tried(folder, "git", "commit", "-m", "x")[1]
    git(folder, "rm", "-qf", "key.txt")
    assert tried(folder, "git", "commit", "-m", "x")[0] == 0
    code, said = tried(folder, "git", "push", "origin", BRANCH)
    assert code == 1 and "0002-fix.json holds a secret: github-token" in said
    assert tried(folder, "git", "push", "origin", f"{BRANCH}^:refs/heads/{BRANCH}")[0] == 0
    code, said = tried(folder, "git", "push", "origin", BRANCH)
    assert code == 1 and "0002-fix.json" in said and "0001" not in said
    assert tried(folder, "git", "push", "origin", "main")[0] == 0
