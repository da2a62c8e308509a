"""A scripted OpenAI-compatible endpoint over real HTTP: each request takes the next answer of the script."""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Models = Sequence[str] | Mapping[str, Mapping[str, Any]]
"""The names of the models that an endpoint lists, or with each what else it tells of it."""


@dataclass(frozen=True)
class Answer:
    """One answer: a streamed reply, an error with a status, headers and body, or the bytes of `body`."""

    content: str = ""
    finish_reason: str | None = "stop"
    usage: tuple[int, int] | None = (100, 20)
    cached: int | None = None
    model: str = ""
    status: int = 200
    error: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    """Hang up after the content, without an end."""
    between: Callable[[], None] | None = None
    """Called when the request has arrived, before it is answered."""
    midway: Callable[[], None] | None = None
    """Called when the content has been sent, before the end."""
    lines: tuple[str, ...] = ()
    """Lines of the stream that are sent as they are, after the content."""
    body: str | None = None
    """Sent whole instead of anything else, with `content_type`."""
    content_type: str = "text/event-stream"
    reset: bool = False
    """Reset the connection after the content, so that the client gets an error instead of an end."""
    raw: Iterable[bytes] = ()
    """Sent on the connection as it is, piece by piece, in place of a response; then it is closed, or reset."""
    pause: float = 0.0
    """Seconds between two pieces of the content, or of `raw`."""


def says(content: str, **more: Any) -> Answer:
    return Answer(content, **more)


def fails(status: int, message: str = "no", *, headers: dict[str, str] | None = None, **error: Any) -> Answer:
    return Answer(status=status, error={"message": message, **error}, headers=headers or {})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self._whole(404, json.dumps({"error": {"message": "Not Found"}}), {})
            return
        offered = self.server.endpoint.models
        told = offered if isinstance(offered, Mapping) else {}
        models = [{"id": model, "object": "model", **told.get(model, {})} for model in offered]
        self._whole(200, json.dumps({"object": "list", "data": models}), {})

    def do_POST(self) -> None:
        endpoint = self.server.endpoint
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        endpoint.paths.append(self.path)
        endpoint.headers.append({name.lower(): value for name, value in self.headers.items()})
        endpoint.keys.append(self.headers.get("authorization", ""))
        endpoint.requests.append(request)
        answer = endpoint.next(request)
        if answer is None:
            self._whole(400, json.dumps({"error": {"message": "the script has no answer left"}}), {})
            return
        if answer.between:
            answer.between()
        if answer.raw:
            self._raw(answer)
        elif answer.body is not None:
            self._whole(answer.status, answer.body, {"content-type": answer.content_type, **answer.headers})
        elif answer.status != 200:
            self._whole(answer.status, json.dumps({"error": answer.error}), answer.headers)
        else:
            self._stream(answer, answer.model or request["model"])

    def _whole(self, status: int, body: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def _stream(self, answer: Answer, model: str) -> None:
        self.send_response(200)
        self.send_header("content-type", answer.content_type)
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for start in range(0, len(answer.content), 16):
            piece = answer.content[start : start + 16]
            self._event(model, {"delta": {"content": piece}, "finish_reason": None})
            time.sleep(answer.pause)
        if answer.midway:
            answer.midway()
        for line in answer.lines:
            self.wfile.write(f"{line}\n\n".encode())
        if answer.reset:
            self._reset()
        if not (answer.cut or answer.reset):
            self._end(answer, model)

    def _raw(self, answer: Answer) -> None:
        self.close_connection = True
        for piece in answer.raw:
            self.wfile.write(piece)
            time.sleep(answer.pause)
        if answer.reset:
            self._reset()

    def _reset(self) -> None:
        # Closed with nothing to linger for, the connection is reset.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def _end(self, answer: Answer, model: str) -> None:
        self._event(model, {"delta": {}, "finish_reason": answer.finish_reason})
        if answer.usage:
            prompt, completion = answer.usage
            usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": completion}
            usage["total_tokens"] = prompt + completion
            if answer.cached is not None:
                usage["prompt_tokens_details"] = {"cached_tokens": answer.cached}
            self._event(model, None, usage)
        self.wfile.write(b"data: [DONE]\n\n")

    def _event(self, model: str, choice: dict[str, Any] | None, usage: dict[str, Any] | None = None) -> None:
        chunk = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": model,
            "choices": [{"index": 0, **choice}] if choice else [],
            "usage": usage,
        }
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that has gone away is what some tests are about.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Endpoint:
    """A running endpoint: `base_url` to give to gitgen, `requests` as they came."""

    def __init__(
        self, script: Sequence[Answer], models: Models = ("scripted",), certificate: Path | None = None
    ) -> None:
        """`certificate` is a PEM file with a key and its certificate, for TLS."""
        self.script = list(script)
        self.models = models
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._server = _Server(self)
        self.base_url = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_address[1]}/v1"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def next(self, request: dict[str, Any]) -> Answer | None:
        """The answer to a request; None where there is none left."""
        return self.script.pop(0) if self.script else None

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def endpoint(*script: Answer, models: Models = ("scripted",), certificate: Path | None = None) -> Iterator[Endpoint]:
    """An endpoint that answers with the script for as long as the block lasts."""
    running = Endpoint(script, models, certificate)
    running.start()
    try:
        yield running
    finally:
        running.stop()
