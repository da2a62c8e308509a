"""Ask the user how good the program is; the answers stay in Git and go nowhere."""

from collections.abc import Mapping
from typing import Any

from gitgen.steps import Brief

QUESTIONS = {
    "ran": "Did the program run?",
    "works": "Does it do what you wanted?",
    "perfect": "Is it perfect?",
}


def subject(inputs: Mapping[str, Any]) -> str:
    answers = ", ".join(f"{name}: {inputs[name]}" for name in QUESTIONS if inputs.get(name))
    return f"Review the program ({answers})" if answers else "Review the program"


def run(brief: Brief) -> None:
    for name, question in QUESTIONS.items():
        brief.question(name, question, "yes", "no", "unsure")
    brief.question("comments", "Anything else? (Enter for no)")
