"""Tokens and cost: what the endpoint told, once each, also after rebase and squash."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Gitgen, git, write
from tests.replies import FRENCH, MISFIT, diff
from tests.scripted import Answer, endpoint, says

GERMAN = diff("hello.py", "    return 'Bonjour ' + name", "    return 'Hallo ' + name")
TITLE = diff("README.md", "# Hello", "# Hallo")


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


Fix = Callable[..., None]


@pytest.fixture
def fix(gitgen: Gitgen) -> Fix:
    def run(*answers: Answer, code: int = 0, **options: str) -> None:
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        with endpoint(*answers) as running:
            ran = gitgen("fix", "Greet", *flags, GITGEN_BASE_URL=running.base_url, GITGEN_MODEL="m", GITGEN_RETRIES="0")
        assert ran.code == code, ran.err

    return run


@pytest.fixture
def session(fix: Fix, folder: Path) -> int:
    """A session `s`, checked out, of three steps in four requests; the sum of what the endpoint told."""
    fix(says(MISFIT, usage=(10, 1), model="gpt-4o"), says(FRENCH, usage=(20, 2), cached=8, model="gpt-4o"), name="s")
    git(folder, "switch", "-q", "gitgen/s")
    fix(says("nothing", usage=(30, 3), model="o3"), code=1, rounds="0")
    fix(says(GERMAN, usage=(40, 4), model="unheard-of"))
    return 110


def totals(gitgen: Gitgen, *args: str) -> dict[str, int]:
    printed = json.loads(gitgen("usage", "--json", *args).out)
    assert sum(row["total_tokens"] for row in printed["rows"]) == printed["total"]["total_tokens"]
    return {row["name"]: row["total_tokens"] for row in printed["rows"]}


def test_the_total_is_the_sum_of_what_the_endpoint_told(session: int, gitgen: Gitgen) -> None:
    assert sum(totals(gitgen).values()) == session
    assert list(totals(gitgen, "--by", "step").items()) == [("fix", session)]
    assert totals(gitgen, "--by", "model") == {"gpt-4o": 33, "o3": 33, "unheard-of": 44}
    assert totals(gitgen, "--by", "author") == {"Ada": session}
    assert totals(gitgen, "--by", "session") == {"gitgen/s": session} == totals(gitgen, "--all")
    assert list(totals(gitgen, "--by", "day").values()) == [session]
    assert sum(totals(gitgen, "gitgen/s~1").values()) == 66
    assert totals(gitgen, "main..gitgen/s~1", "--by", "model") == {"gpt-4o": 33, "o3": 33}


def test_a_cost_stands_where_a_price_is_known(session: int, gitgen: Gitgen) -> None:
    rows = {row["name"]: row for row in json.loads(gitgen("usage", "--by", "model", "--json").out)["rows"]}
    assert rows["gpt-4o"]["cost"] == pytest.approx((22 * 2.5 + 8 * 1.25 + 3 * 10) / 1e6)
    assert rows["unheard-of"]["cost"] is None and not rows["unheard-of"]["cost_is_complete"]
    out = gitgen("usage", "--by", "model").out.splitlines()
    assert out[0].split()[-1] == "USD" and out[3].split()[-1] == "-" and out[4].split()[-1] == "0.0002+"


def test_csv_has_a_line_for_each_row(session: int, gitgen: Gitgen) -> None:
    rows = list(csv.DictReader(io.StringIO(gitgen("usage", "--by", "model", "--csv").out)))
    assert [(row["name"], row["total_tokens"]) for row in rows] == [
        ("gpt-4o", "33"),
        ("o3", "33"),
        ("unheard-of", "44"),
    ]


def test_a_step_of_two_models_is_told_apart(fix: Fix, gitgen: Gitgen) -> None:
    fix(says(MISFIT, usage=(10, 1), model="a"), says(FRENCH, usage=(20, 2), model="b"), name="s")
    assert totals(gitgen, "s", "--by", "model") == {"a": 11, "b": 22}
    assert list(totals(gitgen, "s").values()) == [33]


def test_a_rebased_session_counts_the_same_and_not_twice(session: int, folder: Path, gitgen: Gitgen) -> None:
    git(folder, "branch", "before")
    write(folder, {"notes.txt": "x\n"})
    git(folder, "switch", "-q", "main")
    git(folder, "add", "notes.txt")
    git(folder, "commit", "-qm", "Take notes")
    git(folder, "rebase", "-q", "main", "gitgen/s")
    assert sum(totals(gitgen).values()) == session
    assert totals(gitgen, "--all") == {"gitgen/s": session}


@pytest.mark.parametrize("keep", [True, False], ids=["session-kept", "session-deleted"])
def test_a_squash_without_trailers_counts_by_its_chat_files(
    session: int, folder: Path, gitgen: Gitgen, keep: bool
) -> None:
    git(folder, "switch", "-q", "main")
    git(folder, "merge", "-q", "--squash", "gitgen/s")
    git(folder, "commit", "-qm", "Greet in German")
    if not keep:
        git(folder, "branch", "-D", "gitgen/s")
    assert totals(gitgen, "--all", "--by", "model") == {"gpt-4o": 33, "o3": 33, "unheard-of": 44}
    printed = totals(gitgen, "HEAD^..HEAD")
    assert printed == {f"{git(folder, 'rev-parse', 'HEAD')[:10]} fix": session}
    assert totals(gitgen, "HEAD^..HEAD", "--by", "author") == {"Ada": session}
    write(folder, {"notes.txt": "x\n"})
    git(folder, "add", "notes.txt")
    git(folder, "commit", "-qm", "Take notes")
    assert totals(gitgen, "HEAD^..HEAD") == {}


def test_steps_that_were_squashed_on_the_session_itself_count_all(session: int, folder: Path, gitgen: Gitgen) -> None:
    # As `git rebase -i` leaves them: the trailers of the last step, the chat files of all.
    message = git(folder, "log", "-1", "--format=%B")
    git(folder, "reset", "-q", "--soft", "HEAD~3")
    git(folder, "commit", "-qm", message)
    assert sum(totals(gitgen).values()) == session


def test_a_squash_tells_for_chat_files_that_are_gone(session: int, folder: Path, gitgen: Gitgen) -> None:
    logs = git(folder, "log", "--format=%(trailers:key=Gitgen-Log,valueonly,separator=)", "HEAD~3..").split()
    git(folder, "switch", "-q", "--orphan", "published")
    block = f"Gitgen-Session: gitgen/s\nGitgen-Squashed: {' '.join(logs)}\nGitgen-Total-Tokens: {session}"
    git(folder, "commit", "-q", "--allow-empty", "-m", f"Greet\n\n{block}")
    assert totals(gitgen, "published", "--by", "session") == totals(gitgen, "--all") == {"gitgen/s": session}
    git(folder, "clone", "-q", "--single-branch", "--branch", "published", f"file://{folder}", "../clone")
    printed = json.loads(gitgen("usage", "HEAD", "--by", "step", "--json", cwd=folder.parent / "clone").out)
    assert printed["rows"][0]["name"] == "squash" and printed["total"]["total_tokens"] == session


def test_what_is_under_way_counts_too(session: int, fix: Fix, gitgen: Gitgen) -> None:
    fix(says(FRENCH, usage=(5, 1)), code=1)
    assert sum(totals(gitgen).values()) == session + 6
    assert totals(gitgen, "--all") == {"gitgen/s": session + 6}


def test_a_chat_file_that_cannot_be_read_counts_nothing(session: int, folder: Path, gitgen: Gitgen) -> None:
    write(folder, {".gitgen/s/9999-fix.json": "no chat", ".gitgen/s/notes": "x"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Scribble")
    assert sum(totals(gitgen).values()) == session


def test_what_is_no_branch_is_said(folder: Path, gitgen: Gitgen) -> None:
    for name in ("nope", "nope..main", "gitgen/nope"):
        ran = gitgen("usage", name)
        assert (ran.code, ran.out) == (1, "") and name in ran.err
    assert gitgen("usage", "main", "--all").code == gitgen("usage", "--csv", "--json").code == 2
