"""Change the files as the feedback asks."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return str(inputs["feedback"])


def run(brief: Brief) -> None:
    brief.edits(
        *brief.opening(brief.edit_format()),
        user(*brief.files(), brief.preprompt("fix"), str(brief.inputs["feedback"])),
    )
