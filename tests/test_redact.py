"""What is secret never reaches a chat file."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gitgen.redact import redactor

B = string.ascii_letters + string.digits
SHAPES = {
    "openai-key": [
        "sk-" + B[:48],
        "sk-proj-" + B[:30] + "_-" + B[:20],
        "sk-ant-api03-" + B[:60],
        "sk-or-v1-" + "0a" * 32,
    ],
    "github-token": [f"gh{kind}_{B[:36]}" for kind in "pousr"] + ["github_pat_" + B[:22] + "_" + B[:59]],
    "gitlab-token": ["glpat-" + B[:20], "gldt-" + B[:20]],
    "aws-key": ["AKIA" + B[26:42].upper(), "ASIAABCDEFGHIJKLMNOP"],
    "google-key": ["AIza" + B[:35]],
    "slack-token": ["xoxb-123456789012-abcdefABCDEF"],
    "stripe-key": ["sk_live_" + B[:24], "rk_test_" + B[:24]],
    "huggingface-token": ["hf_" + B[:34]],
    "npm-token": ["npm_" + B[:36]],
    "pypi-token": ["pypi-AgEIcHlwaS5vcmc" + B[:60]],
    "jwt": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"],
    "private-key": ["-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----"],
}
PLANTED = [(name, secret) for name, secrets in SHAPES.items() for secret in secrets]
INNOCENT = [
    "risk-assessment-dashboard-panel-wide-left",
    "task-3f2b8c1d4e5f60718293a4b5c6d7e8f901234567",
    "disk-encryption-set-configuration-of-the-subscription",
    "sk-learn-something-new-every-day-of-the-week",
    "0123456789abcdef0123456789abcdef01234567",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    "http://localhost:8080/a@b, ssh://git@host/path, user@example.org",
    "sha512-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789==",
    "grep_for_the_longest_identifier_that_anyone_ever_wrote_down",
]


@pytest.mark.parametrize(("name", "secret"), PLANTED)
@pytest.mark.parametrize("around", ["{}", "KEY={}\n", '{{"key": "{}"}}', "Bearer {}, please", "({})"])
def test_well_known_shapes_are_replaced_by_their_name(name: str, secret: str, around: str) -> None:
    assert redactor({})(around.format(secret)) == around.format(f"[REDACTED:{name}]")


@pytest.mark.parametrize("text", INNOCENT)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert redactor({})(text) == text


@pytest.mark.parametrize("url", ["postgres://app:hunter2@db:5432/x", "https://user:pa55w@example.org/"])
def test_a_password_in_an_address_is_replaced(url: str) -> None:
    scheme, _, rest = url.partition("://")
    assert redactor({})(f"see {url}") == f"see {scheme}://[REDACTED:password-in-url]@{rest.partition('@')[2]}"


@pytest.mark.parametrize(
    ("variable", "value", "text", "clean"),
    [
        ("OPENAI_API_KEY", "local-0815", "use local-0815!", "use [REDACTED:OPENAI_API_KEY]!"),
        ("my_token", "abcdefgh", "xabcdefghx", "x[REDACTED:my_token]x"),
        ("DB_PASSWORD", "s3cret$.*", "s3cret$.* s3cretXYZ", "[REDACTED:DB_PASSWORD] s3cretXYZ"),
        ("APP_SECRET", "  padded-value\n", "a padded-value", "a [REDACTED:APP_SECRET]"),
        ("SHORT_KEY", "none", "none of it", "none of it"),
        ("DB_PASSWORD", "postgres", "import postgres", "import postgres"),
        ("KEYBOARD", "qwertyuiop", "qwertyuiop", "qwertyuiop"),
        ("EMPTY_KEY", "", "as it is", "as it is"),
    ],
)
def test_credentials_of_the_process_are_replaced_by_their_variable(
    variable: str, value: str, text: str, clean: str
) -> None:
    assert redactor({variable: value})(text) == clean


def test_a_key_that_came_otherwise_is_replaced_too() -> None:
    assert redactor({}, "from-git-config")("a from-git-config b") == "a [REDACTED:api-key] b"
    assert redactor({}, "")("as it is") == "as it is"


def test_the_longest_secret_is_found_first() -> None:
    redact = redactor({"A_KEY": "abcdefgh", "B_KEY": "abcdefgh-and-more"})
    assert redact("abcdefgh-and-more abcdefgh") == "[REDACTED:B_KEY] [REDACTED:A_KEY]"


def test_what_cannot_be_stored_is_made_storable() -> None:
    assert redactor({})("a\ud800b") == "a?b"


names = st.sampled_from(["A_KEY", "B_TOKEN", "C_SECRET", "D_PASSWORD"])
values = st.text(B + "-_.!/+=", min_size=8, max_size=40)
environs = st.dictionaries(names, values, max_size=4)
planted = st.sampled_from([secret for _, secret in PLANTED])


@settings(max_examples=60)
@given(environs, st.lists(st.one_of(st.text(max_size=20), planted), max_size=6), st.data())
def test_no_secret_is_left_and_a_second_time_changes_nothing(
    environ: dict[str, str], pieces: list[str], data: st.DataObject
) -> None:
    secrets = list(environ.values())
    assume(not any(secret in f"[REDACTED:{name}]" for secret in secrets for name in environ))
    mixed = data.draw(st.permutations(pieces + secrets))
    redact = redactor(environ)
    clean = redact(" ".join(mixed))
    assert not any(secret in clean for secret in secrets if secret not in ("changeme", "passw0rd"))
    assert redact(clean) == clean


@given(st.text(), st.text(min_size=8))
def test_any_text_and_any_key_leave_what_can_be_stored(text: str, key: str) -> None:
    assert redactor({"A_KEY": key})(text + key).encode()
