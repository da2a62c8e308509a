"""What a path says of its file: source, test, documentation, settings, or nothing that a model should be shown."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["source", "test", "docs", "settings"]

WEIGHT: dict[Kind, float] = {"source": 1.0, "test": 0.6, "docs": 0.4, "settings": 0.4}
"""What a file's score is multiplied by: most feedback is about sources, and tests repeat the words of those."""

SPOKEN_OF = 0.7
"""The least that a file counts where the first line speaks of its kind."""
_WORDS: dict[Kind, re.Pattern[str]] = {
    "test": re.compile(r"\b(tests?|testing|testcases?|specs?)\b", re.IGNORECASE),
    "docs": re.compile(r"\b(docs?|documentation|readme|changelog|examples?|typos?)\b", re.IGNORECASE),
    "settings": re.compile(
        r"\b(ci|build|deps|dependency|dependencies|bump|release|lint|workflows?|config|actions?)\b", re.IGNORECASE
    ),
}

_TEST = re.compile(
    r"(^|/)(tests?|testing|__tests__|specs?|testsuite|testdata|fixtures|__mocks__|__snapshots__|e2e|\w+-tests?)/"
    r"|(^|/)(test_[^/]*|unittest_[^/]*|conftest|[^/]*[._-](test|tests|spec|snap))(\.[^/]*)?$"
    r"|(^|/)[^/]*(Test|Tests|TestCase|IT)\.(java|kt|cs|scala|groovy|swift)$"
)
_DOCS = re.compile(
    r"(^|/)(docs?|documentation|examples?|licenses?|changelogs?|artwork)/"
    r"|\.(md|rst|txt|markdown|adoc|svg|po|pot)$"
    r"|(^|/)(authors|changes|licen[cs]e|notice|readme|changelog|history|contribut\w+|todo|news|copying)[^/]*$",
    re.IGNORECASE,
)
_SETTINGS = re.compile(
    r"\.(json|ya?ml|toml|ini|cfg|conf|xml|properties|gradle|mod|in|csv|tsv|env|ipynb|bat|cmake|am|ac)$"
    r"|(^|/)(\.[^/]+|makefile[^/]*|dockerfile[^/]*|setup\.py|noxfile\.py|[^/]*\.config\.[cm]?[jt]s)$"
    r"|(^|/)\.[^/]+/",
    re.IGNORECASE,
)
_LOCK = re.compile(
    r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|go\.sum|[^/]*\.lock|[^/]*[.-]lock\.(json|ya?ml)|\.terraform\.lock\.hcl)$"
)
_MINIFIED = re.compile(r"[.-]min\.(js|css|mjs)$|\.(js|css)\.map$")
_VENDORED = re.compile(r"(^|/)(vendor|vendored|_vendor|node_modules|third[_-]?party|bower_components|site-packages)/")
_BINARY = re.compile(
    r"\.(png|jpe?g|gif|bmp|ico|webp|avif|tiff?|psd|pdf|zip|gz|bz2|xz|zst|7z|rar|tar|tgz|jar|war|class|o|a|so|dll|dylib"
    r"|exe|bin|wasm|pyc|whl|egg|woff2?|ttf|otf|eot|mp[34]|m4a|ogg|wav|flac|avi|mov|webm|mkv|sqlite3?|db|parquet|npy|npz"
    r"|pkl|pickle|gguf|onnx|pt|safetensors|docx?|xlsx?|pptx?|odt|ods)$",
    re.IGNORECASE,
)


@lru_cache(maxsize=1 << 17)
def kind_of(path: str) -> Kind:
    """Whether a file is a source, a test, documentation or settings, by its path alone."""
    if _TEST.search(path):
        return "test"
    if _DOCS.search(path):
        return "docs"
    return "settings" if _SETTINGS.search(path) else "source"


def weights_for(first_line: str) -> dict[Kind, float]:
    """What the score of a file of each kind is multiplied by, for a query that begins with this line."""
    return WEIGHT | {kind: max(SPOKEN_OF, WEIGHT[kind]) for kind, words in _WORDS.items() if words.search(first_line)}


def left_out(path: str) -> str | None:
    """Why no model is shown a file with this path, or None: lock files, minified and vendored code, binary formats."""
    if _LOCK.search(path):
        return "a lock file"
    if _MINIFIED.search(path):
        return "minified"
    if _VENDORED.search(path):
        return "vendored"
    return "binary" if _BINARY.search(path) else None
