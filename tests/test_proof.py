"""The promises of docs/trust.md, each for as short as a test may take; `make proof` is the long form."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proof import Scale, bench, concurrency, hard, leaks, mishaps
from tests.proof import secrets as key_searched
from tests.proof.cases import CASES
from tests.proof.kills import SHORT, kill_case
from tests.proof.running import Dying


@pytest.fixture(scope="module")
def dying() -> Iterator[Dying]:
    running = Dying()
    yield running
    running.close()


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_killed_at_any_moment_it_ends_where_it_would_have_ended(name: str, dying: Dying, tmp_path: Path) -> None:
    tally = kill_case(dying, name, SHORT, 8, tmp_path / name)
    assert not tally.broken, "\n".join(tally.broken)
    killed = sum(counts["kills"] for counts in tally.counts.values())
    assert killed >= 4, "nothing was shown"


def test_whatever_befalls_a_repository_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    tried = subprocess.run([*mishaps.NAMESPACE, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"there can be no mounts of our own here: {tried.stderr.strip()}")
    table = mishaps.prove(Scale(tmp_path, long=False))
    assert not table.broken and len(table.rows) > 10, str(table)


def test_a_process_of_many_sessions_holds_no_more_than_of_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    table = leaks.prove(Scale(tmp_path, long=False))
    assert not table.broken and len(table.rows) == 3, str(table)


def test_a_key_is_nowhere_and_files_go_by_the_umask(tmp_path: Path) -> None:
    table = key_searched.prove(Scale(tmp_path, long=False))
    assert not table.broken and len(table.rows) == len(key_searched.SHORT) + 2, str(table)


def test_no_step_of_many_sessions_at_once_is_lost(tmp_path: Path) -> None:
    row, wrong = concurrency.crowd(tmp_path / "crowd", sessions=4, steps=5)
    assert not wrong and row[2] == 20, "\n".join(wrong)


@pytest.mark.parametrize("command", ["fix", "resume"])
def test_of_two_processes_on_one_session_one_wins_and_no_reply_is_lost(command: str, tmp_path: Path) -> None:
    _, wrong = concurrency.duel(tmp_path / command, 3, command)
    assert not wrong, "\n".join(wrong)


def test_a_branch_that_is_checked_out_elsewhere_is_followed_there_or_refused(tmp_path: Path) -> None:
    rows, wrong = concurrency.elsewhere(tmp_path)
    assert len(rows) == 5 and not wrong, "\n".join(wrong)


def test_no_run_of_a_bench_is_lost_or_paid_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITGEN_BASE_URL", "GITGEN_API_KEY", "GITGEN_MODEL", "PYTHONPATH"):
        monkeypatch.setenv(name, "")  # Put back when this has ended: the proof sets them for itself.
    table = bench.prove(Scale(tmp_path, long=False))
    assert not table.broken and len(table.rows) == 4, str(table)


def test_nothing_that_is_hard_to_look_through_stops_a_fix(tmp_path: Path) -> None:
    table = hard.prove(Scale(tmp_path, long=False))
    assert not table.broken and len(table.rows) == 8, str(table)
