"""Binary search for the first bad one in a row, as `git bisect run` does it (man git-bisect, "Bisect run")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["good", "bad", "skip"]
_SKIP, _LAST = 125, 127


def verdict_of(exit_code: int) -> Verdict | None:
    """What the exit code of a command says of the files it ran on; None that the search has to end."""
    if exit_code == 0:
        return "good"
    if exit_code == _SKIP:
        return "skip"
    return "bad" if 0 < exit_code <= _LAST else None


def first_bad(count: int, test: Callable[[int], Verdict]) -> range:
    """Where the first bad one of `count` is, the last of which is known to be bad, and all before them good.

    One place, or several where those that had to be skipped leave it open: then the last of them is bad, and the
    others were skipped. No place is tested twice.
    """
    low, high = 0, count - 1
    skipped: set[int] = set()
    while untested := [at for at in range(low, high) if at not in skipped]:
        middle = min(untested, key=lambda at: abs(at - (low + high - 1) // 2))
        verdict = test(middle)
        if verdict == "skip":
            skipped.add(middle)
        elif verdict == "good":
            low = middle + 1
        else:
            high = middle
    return range(low, high + 1)
