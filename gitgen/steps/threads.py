"""Read all threads of a review at once; the step `thread` then makes a commit of what the reply says to each."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return f"Read the review of {inputs['request']}"


def run(brief: Brief) -> None:
    form = brief.edit_format()
    messages = (*brief.opening(form), user(*brief.files(), *_instructions(brief, form), str(brief.inputs["feedback"])))
    if brief.inputs.get("single"):
        brief.edits(*messages)
    else:
        brief.talk(*messages)


def _instructions(brief: Brief, form: str) -> tuple[str, ...]:
    if brief.inputs.get("single"):
        return brief.preprompt(f"fix-{form}"), brief.preprompt("quoted")
    return brief.preprompt("threads"), brief.preprompt("quoted")
