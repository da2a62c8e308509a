"""Secrets are taken out of a text before it becomes part of a chat file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)
_SHORTEST = 8
"""Shorter values of such variables are words like `none` or `test`, and would be found everywhere."""
_WORDS = ("changeme", "disabled", "password", "passw0rd", "postgres", "required")
"""Values that keep nothing secret, but stand in every other program."""

# Each begins at the edge of a word: `risk-`, `disk-` and `task-` are no keys.
_SHAPES = {
    "openai-key": r"\bsk-(?:(?:proj|svcacct|admin|ant-[a-z0-9]+|or-v1)-[\w-]{20,}|[A-Za-z0-9]{32,})",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{50,})",
    "gitlab-token": r"\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|imt|agent|soat)-[\w-]{20,}",
    "aws-key": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "google-key": r"\bAIza[\w-]{35}",
    "slack-token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "stripe-key": r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    "huggingface-token": r"\bhf_[A-Za-z0-9]{30,}",
    "npm-token": r"\bnpm_[A-Za-z0-9]{36}",
    "pypi-token": r"\bpypi-AgE[\w-]{50,}",
    "jwt": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "private-key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]+?-----END [A-Z ]*PRIVATE KEY-----",
    "password-in-url": r"(?<=://)[^\s/:@\[\]]+:[^\s/:@\[\]]{3,}(?=@)",
}
_MARK = r"\[redacted:[\w-]+\]"
_SHAPED = re.compile("|".join((_MARK, *(f"(?P<{name.replace('-', '_')}>{shape})" for name, shape in _SHAPES.items()))))


def redactor(environ: Mapping[str, str], *keys: str) -> Callable[[str], str]:
    """A function that replaces the credentials in `environ`, the given `keys` and well-known token shapes.

    What it replaces it names: `[redacted:OPENAI_API_KEY]`, `[redacted:github-token]`. It also makes the text valid
    UTF-8 (a lone surrogate cannot be stored), and is idempotent.
    """
    values = {value.strip(): name for name, value in environ.items() if _NAMES.search(name)}
    values |= {key: "api-key" for key in keys if key not in values}
    secrets = sorted((v for v in values if len(v) >= _SHORTEST and v not in _WORDS), key=len, reverse=True)
    # A mark is matched first and stays as it is: a secret may well be a part of some variable's name.
    exact = re.compile("|".join((_MARK, *map(re.escape, secrets))))

    def redact(text: str) -> str:
        text = text.encode("utf-8", "replace").decode("utf-8")
        text = exact.sub(lambda m: f"[redacted:{values[m[0]]}]" if m[0] in values else m[0], text)
        return _SHAPED.sub(lambda m: f"[redacted:{m.lastgroup.replace('_', '-')}]" if m.lastgroup else m[0], text)

    return redact
