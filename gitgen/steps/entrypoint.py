"""Add run.sh, which installs what the program needs, beside it, and starts it."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Add run.sh, which starts the program"


def run(brief: Brief) -> None:
    brief.edits(
        *brief.opening("whole", "entrypoint"),
        user(*brief.files(), brief.preprompt("entrypoint")),
    )
