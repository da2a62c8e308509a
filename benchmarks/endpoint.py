"""A model that answers at once: `python -m benchmarks.endpoint` prints its base URL and serves until it is ended.

Whatever it is asked, it counts the number in the file that it was shown one up, as a unified diff.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.ground import COUNTED, EDITED, ROOT

MODEL = "canned"
_SHOWN = re.compile(rf"{COUNTED} = (\d+)")


def reply_to(request: str) -> str:
    """The diff that counts the last count in a request one up."""
    number = int(_SHOWN.findall(request)[-1])
    diff = f"--- a/{EDITED}\n+++ b/{EDITED}\n@@ ... @@\n-{COUNTED} = {number}\n+{COUNTED} = {number + 1}\n"
    return f"Summary: Count run {number + 1}\n\n```diff\n{diff}```\n"


class Handler(BaseHTTPRequestHandler):
    """Chat completions, streamed or whole."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        content = reply_to(body)
        if json.loads(body).get("stream"):
            pieces = [content[start : start + 32] for start in range(0, len(content), 32)]
            chunks = [_chunk({"content": piece}) for piece in pieces]
            events = [json.dumps(chunk) for chunk in (*chunks, _chunk({}, "stop"), {**_chunk({}), **_usage(True)})]
            self._send("text/event-stream", "".join(f"data: {event}\n\n" for event in (*events, "[DONE]")))
        else:
            self._send("application/json", json.dumps({**_whole(content), **_usage(False)}))

    def _send(self, kind: str, body: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _chunk(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": [choice]}


def _whole(content: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}


def _usage(alone: bool) -> dict[str, Any]:
    usage = {"usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}
    return {**usage, "choices": []} if alone else usage


@contextmanager
def canned() -> Iterator[str]:
    """The base URL of an endpoint in a process of its own, so that it takes no time of the one that asks."""
    command = [sys.executable, "-m", "benchmarks.endpoint"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main() -> None:
    """Serve until the process is ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/v1\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
