"""Write the first version of the program from the prompt, and from what was clarified before."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief
from gitgen.steps.clarify import clarified


def subject(inputs: Mapping[str, Any]) -> str:
    return "Generate the program from its prompt"


def run(brief: Brief) -> None:
    talk = brief.earlier("clarify")
    more = clarified(talk) if talk else ()
    # In one message and after the prompt: small models answer only what looks like the example.
    brief.edits(*brief.opening("whole", "generate"), user(brief.preprompt("generate"), brief.prompt, *more))
