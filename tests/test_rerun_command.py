"""`gitgen rerun` through the command line, with an editor that is a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Gitgen, git
from tests.replies import FRENCH, ITALIAN, TITLE, diff
from tests.scripted import Endpoint, endpoint, fails, says


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def model(gitgen: Gitgen, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint that has answered two fixes of a session `x`, which is not checked out."""
    with endpoint(says(FRENCH), says(TITLE)) as running:
        monkeypatch.setenv("GITGEN_BASE_URL", running.base_url)
        assert gitgen("fix", "In French", "--name", "x", "-f", "hello.py").code == 0
        assert gitgen("fix", "Name it", "--branch", "gitgen/x", "-f", "README.md").code == 0
        running.requests.clear()
        yield running


def editor(folder: Path, script: str) -> str:
    """An editor that runs a shell script on the file ($1)."""
    path = folder.parent / "an editor.sh"
    path.write_text(f"#!/bin/sh\nset -e\n{script}\n")
    path.chmod(0o755)
    return f"'{path}'"


def test_a_number_is_a_step_of_the_named_session_and_a_commit_names_its_own(
    gitgen: Gitgen, folder: Path, model: Endpoint
) -> None:
    model.script = [says(ITALIAN)] * 3
    ran = gitgen("rerun", "1", "--session", "x", "--model", "other")
    assert ran.code == 0, ran.err
    assert ran.out.split()[1:3] == ["fix", "ok"] and ran.out.endswith("Greet in Italian\n")
    assert ran.err.endswith("on gitgen/x-rerun: git diff gitgen/x..gitgen/x-rerun\n")
    assert model.requests[0]["model"] == "other"
    assert gitgen("rerun", "gitgen/x^").code == 0
    assert gitgen("rerun", "gitgen/x-rerun").code == 0
    names = git(folder, "for-each-ref", "--format=%(refname:short)", "refs/heads/gitgen").split()
    assert names == ["gitgen/x", "gitgen/x-rerun", "gitgen/x-rerun-2", "gitgen/x-rerun-3"]
    assert gitgen("log", "gitgen/x-rerun").out.count("  fix  ") == 1
    assert gitgen("verify", "gitgen/x-rerun").out == "1 step is what the chats make\n"


def test_the_editor_has_the_chat_and_what_it_leaves_is_asked(gitgen: Gitgen, folder: Path, model: Endpoint) -> None:
    model.script = [says(diff("README.md", "# Hello", "# Ciao"))]
    seen = folder.parent / "seen"
    script = f'cp "$1" {seen}; sed -i \'s/^In French/In Italian/; s/^.file hello.py.*/[file README.md]/\' "$1"'
    ran = gitgen("rerun", "1", "--session", "x", "--edit", GIT_EDITOR=editor(folder, script))
    assert ran.code == 0, ran.err
    oid = git(folder, "rev-parse", "main:hello.py")
    text = seen.read_text()
    assert text.startswith("# The request of step fix, ")
    assert "\n\n=== system\n" in text and f"\n=== user\n[file hello.py {oid}]\n" in text
    assert text.endswith("\n===\nIn French\n\n")
    shown = model.requests[0]["messages"][-1]["content"]
    assert shown.startswith("README.md\n```\n# Hello\n```\n") and shown.endswith("\n\nIn Italian")
    assert not list((folder / ".git/gitgen").iterdir())


def test_unchanged_it_is_asked_all_the_same(gitgen: Gitgen, folder: Path, model: Endpoint) -> None:
    model.script = [says(ITALIAN)]
    git(folder, "config", "core.editor", "true")
    assert gitgen("rerun", "1", "--session", "x", "--edit").code == 0
    assert len(model.requests) == 1


