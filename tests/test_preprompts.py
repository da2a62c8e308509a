"""The texts that the models are shown: the examples ask exactly as the steps ask."""

from __future__ import annotations

from pathlib import Path

import pytest

PREPROMPTS = Path(__file__).parent.parent / "preprompts"
EXAMPLES = Path(__file__).parent.parent / "examples"


def text(name: str) -> str:
    return (PREPROMPTS / f"{name}.txt").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("step", ["generate", "entrypoint", "fix-whole"])
def test_the_example_turns_quote_each_step_word_for_word(step: str) -> None:
    """Measured: where they differ by a sentence only, small models answer less than half as well."""
    assert f"\n{text(step)}\n" in text("format-whole")


def test_the_example_turns_alternate() -> None:
    roles = [line for line in text("format-whole").splitlines() if line.startswith("=== ")]
    assert roles == ["=== user", "=== assistant"] * (len(roles) // 2)


def test_a_diff_is_asked_for_without_line_numbers() -> None:
    headers = [line for line in text("format-diff").splitlines() if line.startswith("@@")]
    assert headers and set(headers) == {"@@ ... @@"}


@pytest.mark.parametrize("folder", sorted(EXAMPLES.glob("*/")), ids=lambda folder: folder.name)
def test_every_example_has_a_prompt(folder: Path) -> None:
    assert (folder / "prompt").read_text(encoding="utf-8").strip()
