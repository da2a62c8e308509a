"""Jobs end in threads or on the workers of a cluster, each once, and Ctrl-C stops them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from gitgen import ui
from gitgen.errors import GitgenError
from gitgen.jobs import Progress, Threads, executor, run
from tests.boxed import wait_for
from tests.clusters import Cluster, cluster


def double(number: int) -> int:
    if number == 13:
        raise GitgenError("13 is no number", "take another")
    return number * 2


def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def count(folder: Path, number: int) -> int:
    """Leave a file for each time that this is begun; the first time the process dies."""
    tried = len(list(folder.glob(f"{number}.*")))
    (folder / f"{number}.{tried}").touch()
    if number == 3 and not tried:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.fixture(scope="module")
def two_workers() -> Iterator[Cluster]:
    with cluster(2) as running:
        yield running


def test_threads_do_each_job_once_and_tell_what_failed() -> None:
    with executor(4) as pool:
        done = list(run(pool, double, range(20)))
    assert sorted(each.item for each in done) == list(range(20))
    assert all(each.result == 2 * each.item for each in done if each.error is None)
    (failed,) = (each for each in done if each.error)
    assert (failed.item, failed.result, str(failed.error)) == (13, None, "13 is no number")
    assert isinstance(failed.error, GitgenError) and failed.error.mend == "take another"


def test_jobs_come_in_the_order_in_which_they_end() -> None:
    with executor(3) as pool:
        assert [each.item for each in run(pool, slow, (0.4, 0.2, 0.05))] == [0.05, 0.2, 0.4]


def test_a_bug_is_told_with_its_trace() -> None:
    with executor(1) as pool:
        (done,) = run(pool, slow, ("no time",))  # type: ignore[arg-type]
    assert isinstance(done.error, RuntimeError) and "TypeError" in str(done.error)


def test_what_leaves_the_block_interrupts_the_jobs_and_drops_those_that_wait() -> None:
    begun = threading.Event()
    interrupted: list[int] = []
    told: list[int] = []

    def job(number: int) -> None:
        begun.set()
        try:
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            interrupted.append(number)
            raise

    with pytest.raises(KeyboardInterrupt), executor(2, stopping=told.append) as pool:
        futures = [pool.submit(job, number) for number in range(5)]
        begun.wait()
        wait_for(lambda: futures[1].running())
        raise KeyboardInterrupt
    assert sorted(interrupted) == [0, 1]
    assert told == [2]
    assert [future.cancelled() for future in futures] == [False, False, True, True, True]


def test_a_job_that_cannot_be_interrupted_is_not_waited_for_longer_than_its_grace() -> None:
    held = threading.Lock()
    held.acquire()
    threads = Threads(1)
    future = threads.submit(held.acquire)
    wait_for(future.running)
    threads.stop(0.05, lambda busy: None)
    assert not future.done()
    held.release()


def test_progress_is_told_at_every_end() -> None:
    told: list[Progress] = []
    with executor(1) as pool:
        list(run(pool, slow, (0.01,) * 4, told.append))
    assert [progress.done for progress in told] == [0, 1, 2, 3, 4]
    assert [progress.left() is None for progress in told] == [True, True, True, False, True]


def test_equal_jobs_give_an_exact_estimate_and_unequal_ones_a_wide_one() -> None:
    assert Progress(10, 40, 20.0, mean=4.0).left() == (60.0, 60.0)
    low, high = Progress(10, 40, 20.0, mean=4.0, deviation=4.0).left() or (0, 0)
    assert (round(low), round(high)) == (17, 103)
    nearer = Progress(30, 40, 60.0, mean=4.0, deviation=4.0).left() or (0, 0)
    assert nearer[1] - nearer[0] < high - low


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 59, "under a minute"),
        (20, 70, "0 to 1 min"),
        (170, 190, "about 3 min"),
        (120, 300, "2 to 5 min"),
        (7000, 10_900, "2 to 3 h"),
    ],
)
def test_a_time_is_told_as_well_as_it_is_known(low: float, high: float, text: str) -> None:
    assert ui.between(low, high) == text


def test_a_cluster_does_each_job_once_and_tells_what_failed(two_workers: Cluster) -> None:
    with executor(1, two_workers.address) as pool:
        done = list(run(pool, double, range(20)))
    assert sorted(each.item for each in done) == list(range(20))
    (failed,) = (each for each in done if each.error)
    assert isinstance(failed.error, GitgenError) and failed.error.mend == "take another"


def test_the_job_of_a_worker_that_dies_is_done_by_another(tmp_path: Path) -> None:
    with cluster(2) as running, executor(1, running.address) as pool:
        done = list(run(pool, partial(count, tmp_path), range(8)))
    assert sorted(each.result for each in done if each.result is not None) == list(range(8))
    assert (tmp_path / "3.1").exists()


def test_no_scheduler_is_an_error_that_names_the_way_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitgen.jobs.CONNECT_SECONDS", 0.2)
    with pytest.raises(GitgenError, match="No Dask scheduler answers") as raised, executor(1, "tcp://127.0.0.1:9"):
        pass
    assert "dask scheduler" in raised.value.mend


def test_a_scheduler_without_workers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitgen.jobs.WORKER_SECONDS", 0.2)
    with cluster(0) as running, pytest.raises(GitgenError, match="has no worker"), executor(1, running.address):
        pass


def test_without_dask_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(GitgenError, match="Dask is not installed") as raised, executor(1, "tcp://127.0.0.1:9"):
        pass
    assert raised.value.mend == "pip install 'gitgen[dask]'"
