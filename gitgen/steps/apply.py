"""Apply a reply that came from elsewhere."""

from collections.abc import Mapping
from typing import Any

from gitgen.steps import Brief


def subject(inputs: Mapping[str, Any]) -> str:
    return str(inputs["subject"])


def run(brief: Brief) -> None:
    brief.ask((), reads="edits")
