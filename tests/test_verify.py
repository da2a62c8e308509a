"""`gitgen verify`: the tree of a step is a function of its parent and its chat, and whoever changed either is named."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitgen.history.verify import verify
from gitgen.repository import Repository
from tests.conftest import Gitgen, git, write
from tests.replies import FRENCH, MISFIT, PROGRAM, RUN_SH, diff
from tests.scripted import Answer, endpoint, says


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def session(gitgen: Gitgen, folder: Path) -> Path:
    """A session `s`, checked out: a repaired step, a rejected one, a person's commit, and a step on top."""

    def fix(*answers: Answer, **options: str) -> None:
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        with endpoint(*answers) as running:
            gitgen("fix", "Greet", *flags, GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m")

    fix(says(MISFIT), says(FRENCH), name="s")
    git(folder, "switch", "-q", "gitgen/s")
    fix(says(MISFIT), rounds="0")
    write(folder, {"notes.txt": "x\n", "run.sh": "#!/bin/sh\n"})
    git(folder, "add", "notes.txt", "run.sh")
    git(folder, "update-index", "--chmod=+x", "run.sh")
    git(folder, "commit", "-qm", "Take notes")
    git(folder, "reset", "-q", "--hard")
    moves = "```diff\n--- a/notes.txt\n+++ /dev/null\n@@ ... @@\n-x\n```\n"
    fix(says(diff("run.sh", "#!/bin/sh", "#!/bin/bash") + moves + "new.sh\n```sh\n#!/bin/sh\n```\n"))
    assert git(folder, "ls-files", "-s", "new.sh").startswith("100755")
    return folder


def rewritten(folder: Path, change: Callable[[], object]) -> str:
    """Put a change into the last step, as `git commit --amend` does; the id of what comes of it."""
    change()
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--amend", "--no-edit")
    return git(folder, "rev-parse", "HEAD")


def test_every_kind_of_step_is_what_its_chat_makes(session: Path, gitgen: Gitgen, repository: Repository) -> None:
    assert [v.commit.status for v in verify(repository, "gitgen/s")] == ["ok", "rejected", "ok"]
    ran = gitgen("verify")
    assert (ran.code, ran.out, ran.err) == (0, "3 steps are what the chats make\n", "")
    assert gitgen("verify", "s").out == gitgen("verify", "gitgen/s").out == gitgen("verify", "--all").out == ran.out
    assert gitgen("verify", "HEAD^..HEAD").out == "1 step is what the chats make\n"


def test_a_scaffold_verifies(tmp_path: Path, gitgen: Gitgen) -> None:
    with endpoint(says(PROGRAM), says(RUN_SH)) as running:
        gitgen("new", "made", "-m", "Hello", GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m", cwd=tmp_path)
    assert gitgen("verify", cwd=tmp_path / "made").out == "2 steps are what the chats make\n"


def test_rebased_steps_still_hold(session: Path, gitgen: Gitgen) -> None:
    git(session, "switch", "-q", "main")
    write(session, {"LICENSE": "MIT\n"})
    git(session, "add", "LICENSE")
    git(session, "commit", "-qm", "License")
    git(session, "rebase", "-q", "main", "gitgen/s")
    assert gitgen("verify").out == "3 steps are what the chats make\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [("hello.py", "print('edited')\n"), ("more.py", "x\n"), (".gitgen/s/9999-fix.json", "{}\n")],
)
def test_a_step_that_was_edited_by_hand_is_named(session: Path, gitgen: Gitgen, name: str, content: str) -> None:
    oid = rewritten(session, lambda: write(session, {name: content}))
    ran = gitgen("verify")
    assert ran.code == 1 and ran.out.startswith(oid[:10]) and f"differs in {name}\n" in ran.out
    assert ran.err == (f"error: 1 of 3 steps are not what the chats make\nhint: gitgen show {oid[:10]} --how\n")
    (failed,) = json.loads(gitgen("verify", "--json").out)["failed"]
    assert (failed["commit"], failed["paths"], failed["session"]) == (oid, [name], "gitgen/s")


def test_a_file_that_was_taken_back_or_changed_its_mode_is_named(session: Path, gitgen: Gitgen) -> None:
    rewritten(session, lambda: git(session, "checkout", "-q", "HEAD^", "notes.txt"))
    assert "differs in notes.txt\n" in gitgen("verify").out
    rewritten(session, lambda: (session / "new.sh").chmod(0o644))
    assert "differs in new.sh, notes.txt\n" in gitgen("verify").out


def test_a_chat_that_was_edited_does_not_hold(session: Path, gitgen: Gitgen) -> None:
    (chat,) = (path for path in (session / ".gitgen/s").iterdir() if path.name.startswith("0003"))
    rewritten(session, lambda: chat.write_text(chat.read_text().replace("bash", "zsh")))
    assert "it does not add its chat file" in gitgen("verify").out
    log = git(session, "rev-parse", f"HEAD:.gitgen/s/{chat.name}")
    message = git(session, "log", "-1", "--format=%B").split("\n")
    message = [f"Gitgen-Log: {log}" if line.startswith("Gitgen-Log") else line for line in message]
    git(session, "commit", "-q", "--amend", "-m", "\n".join(message))
    assert "differs in run.sh\n" in gitgen("verify").out


@pytest.mark.parametrize("log", ["", "HEAD^{tree}", "0" * 40, "HEAD:hello.py", "-p\x1b[2J"])
def test_a_step_without_a_chat_is_named(session: Path, gitgen: Gitgen, log: str) -> None:
    git(
        session, "commit", "-q", "--allow-empty", "-m", f"Odd\n\nGitgen-Step: fix\nGitgen-Status: ok\nGitgen-Log: {log}"
    )
    ran = gitgen("verify")
    assert ran.code == 1 and "its chat cannot be read" in ran.out and "\x1b" not in ran.out


def test_a_clone_needs_no_configuration(session: Path, gitgen: Gitgen, sealed: Path, tmp_path: Path) -> None:
    (sealed / ".gitconfig").unlink()
    subprocess.run(["git", "clone", "-q", "--bare", str(session), str(tmp_path / "bare")], check=True)
    subprocess.run(["git", "clone", "-q", str(tmp_path / "bare"), str(tmp_path / "ci")], check=True)
    git(tmp_path / "ci", "checkout", "-q", "--detach", "origin/gitgen/s")
    for args in ((), ("origin/gitgen/s",), ("--all",)):
        assert gitgen("verify", *args, cwd=tmp_path / "ci").out == "3 steps are what the chats make\n"


def test_steps_of_a_sha256_repository_hold(tmp_path: Path, gitgen: Gitgen) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "long")
    with endpoint(says(PROGRAM), says(RUN_SH)) as running:
        gitgen("new", "long", "-m", "Hello", GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m", cwd=tmp_path)
    assert gitgen("verify", cwd=tmp_path / "long").out == "2 steps are what the chats make\n"


def test_what_cannot_be_verified_is_said(folder: Path, gitgen: Gitgen, tmp_path: Path) -> None:
    ran = gitgen("verify", "nope..main")
    assert ran.code == 1 and "no commit or range nope..main" in ran.err
    assert gitgen("verify", "main", "--all").code == 2
    git(tmp_path, "init", "-q", "empty")
    assert gitgen("verify", cwd=tmp_path / "empty").code == 1
    assert gitgen("verify", "main").out == "there is no step to verify\n"
