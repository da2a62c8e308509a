"""`gitgen apply` and `gitgen reparse`: replies without a model, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import HELLO, Gitgen, git, write
from tests.replies import FRENCH, MISFIT, diff
from tests.scripted import endpoint, says


def test_a_pasted_reply_becomes_a_step(gitgen: Gitgen, folder: Path) -> None:
    ran = gitgen("apply", "--name", "x", stdin=FRENCH)
    assert ran.code == 0, ran.err
    assert git(folder, "show", "gitgen/x:hello.py") == HELLO.rstrip().replace("Hello", "Bonjour")
    assert git(folder, "branch", "--show-current") == "main"
    shown = git(folder, "log", "-1", "--format=%(trailers:key=Gitgen-Model,valueonly)%s", "gitgen/x")
    assert shown == "pasted\nGreet in French"
    assert json.loads(gitgen("usage", "gitgen/x", "--json").out)["total"]["total_tokens"] == 0


def test_it_goes_on_top_of_a_session_and_comes_from_a_file(gitgen: Gitgen, folder: Path) -> None:
    gitgen("apply", "--name", "x", stdin=FRENCH)
    git(folder, "switch", "-q", "gitgen/x")
    write(folder, {"reply.txt": diff("README.md", "# Hello", "# Salut")})
    ran = gitgen("apply", "reply.txt")
    assert ran.code == 0, ran.err
    assert (folder / "README.md").read_text() == "# Salut\n"
    assert git(folder, "status", "--porcelain") == "?? reply.txt"


def test_a_dry_run_shows_the_diff_and_changes_nothing(gitgen: Gitgen, folder: Path) -> None:
    before = git(folder, "for-each-ref")
    ran = gitgen("apply", "--dry-run", stdin=FRENCH)
    assert ran.code == 0 and "+    return 'Bonjour ' + name" in ran.out
    assert git(folder, "for-each-ref") == before and git(folder, "status", "--porcelain") == ""
    misfit = gitgen("apply", "--dry-run", stdin=MISFIT)
    assert misfit.code == 1 and misfit.out == "" and "hello.py" in misfit.err


@pytest.mark.parametrize("stdin", ["", "No edits here."])
def test_what_is_no_reply_changes_no_file(gitgen: Gitgen, folder: Path, stdin: str) -> None:
    ran = gitgen("apply", "--name", "x", stdin=stdin)
    assert ran.code == 1 and ran.err.splitlines()[-2].startswith("error: ")
    assert "gitgen apply" in ran.err or "rejected" in ran.err
    assert git(folder, "diff", "--name-only", "main", "--", ".", ":(exclude).gitgen") == ""


def test_a_pasted_reply_that_does_not_fit_is_not_asked_of_a_model(gitgen: Gitgen, folder: Path) -> None:
    misfit = gitgen("apply", "--name", "x", stdin=MISFIT)
    assert misfit.code == 1 and "hint: gitgen apply takes another" in misfit.err
    with endpoint() as scripted:
        for args in (("resume", "gitgen/x"), ("new", ".", "-m", "y", "--steps", "apply")):
            ran = gitgen(*args, GITGEN_BASE_URL=scripted.base_url)
            assert ran.code == 1 and "gitgen apply FILE" in ran.err
        assert scripted.requests == []
    assert gitgen("apply", "--branch", "gitgen/x", stdin=FRENCH).code == 0


def test_a_step_that_reads_the_same_is_left_alone(gitgen: Gitgen, folder: Path) -> None:
    gitgen("apply", "--name", "x", stdin=FRENCH)
    tip = git(folder, "rev-parse", "gitgen/x")
    ran = gitgen("reparse", "1", "--branch", "gitgen/x")
    assert (ran.code, ran.err) == (0, "today's reader makes the same of it\n")
    assert git(folder, "rev-parse", "gitgen/x") == tip


def test_a_reply_that_an_older_reader_rejected_is_read_again_for_free(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH)) as scripted:
        gitgen("fix", "In French", "--name", "x", GITGEN_BASE_URL=scripted.base_url)
    # As an older gitgen would have left it: the chat kept, the file as it was, a person's work on top.
    tree = git(folder, "rev-parse", "gitgen/x:.gitgen")
    old = git(folder, "ls-tree", "gitgen/x^")
    entries = "\n".join(
        f"040000 tree {tree}\t.gitgen" if line.endswith(".gitgen") else line for line in old.split("\n")
    )
    message = git(folder, "log", "-1", "--format=%B", "gitgen/x").replace("Status: ok", "Status: rejected")
    made = git(folder, "mktree", stdin=entries + "\n")
    rejected = git(folder, "commit-tree", made, "-p", "gitgen/x^", stdin=message)
    git(folder, "branch", "-f", "gitgen/x", rejected)
    git(folder, "switch", "-q", "gitgen/x")
    write(folder, {"README.md": "# By hand\n"})
    git(folder, "commit", "-qam", "By hand")

    ran = gitgen("reparse", "1")
    assert ran.code == 0, ran.err
    assert "Bonjour" in (folder / "hello.py").read_text() and (folder / "README.md").read_text() == "# By hand\n"
    assert git(folder, "log", "-1", "--format=%s") == f"Read the reply of {rejected[:10]} again"
    assert git(folder, "status", "--porcelain") == ""


def test_how_a_hunk_found_its_place_can_be_asked(gitgen: Gitgen, folder: Path) -> None:
    gitgen("apply", "--name", "x", stdin=FRENCH)
    assert gitgen("show", "--how", "--branch", "gitgen/x").out
    shifted = diff("hello.py", "        return 'Bonjour ' + name", "        return 'Salut ' + name")
    gitgen("apply", "--branch", "gitgen/x", stdin=shifted)
    assert "indentation" in gitgen("show", "--how", "--branch", "gitgen/x").out
