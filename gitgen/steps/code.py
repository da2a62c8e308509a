"""Write the program that the specification describes and the tests expect."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Write the program to its specification"


def run(brief: Brief) -> None:
    brief.edits(
        *brief.opening("whole", "generate"),
        user(*brief.files(), brief.prompt, brief.said("respec", "spec"), brief.preprompt("code")),
    )
