"""Secrets of known shapes, made when they are asked for: none stands in the repository."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM, HEX = LOWER + UPPER + DIGITS, DIGITS + "abcdef"


def _some(letters: str, length: int) -> str:
    return "".join(random.choices(letters, k=length))


def _private_key(kind: str) -> str:
    lines = "\n".join(_some(ALNUM + "+/", 64) for _ in range(12))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


BUILT_IN: Mapping[str, Callable[[], str]] = {
    "openai-key": lambda: "sk-proj-" + _some(ALNUM + "-_", 74) + "T3Blbk" + "FJ" + _some(ALNUM + "-_", 74),
    "anthropic-key": lambda: "sk-ant-api03-" + _some(ALNUM, 93) + "AA",
    "github-token": lambda: f"gh{_some('pousr', 1)}_" + _some(ALNUM, 36),
    "github-fine-grained": lambda: "github_pat_" + _some(ALNUM, 22) + "_" + _some(ALNUM, 59),
    "gitlab-token": lambda: "glpat-" + _some(ALNUM, 20),
    "aws-key": lambda: "AKIA" + _some(UPPER + "234567", 16),
    "google-key": lambda: "AIza" + _some(ALNUM, 35),
    "slack-token": lambda: "xoxb-" + _some(DIGITS, 12) + "-" + _some(DIGITS, 12) + "-" + _some(ALNUM, 24),
    "stripe-key": lambda: "sk_live_" + _some(ALNUM, 24),
    "huggingface-token": lambda: "hf_" + _some(LOWER + UPPER, 34),
    "npm-token": lambda: "npm_" + _some(ALNUM, 36),
    "pypi-token": lambda: "pypi-AgEIcHlwaS5vcmc" + _some(ALNUM, 70),
    "jwt": lambda: f"eyJhbGciOiJIUzI1NiJ9.eyJ{_some(ALNUM, 40)}.{_some(ALNUM, 43)}",
    "private-key": lambda: _private_key(random.choice(("", "RSA ", "EC ", "OPENSSH "))),
}
"""What gitgen knows by itself."""

SCANNED: Mapping[str, Callable[[], str]] = {
    "digitalocean-pat": lambda: "dop_v1_" + _some(HEX, 64),
    "sendgrid-api-token": lambda: "SG." + _some(ALNUM, 22) + "." + _some(ALNUM, 43),
    "shopify-access-token": lambda: "shpat_" + _some(HEX, 32),
    "databricks-api-token": lambda: "dapi" + _some(HEX, 32),
    "dockerhub-personal-access-token": lambda: "dckr_pat_" + _some(ALNUM, 27),
    "grafana-service-account-token": lambda: "glsa_" + _some(ALNUM, 32) + "_" + _some(HEX, 8),
    "groq-api-key": lambda: "gsk_" + _some(ALNUM, 52),
    "linear-api-key": lambda: "lin_api_" + _some(LOWER + DIGITS, 40),
    "postman-api-token": lambda: "PMAK-" + _some(HEX, 24) + "-" + _some(HEX, 34),
    "pulumi-api-token": lambda: "pul-" + _some(HEX, 40),
    "rubygems-api-token": lambda: "rubygems_" + _some(HEX, 48),
    "sentry-user-token": lambda: "sntryu_" + _some(HEX, 64),
    "doppler-api-token": lambda: "dp.pt." + _some(LOWER + DIGITS, 43),
    "age-secret-key": lambda: "AGE-SECRET-KEY-1" + _some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "xai-api-key": lambda: "xai-" + _some(ALNUM, 80),
    "perplexity-api-key": lambda: "pplx-" + _some(ALNUM, 48),
    "replicate-api-token": lambda: "r8_" + _some(ALNUM, 37),
    "figma-personal-access-token": lambda: "figd_" + _some(ALNUM, 40),
    "supabase-management-token": lambda: "sbp_" + _some(LOWER + DIGITS, 40),
    "slack-webhook-url": lambda: "https://hooks.slack.com/services/T" + _some(UPPER + DIGITS, 43),
}
"""What a scanner knows beyond that, by its names."""


def innocent() -> str:
    """Hashes, ids, lock files, addresses and code: all that looks random and is no secret."""
    hashes = [_some(HEX, length) for length in (7, 10, 32, 40, 64, 128) for _ in range(20)]
    uuids = [f"{_some(HEX, 8)}-{_some(HEX, 4)}-4{_some(HEX, 3)}-a{_some(HEX, 3)}-{_some(HEX, 12)}" for _ in range(20)]
    lock = [
        f'"node_modules/pkg-{n}": {{"resolved": "https://registry.example.org/pkg/-/pkg-{n}.tgz", '
        f'"integrity": "sha512-{_some(ALNUM + "+/", 86)}=="}},\n'
        f'pkg{n}==1.{n} --hash=sha256:{_some(HEX, 64)}\nchecksum = "{_some(HEX, 64)}"\nexample.org/m v0.{n} '
        f"h1:{_some(ALNUM + '+/', 43)}="
        for n in range(30)
    ]
    log = [f"commit {_some(HEX, 40)}\nindex {_some(HEX, 10)}..{_some(HEX, 10)} 100644" for _ in range(30)]
    code = [
        "token = os.environ['API_TOKEN']; password = getpass.getpass(); secret_key = load_key(path)",
        "key = sorted(items, key=lambda item: item.api_key_id_of_the_first_request)",
        f'etag: W/"{_some(HEX, 32)}"  traceparent: 00-{_some(HEX, 32)}-{_some(HEX, 16)}-01',
        f"data:image/png;base64,{_some(ALNUM + '+/', 200)}",
        f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{_some(ALNUM + '+/', 43)} ada@example.org",
        f"-----BEGIN CERTIFICATE-----\n{_some(ALNUM + '+/', 64)}\n-----END CERTIFICATE-----",
        f"Gitgen-Log: {_some(HEX, 40)}  oid {_some(HEX, 64)}  session_id={_some(HEX, 32)}",
    ]
    return "\n".join((*hashes, *uuids, *lock, *log, *code))
