"""Where a setting comes from: flag, else environment, else git config, else default."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from gitgen.ai.choice import Choice, choose
from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.settings import DEFAULT_MODEL, Settings, resolve
from tests.conftest import git

FLAGS = {"model": "flag", "base_url": "http://flag", "temperature": 0.1, "rounds": 1, "preprompts": "flag"}
ENVIRON = {
    "GITGEN_MODEL": "environment",
    "GITGEN_BASE_URL": "http://environment",
    "GITGEN_API_KEY": "key-of-environment",
    "GITGEN_TEMPERATURE": "0.2",
    "GITGEN_ROUNDS": "2",
    "GITGEN_TIMEOUT": "22",
    "GITGEN_RETRIES": "2",
    "GITGEN_PREPROMPTS": "environment",
}
CONFIG = {
    "gitgen.model": ("config",),
    "gitgen.baseurl": ("http://config",),
    "gitgen.apikey": ("key-of-config",),
    "gitgen.temperature": ("0.3",),
    "gitgen.rounds": ("5",),
    "gitgen.timeout": ("33",),
    "gitgen.retries": ("3",),
    "gitgen.preprompts": ("config",),
}
OWN = partial(Settings, key_variable="GITGEN_API_KEY")
BY_ENVIRON = OWN(("environment",), "http://environment", "key-of-environment", 0.2, 2, 22.0, 2, Path("environment"))
BY_CONFIG = OWN(("config",), "http://config", "key-of-config", 0.3, 5, 33.0, 3, Path("config"))


def test_without_any_choice_the_defaults_hold() -> None:
    assert resolve({}, {}, {}) == Settings() == Settings((), "", "", None, 3, 120.0, 4, None)


def test_git_config_is_stronger_than_the_defaults() -> None:
    assert resolve({}, {}, CONFIG) == BY_CONFIG


def test_the_environment_is_stronger_than_git_config() -> None:
    assert resolve({}, ENVIRON, CONFIG) == BY_ENVIRON


def test_a_flag_is_stronger_than_all() -> None:
    settings = resolve(FLAGS, ENVIRON, CONFIG)
    assert settings == OWN(("flag",), "http://flag", "key-of-environment", 0.1, 1, 22.0, 2, Path("flag"))


def test_what_is_empty_is_not_chosen() -> None:
    nothing = dict.fromkeys(FLAGS)
    assert resolve(nothing, dict.fromkeys(ENVIRON, ""), CONFIG) == BY_CONFIG
    assert resolve({**nothing, "model": ""}, ENVIRON, {}) == BY_ENVIRON


def test_a_file_of_profiles_is_named_like_any_other_setting() -> None:
    assert resolve({}, {}, {"gitgen.models": ("~/models.toml",)}).profiles == Path("~/models.toml").expanduser()
    assert resolve({}, {"GITGEN_MODELS": "a"}, {"gitgen.models": ("b",)}).profiles == Path("a")


@pytest.mark.parametrize(
    ("flags", "number"), [({"temperature": 0.0}, 0.0), ({"temperature": 0}, 0.0), ({"temperature": None}, None)]
)
def test_nought_is_a_choice(flags: dict[str, object], number: float | None) -> None:
    assert resolve(flags, {}, {}).temperature == number
    assert resolve({"rounds": 0}, ENVIRON, {}).rounds == 0


def test_the_variables_of_openai_come_after_those_of_gitgen() -> None:
    openai = {"OPENAI_API_KEY": "theirs", "OPENAI_BASE_URL": "http://theirs"}
    assert (resolve({}, openai, {}).api_key, resolve({}, openai, {}).base_url) == ("theirs", "http://theirs")
    assert resolve({}, openai | ENVIRON, {}) == BY_ENVIRON


@pytest.mark.parametrize(
    ("values", "models"),
    [
        (("a,b", "c"), ("a", "b", "c")),
        ((" a , ,b,a",), ("a", "b")),
        ((",",), ()),
    ],
)
def test_models_are_a_list_however_they_are_given(values: tuple[str, ...], models: tuple[str, ...]) -> None:
    assert resolve({}, {}, {"gitgen.model": values}).models == models
    assert resolve({"model": ",".join(values)}, {}, CONFIG).models == models
    assert resolve({}, {"GITGEN_MODEL": ",".join(values)}, CONFIG).models == models


def test_the_local_configuration_replaces_the_global_one(folder: Path) -> None:
    for name in ("far", "away"):
        git(folder, "config", "--global", "--add", "gitgen.model", name)
    git(folder, "config", "--global", "gitgen.rounds", "7")
    assert resolve({}, {}, found(folder)).models == ("far", "away")
    for name in ("near", "by"):
        git(folder, "config", "--add", "gitgen.Model", name)
    settings = resolve({}, {}, found(folder))
    assert (settings.models, settings.rounds) == (("near", "by"), 7)


def found(folder: Path) -> dict[str, tuple[str, ...]]:
    """Git's configuration as a fresh process reads it."""
    repository = Repository.find(folder)
    assert repository is not None
    return dict(repository.config)


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "bell\x07"])
def test_a_key_that_cannot_be_one_is_refused_without_printing_it(key: str) -> None:
    with pytest.raises(GitgenError) as raised:
        resolve({}, {"OPENAI_API_KEY": key}, {})
    assert key not in raised.value.what + raised.value.mend


