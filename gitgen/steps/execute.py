"""Run the program in the sandbox, and keep what came of it."""

from collections.abc import Mapping
from typing import Any

from gitgen.steps import RUN, Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Run the program"


def run(brief: Brief) -> None:
    brief.execute(RUN)
