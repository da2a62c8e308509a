"""Model files of the user's own choice, put into the cache folder: from this machine, or from an address."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from gitgen import user_cache
from gitgen.ai import weights
from gitgen.errors import GitgenError

MAGIC = b"GGUF"
SECONDS = 60.0
"""Without a byte, after which a download is given up."""
_CHUNK = 1 << 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_NAME = re.compile(r"\w[\w.+@-]{0,200}")

Progress = Callable[[int, int], None]
"""Told how many bytes have come, and of how many (0 where nobody knows)."""


@dataclass(frozen=True)
class Pulled:
    """A model file in the cache folder."""

    file: Path
    size: int
    sha256: str


def take(file: Path, name: str = "", environ: Mapping[str, str] = os.environ) -> Pulled:
    """Put a model file of this machine into the cache folder, linked where that can be, else copied.

    GitgenError if it is no GGUF file, or another model of this name is there.
    """
    size, digest = _hashed(file)
    target = user_cache.make("models", environ) / f"{_named(name or file.stem)}.gguf"
    with weights.alone(target.parent, lambda line: None):
        if target.exists():
            if _hashed(target) != (size, digest):
                raise _taken(target)
            return Pulled(target, size, digest)
        passing = target.with_name(f".{target.stem}-{os.getpid()}.part")
        try:
            try:
                os.link(file.resolve(), passing)
            except OSError:
                shutil.copyfile(file, passing)
                _to_disk(passing)
            passing.replace(target)
        finally:
            passing.unlink(missing_ok=True)
    return Pulled(target, size, digest)


def fetch(url: str, name: str = "", *, progress: Progress, environ: Mapping[str, str] = os.environ) -> Pulled:
    """Fetch a model file from an address into the cache folder; a download that broke off goes on where it was.

    GitgenError for an address that is not https, for what is no GGUF file, and for a download that is not whole.
    """
    _check_address(url)
    stem = Path(unquote(urlsplit(url).path)).name.removesuffix(".gguf")
    target = user_cache.make("models", environ) / f"{_named(name or stem)}.gguf"
    with weights.alone(target.parent, lambda line: None):
        if target.exists():
            raise _taken(target)
        part = target.with_name(f".{target.stem}-{hashlib.sha256(url.encode()).hexdigest()[:12]}.part")
        _download(url, part, progress)
        size, digest = _hashed(part)
        _to_disk(part)
        part.replace(target)
        _validator(part).unlink(missing_ok=True)
    return Pulled(target, size, digest)


def _download(url: str, part: Path, progress: Progress) -> None:
    """Bring `part` to its full length."""
    with _opened(url, part) as answer:
        begun = part.stat().st_size if answer.status == 206 else 0
        if begun and not (answer.headers.get("content-range") or "").startswith(f"bytes {begun}-"):
            raise GitgenError(f"{url} went on at another place than asked", f"rm {part}, then the same again")
        total = begun + int(answer.headers.get("content-length") or 0)
        validator = answer.headers.get("etag") or answer.headers.get("last-modified") or ""
        _validator(part).write_text("" if validator.startswith("W/") else validator, encoding="utf-8")
        done = begun
        with part.open("ab" if begun else "wb") as file:
            progress(done, total)
            while chunk := _read(answer, url, done, total):
                if done == 0 and not chunk.startswith(MAGIC):
                    raise _no_model(url)
                file.write(chunk)
                done += len(chunk)
                progress(done, total)
    if done < total or done == 0:
        raise _broke_off(url, done, total)


def _read(answer: HTTPResponse, url: str, done: int, total: int) -> bytes:
    try:
        return answer.read(_CHUNK)
    except (OSError, HTTPException):
        raise _broke_off(url, done, total) from None


@contextmanager
def _opened(url: str, part: Path) -> Iterator[HTTPResponse]:
    """The answer to a request for what `part` lacks: 206 if the server goes on where it ends, else 200."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "gitgen"}
    validator = _validator(part).read_text(encoding="utf-8") if _validator(part).is_file() else ""
    if part.is_file() and validator:
        # Only if the server can tell that it is still the same file: else two halves would be one (RFC 9110, 13.1.5).
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": validator}
    try:
        answer = urlopen(Request(url, headers=headers), timeout=SECONDS)
    except HTTPError as error:
        if error.code == 416:
            part.unlink()
            raise GitgenError(f"{url} is no longer what it was", "the same again begins anew") from None
        raise GitgenError(f"{url} answered {error.code} {error.reason}", "check the address") from None
    except (URLError, OSError, HTTPException) as error:
        raise GitgenError(f"{url} is not reachable: {getattr(error, 'reason', error)}", "check the address") from None
    with answer:
        _check_address(answer.url)
        yield answer


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise GitgenError(
        f"A model is fetched over https only, not from {url}", "give an address that begins with https://"
    )


def _validator(part: Path) -> Path:
    """Where the server's name for the version of the file is kept, beside what has come of it."""
    return part.with_name(f"{part.name}.version")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise GitgenError(f"{name!r} cannot be the name of a model", "--name with letters, digits, '-', '_' and '.'")
    return name


def _hashed(file: Path) -> tuple[int, str]:
    """Size and sha256 of a file; GitgenError if it is no GGUF file (llama.cpp's gguf.md: it begins with its name)."""
    digest, size = hashlib.sha256(), 0
    try:
        with file.open("rb") as content:
            while chunk := content.read(_CHUNK):
                if size == 0 and not chunk.startswith(MAGIC):
                    raise _no_model(str(file))
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise GitgenError(f"{file} cannot be read: {error.strerror}", "name a GGUF file that is there") from None
    if size == 0:
        raise _no_model(str(file))
    return size, digest.hexdigest()


def _to_disk(file: Path) -> None:
    with file.open("rb") as content:
        os.fsync(content.fileno())


def _no_model(where: str) -> GitgenError:
    return GitgenError(f"{where} is no GGUF file", "name a file in llama.cpp's format, or an address of one")


def _taken(target: Path) -> GitgenError:
    return GitgenError(f"There is a model {target.stem} already", f"--name OTHER, or first: rm {target}")


def _broke_off(url: str, done: int, total: int) -> GitgenError:
    of = f" of {total / 1e6:.1f}" if total else ""
    return GitgenError(f"{url} broke off at {done / 1e6:.1f}{of} MB", "the same again goes on from there")
