"""What tokens cost, reckoned when somebody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitgen.models.prices import cost
from gitgen.record import Usage

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(), 0.0),
        (Usage(MILLION, 0, MILLION), 2.0),
        (Usage(0, MILLION, MILLION), 8.0),
        (Usage(MILLION, MILLION, 2 * MILLION, 0), 10.0),
        (Usage(MILLION, 0, MILLION, MILLION), 0.5),
        (Usage(MILLION, MILLION, 2 * MILLION, MILLION // 2), 1.0 + 0.25 + 8.0),
        (Usage(MILLION, 0, MILLION, 2 * MILLION), 0.5),
    ],
)
def test_each_token_is_paid_for_once(usage: Usage, usd: float) -> None:
    assert cost(usage, "gpt-4.1") == pytest.approx(usd)


@pytest.mark.parametrize("model", ["a-model-of-mine", "", "-", "gpt-4.1, a-model-of-mine"])
def test_what_is_not_known_has_no_price(model: str) -> None:
    assert cost(Usage(10, 10, 20), model) is None


def test_several_models_are_reckoned_at_the_dearest() -> None:
    usage = Usage(MILLION, 0, MILLION)
    assert cost(usage, "gpt-4.1-mini, gpt-4.1") == cost(usage, "gpt-4.1")


def test_a_price_of_ones_own_holds_and_cached_tokens_cost_like_others_unless_told(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('["mine"]\nprice = { prompt = 3, completion = 4 }')
    assert cost(Usage(MILLION, MILLION, 2 * MILLION, 500), "mine", file) == pytest.approx(7.0)
