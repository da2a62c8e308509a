"""Secrets are taken out of a text before it becomes part of a chat file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)
_SHORTEST = 8
"""Shorter values of such variables are words like `none` or `test`, and would be found everywhere."""

_SHAPES = {
    "openai-key": r"sk-(?:proj-|svcacct-|admin-|ant-[a-z0-9]+-)?[A-Za-z0-9_-]{20,}",
    "github-token": r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})",
    "gitlab-token": r"gl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat)-[A-Za-z0-9_-]{20,}",
    "aws-key": r"(?:AKIA|ASIA)[A-Z0-9]{16}",
    "google-key": r"AIza[A-Za-z0-9_-]{35}",
    "slack-token": r"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "stripe-key": r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "huggingface-token": r"hf_[A-Za-z0-9]{30,}",
    "npm-token": r"npm_[A-Za-z0-9]{36}",
    "pypi-token": r"pypi-[A-Za-z0-9_-]{50,}",
    "jwt": r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "private-key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----",
    "password-in-url": r"(?<=://)[^\s/:@]+:[^\s/:@]{3,}(?=@)",
}
_ANY = re.compile("|".join(f"(?P<{name.replace('-', '_')}>{shape})" for name, shape in _SHAPES.items()))


def redactor(environ: Mapping[str, str], *keys: str) -> Callable[[str], str]:
    """A function that replaces the credentials in `environ`, the given `keys` and well-known token shapes.

    What it replaces it names: `[redacted:OPENAI_API_KEY]`, `[redacted:github-token]`. It also makes the text valid
    UTF-8 (a lone surrogate cannot be stored), and is idempotent.
    """
    named = {value: name for name, value in environ.items() if _NAMES.search(name)}
    named |= {key: "api-key" for key in keys if key not in named}
    secrets = sorted((value for value in named if len(value) >= _SHORTEST), key=len, reverse=True)

    def redact(text: str) -> str:
        text = text.encode("utf-8", "replace").decode("utf-8")
        for secret in secrets:
            text = text.replace(secret, f"[redacted:{named[secret]}]")
        return _ANY.sub(lambda m: f"[redacted:{(m.lastgroup or '').replace('_', '-')}]", text)

    return redact
