"""The data file of models: every entry is well formed, and the longest fitting pattern wins."""

from __future__ import annotations

import pytest

from gitgen.profiles import Profile, profile_of


def test_a_name_nobody_knows_gets_a_large_context_and_diffs() -> None:
    assert profile_of("some-model-of-tomorrow") == Profile(context=128_000, edit_format="diff")


@pytest.mark.parametrize(
    "model",
    [
        "SmolLM2-135M-Instruct.Q4_1",
        "smollm2:360m",
        "qwen2.5-coder-0.5b-instruct-q4_k_m",
        "qwen2.5-coder:1.5b",
        "llama3.2:3b",
        "Qwen/Qwen3-0.6B-GGUF",
    ],
)
def test_small_models_write_whole_files_the_same_each_time(model: str) -> None:
    profile = profile_of(model)
    assert profile.edit_format == "whole"
    assert profile.parameters["temperature"] == 0
    assert "seed" in profile.parameters
    assert profile.reply_tokens and profile.reply_tokens < profile.context


@pytest.mark.parametrize("model", ["qwen2.5-coder:14b", "model-10.5b", "model-11b", "gpt-4o", "o3", "gpt-5"])
def test_large_models_write_diffs(model: str) -> None:
    assert profile_of(model).edit_format == "diff"


@pytest.mark.parametrize("model", ["gpt-5-mini", "o3", "o4-mini"])
def test_no_temperature_goes_to_a_model_that_refuses_one(model: str) -> None:
    assert "temperature" not in profile_of(model).parameters


def test_the_longest_pattern_wins_over_a_shorter_one() -> None:
    assert profile_of("openai/gpt-4.1-mini").context > profile_of("openai/gpt-x").context


def test_parameters_cannot_be_changed_by_who_reads_them() -> None:
    with pytest.raises(TypeError):
        profile_of("smollm2").parameters["temperature"] = 1  # type: ignore[index]


def test_the_embedded_model_answers_by_a_grammar() -> None:
    grammar = profile_of("SmolLM2-135M-Instruct.Q4_1").grammar
    assert grammar and grammar.lstrip().startswith(("root", "#"))
