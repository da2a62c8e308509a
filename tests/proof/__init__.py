"""What `make proof` proves: the promises of docs/trust.md as figures, a table for each.

A promise is a module of this package with `prove(scale) -> Table`; its name stands in `PROMISES`. The short forms are
tests (tests/test_proof.py): what they run is the same, only less of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROMISES = ("kills", "mishaps", "leaks", "endpoint", "secrets", "concurrency", "bench", "hard")


@dataclass(frozen=True)
class Scale:
    """How much is done, by how many processes at once, and where."""

    folder: Path
    long: bool = True
    jobs: int = 2
    seed: int = 8


@dataclass
class Table:
    """What was measured, and in `broken` each case in which the promise did not hold."""

    title: str
    heads: Sequence[str]
    rows: list[Sequence[object]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [self.heads, *self.rows]
        widths = [max(len(str(line[column])) for line in lines) for column in range(len(self.heads))]
        shown = [
            "  ".join(
                str(word).ljust(width) if isinstance(last, str) else str(word).rjust(width)
                for word, width, last in zip(line, widths, lines[-1], strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join((self.title, *shown, *(f"BROKEN: {line}" for line in self.broken)))


def seal(home: Path) -> None:
    """Give this process, and those that it starts, a home with nothing but an identity, and a still date."""
    home.mkdir(parents=True, exist_ok=True)
    for name in list(os.environ):
        if name.startswith(("GIT_", "GITGEN_", "OPENAI_", "XDG_", "GITHUB_", "GH_")) or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ.update(
        HOME=str(home), XDG_CACHE_HOME=str(home / "cache"), GIT_CONFIG_NOSYSTEM="1", GIT_TERMINAL_PROMPT="0"
    )
    os.environ.update(NO_COLOR="1", **STILL)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tautocrlf = false\n"
    )


STILL = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
