"""Write down exactly what the program shall do, before any of it is written."""

from collections.abc import Mapping
from typing import Any

from gitgen.record import system, user
from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return "Specify the program"


def run(brief: Brief) -> None:
    brief.talk(system(brief.preprompt("system")), user(brief.prompt, brief.preprompt("spec")))
