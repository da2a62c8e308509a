"""The promises of the parsers, held against random input: a short run of what `make fuzz` does for long."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from tests.fuzz import chats, messages, patcher, reader

TARGETS = {"reader": reader.check, "patcher": patcher.check, "chats": chats.check, "messages": messages.check}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("check", TARGETS.values(), ids=TARGETS)
def test_no_input_breaks_a_parser(check: Callable[[bytes], bool], seed: int) -> None:
    random = Random(seed)
    for _ in range(200):
        check(b"\x80" + random.randbytes(random.randrange(60)))
        check(b"\x00" + random.randbytes(random.randrange(200)))
