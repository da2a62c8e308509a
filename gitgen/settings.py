"""What the user chose: flag, else environment, else git config, else default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitgen.errors import GitgenError

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


def resolve(flags: Mapping[str, object], environ: Mapping[str, str], config: Mapping[str, tuple[str, ...]]) -> Settings:
    """The settings of a run from its flags, the environment and git's configuration (keys in lower case).

    `gitgen.model` may be set several times in git config, or hold several names with commas between.
    Raises GitgenError for a value that is no number where one is needed.
    """

    def choose(name: str, *variables: str) -> str:
        if flags.get(name) not in (None, ""):
            return str(flags[name])
        found = next((environ[variable] for variable in variables if environ.get(variable)), "")
        return found or ",".join(config.get(f"gitgen.{name.replace('_', '')}", ())[-1:])

    def number(name: str, default: float | None) -> float | None:
        variable = f"GITGEN_{name.upper()}"
        value = choose(name, variable)
        try:
            return float(value) if value else default
        except ValueError:
            mend = f"--{name} NUMBER, {variable}, or: git config gitgen.{name} NUMBER"
            raise GitgenError(f"{name} is not a number: {value}", mend) from None

    models = choose("model", "GITGEN_MODEL") or ",".join(config.get("gitgen.model", ()))
    if not flags.get("model") and not environ.get("GITGEN_MODEL"):
        models = ",".join(config.get("gitgen.model", ()))
    preprompts = choose("preprompts", "GITGEN_PREPROMPTS")
    return Settings(
        models=tuple(dict.fromkeys(name.strip() for name in models.split(",") if name.strip())),
        base_url=choose("base_url", "GITGEN_BASE_URL", "OPENAI_BASE_URL"),
        api_key=choose("api_key", "GITGEN_API_KEY", "OPENAI_API_KEY"),
        temperature=number("temperature", None),
        rounds=int(number("rounds", 3.0) or 0),
        timeout=number("timeout", 120.0) or 120.0,
        retries=int(number("retries", 4.0) or 0),
        preprompts=Path(preprompts).expanduser() if preprompts else None,
    )
