"""A real Dask scheduler and workers, each a process of its own, for as long as a block lasts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Cluster:
    """A running cluster: the address of its scheduler, the worker processes, and the folder of each."""

    address: str
    workers: tuple[subprocess.Popen[bytes], ...]
    folders: tuple[Path, ...]


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """A scheduler and so many workers of one thread, without their supervisors, so that a killed one stays dead."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(_dask(folder / "scheduler", "scheduler", "--port", "0", "--no-dashboard"))
        address = _address(folder / "scheduler" / "log")
        options = ("--no-nanny", "--nthreads", "1", "--no-dashboard")
        started = [
            stack.enter_context(_dask(folder / str(number), "worker", address, *options)) for number in range(workers)
        ]
        yield Cluster(address, tuple(started), tuple(folder / str(number) for number in range(workers)))


def _address(log: Path) -> str:
    until = time.monotonic() + 60
    while not (found := re.search(r"Scheduler at:\s+(tcp://\S+)", log.read_text())):
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
    return found[1]


@contextmanager
def _dask(folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command, "--host", "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(folder)},
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
