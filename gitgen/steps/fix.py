"""Change the files as the feedback asks."""

from collections.abc import Mapping
from typing import Any

from gitgen.draft import MAY_DECLINE
from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return str(inputs.get("feedback", ""))


def run(brief: Brief) -> None:
    files, may_decline = brief.files(), brief.inputs.get(MAY_DECLINE)
    if files and brief.bare() and not may_decline:
        brief.edits(user(*files, subject(brief.inputs), brief.preprompt("fix-bare")))
        return
    form = brief.edit_format()
    declining = (brief.preprompt("decline"),) if may_decline else ()
    brief.edits(
        *brief.opening(form),
        user(*files, brief.preprompt(f"fix-{form}"), *declining, subject(brief.inputs)),
    )
