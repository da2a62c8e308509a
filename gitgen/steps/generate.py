"""Write the first version of the program from the prompt."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Generate the program from its prompt"


def run(brief: Brief) -> None:
    brief.edits(
        *brief.opening("whole"),
        user(brief.preprompt("generate"), brief.prompt),
    )
