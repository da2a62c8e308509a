"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_LIMITS = (
    click.option("--sandbox", type=click.Choice(["bubblewrap", "none"]), help="What programs are run in (bubblewrap)."),
    click.option("--network", is_flag=True, help="Let programs reach the network."),
    click.option("--time-limit", type=float, metavar="SECONDS", help="How long a program may run (300)."),
    click.option("--memory", type=click.IntRange(0), metavar="MB", help="How much memory a program may have (4096)."),
)

_OPTIONS = (
    click.option(
        "--model",
        metavar="NAME[,NAME]",
        help="Model; several to fall back on (a bench: to compare); ENDPOINT/NAME; local; a GGUF file; replay:BRANCH.",
    ),
    click.option("--base-url", metavar="URL", help="Any OpenAI-compatible endpoint, by its address or its name."),
    click.option("--temperature", type=float, help="Sent to the model; left out unless given here or in its profile."),
    click.option("--rounds", type=click.IntRange(0), help="How often edits that do not fit go back to the model (3)."),
    click.option(
        "--continue",
        "continue",
        type=click.IntRange(0),
        metavar="N",
        help="How often the rest of a reply that was cut off is asked for (3).",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(0),
        metavar="N",
        help="Ask nothing that could bring a step (a fleet: all of it) over N.",
    ),
    click.option(
        "--max-cost", type=click.FloatRange(0), metavar="USD", help="The same in money, where prices are known."
    ),
    click.option("--no-verify", is_flag=True, help="Run no pre-commit hook of yours; the commit says so."),
    click.option("--preprompts", metavar="DIR", help="Folder with preprompts of your own."),
    click.option("-q", "--quiet", is_flag=True, help="Do not show the reply as it comes."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)


_RATES = (
    click.option(
        "--tokens-per-minute",
        type=click.IntRange(1),
        metavar="N",
        help="Of all jobs together, for each endpoint and key.",
    ),
    click.option("--requests-per-minute", type=click.IntRange(1), metavar="N", help="The same in requests."),
)


def asks_a_model(function: F) -> F:
    """Give a command the options of those that ask a model."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def runs_programs(function: F) -> F:
    """Give a command the options of those that run what was built."""
    for option in reversed(_LIMITS):
        function = option(function)
    return function


def asks_often(function: F) -> F:
    """Give a command the options of those that ask a model in many jobs at once."""
    for option in reversed(_RATES):
        function = option(function)
    return function
