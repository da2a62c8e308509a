"""`gitgen log`: what it shows of a session, how it is paged and coloured, and all sessions from one reading."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from gitgen.history import tracking
from gitgen.history.sessions import every
from gitgen.repository import Repository
from gitgen.state.log import load
from tests.conftest import ROOT, Gitgen, git, write
from tests.replies import FRENCH
from tests.scripted import endpoint, says


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def session(gitgen: Gitgen, folder: Path) -> Path:
    """A session `s` with a step, checked out, and a commit of a person on top."""
    with endpoint(says(f"Summary: Speak French\n\n{FRENCH}", usage=(1000, 20))) as running:
        args = ("fix", "Greet in French\nand nothing else", "--name", "s")
        ran = gitgen(*args, GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m")
    assert ran.code == 0, ran.err
    git(folder, "switch", "-q", "gitgen/s")
    write(folder, {"notes.txt": "one\ntwo\n"})
    git(folder, "add", "notes.txt")
    git(folder, "commit", "-qm", "Take notes")
    return folder


def test_the_log_tells_what_was_asked_what_changed_and_what_it_cost(session: Path, gitgen: Gitgen) -> None:
    git(session, "branch", "-f", "main", git(session, "commit-tree", "main^{tree}", "-p", "main", "-m", "Elsewhere"))
    human, step, begin = gitgen("log").out.splitlines()
    assert human.split()[1:8] == ["-", "human", "1", "file", "+2", "-0", "Take"] and human.endswith("(now)")
    assert step.split()[1:8] == ["fix", "ok", "1", "file", "+1", "-1", "1.0k"]
    assert step.endswith("Greet in French  (m, now)")
    assert begin.split()[1:] == ["begin", "3", "ahead", "of", "main,", "1", "behind"]
    assert step.startswith(git(session, "rev-parse", "HEAD^")[:10])


def test_json_has_the_numbers(session: Path, gitgen: Gitgen) -> None:
    human, step = json.loads(gitgen("log", "--json").out)
    assert (step["files"], step["insertions"], step["deletions"]) == (1, 1, 1)
    assert (step["subject"], step["asked"]) == ("Speak French", "Greet in French")
    assert human["step"] is None and human["insertions"] == 2
    assert "files" not in json.loads(gitgen("log", "--json", "--no-stat").out)[0]


def test_a_rename_is_one_file_and_a_binary_file_has_no_lines(session: Path, gitgen: Gitgen) -> None:
    git(session, "mv", "notes.txt", "1\t2\nnotes.txt")
    write(session, {"x.bin": b"\0\1\2"})
    git(session, "add", "x.bin")
    git(session, "commit", "-qm", "Move")
    assert json.loads(gitgen("log", "--json").out)[0]["files"] == 2
    assert " 2 files +0 -0 " in gitgen("log").out


def test_how_far_ahead_is_counted_without_reading_the_session_again(session: Path, repository: Repository) -> None:
    first, count = git(session, "rev-parse", "gitgen/s~2"), 2
    for act in (
        ["switch", "-q", "main"],
        ["commit", "-q", "--allow-empty", "-m", "Go on"],
        ["merge", "-q", "gitgen/s"],
    ):
        git(session, *act)
        counted = tracking.ahead_behind_after(repository, "gitgen/s", first, count, "main")
        assert counted == tracking.ahead_behind(repository, "gitgen/s", "main")
    assert counted == (0, 2)


def test_a_merge_on_the_session_is_counted_with_what_it_brings(session: Path, gitgen: Gitgen) -> None:
    git(session, "switch", "-q", "-c", "side", "main")
    git(session, "commit", "-q", "--allow-empty", "-m", "Aside")
    git(session, "switch", "-q", "gitgen/s")
    git(session, "merge", "-q", "-m", "Merge it", "side")
    assert gitgen("log").out.endswith("5 ahead of main, 0 behind\n")


def test_all_sessions_are_told_apart(session: Path, gitgen: Gitgen, repository: Repository) -> None:
    git(session, "branch", "gitgen/not-one", "main")
    with endpoint(says(FRENCH)) as running:
        gitgen("fix", "Again", "--name", "t", "--branch", "main", GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m")
    # A session that forked from another begins with it, so it is none of its own.
    git(session, "branch", "gitgen/fork", "gitgen/s")
    assert {s.branch for s in every(repository)} == {"gitgen/s", "gitgen/t"}
    assert all(s == load(repository, s.branch) for s in every(repository))
    out = gitgen("log", "--all").out.splitlines()
    assert out.count("gitgen/s") == out.count("gitgen/t") == 1 and len(out) == 9
    assert {row["session"] for row in json.loads(gitgen("log", "--all", "--json").out)} == {"gitgen/s", "gitgen/t"}


def test_sessions_are_found_where_clocks_disagree(folder: Path, repository: Repository) -> None:
    def commit(parent: str, message: str, time: int) -> str:
        environ = {**os.environ, "GIT_COMMITTER_DATE": f"{time} +0000"}
        command = ["git", "commit-tree", "main^{tree}", "-p", parent, "-m", message]
        return subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=True, text=True).stdout[:-1]

    for name in "ab":
        at = commit("main", f"Begin\n\nGitgen-Session: gitgen/{name}\nGitgen-Plan: fix", 1_900_000_000)
        for number in range(4):
            at = commit(at, f"Step\n\nGitgen-Session: gitgen/{name}\nGitgen-Step: fix", 1_800_000_000 - number)
        git(folder, "branch", f"gitgen/{name}", at)
    git(folder, "branch", "gitgen/b-too", "gitgen/b")
    assert {s.branch: len(s.steps) for s in every(repository)} == {"gitgen/a": 4, "gitgen/b": 4}


def test_nothing_to_list_is_said(folder: Path, gitgen: Gitgen) -> None:
    ran = gitgen("log", "--all")
    assert (ran.code, ran.out, ran.err) == (0, "", "there is no session yet\n")
    assert gitgen("log", "main", "--all").code == 2


def on_a_terminal(folder: Path, *args: str, **environ: str) -> str:
    """What a run of gitgen writes to a terminal as its standard output."""
    master, slave = pty.openpty()
    chosen = {"TERM": "xterm", "NO_COLOR": "", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "gitgen", *args]
    child = subprocess.Popen(command, cwd=folder, env={**os.environ, **chosen, **environ}, stdout=slave)
    os.close(slave)
    seen = b""
    while True:
        try:
            some = os.read(master, 4096)
        except OSError:  # Linux says so when the other side has been closed.
            break
        if not some:
            break
        seen += some
    os.close(master)
    assert child.wait(60) == 0
    return seen.decode()


def test_on_a_terminal_the_users_pager_gets_it_in_colour(session: Path) -> None:
    git(session, "config", "core.pager", "sed 's/^/paged: /'")
    seen = on_a_terminal(session, "log")
    assert seen.count("paged: ") == 3 and "\x1b[33m" in seen
    assert "paged" not in on_a_terminal(session, "log", GIT_PAGER="cat")
    git(session, "config", "pager.log", "false")
    assert "paged" not in on_a_terminal(session, "log")
    git(session, "config", "pager.log", "sed 's/^/own: /'")
    assert on_a_terminal(session, "log").count("own: ") == 3


@pytest.mark.parametrize(
    ("settings", "environ"),
    [({"color.ui": "false"}, {}), ({"color.pager": "false"}, {}), ({}, {"NO_COLOR": "1"}), ({}, {"TERM": "dumb"})],
    ids=["color.ui", "color.pager", "NO_COLOR", "dumb"],
)
def test_colours_are_gits(session: Path, settings: dict[str, str], environ: dict[str, str]) -> None:
    git(session, "config", "core.pager", "tail -n 9")
    for key, value in settings.items():
        git(session, "config", key, value)
    assert "\x1b" not in on_a_terminal(session, "log", **environ)


def test_colours_are_kept_in_a_pipe_only_where_git_would(session: Path, gitgen: Gitgen) -> None:
    assert "\x1b" not in gitgen("log", NO_COLOR="").out
    git(session, "config", "color.ui", "always")
    assert "\x1b[33m" in gitgen("log", NO_COLOR="").out


def test_a_pager_that_is_left_early_is_no_error(session: Path) -> None:
    git(session, "config", "core.pager", "true")
    assert on_a_terminal(session, "log") == ""
