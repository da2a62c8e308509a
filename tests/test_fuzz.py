"""The promises of the reader, held against random replies: a short run of what `make fuzz` does for long."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz.promises import check


@pytest.mark.parametrize("seed", range(8))
def test_no_reply_breaks_the_reader(seed: int) -> None:
    random = Random(seed)
    for _ in range(150):
        check(b"\x80" + random.randbytes(random.randrange(60)))
        check(b"\x00" + random.randbytes(random.randrange(200)))
