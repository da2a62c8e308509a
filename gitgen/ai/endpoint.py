"""The one door to a model: any OpenAI-compatible endpoint, through the openai client."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from gitgen.ai import Busy, Completion, Listener, Request, Stopped
from gitgen.errors import GitgenError
from gitgen.record import Reply, Usage

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, OpenAI

CONNECT_SECONDS = 15.0
RETRIED = (408, 409, 425, 429, 500, 502, 503, 504, 529)
OVERFLOW = ("context_length_exceeded", "exceed_context_size_error")
"""How OpenAI (`code`) and llama.cpp (`type`) call a request that is longer than the model's context."""


def warm_up() -> None:
    """Import the client (half a second) in another thread, behind work that does not need it."""
    from threading import Thread

    Thread(target=_import_client, daemon=True).start()


def _import_client() -> None:
    # What an import makes is there to stay: looking for garbage in it is a quarter of the time.
    gc.disable()
    try:
        import openai  # noqa: F401
    finally:
        gc.freeze()
        gc.enable()


class UnknownModel(GitgenError):
    """The endpoint does not have the model."""


class Endpoint:
    """Models at one OpenAI-compatible endpoint, in the order in which they are tried."""

    def __init__(self, base_url: str, api_key: str, models: tuple[str, ...], timeout: float = 120.0) -> None:
        self.base_url = base_url
        self.models = models
        self._key = api_key
        self._timeout = timeout
        self._client: OpenAI | None = None

    @property
    def name(self) -> str:
        return self.models[0]

    @property
    def client(self) -> OpenAI:
        if self._client is None:
            from openai import OpenAI, Timeout

            # `OpenAI` refuses an empty key; a local endpoint needs none.
            self._client = OpenAI(
                base_url=self.base_url or None,
                api_key=self._key or "none",
                timeout=Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout)),
                max_retries=0,
            )
        return self._client

    def complete(self, request: Request, listener: Listener) -> Completion:
        """Ask the first model that the endpoint knows; from then on that one."""
        while True:
            try:
                return self._ask(self.models[0], request, listener)
            except UnknownModel as error:
                if len(self.models) == 1:
                    raise
                listener.note(f"{error.what}; asking {self.models[1]} instead")
                self.models = self.models[1:]

    def names(self) -> tuple[str, ...]:
        """The names of the models that the endpoint offers."""
        import openai

        try:
            return tuple(sorted(model.id for model in self.client.models.list()))
        except openai.APIError as error:
            raise self._explained(error, "") from None

    def _ask(self, model: str, request: Request, listener: Listener) -> Completion:
        import openai

        listener.asking(model)
        arriving = _Arriving(model)
        try:
            # The parameters are the user's to choose, so the client's overloads cannot check them.
            create: Any = self.client.chat.completions.create
            stream = create(
                model=model,
                messages=[dict(message) for message in request.messages],
                stream=True,
                stream_options={"include_usage": True},
                **_parameters(request.parameters),
            )
            with stream:
                arriving.follow(stream, listener)
        except KeyboardInterrupt:
            raise Stopped(arriving.completion) from None
        except openai.APIError as error:
            if not arriving.begun:
                raise self._explained(error, model) from None
            listener.note(f"The stream broke off: {error.message}")
        except Exception as error:
            # The client lets the transport's own errors through once a stream has begun.
            if type(error).__module__.partition(".")[0] not in (
                "httpx",
                "httpx2",
                "httpcore",
                "httpcore2",
                "json",
            ):
                raise
            if not arriving.begun:
                raise Busy(f"The endpoint hung up: {type(error).__name__}") from None
        listener.answered(arriving.completion)
        return arriving.completion

    def _explained(self, error: APIError, model: str) -> Exception:
        """What an error of the client means: Busy, UnknownModel or a GitgenError."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return Busy(f"No answer from {self._where} within {self._timeout:g} s")
        if isinstance(error, openai.APIConnectionError):
            if type(error.__cause__).__name__ in (
                "ConnectError",
                "UnsupportedProtocol",
                "LocalProtocolError",
            ):
                mend = f"start it or check --base-url; then: curl {self._where}/models"
                return GitgenError(f"The endpoint {self._where} is not reachable: {error.__cause__}", mend)
            return Busy(f"The connection to {self._where} was lost")
        if isinstance(error, openai.APIStatusError):
            return self._status_explained(error, model)
        return _overflow(error) or Busy(f"The endpoint reported: {error.message}")

    @property
    def _where(self) -> str:
        return str(self.client.base_url).rstrip("/")

    def _status_explained(self, error: APIStatusError, model: str) -> Exception:
        status, said = error.status_code, _said(error)
        if overflow := _overflow(error):
            return overflow
        if status == 401:
            return GitgenError(f"{self._where} refused the key (401): {said}", "set OPENAI_API_KEY to a valid key")
        if status == 403:
            mend = "use a key that may, or another model: --model NAME"
            return GitgenError(f"This key may not use {model} (403): {said}", mend)
        if error.code == "insufficient_quota":
            return GitgenError(f"The account has nothing left to spend (429): {said}", "top it up, then: gitgen resume")
        if status in (400, 404) and (error.code == "model_not_found" or (model and model in said)):
            return UnknownModel(f"{self._where} has no model {model}", "gitgen models lists them; --model NAME")
        if status == 404:
            return GitgenError(
                f"There is no chat endpoint at {self._where} (404): {said}",
                "check --base-url: it often ends in /v1",
            )
        if status in RETRIED:
            return Busy(f"The endpoint is busy ({status}): {said}", _retry_after(error))
        return GitgenError(f"The endpoint refused the request ({status}): {said}", "gitgen show --progress shows it")


class _Arriving:
    """A reply while its stream arrives."""

    def __init__(self, model: str) -> None:
        self.pieces: list[str] = []
        self.finish_reason: str | None = None
        self.model = model
        self.id = ""
        self.usage: Usage | None = None
        self.begun = False

    def follow(self, stream: Iterable[Any], listener: Listener) -> None:
        for chunk in stream:
            self.begun = True
            self.model = chunk.model or self.model
            self.id = chunk.id or self.id
            if chunk.usage is not None:
                self.usage = _usage(chunk.usage)
            for choice in chunk.choices[:1]:
                piece = choice.delta.content or getattr(choice.delta, "refusal", None)
                if piece:
                    self.pieces.append(piece)
                    listener.text(piece)
                self.finish_reason = choice.finish_reason or self.finish_reason

    @property
    def completion(self) -> Completion:
        return Completion(Reply("".join(self.pieces), self.finish_reason, self.model, self.id), self.usage)


def _parameters(parameters: Any) -> dict[str, Any]:
    """The parameters as the client's arguments; those that only some endpoints know go into the body as they are."""
    known = {
        "temperature",
        "seed",
        "stop",
        "max_tokens",
        "max_completion_tokens",
        "top_p",
        "reasoning_effort",
    }
    extra = {key: value for key, value in parameters.items() if key not in known}
    own = {key: value for key, value in parameters.items() if key in known}
    return {**own, "extra_body": extra} if extra else own


def _usage(usage: Any) -> Usage:
    details = usage.prompt_tokens_details
    cached = details.cached_tokens if details is not None else None
    return Usage(usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, cached)


def _said(error: APIError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    said = str(body.get("message") or error.message)
    return " ".join(said.split())[:300]


def _overflow(error: APIError) -> GitgenError | None:
    if error.code in OVERFLOW or error.type in OVERFLOW:
        mend = "show it fewer files with --file, or use a model with a larger context"
        return GitgenError(f"The request is longer than the model's context: {_said(error)}", mend)
    return None


def _retry_after(error: APIStatusError) -> float | None:
    """Seconds to wait as the `Retry-After` header says, in seconds or as a date (RFC 9110, 10.2.3)."""
    value = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
