"""Whatever an endpoint gets wrong is told in a line, and nothing of it is lost: the table of docs/trust.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.proof.endpoint import certificate, meet
from tests.proof.faults import faults
from tests.proof.running import Dying


@pytest.fixture(scope="module")
def dying() -> Iterator[Dying]:
    running = Dying()
    yield running
    running.close()


QUICK = {fault.name: number for number, fault in enumerate(faults()) if not fault.slow}


@pytest.mark.parametrize("number", QUICK.values(), ids=QUICK)
def test_a_fault_is_told_and_mended_by_a_resume(number: int, dying: Dying, tmp_path: Path) -> None:
    met = meet(faults()[number], dying, tmp_path / "here", certificate(tmp_path / "pem"))
    assert not met.wrong, met.printed[-2000:]
    row = "| {} | {} | {} | {} | `{}` |".format(*met.row)
    assert row in (ROOT / "docs/trust.md").read_text(), row
