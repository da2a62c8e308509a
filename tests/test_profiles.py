"""The data file of models: every entry is well formed, and the longest fitting pattern wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitgen.errors import GitgenError
from gitgen.models.profiles import Price, Profile, check, profile_of
from gitgen.record import Text, assistant, system, user
from tests.conftest import Gitgen, git
from tests.replies import PROGRAM
from tests.scripted import endpoint, says


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


def test_a_grammar_of_bare_requests_is_for_those_alone() -> None:
    profile = profile_of("Qwen2.5-Coder-0.5B-Instruct-Q4_K_M")
    assert "grammar" not in profile.request("x", None) and "grammar" not in profile.request("x", None, free=True)
    names = profile.request("x", None, paths=("a.py", 'odd "name".py', "a.py"))["grammar"]
    assert names.endswith('\npath ::= "a.py" | "odd \\"name\\".py"\n')
    assert profile_of("qwen2.5-coder:0.5b").bare is None, "another engine than llama.cpp knows no such grammar"


@pytest.mark.parametrize(
    ("model", "context", "price"),
    [
        ("gpt-4.1", 1_047_576, Price(2, 8, 0.5)),
        ("gpt-4.1-2025-04-14", 1_047_576, Price(2, 8, 0.5)),
        ("openai/gpt-4.1-mini", 1_047_576, Price(0.4, 1.6, 0.1)),
        ("gpt-4o-mini-2024-07-18", 128_000, Price(0.15, 0.6, 0.075)),
        ("gpt-5-2025-08-07", 400_000, Price(1.25, 10, 0.125)),
        ("claude-sonnet-4-5-20250929", 200_000, Price(3, 15, 0.3)),
        ("anthropic/claude-sonnet-4.6", 1_000_000, Price(3, 15, 0.3)),
        ("claude-opus-4-1-20250805", 200_000, Price(15, 75, 1.5)),
        ("o3-2025-04-16", 200_000, Price(2, 8, 0.5)),
        ("SmolLM2-135M-Instruct.Q4_1", 8_192, Price(0, 0)),
        ("gpt-5-pro", 400_000, None),
        ("gpt-4o-audio-preview", 128_000, None),
        ("deepseek-r1-distill-qwen-1.5b", 16_384, None),
        ("ministral-3b-2512", 16_384, None),
    ],
)
def test_a_price_is_that_of_the_very_model_or_none(model: str, context: int, price: Price | None) -> None:
    assert (profile_of(model).context, profile_of(model).price) == (context, price)


def own(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "models.toml"
    file.write_text(text)
    return file


def test_a_file_of_ones_own_overrides_key_by_key(tmp_path: Path) -> None:
    file = own(
        tmp_path,
        '["*"]\nedit_format = "whole"\n["*mine* *yours*"]\ncontext = 1000\n'
        '["GPT-4.1"]\nprice = {prompt=1, completion=2}\n',
    )
    assert profile_of("gpt-4.1", file).price == Price(1, 2)
    assert profile_of("gpt-4.1", file).context == profile_of("gpt-4.1").context
    assert profile_of("gpt-4.1", file).edit_format == "whole" != profile_of("gpt-4.1").edit_format
    assert profile_of("mine", file).context == profile_of("all-YOURS", file).context == 1000


def test_a_grammar_stands_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "mine.gbnf").write_text("root ::= 'a'")
    assert profile_of("x", own(tmp_path, '["x"]\ngrammar = "mine.gbnf"')).grammar == "root ::= 'a'"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[", "is not TOML"),
        ("context = 5", "outside the patterns"),
        ('["x"]\ncontext = "5"', "context is not a number of tokens: '5'"),
        ('["x"]\ncontext = 0', "context is not"),
        ('["x"]\ncontext = true', "context is not"),
        ('["x"]\nedit_format = "patch"', 'edit_format is not "diff" or "whole"'),
        ('["x"]\nprize = 5', "there is no key prize; the keys are context,"),
        ('["x"]\nprice = { prompt = 5 }', "price is not"),
        ('["x"]\nprice = { prompt = 5, completion = -1 }', "price is not"),
        ('["x"]\nprice = { prompt = 5, completion = 1, output = 1 }', "price is not"),
        ('["x"]\nprice = { prompt = "5", completion = 1 }', "price is not"),
        ('["x"]\nprice = { prompt = nan, completion = 1 }', "price is not"),
        ('["x"]\nsystem = 0', "system is not true or false"),
        ('["x"]\nparameters = 3', "parameters is not a table"),
        ('["x"]\ngrammar = "none.gbnf"', "there is no grammar"),
    ],
)
def test_a_wrong_entry_is_told_with_its_file(text: str, wrong: str, tmp_path: Path) -> None:
    file = own(tmp_path, text)
    with pytest.raises(GitgenError) as raised:
        check(file)
    assert wrong in raised.value.what and str(file) in raised.value.what and str(file) in raised.value.mend


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(GitgenError, match=r"none\.toml cannot be read"):
        check(tmp_path / "none.toml")


def test_a_model_without_system_messages_gets_their_text_in_front_of_the_first_user_message() -> None:
    asked = (system("Be brief", "Use diffs"), user("Example"), assistant("Done"), user("Now this"))
    sent = Profile(1000, "diff", system=False).suited(asked)
    assert [message.role for message in sent] == ["user", "assistant", "user"]
    assert sent[0].parts == (Text("Be brief"), Text("Use diffs"), Text("Example"))
    assert sent[1:] == asked[2:]
    assert Profile(1000, "diff").suited(asked) == asked
    assert Profile(1000, "diff", system=False).suited((system("Alone"),)) == (user("Alone"),)


def test_what_a_model_without_system_messages_was_sent_stands_in_the_chat(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(PROGRAM)) as running:
        at = ("--base-url", running.base_url, "--model", "gemma-2-9b")
        ran = gitgen("new", ".", "-m", "x", "--name", "s", "--steps", "generate", *at)
    assert ran.code == 0, ran.err
    sent = running.requests[0]["messages"]
    assert "system" not in [message["role"] for message in sent]
    chat = git(folder, "show", "gitgen/s:.gitgen/s/0001-generate.json")
    assert '"role": "system"' not in chat and '"role": "user"' in chat


def test_a_wrong_file_of_profiles_ends_a_command_before_anything_is_written(gitgen: Gitgen, folder: Path) -> None:
    git(folder, "config", "gitgen.models", str(own(folder, '["x"]\ncontext = -1')))
    ran = gitgen("fix", "x", "--base-url", "http://127.0.0.1:9/v1", "--model", "m")
    assert ran.code == 1 and "context is not a number of tokens: -1" in ran.err
    assert git(folder, "branch", "--list", "gitgen/*") == ""
