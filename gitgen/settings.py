"""What the user chose: flag, else environment, else git config, else default."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gitgen.errors import GitgenError
from gitgen.models import endpoints

DEFAULT_MODEL = "gpt-4.1"


@dataclass(frozen=True)
class Settings:
    """The settings of one run. `models` are tried in order; `api_key` may be empty for an endpoint without keys."""

    models: tuple[str, ...] = ()
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    temperature: float | None = None
    rounds: int = 3
    timeout: float = 120.0
    """Seconds without a byte from the endpoint before a try is given up."""
    retries: int = 4
    preprompts: Path | None = None
    steps: Path | None = None
    """A folder with steps of the user's own."""
    continues: int = 3
    """How often the rest of a reply that was cut off is asked for."""
    sandbox: Literal["bubblewrap", "none"] = "bubblewrap"
    time_limit: float = 300.0
    """Seconds that a program may run; 0 is no limit."""
    memory: int = 4096
    """Mebibytes that each process of a program may have; 0 is no limit."""
    endpoint: endpoints.Named | None = None
    """The named endpoint that `base_url` belongs to, if it is one of those."""
    profiles: Path | None = None
    """A file of the user's own profiles of models, in the format of `models.toml`."""
    max_tokens: int | None = None
    max_cost: float | None = None
    """USD; of a step, like the one above; those below are of a whole session."""
    session_max_tokens: int | None = None
    session_max_cost: float | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    """Of one endpoint and key, over all that this process asks."""
    key_variable: str = "OPENAI_API_KEY"
    """The environment variable that a key for this endpoint belongs in."""


@dataclass(frozen=True)
class _Chosen:
    """The values of one setting from the strongest place that has any, and how one sets it there."""

    values: tuple[str, ...] = ()
    mend: str = ""

    def __str__(self) -> str:
        return self.values[-1].strip() if self.values else ""

    def path(self) -> Path | None:
        """The value as a path, None where there is none."""
        return Path(str(self)).expanduser() if str(self) else None

    def limit(self, name: str) -> float | None:
        """The value as a limit of costs, None where there is none; GitgenError as for `number`."""
        return self.number(name, 1, 0) if str(self) else None

    def whole_limit(self, name: str) -> int | None:
        """The value as a limit of tokens, None where there is none; GitgenError as for `number`."""
        return self.whole(name, 100_000) if str(self) else None

    def rate(self, name: str) -> int | None:
        """The value as a limit for each minute, None where there is none; GitgenError as for `number`."""
        return self.whole(name, 60, 1) if str(self) else None

    def whole(self, name: str, default: int, least: int = 0) -> int:
        """The value as a whole number; GitgenError as for `number`."""
        return int(self.number(name, default, least, whole=True))

    def number(self, name: str, default: float, least: float, *, whole: bool = False) -> float:
        """The value as a number; GitgenError if it is none, or less than `least`."""
        if not str(self):
            return default
        kind = "a whole number" if whole else "a number"
        try:
            number = int(str(self)) if whole else float(str(self))
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number >= least):
            raise GitgenError(f"{name} is not {kind} from {least:g}: {self}", f"{self.mend}{default:g}")
        return number


def resolve(flags: Mapping[str, object], environ: Mapping[str, str], config: Mapping[str, tuple[str, ...]]) -> Settings:
    """The settings of a run from its flags, the environment and git's configuration (keys in lower case).

    `gitgen.model` may be set several times in git config, or hold several names with commas between.
    Raises GitgenError for a number that is none or out of bounds, and for a key that cannot be one.
    """

    def chosen(name: str, *variables: str) -> _Chosen:
        if flags.get(name) not in (None, ""):
            return _Chosen((str(flags[name]),), f"--{name.replace('_', '-')} ")
        for variable in (f"GITGEN_{name.upper()}", *variables):
            if environ.get(variable):
                return _Chosen((environ[variable],), f"export {variable}=")
        key = f"gitgen.{name.replace('_', '')}"
        return _Chosen(config.get(key, ()), f"git config {key} ")

    temperature = chosen("temperature")
    where = _where(chosen, flags, environ)
    return Settings(
        models=where.models,
        base_url=where.base_url,
        api_key=where.api_key,
        endpoint=where.endpoint,
        key_variable=where.key_variable,
        temperature=temperature.number("temperature", 0, 0) if str(temperature) else None,
        rounds=chosen("rounds").whole("rounds", 3),
        timeout=chosen("timeout").number("timeout", 120, 0.1),
        retries=chosen("retries").whole("retries", 4),
        preprompts=chosen("preprompts").path(),
        steps=_Chosen(config.get("gitgen.steps", ())).path(),
        continues=chosen("continue").whole("continue", 3),
        sandbox=_sandbox(chosen("sandbox")),
        time_limit=chosen("time_limit").number("time limit", 300, 0),
        memory=chosen("memory").whole("memory", 4096),
        profiles=chosen("models").path(),
        max_tokens=chosen("max_tokens").whole_limit("max-tokens"),
        max_cost=chosen("max_cost").limit("max-cost"),
        session_max_tokens=chosen("session_max_tokens").whole_limit("sessionMaxTokens"),
        session_max_cost=chosen("session_max_cost").limit("sessionMaxCost"),
        requests_per_minute=chosen("requests_per_minute").rate("requestsPerMinute"),
        tokens_per_minute=chosen("tokens_per_minute").rate("tokensPerMinute"),
    )


@dataclass(frozen=True)
class _Where:
    """Whom to ask, and with which key."""

    models: tuple[str, ...]
    base_url: str
    api_key: str = field(repr=False)
    endpoint: endpoints.Named | None
    key_variable: str


def _where(chosen: Callable[..., _Chosen], flags: Mapping[str, object], environ: Mapping[str, str]) -> _Where:
    models, base_url = _names(chosen("model").values), str(chosen("base_url", "OPENAI_BASE_URL"))
    name, models = (base_url, models) if base_url else endpoints.split(models)
    if name in endpoints.table():
        endpoint = endpoints.named(name, environ)
        key = str(flags.get("api_key") or environ.get(endpoint.key, "")).strip()
        return _Where(models, endpoint.base_url, _key(key, endpoint.key), endpoint, endpoint.key)
    at = endpoints.at(base_url, environ)
    # What is OpenAI's goes to OpenAI, and where OPENAI_BASE_URL says; nowhere else by accident.
    openai = base_url == environ.get("OPENAI_BASE_URL", "")
    variable = at.key if at else "OPENAI_API_KEY" if openai else "GITGEN_API_KEY"
    return _Where(models, base_url, _key(str(chosen("api_key", variable)), variable), at, variable)


def _sandbox(chosen: _Chosen) -> Literal["bubblewrap", "none"]:
    if str(chosen) not in ("", "bubblewrap", "none"):
        raise GitgenError(f"There is no sandbox {chosen}", f"{chosen.mend}bubblewrap")
    return "none" if str(chosen) == "none" else "bubblewrap"


def _names(values: tuple[str, ...]) -> tuple[str, ...]:
    names = (name.strip() for value in values for name in value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _key(key: str, variable: str) -> str:
    # It goes into a header, whose own error would print the key.
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise GitgenError("The API key has characters in it that no key has", f"set {variable} to the key alone")
    return key
