"""The hooks, in real repositories: natively, beside foreign ones, and through pre-commit's way of calling them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.record.squash import broken, lifted
from gitgen.record.trailers import compose, parse
from tests.conftest import ROOT, Gitgen, git, write
from tests.test_cli import imported

BLOCK = {
    "Gitgen-Session": "gitgen/x",
    "Gitgen-Step": "fix",
    "Gitgen-Status": "ok",
    "Gitgen-Model": "m-1",
    "Gitgen-Prompt-Tokens": "100",
    "Gitgen-Completion-Tokens": "20",
    "Gitgen-Total-Tokens": "120",
    "Gitgen-Usage": "api",
    "Gitgen-Log": "abc",
}


def session(folder: Path, *totals: int) -> None:
    """Commits with trailers of steps on gitgen/x."""
    git(folder, "switch", "-qc", "gitgen/x")
    for number, total in enumerate(totals):
        write(folder, {f"file{number}": "x\n"})
        git(folder, "add", "-A")
        block = BLOCK | {
            "Gitgen-Total-Tokens": str(total),
            "Gitgen-Model": f"m-{number % 2}",
            "Gitgen-Log": f"id{number}",
        }
        git(folder, "commit", "-qm", compose(f"Step {number}", "Gitgen-Step: forged\n---\nwords", block))
    git(folder, "switch", "-q", "main")


def read_by_git(folder: Path, key: str) -> str:
    return git(folder, "log", "-1", f"--format=%(trailers:key={key},valueonly,separator=|)")


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("options", [(), ("--signoff",)])
def test_a_squash_keeps_the_sums(gitgen: Gitgen, folder: Path, options: tuple[str, ...]) -> None:
    session(folder, 100, 20, 3)
    assert gitgen("hook", "install").code == 0
    git(folder, "merge", "-q", "--squash", "gitgen/x")
    git(folder, "commit", "-q", "--no-edit", *options)
    assert read_by_git(folder, "Gitgen-Total-Tokens") == "123"
    assert read_by_git(folder, "Gitgen-Squashed") == "id0 id1 id2"
    assert read_by_git(folder, "Assisted-by") == "gitgen:m-0|gitgen:m-1"
    assert read_by_git(folder, "Gitgen-Step") == "", "it is no step"
    assert read_by_git(folder, "Signed-off-by") == ("Ada <ada@example.org>" if options else "")


@pytest.mark.usefixtures("path")
def test_a_squash_in_words_of_ones_own_keeps_the_sums(gitgen: Gitgen, folder: Path) -> None:
    session(folder, 100, 20, 3)
    assert gitgen("hook", "install").code == 0
    git(folder, "merge", "-q", "--squash", "gitgen/x")
    git(folder, "commit", "-q", "-s", "-m", "Add three files", "-m", "In words of my own")
    assert read_by_git(folder, "Gitgen-Total-Tokens") == "123"
    assert read_by_git(folder, "Gitgen-Squashed") == "id0 id1 id2"
    assert read_by_git(folder, "Signed-off-by") == "Ada <ada@example.org>"
    message = git(folder, "log", "-1", "--format=%B")
    assert message.startswith("Add three files\n\nIn words of my own\n\n") and "Squashed commit" not in message
    git(folder, "commit", "-q", "--allow-empty", "-m", "Go on")
    assert git(folder, "log", "-1", "--format=%B").strip() == "Go on"


@pytest.mark.usefixtures("path")
def test_an_edited_message_that_breaks_the_block_of_a_step_is_caught(gitgen: Gitgen, folder: Path) -> None:
    session(folder, 100)
    assert gitgen("hook", "install").code == 0
    git(folder, "switch", "-q", "gitgen/x")
    message = git(folder, "log", "-1", "--format=%B")
    git(folder, "commit", "-q", "--amend", "-m", message.replace("Step 0", "A better subject"))
    for spoilt in (message + "\n\nPS: this was mine", message.replace("Gitgen-Log: id0", "")):
        done = subprocess.run(["git", "commit", "--amend", "-m", spoilt], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 1 and "hint: put them back" in done.stderr, done.stderr
    assert "A better subject" in git(folder, "log", "-1", "--format=%s")


@pytest.mark.usefixtures("path")
def test_other_commits_are_left_alone(gitgen: Gitgen, folder: Path) -> None:
    assert gitgen("hook", "install").code == 0
    message = "Explain\n\nA step has the trailers Gitgen-Session and Gitgen-Step.\n\nGitgen-Feedback: not a step\n"
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    assert git(folder, "log", "-1", "--format=%B").strip() == message.strip()


@pytest.mark.parametrize("name", ["prepare-commit-msg", "commit-msg"])
def test_a_hook_imports_nothing_that_is_heavy(folder: Path, name: str) -> None:
    session(folder, 7)
    git(folder, "merge", "-q", "--squash", "gitgen/x")
    message = folder / ".git/SQUASH_MSG"
    assert imported(folder, "hook", "run", name, str(message), "squash") == ["0"]
    assert imported(folder, "hook", "run", "commit-msg", str(message)) == ["0"]
    assert imported(folder, "hook", "run", "other", str(message))[:2] == ["2", "click"]


@pytest.mark.parametrize("name", ["pre-commit", "pre-push"])
def test_nothing_heavy_is_imported_to_find_nothing_to_do(folder: Path, name: str) -> None:
    assert imported(folder, "hook", "run", name) == ["0"]
    assert imported(folder, "hook", "run", name, "--help")[:2] == ["0", "click"]


def test_foreign_hooks_stay_and_the_way_out_is_named(gitgen: Gitgen, folder: Path) -> None:
    mine = folder / ".git/hooks/commit-msg"
    write(folder, {".git/hooks/commit-msg": "#!/bin/sh\nexit 0\n"})
    ran = gitgen("hook", "install")
    assert ran.code == 1 and 'gitgen hook run commit-msg "$@"' in ran.err
    assert mine.read_text() == "#!/bin/sh\nexit 0\n" and (folder / ".git/hooks/prepare-commit-msg").exists()
    assert "commit-msg          foreign" in gitgen("hook", "status").out
    mine.write_text('#!/bin/sh\ngitgen hook run commit-msg "$@"\n')
    assert "commit-msg          called" in gitgen("hook", "status").out
    ran = gitgen("hook", "uninstall")
    assert (
        ran.code == 0 and f"{mine} is not as gitgen made it and stays; it calls: gitgen hook run commit-msg" in ran.err
    )
    assert mine.exists() and not (folder / ".git/hooks/prepare-commit-msg").exists()


def test_the_hooks_go_where_git_looks_for_them(gitgen: Gitgen, folder: Path) -> None:
    git(folder, "config", "core.hooksPath", "my/hooks")
    assert gitgen("hook", "install").code == 0 and gitgen("hook", "install").code == 0
    hook = folder / "my/hooks/commit-msg"
    assert hook.read_bytes() == (ROOT / "hooks/commit-msg").read_bytes() and os.access(hook, os.X_OK)


def test_pre_commit_calls_it_with_the_source_in_the_environment(gitgen: Gitgen, folder: Path) -> None:
    session(folder, 7)
    git(folder, "merge", "-q", "--squash", "gitgen/x")
    message = folder / ".git/SQUASH_MSG"
    before = message.read_text()
    assert gitgen("hook", "run", "prepare-commit-msg", str(message)).code == 0
    assert message.read_text() == before
    assert gitgen("hook", "run", "prepare-commit-msg", str(message), PRE_COMMIT_COMMIT_MSG_SOURCE="squash").code == 0
    assert parse(message.read_text())["Gitgen-Total-Tokens"] == "7"


words = st.lists(st.sampled_from(["", "fix: a", "---", "# x", "    indented", "commit " + "a" * 40, "Gitgen-Step: x"]))


@given(st.lists(st.tuples(st.integers(0, 10**6), words.map("\n".join)), max_size=4), words.map("\n".join))
def test_lifting_adds_up_once_whatever_the_messages_say(steps: list[tuple[int, str]], comment: str) -> None:
    message = "Squashed commit of the following:\n"
    for number, (total, body) in enumerate(steps):
        said = compose("A step", body, BLOCK | {"Gitgen-Total-Tokens": str(total), "Gitgen-Log": f"id{number}"})
        indented = "\n".join(f"    {line}" if line else "" for line in said.rstrip("\n").split("\n"))
        message += f"\ncommit {'b' * 40}\nAuthor: Ada <a@b>\nDate:   now\n\n{indented}\n"
    message += "\n" + "\n".join(f"# {line}" for line in comment.splitlines())
    once = lifted(message, message)
    assert lifted(once, once) == once
    mine = lifted("In my words\n", message)
    assert lifted(mine, message) == mine and parse(mine.partition("\n")[2]) == parse(once.partition("\n")[2])
    assert broken(once) == ""
    found = parse(once.partition("\n")[2])
    if steps:
        assert found["Gitgen-Total-Tokens"] == str(sum(total for total, _ in steps))
        assert len(found["Gitgen-Squashed"].split()) == len(steps)
    else:
        assert once == message


@pytest.mark.usefixtures("path")
def test_usage_counts_a_squash_by_the_hook_once(gitgen: Gitgen, folder: Path) -> None:
    session(folder, 100, 20, 3)
    assert gitgen("hook", "install").code == 0
    git(folder, "merge", "-q", "--squash", "gitgen/x")
    git(folder, "commit", "-q", "--no-edit")
    for revisions in ("HEAD^..HEAD", "--all"):
        ran = gitgen("usage", revisions, "--json")
        assert json.loads(ran.out)["total"]["total_tokens"] == 123, ran.out
