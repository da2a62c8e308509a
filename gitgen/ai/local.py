"""The embedded engine: llama.cpp's own OpenAI-compatible server, inside this process, on a loopback port."""

from __future__ import annotations

import platform
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gitgen.errors import GitgenError

if TYPE_CHECKING:
    import xllamacpp


@dataclass(frozen=True)
class Address:
    """Where a running engine answers, what opens it, and the name it gives its model."""

    base_url: str
    api_key: str
    alias: str


def missing() -> str | None:
    """What the embedded model lacks on this machine and what mends it, in one line; None when it can run."""
    obstacle = _obstacle()
    return f"{obstacle.what}: {obstacle.mend}" if obstacle else None


@contextmanager
def serve(weights: Path, *, context: int, threads: int = 1) -> Iterator[Address]:
    """Runs the model of a GGUF file behind an OpenAI-compatible address for as long as the block lasts.

    One thread by default: two collapse to a fraction of its speed as soon as anything else runs beside them.
    """
    obstacle = _obstacle()
    if obstacle:
        raise obstacle
    if not weights.is_file():
        raise GitgenError(f"there is no model file {weights}", "name a GGUF file: --model path/to/file.gguf")
    key = secrets.token_urlsafe(32)
    server = _start(weights, key, context, threads)
    try:
        yield Address(f"{server.listening_address}/v1", key, weights.stem)
    finally:
        del server  # the last reference: its destructor stops the loop and joins the threads


def _obstacle(cpu: Path = Path("/proc/cpuinfo")) -> GitgenError | None:
    """What keeps the engine from running here, as the error that `serve` raises."""
    other = "or name another endpoint with --base-url"
    if find_spec("xllamacpp") is None:
        return GitgenError("the embedded model is not installed", f"run `pip install 'gitgen[local]'`, {other}")
    if platform.machine() in ("x86_64", "AMD64") and cpu.exists() and "avx2" not in cpu.read_text().split():
        return GitgenError("the embedded model needs a CPU with AVX2", f"use another machine, {other}")
    try:
        import xllamacpp  # noqa: F401
    except ImportError as error:
        if "libgomp" in str(error):
            mend = f"run `apt-get install libgomp1` (or your system's libgomp), {other}"
            return GitgenError("the embedded model needs the system library libgomp", mend)
        mend = f"run `pip install --force-reinstall xllamacpp`, {other}"
        return GitgenError(f"the embedded model cannot be loaded ({error})", mend)
    return None


def _start(weights: Path, key: str, context: int, threads: int) -> xllamacpp.Server:
    """A server whose loop is known to run, so that it can be dropped at any later moment."""
    import xllamacpp

    with _without_interrupts():
        try:
            server = xllamacpp.Server(_parameters(weights, key, context, threads))
        except RuntimeError as error:
            mend = "check that it is a whole GGUF file, and that its model fits into memory"
            raise GitgenError(f"llama.cpp cannot load {weights}", mend) from error
        _probe(server.listening_address)
    return server


def _parameters(weights: Path, key: str, context: int, threads: int) -> Any:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.model_alias = {weights.stem}
    parameters.api_keys = [key]
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = context
    parameters.fit_params = False  # the context is what the profile says, not what memory happens to be free
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    # Without these two, an answer at temperature 0 depends on what was asked before.
    parameters.cache_prompt = False
    parameters.cache_ram_mib = 0
    parameters.warmup = False
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.verbosity = 0  # nothing of llama.cpp's log reaches stdout or stderr
    return parameters


def _probe(address: str) -> None:
    """Waits for the server's first answer: dropping a server whose loop has not begun never returns.

    http.client, because it alone never sends a loopback request through a configured proxy.
    """
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request("GET", "/health")
        connection.getresponse().read()
    finally:
        connection.close()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Holds Ctrl-C back until the block ends; the threads that the block starts never see it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
