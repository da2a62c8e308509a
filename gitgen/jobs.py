"""Jobs that can be done again, on threads of this process or on the workers of a Dask cluster.

Both are a `concurrent.futures.Executor`. A job must be idempotent: where its worker is lost, another one does it again.
"""

from __future__ import annotations

import ctypes
import math
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread, get_ident
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

from gitgen import __version__
from gitgen.errors import GitgenError

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
_Outcome: TypeAlias = tuple[R | None, tuple[str, str] | None, float]
"""The result of a job, or what went wrong and what mends it; and the seconds it took."""

GRACE = 10.0
"""Seconds that interrupted jobs have to keep what has arrived."""
CONNECT_SECONDS = 15.0
WORKER_SECONDS = 30.0
"""So long a cluster may take until it has a worker."""
_LOOK = 1.0
_FEWEST = 3
"""After so many jobs there is an estimate."""
_LIKELY = 1.96
"""Standard deviations on either side that hold 19 of 20 outcomes (normal distribution)."""


@dataclass(frozen=True)
class Done(Generic[T, R]):
    """A job that has ended: what it was about and what it returned, or the error that it raised.

    The error is a GitgenError, or of a bug a RuntimeError with the trace of it.
    """

    item: T
    result: R | None
    error: Exception | None
    seconds: float
    """How long it took where it ran."""


@dataclass(frozen=True)
class Progress:
    """How far the jobs are; `seconds` since they began, `mean` and `deviation` are those of the jobs' own times."""

    done: int
    total: int
    seconds: float
    mean: float = 0.0
    deviation: float = 0.0

    def left(self) -> tuple[float, float] | None:
        """Between which two times, in seconds, the end is likely to come; None as long as too few jobs have ended.

        The jobs that are left are taken for draws from those that have ended: the fewer there are of either, and the
        more they differ, the wider it is.
        """
        left = self.total - self.done
        if self.done < _FEWEST or not left:
            return None
        expected = self.seconds / self.done * left
        spread = self.deviation / self.mean if self.mean else 0.0
        off = _LIKELY * spread * math.sqrt(1 / left + 1 / self.done)
        return expected * max(0.0, 1 - off), expected * (1 + off)


@contextmanager
def executor(jobs: int, dask: str = "", stopping: Callable[[int], None] = lambda busy: None) -> Iterator[Executor]:
    """Threads for so many jobs at a time, or the cluster whose scheduler is at the address `dask`.

    Whatever leaves the block, Ctrl-C above all, drops what has not begun. Jobs in threads are interrupted as Ctrl-C
    would: `stopping` is told how many, and they have `GRACE` to end. Those of a cluster end where they are. GitgenError
    if there is no cluster that can do the jobs.
    """
    if dask:
        with _cluster(dask) as cluster:
            yield cluster
        return
    threads = Threads(jobs)
    try:
        yield threads
    except BaseException:
        threads.stop(GRACE, stopping)
        raise
    threads.shutdown()


def run(
    pool: Executor, job: Callable[[T], R], items: Iterable[T], tell: Callable[[Progress], None] = lambda progress: None
) -> Iterator[Done[T, R]]:
    """Do a job for each item, and yield each when it has ended; `tell` is called then, and every second.

    What a job raises is told in its `Done`. A job is pickled for a cluster, so it must be a function of a module, or a
    partial of one.
    """
    ended: SimpleQueue[Future[_Outcome[R]]] = SimpleQueue()
    began = time.monotonic()
    under_way = {pool.submit(_timed, job, item): item for item in items}
    for future in tuple(under_way):
        future.add_done_callback(ended.put)
    times: list[float] = []
    total = len(under_way)
    while under_way:
        tell(_progress(total, began, times))
        try:
            future = ended.get(timeout=_LOOK)
        except Empty:
            continue
        done = _done(under_way.pop(future), future)
        times.append(done.seconds)
        yield done
    tell(_progress(total, began, times))


def _timed(job: Callable[[T], R], item: T) -> _Outcome[R]:
    """What a job came to, in a form that can travel: exceptions of any kind cannot be relied on to be pickled."""
    began = time.monotonic()
    try:
        return job(item), None, time.monotonic() - began
    except GitgenError as error:
        failed = error.what, error.mend
    except Exception:
        failed = traceback.format_exc(), ""
    return None, failed, time.monotonic() - began


