"""The one door to a model: any OpenAI-compatible endpoint, through the openai client."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitgen.ai import Busy, Completion, Listener, NoModel, Request, Stopped
from gitgen.ai.arriving import Arriving
from gitgen.ai.failures import (
    LOOPBACK,
    UnknownModel,
    explained,
    no_proxy,
    no_stream,
    refuses_stream_options,
    without_password,
)
from gitgen.ai.waking import waking
from gitgen.errors import GitgenError

if TYPE_CHECKING:
    from openai import OpenAI

CONNECT_SECONDS = 15.0
ALIVE = 5
"""So many time-outs long a stream may be kept alive (by comments, by empty chunks) without a word of the reply."""
NAMED = 6
"""So many models are named in a message; of more, only that there are more."""
_CLIENTS_OWN = (
    "temperature",
    "seed",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "reasoning_effort",
)


def warm_up() -> None:
    """Import the client (half a second) in another thread, behind work that does not need it."""
    from threading import Thread

    if "openai" not in sys.modules:
        Thread(target=_import_client, daemon=True).start()


def _import_client() -> None:
    # What an import makes is there to stay: looking for garbage in it is a quarter of the time. Once is enough: all
    # that a freeze finds is kept for good, be it garbage or not.
    gc.disable()
    try:
        import openai  # noqa: F401
    finally:
        gc.freeze()
        gc.enable()


class Endpoint:
    """Models at one OpenAI-compatible endpoint, in the order in which they are tried."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        models: tuple[str, ...],
        timeout: float = 120.0,
        key_variable: str = "OPENAI_API_KEY",
    ) -> None:
        """`key_variable` is what a person is told to set where the endpoint refuses the key.

        Unless it is OpenAI's, nothing else of OpenAI's in the environment is sent either.
        """
        self.base_url = base_url.rstrip("/")
        self.where = without_password(self.base_url)
        self.models = models
        self._key = api_key
        self._timeout = timeout
        self._key_variable = key_variable
        self._client: OpenAI | None = None
        self._options: Mapping[str, Any] = {"stream_options": {"include_usage": True}}
        self._noted = False

    @property
    def name(self) -> str:
        return self.models[0]

    @property
    def client(self) -> OpenAI:
        if self._client is None:
            from openai import DefaultHttpxClient, OpenAI, Timeout

            try:
                http_client = DefaultHttpxClient(**_direct(self.base_url))
            except (ImportError, ValueError) as error:
                raise GitgenError(f"The proxy cannot be used: {error}", no_proxy()) from None
            # `OpenAI` refuses an empty key; a local endpoint needs none.
            self._client = OpenAI(
                base_url=self.base_url,
                api_key=self._key or "none",
                timeout=Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout)),
                max_retries=0,
                http_client=http_client,
                default_headers=None
                if self._key_variable == "OPENAI_API_KEY"
                else _without_openais(self._key or "none"),
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

    def listed(self) -> Mapping[str, Mapping[str, Any]]:
        """The models that the endpoint offers, by name, each with what else it tells of it; or GitgenError."""
        try:
            return {str(model.id): model.model_extra or {} for model in self.client.models.list()}
        except (AttributeError, TypeError):
            # The client does not check what it parses.
            mend = "check --base-url: it often ends in /v1"
            raise GitgenError(f"{self.where} sent something that is no list of models", mend) from None
        except Exception as error:
            failure = self._explained(error, "")
            raise GitgenError(failure.why, "the same again") if isinstance(failure, Busy) else failure from None

    def names(self) -> tuple[str, ...]:
        """The names of the models that the endpoint offers."""
        return tuple(sorted(self.listed()))

    def take_only_model(self) -> None:
        """Ask the one model that the endpoint offers; NoModel if it does not offer exactly one."""
        names = self.names()
        if len(names) != 1:
            offered = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
            what = f"The endpoint {self.where} offers {len(names)} models" + (f": {offered}" if names else "")
            raise NoModel(what, "choose one: --model NAME")
        self.models = names

    def _ask(self, model: str, request: Request, listener: Listener) -> Completion:
        listener.asking(model)
        arriving, why = Arriving(model, ALIVE * self._timeout), ""
        try:
            with waking(), self._open(model, request) as stream:
                # The client passes over comments, so that only its bytes show that nothing else comes.
                kind = stream.response.headers.get("content-type", "")
                stream.response.iter_bytes = arriving.watched(stream.response.iter_bytes, kind)
                arriving.follow(stream, listener)
            if not arriving.begun:
                raise no_stream(kind, self.where)
        except KeyboardInterrupt:
            if not arriving.begun:
                raise
            raise Stopped(arriving.completion) from None
        except Exception as error:
            failure = self._explained(error, model)
            if not arriving.begun or failure is error:
                raise failure from None
            # What came before the stream broke off is a reply without an end.
            why = str(failure)
        listener.answered(arriving.completion)
        if why:
            listener.note(why)
        self._note_estimate(arriving.completion, listener)
        return arriving.completion

    def _open(self, model: str, request: Request) -> Any:
        # The parameters are the user's to choose, so the client's overloads cannot check them.
        create: Any = self.client.chat.completions.create
        asked = {"model": model, "messages": [dict(message) for message in request.messages], "stream": True}
        arguments = {**asked, **_parameters(request.parameters)}
        try:
            return create(**arguments, **self._options)
        except Exception as error:
            if not (self._options and refuses_stream_options(error)):
                raise
            self._options = {}
        return create(**arguments)

    def _explained(self, error: Exception, model: str) -> Exception:
        """What a failure means, or the exception itself if it is none of the endpoint's."""
        connecting = type(error.__cause__).__name__ == "ConnectTimeout"
        seconds = min(CONNECT_SECONDS, self._timeout) if connecting else self._timeout
        return explained(error, self.where, model, seconds, self._key_variable) or error

    def _note_estimate(self, completion: Completion, listener: Listener) -> None:
        """Say once that tokens are estimated, and with what."""
        if completion.usage is not None or not completion.reply.whole or self._noted:
            return
        from gitgen.models.tokens import vocabulary_of

        self._noted = True
        vocabulary, known = vocabulary_of(completion.reply.model)
        instead = "" if known else f", for want of {completion.reply.model}'s own vocabulary"
        listener.note(f"The endpoint reports no usage: tokens are estimated with {vocabulary}{instead}")


def _direct(base_url: str) -> dict[str, Any]:
    """How to reach an address of this machine: by no proxy of the environment, which could not; else nothing."""
    if not LOOPBACK.match(base_url):
        return {}
    if not base_url.startswith("https:"):
        return {"trust_env": False}
    from ssl import create_default_context

    # Python's own context goes by SSL_CERT_FILE all the same.
    return {"trust_env": False, "verify": create_default_context()}


def _without_openais(key: str) -> Any:
    """Headers that override what the client reads from the environment, and would send to any host."""
    from openai import Omit

    custom = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    names = [line.partition(":")[0].strip() for line in custom if ":" in line]
    omitted = (name for name in (*names, "OpenAI-Organization", "OpenAI-Project") if name.lower() != "authorization")
    return {**dict.fromkeys(omitted, Omit()), "Authorization": f"Bearer {key}"}


def _parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the client's arguments; those that only some endpoints know go into the body as they are."""
    own = {key: value for key, value in parameters.items() if key in _CLIENTS_OWN}
    extra = {key: value for key, value in parameters.items() if key not in _CLIENTS_OWN}
    return {**own, "extra_body": extra} if extra else own
