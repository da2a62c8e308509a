"""The promises of docs/trust.md, each for as short as a test may take; `make proof` is the long form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proof import Scale
from tests.proof import secrets as key_searched
from tests.proof.cases import CASES
from tests.proof.kills import SHORT, kill_case
from tests.proof.running import Dying


@pytest.fixture(scope="module")
def dying() -> Iterator[Dying]:
    running = Dying()
    yield running
    running.close()


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_killed_at_any_moment_it_ends_where_it_would_have_ended(name: str, dying: Dying, tmp_path: Path) -> None:
    tally = kill_case(dying, name, SHORT, 8, tmp_path / name)
    assert not tally.broken, "\n".join(tally.broken)
    killed = sum(counts["kills"] for counts in tally.counts.values())
    assert killed >= 4, "nothing was shown"


def test_a_key_is_nowhere_and_files_go_by_the_umask(tmp_path: Path) -> None:
    table = key_searched.prove(Scale(tmp_path, long=False))
    assert not table.broken and len(table.rows) == len(key_searched.SHORT) + 2, str(table)