def _done(item: T, future: Future[_Outcome[R]]) -> Done[T, R]:
    try:
        result, failed, seconds = future.result()
    except CancelledError:
        return Done(item, None, GitgenError("The job was cancelled by its cluster", "the same command again"), 0.0)
    except Exception as raised:
        # The cluster's own, above all KilledWorker: too many workers have died of this job.
        return Done(item, None, GitgenError(f"The cluster gave the job up: {raised}", "look at its workers' logs"), 0.0)
    if failed is None:
        return Done(item, result, None, seconds)
    what, mend = failed
    return Done(item, None, GitgenError(what, mend) if mend else RuntimeError(what), seconds)


def _progress(total: int, began: float, times: list[float]) -> Progress:
    seconds, count = time.monotonic() - began, len(times)
    if not count:
        return Progress(0, total, seconds)
    mean = sum(times) / count
    variance = sum((each - mean) ** 2 for each in times) / max(1, count - 1)
    return Progress(count, total, seconds, mean, math.sqrt(variance))


class Threads(Executor):
    """Threads that Ctrl-C reaches, and that the end of the process does not wait for.

    `ThreadPoolExecutor` has neither: a job that waits for a silent endpoint would hold the process for minutes.
    """

    def __init__(self, jobs: int) -> None:
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._busy: set[int] = set()
        self._lock = Lock()
        self._threads = [Thread(target=self._work, name=f"job-{number}", daemon=True) for number in range(jobs)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have `fn` called in a thread; the Future of what it returns."""
        future: Future[R] = Future()
        self._waiting.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more jobs, and end when those that were given are done."""
        if cancel_futures:
            with suppress(Empty):
                while True:
                    waiting = self._waiting.get_nowait()
                    if waiting:
                        waiting[0].cancel()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def stop(self, seconds: float, stopping: Callable[[int], None]) -> None:
        """Drop what waits, raise KeyboardInterrupt in the jobs that run, and wait so long until they have ended."""
        self.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            busy = len(self._busy)
            for ident in self._busy:
                # Python delivers a signal to the main thread alone; this passes it on to another.
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt))
        if busy:
            stopping(busy)
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _work(self) -> None:
        with suppress(KeyboardInterrupt):  # It may come just when a job has ended.
            while work := self._waiting.get():
                self._do(*work)

    def _do(self, future: Future[Any], call: Callable[[], Any]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        with self._lock:
            self._busy.add(get_ident())
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        finally:
            with self._lock:
                self._busy.discard(get_ident())


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        import distributed
    except ImportError:
        raise GitgenError("Dask is not installed", "pip install 'gitgen[dask]'") from None
    connect: Any = distributed.Client  # It has no types.
    try:
        client = connect(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError):
        mend = "dask scheduler starts one and prints its address, dask worker ADDRESS a worker"
        raise GitgenError(f"No Dask scheduler answers at {address}", mend) from None
    with client:
        _check_workers(client, address)
        pool = client.get_executor()
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False)
            raise


def _check_workers(client: Any, address: str) -> None:
    """GitgenError unless there is a worker, and this very gitgen on each."""
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except TimeoutError:
        raise GitgenError(f"The scheduler at {address} has no worker", f"dask worker {address}") from None
    try:
        versions: dict[str, str] = client.run(version)
    except Exception as error:
        mend = "pip install 'gitgen[dask]' in the environment of every worker"
        raise GitgenError(f"A worker cannot run gitgen: {error}", mend) from None
    for worker, there in versions.items():
        if there != __version__:
            mend = "install the same one in the environment of every worker"
            raise GitgenError(f"The worker {worker} has gitgen {there}, here is {__version__}", mend)


def version() -> str:
    """The gitgen of the process that this runs in."""
    return __version__


def own_folder() -> Path | None:
    """In a job on a worker of a cluster, the folder that is this worker's own and goes with it; None elsewhere."""
    distributed = sys.modules.get("distributed")  # On a worker it has been imported.
    try:
        return Path(distributed.get_worker().local_directory) if distributed else None
    except ValueError:
        return None
