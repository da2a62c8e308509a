"""Do what one thread of a review asks for; the reply to all of them mostly says how."""

from collections.abc import Mapping
from typing import Any

from gitgen.draft.sections import declined
from gitgen.record import Reply, user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    done = "Leave as it is" if declined(_section(inputs)) else "Do as the review asks"
    return f"{done}: {inputs.get('place') or 'the whole'}"


def run(brief: Brief) -> None:
    form, section = brief.edit_format(), _section(brief.inputs)
    given = Reply(section, "stop", str(brief.inputs.get("model", ""))) if section else None
    messages = (
        *brief.opening(form),
        user(
            *brief.files(),
            brief.preprompt(f"fix-{form}"),
            brief.preprompt("quoted"),
            str(brief.inputs.get("feedback", "")),
        ),
    )
    if declined(section):
        brief.ask(messages, reads="nothing", given=given)
    else:
        brief.edits(*messages, given=given)


def _section(inputs: Mapping[str, Any]) -> str:
    """What the reply to all threads says to this one; empty where it says nothing."""
    return str(inputs.get("section", ""))
