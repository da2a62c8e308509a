"""Write tests of what the specification promises, before the program."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Test what the specification promises"


def run(brief: Brief) -> None:
    brief.edits(
        *brief.opening("whole", "generate"),
        user(brief.prompt, brief.said("respec", "spec"), brief.preprompt("unit_tests")),
    )
