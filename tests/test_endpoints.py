"""Named endpoints: a model's name says where it is asked, and no key goes anywhere but there."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitgen.ai import NoModel
from gitgen.ai.choice import choose
from gitgen.errors import GitgenError
from gitgen.models import endpoints
from gitgen.redact import redactor
from gitgen.settings import resolve
from tests.conftest import Gitgen
from tests.replies import FRENCH
from tests.scripted import endpoint, fails, says

NAMES = sorted(endpoints.table())
AZURE = {"AZURE_OPENAI_ENDPOINT": "https://mine.openai.azure.com/"}
KEYS = {one.key: f"the-key-of-{name}" for name, one in endpoints.table().items()}
EVERYTHING = {**KEYS, **AZURE}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def test_the_table_names_the_endpoints_that_people_have() -> None:
    assert set(NAMES) >= {"openai", "azure", "ollama", "lmstudio", "llamacpp", "vllm", "openrouter", "groq"}
    assert set(NAMES) >= {"mistral", "deepseek", "gemini", "anthropic"}


@pytest.mark.parametrize("name", NAMES)
def test_a_prefix_chooses_the_address_the_key_and_the_model(name: str) -> None:
    settings = resolve({"model": f"{name}/some/model:7b"}, EVERYTHING, {})
    assert settings.models == ("some/model:7b",) and settings.api_key == f"the-key-of-{name}"
    assert choose(settings).place == settings.base_url
    assert settings.base_url.startswith("http") and "{" not in settings.base_url
    assert settings.key_variable == endpoints.table()[name].key


@pytest.mark.parametrize("name", NAMES)
def test_no_other_key_goes_to_a_named_endpoint(name: str) -> None:
    own = endpoints.table()[name].key
    others = {key: value for key, value in KEYS.items() if key != own} | {"GITGEN_API_KEY": "the-key-of-another"}
    settings = resolve({"model": f"{name}/m"}, {**others, **AZURE}, {"gitgen.apikey": ("configured",)})
    assert settings.api_key == ""
    if endpoints.table()[name].open:
        assert choose(settings).names == ("m",)
    else:
        with pytest.raises(NoModel, match=own) as raised:
            choose(settings)
        assert raised.value.mend == f"set {own}"


@pytest.mark.parametrize("name", NAMES)
def test_the_key_of_a_named_endpoint_is_redacted(name: str) -> None:
    variable = endpoints.table()[name].key
    assert redactor({variable: "the-very-key"})("a the-very-key b") == f"a [REDACTED:{variable}] b"


@pytest.mark.parametrize("model", ["ollama/a,b", "ollama/a,ollama/b"])
def test_models_to_fall_back_on_are_at_the_same_endpoint(model: str) -> None:
    assert resolve({"model": model}, {}, {}).models == ("a", "b")


@pytest.mark.parametrize("model", ["ollama/a,groq/b", "gpt-4.1,groq/b", "openrouter/a,mistral/b"])
def test_models_of_two_endpoints_are_refused(model: str) -> None:
    with pytest.raises(GitgenError, match="at two endpoints"):
        resolve({"model": model}, EVERYTHING, {})


def test_only_the_first_prefix_is_split_off() -> None:
    assert resolve({"model": "openrouter/openai/gpt-4.1"}, KEYS, {}).models == ("openai/gpt-4.1",)


@pytest.mark.parametrize("model", ["qwen/qwen3-coder", "ollama", "models/ollama/x", "/ollama/x"])
def test_a_name_that_begins_with_no_endpoint_is_left_whole(model: str) -> None:
    settings = resolve({"model": model}, {"OPENAI_API_KEY": "k"}, {})
    assert (settings.models, settings.base_url) == ((model,), "")


@pytest.mark.parametrize(
    ("flags", "environ"),
    [
        ({"base_url": "http://proxy/v1"}, {}),
        ({}, {"GITGEN_BASE_URL": "http://proxy/v1"}),
        ({}, {"OPENAI_BASE_URL": "http://proxy/v1"}),
    ],
)
def test_where_an_address_is_given_the_name_is_left_whole(flags: dict[str, str], environ: dict[str, str]) -> None:
    settings = resolve({"model": "anthropic/claude-sonnet-4-5", **flags}, environ, {})
    assert (settings.models, settings.base_url) == (("anthropic/claude-sonnet-4-5",), "http://proxy/v1")


def test_an_endpoint_can_be_named_in_place_of_its_address() -> None:
    settings = resolve({"base_url": "openrouter", "model": "openrouter/auto"}, KEYS, {})
    assert settings.models == ("openrouter/auto",) and settings.api_key == "the-key-of-openrouter"
    assert settings.base_url == "https://openrouter.ai/api/v1"


def test_an_address_written_out_takes_the_key_of_the_endpoint_that_is_there() -> None:
    assert resolve({"base_url": "https://api.groq.com/openai/v1/"}, KEYS, {}).api_key == "the-key-of-groq"
    assert resolve({"base_url": "https://mine.openai.azure.com/x"}, EVERYTHING, {}).api_key == "the-key-of-azure"
    own = {**KEYS, "GITGEN_API_KEY": "chosen"}
    assert resolve({"base_url": "https://api.groq.com/openai/v1/"}, own, {}).api_key == "chosen"


@pytest.mark.parametrize("address", ["https://example.org/v1", "https://api.openai.com.example.org/v1"])
def test_the_key_of_openai_goes_to_no_stranger(address: str) -> None:
    assert resolve({"base_url": address}, KEYS, {}).api_key == ""
    assert resolve({"base_url": address}, {**KEYS, "GITGEN_API_KEY": "chosen"}, {}).api_key == "chosen"
    assert resolve({}, {**KEYS, "OPENAI_BASE_URL": address}, {}).api_key == "the-key-of-openai"


def test_an_endpoint_whose_address_is_not_known_says_where_it_stands() -> None:
    with pytest.raises(GitgenError) as raised:
        resolve({"model": "azure/mine"}, KEYS, {})
    assert raised.value.mend == "set AZURE_OPENAI_ENDPOINT"


def test_a_deployment_at_azure_is_asked_with_the_plain_client(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH)) as running:
        here = {"AZURE_OPENAI_ENDPOINT": running.base_url.removesuffix("/v1"), "AZURE_OPENAI_API_KEY": "azure-key"}
        ran = gitgen("fix", "In French", "--model", "azure/my-deployment", **here, OPENAI_API_KEY="sk-of-openai")
    assert ran.code == 0, ran.err
    assert running.paths == ["/openai/v1/chat/completions"] and running.keys == ["Bearer azure-key"]
    assert running.requests[0]["model"] == "my-deployment"


def test_no_key_of_openai_is_sent_to_an_address_of_ones_own(gitgen: Gitgen) -> None:
    with endpoint(fails(401, "who are you")) as running:
        ran = gitgen("fix", "x", "--model", "m", "--base-url", running.base_url, OPENAI_API_KEY="sk-of-openai")
    assert running.keys == ["Bearer none"]
    assert ran.code == 1 and "hint: set GITGEN_API_KEY to a valid key" in ran.err


OF_OPENAI = {
    "OPENAI_API_KEY": "sk-of-openai",
    "OPENAI_ADMIN_KEY": "admin-of-openai",
    "OPENAI_ORG_ID": "org-of-openai",
    "OPENAI_PROJECT_ID": "project-of-openai",
    "OPENAI_CUSTOM_HEADERS": "X-Gateway: header-of-openai\nAuthorization: Bearer header-of-openai",
}


def test_nothing_else_of_openai_is_sent_to_an_address_of_ones_own(gitgen: Gitgen) -> None:
    with endpoint(says(FRENCH)) as running:
        own = {**OF_OPENAI, "GITGEN_API_KEY": "my-own-key"}
        ran = gitgen("fix", "In French", "--model", "m", "--base-url", running.base_url, **own)
        assert ran.code == 0, ran.err
    (headers,) = running.headers
    assert headers["authorization"] == "Bearer my-own-key"
    assert "of-openai" not in str(headers)


def test_where_openai_s_own_variable_points_gets_what_is_openai_s(gitgen: Gitgen) -> None:
    with endpoint(says(FRENCH)) as running:
        theirs = {**OF_OPENAI, "OPENAI_CUSTOM_HEADERS": "X-Gateway: yes", "OPENAI_BASE_URL": running.base_url}
        assert gitgen("fix", "In French", "--model", "m", **theirs).code == 0
    (headers,) = running.headers
    assert headers["authorization"] == "Bearer sk-of-openai" and headers["x-gateway"] == "yes"
    assert headers["openai-organization"] == "org-of-openai"


def test_a_refused_key_is_named_by_its_variable(gitgen: Gitgen) -> None:
    with endpoint(fails(401, "who are you")) as running:
        here = {"AZURE_OPENAI_ENDPOINT": running.base_url.removesuffix("/v1"), "AZURE_OPENAI_API_KEY": "azure-key"}
        ran = gitgen("fix", "x", "--model", "azure/m", **here)
    assert "hint: set AZURE_OPENAI_API_KEY to a valid key" in ran.err and "azure-key" not in ran.err


def test_a_missing_key_is_told_before_anything_is_written(gitgen: Gitgen, folder: Path) -> None:
    ran = gitgen("new", "there", "-m", "x", "--model", "groq/m", cwd=folder.parent)
    assert ran.code == 1 and "hint: set GROQ_API_KEY" in ran.err
    assert not (folder.parent / "there").exists()
