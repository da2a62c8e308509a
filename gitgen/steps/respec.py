"""Look for gaps in the specification, and write it anew without them."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import assistant, system, user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Close the gaps in the specification"


def run(brief: Brief) -> None:
    brief.talk(
        system(brief.preprompt("system")),
        user(brief.prompt, brief.preprompt("spec")),
        assistant(brief.said("respec", "spec")),
        user(brief.preprompt("respec-gaps")),
    )
    brief.talk(user(brief.preprompt("respec")))
