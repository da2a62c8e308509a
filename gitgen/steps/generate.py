"""Write the first version of the program from the prompt, and from what was clarified before."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Generate the program from its prompt"


def run(brief: Brief) -> None:
    clarified = brief.earlier("clarify")
    if clarified is None:
        brief.edits(*brief.opening("whole"), user(brief.preprompt("generate"), brief.prompt))
        return
    talk = (message for message in clarified.conversation() if message.role != "system")
    brief.edits(*brief.opening("whole"), *talk, user(brief.preprompt("generate_clarified")))
