"""Run the tests, or else the program, and mend what fails."""

from collections.abc import Mapping
from typing import Any

from gitgen.failure import trimmed
from gitgen.record import user
from gitgen.steps import RUN, Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return f"Mend what fails in: {inputs.get('test') or RUN}"


def run(brief: Brief) -> None:
    command = brief.inputs.get("test") or RUN
    failure = brief.remember("failure", lambda: _failure(brief, command))
    if not failure:
        return
    form = brief.edit_format()
    brief.edits(
        *brief.opening(form),
        user(*brief.files(), brief.preprompt(f"fix-{form}"), brief.preprompt("self_heal"), f"$ {command}\n{failure}"),
    )


def _failure(brief: Brief, command: str) -> str:
    """What the command printed if it fails, else nothing."""
    ran = brief.execute(command)
    return f"{trimmed(ran.output)}\n(exit code {ran.exit_code})" if ran.exit_code else ""
