"""A log of tokens, step by step: what each took, and what all so far came to."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from gitgen.record import Usage

COLUMNS = ("step", "prompt", "cached", "completion", "total", "prompt so far", "completion so far", "total so far")


@dataclass(frozen=True)
class UsageLog:
    """Steps by name with their usage, in order."""

    steps: tuple[tuple[str, Usage], ...] = ()

    @property
    def total(self) -> Usage:
        """The usage of all steps together."""
        return sum((usage for _, usage in self.steps), Usage())

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A row for each step in the order of `COLUMNS`; `cached` is empty where the endpoint did not tell."""
        total = Usage()
        for step, usage in self.steps:
            total += usage
            cached = "" if usage.cached_tokens is None else str(usage.cached_tokens)
            own = (str(usage.prompt_tokens), cached, str(usage.completion_tokens), str(usage.total_tokens))
            yield (step, *own, str(total.prompt_tokens), str(total.completion_tokens), str(total.total_tokens))

    def table(self) -> str:
        """The rows below their headings, in columns of equal width."""
        rows = [COLUMNS, *self.rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        lines = (
            "  ".join(
                (row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)))
            )
            for row in rows
        )
        return "\n".join(lines) + "\n"

    def csv(self) -> str:
        """The rows as CSV (RFC 4180) with a header."""
        text = io.StringIO()
        csv.writer(text).writerows([[column.replace(" ", "_") for column in COLUMNS], *self.rows()])
        return text.getvalue()