def test_a_broken_text_is_refused_with_its_line_and_opened_again(gitgen: Gitgen, folder: Path, model: Endpoint) -> None:
    breaks = editor(folder, "sed -i 's/^=== user/=== usr/; s/^In French/In Italian/' \"$1\"")
    ran = gitgen("rerun", "1", "--session", "x", "--edit", EDITOR=breaks)
    assert ran.code == 1
    (kept,) = (folder / ".git/gitgen").iterdir()
    line = kept.read_text().split("\n").index("=== usr") + 1
    assert f"cannot be read: line {line}: there is no role 'usr'" in ran.err
    assert kept.stat().st_mode & 0o077 == 0
    assert not model.requests and not git(folder, "branch", "--list", "gitgen/x-rerun")
    model.script = [says(ITALIAN)]
    mends = editor(folder, "sed -i 's/^=== usr/=== user/' \"$1\"")
    ran = gitgen("rerun", "1", "--session", "x", "--edit", EDITOR=mends)
    assert ran.code == 0 and "going on with what you wrote before" in ran.err
    assert model.requests[0]["messages"][-1]["content"].endswith("In Italian")
    assert not kept.exists()


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 1", "The editor failed"),
        (': > "$1"', "The text is empty, so nothing is asked"),
        ("sed -i 's/^.file hello.py.*/[file nothing.py]/' \"$1\"", "There is no file nothing.py on the branch"),
        ("sed -i 's/^In French/=== reply/' \"$1\"", "the step had not so many replies"),
    ],
)
def test_nothing_is_asked_when_the_editor_says_no(
    gitgen: Gitgen, folder: Path, model: Endpoint, script: str, told: str
) -> None:
    ran = gitgen("rerun", "1", "--session", "x", "--edit", VISUAL=editor(folder, script))
    assert ran.code == 1 and told in ran.err, ran.err
    assert not model.requests and not git(folder, "branch", "--list", "gitgen/x-rerun")


def test_without_a_terminal_and_an_editor_nothing_is_asked(
    gitgen: Gitgen, model: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    ran = gitgen("rerun", "1", "--session", "x", "--edit")
    assert (ran.code, model.requests) == (1, [])
    assert "There is no terminal to edit the chat in, and no editor is set" in ran.err
    assert "core.editor" in ran.err.splitlines()[-1]


def test_the_way_on_is_told_where_another_session_is_checked_out(gitgen: Gitgen, folder: Path, model: Endpoint) -> None:
    git(folder, "switch", "-q", "gitgen/x")
    model.script = [fails(400)]
    ran = gitgen("rerun", "1")
    assert (ran.code, "hint: gitgen resume gitgen/x-rerun --model NAME" in ran.err) == (1, True), ran.err
    model.script = [says(ITALIAN)]
    assert gitgen("resume", "gitgen/x-rerun").code == 0
    assert git(folder, "status", "--porcelain") == ""


def test_a_branch_that_is_taken_is_told_before_anything_is_asked(gitgen: Gitgen, model: Endpoint) -> None:
    ran = gitgen("rerun", "1", "--session", "x", "--branch", "x")
    assert (ran.code, model.requests) == (1, [])
    assert "hint: --branch OTHER" in ran.err


def test_a_replay_that_has_not_come_to_its_end_goes_on_in_a_clone(
    gitgen: Gitgen, folder: Path, tmp_path: Path, model: Endpoint
) -> None:
    model.script = [says(ITALIAN)]
    git(folder, "switch", "-q", "gitgen/x")
    (folder / "notes.txt").write_text("To be translated\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Take notes")
    git(folder, "switch", "-q", "main")
    assert gitgen("rerun", "1", "--session", "x", "--branch", "y", "--replay").code == 0
    whole = git(folder, "rev-parse", "gitgen/y^{tree}")
    git(folder, "branch", "-qf", "gitgen/y", "gitgen/y~2")
    git(tmp_path, "clone", "-q", str(folder), "copy")
    copy = tmp_path / "copy"
    for name in ("x", "y"):
        git(copy, "branch", "-q", f"gitgen/{name}", f"origin/gitgen/{name}")
    model.requests.clear()
    ran = gitgen("resume", "gitgen/y", "--json", cwd=copy)
    assert (ran.code, model.requests) == (0, []), ran.err
    (step,) = json.loads(ran.out)
    assert (step["step"], step["total_tokens"], step["usage"]) == ("fix", 0, "recorded")
    assert git(copy, "log", "-2", "--format=%s", "gitgen/y") == "Take notes\nName the program"
    assert git(copy, "diff", "--stat", whole, "gitgen/y", "--", ":!.gitgen") == ""