def test_a_key_never_shows_and_may_end_in_a_newline() -> None:
    settings = resolve({}, {"OPENAI_API_KEY": "sk-very-secret\r\n"}, {})
    assert settings.api_key == "sk-very-secret" and "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("settings", "choice"),
    [
        (Settings(api_key="k"), Choice("endpoint", (DEFAULT_MODEL,), "https://api.openai.com/v1")),
        (Settings(("a", "b"), api_key="k"), Choice("endpoint", ("a", "b"), "https://api.openai.com/v1")),
        (Settings(("a",), "http://here"), Choice("endpoint", ("a",), "http://here")),
        (Settings((), "http://here"), Choice("endpoint", (), "http://here")),
        (Settings(("served.gguf",), "http://here"), Choice("endpoint", ("served.gguf",), "http://here")),
        (Settings(("replay:gitgen/x",), "http://here", "k"), Choice("replay", ("replay:gitgen/x",), "gitgen/x")),
    ],
)
def test_the_settings_say_who_is_asked(settings: Settings, choice: Choice) -> None:
    assert choose(settings) == choice


def test_a_model_file_is_served_from_here(tmp_path: Path) -> None:
    file = tmp_path / "tiny.gguf"
    file.touch()
    assert choose(Settings((str(file),), "http://here", "k")) == Choice("local", ("tiny",), str(file))


@pytest.mark.parametrize(
    ("flags", "environ", "config", "expected"),
    [
        ({}, {}, {}, ("bubblewrap", 300.0, 4096)),
        (
            {},
            {},
            {"gitgen.sandbox": ("none",), "gitgen.timelimit": ("5.5",), "gitgen.memory": ("100",)},
            ("none", 5.5, 100),
        ),
        (
            {},
            {"GITGEN_SANDBOX": "bubblewrap", "GITGEN_TIME_LIMIT": "0", "GITGEN_MEMORY": "0"},
            {"gitgen.sandbox": ("none",), "gitgen.timelimit": ("5.5",), "gitgen.memory": ("100",)},
            ("bubblewrap", 0.0, 0),
        ),
        (
            {"sandbox": "none", "time_limit": 1.0, "memory": 7},
            {"GITGEN_SANDBOX": "bubblewrap", "GITGEN_TIME_LIMIT": "2", "GITGEN_MEMORY": "8"},
            {},
            ("none", 1.0, 7),
        ),
    ],
)
def test_what_a_program_may_use_is_a_setting_like_any_other(
    flags: dict[str, object],
    environ: dict[str, str],
    config: dict[str, tuple[str, ...]],
    expected: tuple[str, float, int],
) -> None:
    settings = resolve(flags, environ, config)
    assert (settings.sandbox, settings.time_limit, settings.memory) == expected


def test_a_sandbox_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(GitgenError, match="no sandbox docker") as caught:
        resolve({}, {}, {"gitgen.sandbox": ("docker",)})
    assert caught.value.mend == "git config gitgen.sandbox bubblewrap"
