"""Which model answers: a named endpoint, the embedded model, or a recorded session."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

from gitgen.ai import Model, NoModel, Recorded
from gitgen.errors import GitgenError
from gitgen.models import endpoints
from gitgen.models.profiles import profile_of
from gitgen.settings import DEFAULT_MODEL, Settings

LOCAL, REPLAY = "local", "replay:"
LOCAL_CONTEXT = 32_768
"""The embedded engine sets memory aside for its whole context, so a profile's large one is not taken whole."""


@dataclass(frozen=True)
class Choice:
    """A model that could be opened: `names` as they go into requests, `place` is a URL, a GGUF file or a branch."""

    kind: Literal["endpoint", "local", "replay"]
    names: tuple[str, ...]
    place: str


def choose(settings: Settings) -> Choice:
    """What these settings come to, without touching the network; NoModel, naming the ways out, if to nothing."""
    first = settings.models[0] if settings.models else ""
    if first.startswith(REPLAY):
        return Choice("replay", settings.models[:1], first.removeprefix(REPLAY))
    if first.endswith(".gguf"):
        if Path(first).expanduser().is_file():
            return Choice("local", (Path(first).stem,), first)
        if not settings.base_url:
            raise NoModel(f"There is no model file {first}", "--model PATH.gguf with a file that is there")
    if first.startswith(f"{LOCAL}/"):
        return _pulled(first.removeprefix(f"{LOCAL}/"))
    if settings.base_url and first != LOCAL:
        named = settings.endpoint
        if named and not named.open and not settings.api_key:
            raise NoModel(f"There is no key for {named.name}: {named.key} is not set", f"set {named.key}")
        return Choice("endpoint", settings.models, settings.base_url)
    if settings.api_key and first != LOCAL:
        openai = endpoints.table()[endpoints.DEFAULT].base_url
        return Choice("endpoint", settings.models or (DEFAULT_MODEL,), openai)
    if first in ("", LOCAL):
        return _embedded()
    raise NoModel(
        f"There is no key for {first}: neither OPENAI_API_KEY nor --base-url is set",
        "set OPENAI_API_KEY, or name an endpoint: --model ollama/NAME, --base-url URL",
    )


def _pulled(name: str) -> Choice:
    from gitgen.ai import weights

    here = next((file for file in weights.files() if file.stem == name), None)
    if here is None:
        raise NoModel(f"There is no local model {name}", "gitgen models lists them, gitgen models pull PATH adds one")
    return Choice("local", (name,), str(here))


def _embedded() -> Choice:
    from gitgen.ai import local, weights

    here = weights.path()
    if here is not None and local.missing() is None:
        return Choice("local", (here.stem,), str(here))
    what = "There is no model to ask: no OPENAI_API_KEY, no --base-url, and no local model"
    if here is not None:
        what = f"There is no model to ask: no OPENAI_API_KEY, and the local model cannot run: {local.missing()}"
    raise NoModel(what, "set OPENAI_API_KEY, or: pip install 'gitgen[local]' && gitgen models pull")


_opening = Lock()
_opened: dict[Settings, Model] = {}


def shared(settings: Settings) -> Model:
    """The chosen model, opened once for all jobs of this process, until it ends; no recorded session can be shared."""
    with _opening:
        if settings not in _opened:
            stack = ExitStack()
            atexit.register(stack.close)
            _opened[settings] = open_model(choose(settings), settings, _no_recordings, stack)
        return _opened[settings]


def _no_recordings(branch: str) -> tuple[Recorded, ...]:
    raise GitgenError("Many jobs ask a model, not a recorded session", "--model NAME")


def open_model(
    choice: Choice,
    settings: Settings,
    recordings: Callable[[str], Sequence[Recorded]],
    stack: ExitStack,
) -> Model:
    """The chosen model, ready to answer until `stack` is closed."""
    if choice.kind == "replay":
        from gitgen.ai.replay import Replay

        return Replay(choice.place, recordings(choice.place))
    from gitgen.ai.endpoint import Endpoint
    from gitgen.ai.pace import Paced, Rates, pace_of

    if choice.kind == "local":
        from gitgen.ai.local import serve

        place = Path(choice.place).expanduser()
        context = min(profile_of(place.stem, settings.profiles).context, LOCAL_CONTEXT)
        address = stack.enter_context(serve(place, context=context))
        return Endpoint(address.base_url, address.api_key, (address.alias,), settings.timeout, key_variable="")
    endpoint = Endpoint(choice.place, settings.api_key, choice.names, settings.timeout, settings.key_variable)
    if not choice.names:
        endpoint.take_only_model()
    pace = pace_of(endpoint.base_url, settings.api_key)
    pace.hold(Rates(settings.requests_per_minute, settings.tokens_per_minute))
    return Paced(endpoint, pace)
