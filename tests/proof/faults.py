"""The faults of an endpoint, and of the way to it, each with what the user has to see of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import chain, repeat
from time import time

from tests.conftest import HELLO
from tests.replies import FRENCH
from tests.scripted import Answer, fails, says

FAR, NOBODY, NOWHERE = "http://model.example/v1", "http://127.0.0.1:9/v1", "http://nowhere.invalid/v1"
BONJOUR = HELLO.replace("Hello", "Bonjour")
"""What hello.py has to be in the end."""


@dataclass(frozen=True)
class Fault:
    """A fault by its name, the line in which the user sees it, and the answers that make it."""

    name: str
    sees: str
    """`{url}` stands for the endpoint, `{n}` for a number that chance has a part in."""
    script: tuple[Answer, ...] = ()
    code: int = 0
    status: str = "ok"
    """Of the step that landed; empty where none did."""
    asked: int = 1
    """Requests that reached the endpoint."""
    environ: Mapping[str, str] = field(default_factory=dict)
    place: str = "{url}"
    """The address that gitgen is given."""
    tls: bool = False
    slow: bool = False
    """Left to `make proof`."""


def faults() -> tuple[Fault, ...]:
    """All of them, made anew: a stream without end can be sent once, and a date is soon past."""
    return (*_no_connection(), *_broken(), *_slow(), *_busy(), *_odd(), *_on_the_way())


GOOD = says(FRENCH)
DONE = "scripted: 100 + 20 tokens"
"""What is seen of a reply that has nothing wrong with it."""
AGAIN = "; again in {n} s"
LOST = "The connection to {url} was lost"
BROKE = "The reply broke off in the middle" + AGAIN
GARBLED = "The endpoint {url} sent something that is no chat completion"
KEPT = "; it is kept and was not applied"
REJECTED = "error: The reply was rejected, no file was changed: the reply holds no file and no diff"
UNREACHABLE = "error: The endpoint {} is not reachable: {}"
RESUME = "; then: gitgen resume gitgen/s"
QUICK = {"GITGEN_TIMEOUT": "0.4"}
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
END = b"data: [DONE]\n\n"
LINES = "print('a line of no great length')  # one of many\n" * 1000


def _no_connection() -> Iterator[Fault]:
    refused, unknown = "[Errno 111] Connection refused", "[Errno -2] Name or service not known"
    yield Fault("connection refused", UNREACHABLE.format(NOBODY, refused), (), 1, "", 0, place=NOBODY)
    yield Fault("no such host", UNREACHABLE.format(NOWHERE, unknown), (), 1, "", 0, place=NOWHERE)


def _broken() -> Iterator[Fault]:
    half = b"HTTP/1.1 200 OK\r\nconte"
    yield Fault("reset in mid-header", LOST + AGAIN, (Answer(raw=(half,), reset=True), GOOD), asked=2)
    yield Fault("closed in mid-header", LOST + AGAIN, (Answer(raw=(half,)), GOOD), asked=2)
    yield Fault("no HTTP at all", LOST + AGAIN, (Answer(raw=(b"SSH-2.0-OpenSSH_9.2\r\n",)), GOOD), asked=2)
    piece = "hello.py\n```\npri"
    yield Fault("reset in mid-stream", LOST, (says(piece, reset=True), GOOD), asked=2)
    yield Fault("closed in mid-stream", BROKE, (says(piece, cut=True), GOOD), asked=2)
    cut, once = (says(piece, cut=True),) * 2, {"GITGEN_RETRIES": "1"}
    yield Fault("closed in mid-stream, each time", "error: The reply broke off" + KEPT, cut, 1, "partial", 2, once)
    letter = json.dumps({"choices": [{"delta": {"content": "Salué"}}]}, ensure_ascii=False).partition("é")[0].encode()
    yield Fault("closed inside a letter", GARBLED, (_raw(_text("a"), b"data: " + letter + b"\xc3"), GOOD), asked=2)
    yield Fault("bytes that are no UTF-8", GARBLED, (_raw(_text("a"), b'data: "\xff\xfe"\n\n'), GOOD), asked=2)


def _slow() -> Iterator[Fault]:
    silent = "No answer from {url} within 0.4 s"
    yield Fault("a slow drip", DONE, (says(FRENCH, pause=0.05),), environ=QUICK)
    yield Fault("no first byte", silent + AGAIN, (Answer(raw=(HEAD[:9], b""), pause=1), GOOD), asked=2, environ=QUICK)
    falls = Answer(raw=(HEAD + _text("a"), b""), pause=1)
    yield Fault("a stream that falls silent", silent, (falls, GOOD), asked=2, environ=QUICK)
    idle = "{url} sent nothing of a reply for 2 s"
    for name, kept_alive in (("comments", b": ping\n\n"), ("empty pieces", _text(""))):
        endless = Answer(raw=chain((HEAD, _text("a")), repeat(kept_alive)), pause=0.05)
        yield Fault(f"{name} without end", idle, (endless, GOOD), asked=2, environ=QUICK)
    endless = Answer(raw=chain((HEAD,), repeat(_text(LINES))))
    yield Fault("a reply without end", "error: The reply had no end and was given up" + KEPT, (endless,), 1, "partial")
    large = _raw(*[_text(LINES)] * 400, _text(FRENCH), _stop(), END)
    yield Fault("a reply of 20 MB", "ok         1 file", (large,), slow=True)


def _busy() -> Iterator[Fault]:
    busy = "The endpoint is busy ({}): {}; again in {} s"

    def slow(after: str) -> Answer:
        return fails(429, "Slow down", headers={"retry-after": after})

    yield Fault("429", busy.format(429, "Slow down", "{n}"), (fails(429, "Slow down"), GOOD), asked=2)
    yield Fault("429 with Retry-After", busy.format(429, "Slow down", 2), (slow("2"), GOOD), asked=2)
    date = formatdate(time() + 3, usegmt=True)
    yield Fault("429 with a date", busy.format(429, "Slow down", "{n}"), (slow(date), GOOD), asked=2)
    yield Fault("429 for an hour", "hint: wait 60 minutes, as it asks, then: gitgen resume", (slow("3600"),), 1, "")
    boom = fails(500, "boom", headers={"retry-after": "0"})
    yield Fault("500 three times, then good", busy.format(500, "boom", 0), (boom, boom, boom, GOOD), asked=4)
    yield Fault("500 without end", "error: The endpoint is busy (500): boom; tried 5 times", (boom,) * 9, 1, "", 5)
    refused = "hint: set GITGEN_API_KEY to a valid key" + RESUME
    yield Fault("a key that is refused", refused, (fails(401, "Incorrect key"),), 1, "")


def _odd() -> Iterator[Fault]:
    yield Fault("JSON that is none", GARBLED + AGAIN, (says("", lines=("data: {nonsense",)), GOOD), asked=2)
    page = Answer(body="<html>Log in</html>", content_type="text/html")
    yield Fault("a web page", "hint: check --base-url: it often ends in /v1" + RESUME, (page,), 1, "")
    message, usage = {"content": FRENCH}, {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    whole = {"model": "scripted", "choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
    answer = Answer(body=json.dumps(whole), content_type="application/json")
    yield Fault("one answer, not a stream", DONE, (answer,))
    none = "{url} ended its answer before it began" + AGAIN
    yield Fault("no choices", none, (_raw(_chunk(choices=[]), END), GOOD), asked=2)
    estimated = "The endpoint reports no usage: tokens are estimated with o200k_base"
    yield Fault("no usage", estimated, (says(FRENCH, usage=None),))
    stopped = says("hello.py\n", finish_reason="content_filter")
    filtered = "error: The reply was stopped by a content filter" + KEPT
    yield Fault("a content filter", filtered, (stopped,), 1, "partial")
    refusal = _raw(_delta(refusal="I cannot."), _stop(), END)
    yield Fault("a refusal", REJECTED, (refusal,) * 4, 1, "rejected", 4)
    edits = json.dumps({"path": "hello.py", "content": BONJOUR})
    writes, runs = _called("write_file", edits), _called("run", '{"command": "rm -rf /"}')
    called = "scripted called a tool ({}), and none was offered: the call is read as text"
    yield Fault("a call of a tool that edits", called.format("write_file"), (writes,))
    yield Fault("a call of a tool that does not", called.format("run"), (runs,) * 4, 1, "rejected", 4)
    yield Fault("another model than was asked", "other-2026: 100 + 20 tokens", (says(FRENCH, model="other-2026"),))


def _on_the_way() -> Iterator[Fault]:
    plain = "hint: check --base-url {https}: perhaps it is http://" + RESUME
    yield Fault("plain HTTP at an https address", plain, (), 1, "", 0, place="{https}")
    trust = "hint: SSL_CERT_FILE=FILE with the certificate of the authority that you trust for it" + RESUME
    yield Fault("a certificate of nobody's", trust, (), 1, "", 0, tls=True)
    yield Fault("that certificate, trusted", DONE, (GOOD,), environ={"SSL_CERT_FILE": "{certificate}"}, tls=True)
    dead, refused = (
        "http://me:secret@127.0.0.1:9",
        f"The endpoint {FAR} is not reachable by the proxy http://127.0.0.1:9",
    )
    yield Fault("through a proxy", DONE, (GOOD,), environ={"HTTP_PROXY": "{root}"}, place=FAR)
    yield Fault("a proxy that is not there", refused, (), 1, "", 0, {"HTTP_PROXY": dead}, FAR)
    asks, who = fails(407, "Who are you?"), "error: The proxy {root} refused the request (407): Who are you?"
    yield Fault("a proxy that wants a password", who, (asks,), 1, "", 1, {"HTTP_PROXY": "{root}"}, FAR)
    cannot, socks, ftp = "error: The proxy cannot be used: ", "socks5://127.0.0.1:9", "ftp://127.0.0.1:9"
    yield Fault("a proxy that is none", cannot + "Unknown scheme", (), 1, "", 0, {"HTTP_PROXY": ftp}, FAR)
    yield Fault("a SOCKS proxy", cannot + "Using SOCKS proxy", (), 1, "", 0, {"ALL_PROXY": socks}, FAR)
    own = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": socks}
    yield Fault("a proxy, and an endpoint on this machine", DONE, (GOOD,), environ=own)


def _raw(*pieces: bytes) -> Answer:
    return Answer(raw=(HEAD, *pieces))


def _chunk(**more: object) -> bytes:
    return f"data: {json.dumps({'id': '1', 'model': 'scripted', **more})}\n\n".encode()


def _delta(finish_reason: str | None = None, **delta: object) -> bytes:
    return _chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish_reason}])


def _text(content: str) -> bytes:
    return _delta(content=content)


def _stop(reason: str = "stop") -> bytes:
    return _delta(reason)


def _called(name: str, arguments: str) -> Answer:
    """A call of a tool, in pieces as OpenAI streams it."""
    head = {"index": 0, "id": "1", "type": "function", "function": {"name": name, "arguments": ""}}
    pieces = [arguments[start : start + 20] for start in range(0, len(arguments), 20)]
    more = (_delta(tool_calls=[{"index": 0, "function": {"arguments": piece}}]) for piece in pieces)
    return _raw(_delta(tool_calls=[head]), *more, _stop("tool_calls"), END)
