"""What a failure of an endpoint means: try again later, try another model, or a line that a person can act on."""

from __future__ import annotations

import json
import math
import re
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from gitgen.ai import Busy
from gitgen.errors import GitgenError
from gitgen.redact import redactor

if TYPE_CHECKING:
    from openai import APIError, APIStatusError

RETRIED = (408, 409, 425, 429, 500, 502, 503, 504, 529)
OVERFLOW = ("context_length_exceeded", "exceed_context_size_error")
"""How OpenAI (`code`) and llama.cpp (`type`) call a request that is longer than the model's context."""
_OVERFLOW_SAID = re.compile(r"maximum context length|context (window|size|length) exceeded|prompt is too long", re.I)
_UNKNOWN_SAID = re.compile(r"not found|not exist|not a valid|invalid model|unknown|no such|not available", re.I)
LOOPBACK = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:|/|$)")
"""Addresses of this machine, to which no proxy leads."""
_NEVER = ("UnsupportedProtocol", "LocalProtocolError", "InvalidURL", "ConnectError")
"""The transport's names for an address that no second try will reach."""
_TRANSPORT = ("httpx", "httpx2", "httpcore", "httpcore2")


class UnknownModel(GitgenError):
    """The endpoint does not have the model."""


class Garbled(Exception):
    """The endpoint sent something that is no chunk of a chat completion."""


class Idle(Exception):
    """For so many seconds the endpoint sent nothing but signs of life."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def explained(error: Exception, where: str, model: str, seconds: float, key: str) -> Exception | None:
    """Busy, UnknownModel or a GitgenError for a failure of the endpoint at `where`; None for any other exception.

    `seconds` is the time-out that was in force, `key` the variable that holds the endpoint's key.
    """
    import openai

    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) and error.__cause__ else error
    if type(cause).__name__ in _NEVER:
        return _unreachable(str(cause), where)
    if isinstance(error, openai.APITimeoutError) or type(error).__name__.endswith("Timeout"):
        doing = "No connection to" if type(cause).__name__ == "ConnectTimeout" else "No answer from"
        return Busy(f"{doing} {where} within {seconds:g} s")
    if isinstance(error, openai.APIConnectionError) or type(error).__module__.partition(".")[0] in _TRANSPORT:
        return Busy(f"The connection to {where} was lost")
    if isinstance(error, openai.APIStatusError):
        return _status(error, where, model, key)
    if isinstance(error, openai.APIError):
        return _refused(error, where, model) or Busy(f"The endpoint reported an error: {said(error)}")
    if isinstance(error, Idle):
        return Busy(f"{where} sent nothing of a reply for {error.seconds:g} s")
    if isinstance(error, (Garbled, json.JSONDecodeError, UnicodeDecodeError)):
        return Busy(f"The endpoint {where} sent something that is no chat completion")
    return None


def _unreachable(words: str, where: str) -> GitgenError:
    """Why no second try will reach an address, and what will."""
    proxy, mend = _proxy_to(where), f"start it, or check --base-url {where}"
    if proxy:
        return GitgenError(f"The endpoint {where} is not reachable by the proxy {proxy}: {words}", no_proxy())
    if "CERTIFICATE_VERIFY_FAILED" in words:
        mend = "SSL_CERT_FILE=FILE with the certificate of the authority that you trust for it"
    elif "[SSL" in words:
        mend = f"check --base-url {where}: perhaps it is http://"
    return GitgenError(f"The endpoint {where} is not reachable: {words}", mend)


def _proxy_to(where: str) -> str:
    """The proxy that the environment names for an address, without a password; empty if there is none."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    try:
        place = urlsplit(where)
    except ValueError:
        return ""
    if not place.hostname or LOOPBACK.match(where) or proxy_bypass(place.hostname):
        return ""
    proxies = getproxies()
    return without_password(proxies.get(place.scheme) or proxies.get("all") or "")


def without_password(address: str) -> str:
    """An address without what stands in it before an @: a name and a password."""
    return re.sub(r"//[^@/]*@", "//", address)


def no_proxy() -> str:
    """What mends a proxy that does not work."""
    return "mend HTTPS_PROXY, HTTP_PROXY or ALL_PROXY; NO_PROXY names hosts that are reached without"


def no_stream(content_type: str, where: str) -> Exception:
    """What an answer without a single chunk means: no endpoint for chats, or one that hung up."""
    kind = content_type.partition(";")[0].strip()
    if kind in ("", "text/event-stream"):
        return Busy(f"{where} ended its answer before it began")
    return GitgenError(f"{where} answered with {kind}, not with a stream", "check --base-url: it often ends in /v1")


def refuses_stream_options(error: Exception) -> bool:
    """Whether an endpoint refuses to be asked for the usage of a stream, as some older ones do."""
    import openai

    return isinstance(error, openai.APIStatusError) and "stream_options" in error.response.text


def said(error: APIError) -> str:
    """The endpoint's own words in one line, without the key, which some repeat when they refuse it."""
    body = error.body if isinstance(error.body, dict) else {}
    words = body.get("message") or body.get("detail") or body.get("error")
    if not words and (status := getattr(error, "status_code", None)):
        # A body that is no JSON is a proxy's web page.
        words = HTTPStatus(status).phrase if status in set(HTTPStatus) else "no reason given"
    key = error.request.headers.get("authorization", "").removeprefix("Bearer ")
    return " ".join(redactor({}, key)(str(words or error.message)).split())[:300]


def _status(error: APIStatusError, where: str, model: str, key: str) -> Exception:
    status, words = error.status_code, said(error)
    if refused := _refused(error, where, model):
        return refused
    if status == 401:
        return GitgenError(f"{where} refused the key (401): {words}", f"set {key} to a valid key")
    if status == 403:
        mend = "use a key that may, or another model: --model NAME"
        return GitgenError(f"This key may not use {model or where} (403): {words}", mend)
    if status == 407:
        return GitgenError(f"The proxy {_proxy_to(where)} refused the request (407): {words}", no_proxy())
    if status == 404:
        mend = "check --base-url: it often ends in /v1"
        return GitgenError(f"There is no chat endpoint at {where} (404): {words}", mend)
    if status in RETRIED:
        return Busy(f"The endpoint is busy ({status}): {words}", _retry_after(error))
    return GitgenError(
        f"The endpoint refused the request ({status}): {words}", "gitgen resume --model NAME asks another"
    )


def _refused(error: APIError, where: str, model: str) -> GitgenError | None:
    """The refusals that are told by their code or their words, whatever their status, also in a stream."""
    status, words = getattr(error, "status_code", None), said(error)
    if error.code in OVERFLOW or error.type in OVERFLOW or _OVERFLOW_SAID.search(words):
        mend = "show it fewer files with --file, or use a model with a larger context"
        return GitgenError(f"The request is longer than the model's context: {words}", mend)
    if "insufficient_quota" in (error.code, error.type) or status == 402:
        return GitgenError(f"The account has nothing left to spend: {words}", "top it up, then: gitgen resume")
    named = bool(model) and model.lower() in words.lower()
    unknown = status == 404 or (status == 400 and _UNKNOWN_SAID.search(words))
    if error.code == "model_not_found" or (named and unknown):
        return UnknownModel(f"{where} has no model {model}: {words}", "gitgen models lists them; then: --model NAME")
    return None


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds to wait as the `Retry-After` header says, in seconds or as a date (RFC 9110, 10.2.3)."""
    value = error.response.headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
