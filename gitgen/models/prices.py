"""What tokens cost. Nothing of it is ever stored: prices change, and are looked up when somebody asks."""

from __future__ import annotations

from pathlib import Path

from gitgen.models.profiles import profile_of
from gitgen.record import Usage

MILLION = 1_000_000


def cost(usage: Usage, model: str, own: Path | None = None) -> float | None:
    """The price of `usage` in USD at the model's profile, each cached token counted once; None if it is not known.

    Several models, as a trailer joins them, are reckoned at the dearest. `own` is the user's file of profiles.
    """
    each = [_cost(usage, name.strip(), own) for name in model.split(",") if name.strip()]
    known = [one for one in each if one is not None]
    return max(known) if known and len(known) == len(each) else None


def _cost(usage: Usage, model: str, own: Path | None) -> float | None:
    price = profile_of(model, own).price
    if price is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
    read = price.prompt if price.cached is None else price.cached
    spent = (usage.prompt_tokens - cached) * price.prompt + cached * read + usage.completion_tokens * price.completion
    return spent / MILLION
