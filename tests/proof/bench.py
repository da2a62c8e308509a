"""Very many runs at once, in threads and on the workers of a cluster: none lost, none doubled, and what each costs.

    python -m tests.proof.bench FOLDER JOBS DASK

does the runs of FOLDER in a process of its own, so that the endpoint's time is not theirs.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from threading import Lock
from typing import Any

from tests.clusters import cluster
from tests.conftest import ROOT, git, write
from tests.proof import Scale, Table
from tests.proof.looking import fsck
from tests.scripted import Answer, Endpoint, says

HEADS = ("how", "tasks", "requests", "in flight", "lost", "doubled", "seconds", "overhead ms, median", "9 of 10 below")
SECONDS = 0.05
"""What the endpoint takes for each answer."""
JOBS = 2


class Slow(Endpoint):
    """Writes the file of a task, a while after it was asked for; counts how often each was."""

    def __init__(self) -> None:
        super().__init__([])
        self.asked: Counter[str] = Counter()
        self.took: dict[str, float] = {}
        """Seconds of its own for each task, from a request that has been read to an answer that has been sent."""
        self.at: dict[int, Callable[[], None]] = {}
        """What is done when so many requests have come."""
        self._one_by_one = Lock()

    def next(self, request: dict[str, Any]) -> Answer | None:
        began = time.monotonic()
        name = re.findall(r"write (t\d+)", str(request["messages"]))[-1]
        with self._one_by_one:
            self.asked[name] += 1
            happens = self.at.pop(self.asked.total(), None)
        if happens:
            happens()
        time.sleep(SECONDS)

        def sent() -> None:
            self.took[name] = time.monotonic() - began

        return says(f"Summary: Write {name}\n\n{name}.txt\n```\n{name}\n```\n", midway=sent)


def suite(folder: Path, tasks: int) -> None:
    """So many tasks, each with a prompt and no more."""
    folder.mkdir(parents=True)
    for number in range(tasks):
        write(folder / "suite" / f"t{number}", {"prompt": f"Please write t{number}\n"})


def command(folder: Path, *more: str) -> list[str]:
    """The bench of a folder."""
    fixed = ("--steps", "generate", "--jobs", str(JOBS), "--results", str(folder / "results.git"))
    return [sys.executable, "-m", "gitgen", "bench", str(folder / "suite"), *fixed, *more]


def environ_of(endpoint: Endpoint) -> dict[str, str]:
    own = {"GITGEN_BASE_URL": endpoint.base_url, "GITGEN_API_KEY": "none-at-all", "GITGEN_MODEL": "scripted"}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT)}


def each(folder: Path, at_once: int, dask: str) -> dict[str, float]:
    """Do the runs of a folder as `gitgen bench` does; the seconds that each task took where it was done."""
    from gitgen import jobs
    from gitgen.bench import runs, tasks
    from gitgen.bench.mirror import bring_all, offer
    from gitgen.commands import _bench
    from gitgen.commands.bench import _repository

    repository = _repository(folder / "results.git")
    known = [tasks.keep(repository, task) for task in tasks.folders(folder / "suite")]
    wanted = [_bench.Job(run, "scripted") for run in runs.matrix(known, {"generate": ("generate",)}, ("scripted",), 1)]
    remote = str(folder / "remote.git") if dask else ""
    if remote:
        offer(repository, remote)
    do = partial(_bench.do, _bench.Place(str(repository.git.folder), remote), {"no_verify": True})
    with jobs.executor(at_once, dask) as pool:
        done = list(jobs.run(pool, do, wanted))
    if remote:
        bring_all(repository, remote)
    if failed := [one.error for one in done if one.error]:
        raise failed[0]
    return {one.item.run.task: one.seconds for one in done}


def many(folder: Path, tasks: int, workers: int) -> tuple[Sequence[object], list[str]]:
    """So many tasks in threads or, with `workers`, on a cluster one of whose workers is killed half-way."""
    suite(folder, tasks)
    endpoint = Slow()
    endpoint.start()
    began = time.monotonic()
    try:
        if workers:
            git(folder, "init", "-q", "--bare", str(folder / "remote.git"))
            os.environ.update(environ_of(endpoint))
            with cluster(workers) as running:
                endpoint.at[tasks // 2] = running.workers[0].kill
                times = _apart(folder, running.address, endpoint)
        else:
            times = _apart(folder, "", endpoint)
    finally:
        endpoint.stop()
    seconds = time.monotonic() - began
    what = f"{workers} workers, one killed" if workers else f"{JOBS} threads"
    counted, wrong = _counted(folder, tasks, endpoint, in_flight=int(bool(workers)))
    overhead = sorted(1000 * (seconds - endpoint.took[task]) for task, seconds in times.items())
    row = (what, tasks, *counted, round(seconds), round(median(overhead)), round(overhead[len(overhead) * 9 // 10]))
    return row, [f"{what}: {one}" for one in wrong]


def _apart(folder: Path, dask: str, endpoint: Endpoint) -> dict[str, float]:
    args = [sys.executable, "-m", "tests.proof.bench", str(folder), str(JOBS), dask]
    done = subprocess.run(args, cwd=ROOT, env=environ_of(endpoint), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    times: dict[str, float] = json.loads(done.stdout)
    return times


def interrupted(folder: Path, tasks: int, workers: int) -> tuple[Sequence[object], list[str]]:
    """The command, ended by Ctrl-C half-way, and given again."""
    suite(folder, tasks)
    endpoint = Slow()
    endpoint.start()
    wrong: list[str] = []
    began = time.monotonic()
    try:
        os.environ.update(environ_of(endpoint))
        with cluster(workers) as running:
            more = []
            if workers:
                git(folder, "init", "-q", "--bare", str(folder / "remote.git"))
                more = ["--dask", running.address, "--remote", str(folder / "remote.git")]
            process = subprocess.Popen(
                command(folder, *more), cwd=folder, env=environ_of(endpoint), stderr=subprocess.PIPE, text=True
            )
            endpoint.at[tasks // 2] = partial(process.send_signal, signal.SIGINT)
            _, said = process.communicate()
            calm = [line for line in said.splitlines() if line.startswith("error: ")]
            if process.returncode != 130 or len(calm) != 1 or "Traceback" in said:
                wrong.append(f"exit {process.returncode}: {said}")
            again = subprocess.run(
                command(folder, *more, "--json"), cwd=folder, env=environ_of(endpoint), capture_output=True, text=True
            )
            wrong += [again.stderr] if again.returncode else []
    finally:
        endpoint.stop()
    what = f"Ctrl-C, {f'{workers} workers' if workers else f'{JOBS} threads'}"
    counted, more_wrong = _counted(folder, tasks, endpoint, in_flight=max(JOBS, workers))
    row = (what, tasks, *counted, round(time.monotonic() - began), "-", "-")
    return row, [f"{what}: {one}" for one in (*wrong, *more_wrong)]


def _counted(folder: Path, tasks: int, endpoint: Slow, in_flight: int) -> tuple[tuple[int, int, int, int], list[str]]:
    """Requests, those that were repeated, tasks lost and doubled; and what is wrong with them."""
    results = folder / "results.git"
    steps: Counter[str] = Counter()
    for branch in git(results, "for-each-ref", "--format=%(refname:short)", "refs/heads/gitgen").split():
        name = branch.removeprefix("gitgen/").partition(".")[0]
        steps[name] += int(git(results, "rev-list", "--count", "--grep=^Gitgen-Step: ", branch))
        assert git(results, "show", f"{branch}:{name}.txt") == name
    repeated = endpoint.asked.total() - tasks
    lost = sum(steps[f"t{number}"] < 1 for number in range(tasks))
    doubled = sum(count > 1 for count in steps.values())
    wrong = [f"{lost} tasks lost, {doubled} doubled"] if lost or doubled or len(steps) != tasks else []
    wrong += [f"{repeated} requests repeated"] if not 0 <= repeated <= in_flight else []
    wrong += [left] if (left := git(results, "for-each-ref", "refs/gitgen/progress")) else []
    return (endpoint.asked.total(), repeated, lost, doubled), wrong + ([fault] if (fault := fsck(results)) else [])


def prove(scale: Scale) -> Table:
    """Threads, then a cluster, then both interrupted."""
    tasks, fewer = (1000, 100) if scale.long else (24, 12)
    table = Table(f"Bench: tasks of one reply that takes {1000 * SECONDS:.0f} ms", HEADS)
    for name, do in (
        ("threads", partial(many, tasks=tasks, workers=0)),
        ("workers", partial(many, tasks=tasks, workers=2)),
        ("threads-again", partial(interrupted, tasks=fewer, workers=0)),
        ("workers-again", partial(interrupted, tasks=fewer, workers=2)),
    ):
        row, wrong = do(scale.folder / name)
        table.rows.append(row)
        table.broken += wrong
    return table


if __name__ == "__main__":
    sys.stdout.write(json.dumps(each(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
