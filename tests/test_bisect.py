"""`gitgen bisect`: the first bad commit is found with few runs, and told with what had been asked for."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.history.bisection import Verdict, first_bad, verdict_of
from gitgen.repository import Repository
from tests.boxed import needs_bubblewrap
from tests.conftest import Gitgen, git, write
from tests.sessions import BRANCH, Making
from tests.test_cli import imported
from tests.test_new import snapshot

WORKS = "grep -q good state"
UNPROTECTED = ("--sandbox", "none")


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1), st.sets(st.integers(0, n)))))
def test_the_first_bad_one_is_among_what_is_found_and_all_else_is_ruled_out(case: tuple[int, int, set[int]]) -> None:
    count, guilty, untold = case
    tested: list[int] = []

    def test(at: int) -> Verdict:
        tested.append(at)
        return "skip" if at in untold else "bad" if at >= guilty else "good"

    found = first_bad(count, test)
    assert guilty in found and count - 1 not in tested and len(set(tested)) == len(tested)
    assert set(found[:-1]) <= untold
    if not untold:
        assert list(found) == [guilty] and len(tested) <= math.ceil(math.log2(count)) if count > 1 else not tested


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, "good"), (1, "bad"), (124, "bad"), (125, "skip"), (126, "bad"), (127, "bad"), (128, None), (139, None)],
)
def test_exit_codes_mean_what_they_mean_to_git_bisect_run(code: int, verdict: str | None) -> None:
    assert verdict_of(code) == verdict


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def made(folder: Path, repository: Repository) -> Making:
    """Eight commits, every third of a person, on files that were good."""
    write(folder, {"state": "good\n"})
    git(folder, "add", "state")
    git(folder, "commit", "-qm", "Good")
    return Making(repository)


def grow(made: Making, bad_from: int, untold: tuple[int, ...] = ()) -> list[str]:
    oids = []
    for number in range(8):
        word = "untold" if number in untold else "bad" if number >= bad_from else "good"
        files = {"state": f"{word}\n{number}\n".encode()}
        if number % 3 == 2:
            oids.append(made.by_hand(f"Number {number}", files))
        else:
            oids.append(made.step("Done.", files, feedback=f"Do {number}\nand well"))
            made.step("Nothing to do.", feedback="Is it well?")
    return oids


@pytest.mark.parametrize("guilty", [0, 3, 4, 7])
def test_the_guilty_step_is_told_with_what_was_asked_and_its_diff(
    gitgen: Gitgen, folder: Path, made: Making, guilty: int
) -> None:
    oids = grow(made, guilty)
    git(folder, "switch", "-q", BRANCH)
    write(folder, {"README.md": "mine\n"})
    before = snapshot(folder)
    ran = gitgen("bisect", "--run", WORKS, *UNPROTECTED)
    assert ran.code == 0, ran.err
    head, _, rest = ran.out.partition("\n\n--- asked ---\n")
    assert head.startswith(f"{oids[guilty][:10]}  Do {guilty}") and head.endswith("(step fix, scripted)")
    asked, _, diff = rest.partition("\n\n--- changed ---\n")
    assert asked == f"Do {guilty}\nand well"
    assert "-good" in diff and "+bad" in diff and ".gitgen" not in diff
    assert len(ran.err.splitlines()) <= 5
    assert snapshot(folder) == before


def test_a_commit_of_a_person_is_told_as_such(gitgen: Gitgen, made: Making) -> None:
    oids = grow(made, 5)
    ran = gitgen("bisect", "made", "--run", WORKS, *UNPROTECTED)
    assert ran.out.startswith(f"{oids[5][:10]}  Number 5  (by hand, Ada)\n\n--- changed ---\n"), ran.err
    told = json.loads(gitgen("bisect", "made", "--run", WORKS, "--json", *UNPROTECTED).out)
    assert (told["guilty"], told["step"], told["author"], told["asked"]) == (oids[5], None, "Ada", None)
    assert [run["verdict"] for run in told["runs"]][:2] == ["good", "bad"]
    assert told["among"] == [oids[5]] and "+bad" in told["diff"]


def test_what_cannot_be_told_is_skipped_and_leaves_several_where_it_must(gitgen: Gitgen, made: Making) -> None:
    oids = grow(made, 5, untold=(3, 4))
    line = "grep -q untold state && exit 125; grep -q good state"
    ran = gitgen("bisect", "made", "--run", line, "--json", *UNPROTECTED)
    told = json.loads(ran.out)
    assert told["guilty"] is None and told["among"] == oids[3:6]
    assert ran.code == 1 and all(oid[:10] in ran.err for oid in oids[3:6])


def test_both_ends_are_checked_first(gitgen: Gitgen, made: Making) -> None:
    oids = grow(made, 3)
    never = gitgen("bisect", "made", "--run", "false", *UNPROTECTED)
    assert never.code == 1 and "false does not pass at" in never.err and "--good STEP" in never.err
    always = gitgen("bisect", "made", "--run", "true", *UNPROTECTED)
    assert always.code == 1 and f"true does not fail at {oids[7][:10]}" in always.err
    missing = gitgen("bisect", "made", "--run", "no-such-command-here", *UNPROTECTED)
    assert missing.code == 1 and "does not pass" in missing.err
    killed = gitgen("bisect", "made", "--run", "kill -SEGV $$", *UNPROTECTED)
    assert killed.code == 1 and "exit code 139" in killed.err and "ends the search" in killed.err


def test_a_session_that_began_with_nothing_starts_at_a_step(gitgen: Gitgen, made: Making) -> None:
    made.by_hand("Away", {"state": None})
    oids = grow(made, 4)
    ran = gitgen("bisect", "made", "--run", WORKS, "--good", oids[0], *UNPROTECTED)
    assert ran.code == 0 and ran.out.startswith(oids[4][:10]), ran.err
    nothing = gitgen("bisect", "made", "--run", WORKS, "--good", made.step(), *UNPROTECTED)
    assert nothing.code == 1 and "No file has changed on gitgen/made since" in nothing.err


def test_the_step_is_told_also_where_its_chat_cannot_be_read(gitgen: Gitgen, folder: Path, made: Making) -> None:
    no_chat = git(folder, "rev-parse", "main:state")
    trailers = f"Gitgen-Session: {BRANCH}\nGitgen-Step: fix\nGitgen-Status: ok\nGitgen-Log: {no_chat}"
    guilty = made.by_hand(f"Break it\n\n{trailers}", {"state": b"bad\n"})
    ran = gitgen("bisect", "made", "--run", WORKS, *UNPROTECTED)
    assert ran.code == 0 and ran.out.startswith(guilty[:10]) and "--- asked ---\nBreak it\n" in ran.out, ran.err


@needs_bubblewrap
def test_it_runs_in_the_sandbox(gitgen: Gitgen, folder: Path, made: Making) -> None:
    oids = grow(made, 6)
    outside = folder.parent / "outside"
    ran = gitgen("bisect", "made", "--run", f"touch {outside}; touch made-here; {WORKS}")
    assert ran.code == 0 and ran.out.startswith(oids[6][:10]), ran.err
    assert not outside.exists() and not (folder / "made-here").exists()


def test_it_imports_no_client(folder: Path, made: Making) -> None:
    grow(made, 2)
    code, *names = imported(folder, "bisect", "made", "--run", WORKS, *UNPROTECTED)
    assert code == "0" and not {"openai", "httpx2", "tiktoken", "questionary", "rich"} & set(names)
