"""Secrets are taken out of a text before it becomes part of a chat file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

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
_MARK = r"\[(?:REDACTED|redacted):([\w.-]+)\]"
"""What stands in place of a secret; it was written small once."""
_SHAPED = re.compile("|".join((_MARK, *(f"(?P<{name.replace('-', '_')}>{shape})" for name, shape in _SHAPES.items()))))
_MARKED = re.compile(_MARK)

Scan: TypeAlias = Callable[[str], Iterable[tuple[str, str]]]
"""Finds what it knows to be secret in a text: its kind, and the secret as it stands there."""


@dataclass(frozen=True)
class Secret:
    """A secret in a text, from `start` to before `end`."""

    start: int
    end: int
    kind: str


def finder(environ: Mapping[str, str], *keys: str, scan: Scan | None = None) -> Callable[[str], list[Secret]]:
    """A function that finds the credentials in `environ`, the given `keys` and well-known token shapes in a text.

    `scan` may know more kinds. The secrets come in their order, and none touches another.
    """
    values = {value.strip(): name for name, value in environ.items() if _NAMES.search(name)}
    values |= {key: "api-key" for key in keys if key not in values}
    secrets = sorted((v for v in values if len(v) >= _SHORTEST and v not in _WORDS), key=len, reverse=True)
    # A mark is matched first and stays as it is: a secret may well be a part of some variable's name.
    exact = re.compile("|".join((_MARK, *map(re.escape, secrets))))

    def find(text: str) -> list[Secret]:
        found = [Secret(*match.span(), values[match[0]]) for match in exact.finditer(text) if match[0] in values]
        for match in _SHAPED.finditer(text):
            if match.lastgroup:
                found.append(Secret(*match.span(), match.lastgroup.replace("_", "-")))
        if scan is not None:
            found += _known(text, scan)
        return _apart(found)

    return find


def redactor(environ: Mapping[str, str], *keys: str, scan: Scan | None = None) -> Callable[[str], str]:
    """A function that replaces what `finder` finds by its kind: `[REDACTED:OPENAI_API_KEY]`, `[REDACTED:jwt]`.

    It also makes the text valid UTF-8 (a lone surrogate cannot be stored), and is idempotent.
    """
    find = finder(environ, *keys, scan=scan)

    def redact(text: str) -> str:
        text = text.encode("utf-8", "replace").decode("utf-8")
        pieces, at = [], 0
        for secret in find(text):
            pieces += [text[at : secret.start], f"[REDACTED:{secret.kind}]"]
            at = secret.end
        return "".join((*pieces, text[at:])) if pieces else text

    return redact


def taken_out(text: str, before: str = "") -> list[str]:
    """The kinds of the secrets that have been taken out of a text, one for each that not `before` had out already."""
    return list((Counter(_MARKED.findall(text)) - Counter(_MARKED.findall(before))).elements())


def _known(text: str, scan: Scan) -> list[Secret]:
    """What a scanner finds, everywhere that it stands, but for what is a mark."""
    taken = [match.span() for match in _MARKED.finditer(text)]
    found = []
    for kind, secret in dict.fromkeys(scan(text)):
        for match in re.finditer(re.escape(secret), text) if len(secret) >= _SHORTEST else ():
            if not any(match.start() < end and start < match.end() for start, end in taken):
                found.append(Secret(*match.span(), kind))
    return found


def _apart(found: list[Secret]) -> list[Secret]:
    """The secrets in their order; those that overlap are one, by the name of the first that was found."""
    apart: list[Secret] = []
    rank = {secret: number for number, secret in reversed(list(enumerate(found)))}
    for secret in sorted(rank, key=lambda secret: secret.start):
        if apart and secret.start < apart[-1].end:
            last = apart.pop()
            kind = min(last, secret, key=lambda each: rank[each]).kind
            merged = Secret(last.start, max(last.end, secret.end), kind)
            rank.setdefault(merged, min(rank[last], rank[secret]))
            secret = merged
        apart.append(secret)
    return apart
