"""A loopback server with a real bare repository behind `git http-backend`; what a forge adds comes on top."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

OWNER, NAME = "ada", "hello"
F = TypeVar("F", bound="Answers")


class Answers(Protocol):
    """What a forge makes of a request to its API."""

    bare: Path
    tokens: dict[str, str]
    url: str
    wrong: list[str]
    """What was not said as the forge describes it."""

    def answer(self, method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> Reply:
        """What it replies."""
        ...


@dataclass(frozen=True)
class Reply:
    """A status, the JSON of a reply or nothing at all, and headers of its own."""

    status: int
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def _serve(self) -> None:
        body = self._body()
        path = urlsplit(self.path)
        if path.path.startswith(f"/{OWNER}/{NAME}.git/"):
            self._git(path.path, path.query, body)
            return
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.server.requests.append((self.command, self.path, body))
        reply = self.server.forge.answer(self.command, path.path, path.query, headers, body)
        if reply.value is None:
            self._reply(reply.status, {**reply.headers}, b"")
            return
        kind = {"content-type": "application/json; charset=utf-8"}
        self._reply(reply.status, {**kind, **reply.headers}, json.dumps(reply.value).encode())

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _git(self, path: str, query: str, body: bytes) -> None:
        password = base64.b64decode(self.headers.get("authorization", "").removeprefix("Basic ")).decode()
        login = self.server.forge.tokens.get(password.partition(":")[2])
        if "git-receive-pack" in path + query and login is None:
            self._reply(401, {"www-authenticate": 'Basic realm="forge"'}, b"")
            return
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.forge.bare.parent.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("git-protocol", ""),
            "REMOTE_USER": login or "",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environ, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._reply(int(headers.pop("Status", "200").split()[0]), headers, content)

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Serves a forge until it is stopped; `requests` are the calls of its API as they came."""

    def __init__(self, forge: Answers) -> None:
        self.forge = forge
        self.requests: list[tuple[str, str, bytes]] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that was killed is what some tests are about.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def git(bare: Path, *args: str) -> str:
    """What git says of the repository; an empty text where it fails."""
    done = subprocess.run(["git", *args], cwd=bare, capture_output=True, text=True)
    return done.stdout.rstrip("\n") if done.returncode == 0 else ""


@contextmanager
def hosted(made: Callable[[Path], F], kind: str, folder: Path, work: Path) -> Iterator[F]:
    """A forge with the main branch of `work`, whose remote `origin` it becomes, for as long as the block lasts."""
    bare = folder / OWNER / f"{NAME}.git"
    bare.parent.mkdir(parents=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    forge = made(bare)
    server = Server(forge)
    forge.url = server.url
    for arguments in (
        ("remote", "add", "origin", f"{server.url}/{OWNER}/{NAME}.git"),
        ("config", "gitgen.forge", kind),
    ):
        subprocess.run(["git", *arguments], cwd=work, check=True)
    try:
        yield forge
    finally:
        server.stop()
    assert not forge.wrong, "\n".join(forge.wrong)
