"""Check the result of a bench's task."""

from collections.abc import Mapping
from typing import Any

from gitgen.steps import CHECKED_BY, Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Check the result"


def run(brief: Brief) -> None:
    brief.execute(CHECKED_BY)
