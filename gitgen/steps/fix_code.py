"""Read the program once more as it was written, and mend what is wrong or missing."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Mend what is wrong or missing"


def run(brief: Brief) -> None:
    form = brief.edit_format()
    brief.edits(
        *brief.opening(form),
        user(*brief.files(), brief.prompt, brief.preprompt(f"fix-{form}"), brief.preprompt("fix_code")),
    )
