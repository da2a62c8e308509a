"""Ask what is unclear in the prompt, one question at a time, or state what is assumed instead."""

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from gitgen.record import Chat, system, user
from gitgen.steps import Brief

ENOUGH = ("", "c", "C")
"""Answers by which the user leaves the rest to the model."""
HINT = " (c: enough)"
_CLEAR = re.compile(
    r"nothing (more )?(is|to be) (left )?(unclear|clarified)|nothing (left )?to clarify|all is clear", re.I
)
_LONGEST_CLEAR = 200


def subject(inputs: Mapping[str, Any]) -> str:
    return "Clarify what the program shall do"


def run(brief: Brief) -> None:
    opening = system(brief.preprompt("system"), brief.preprompt("clarify"))
    if brief.remember("assume", lambda: not brief.attended):
        brief.talk(opening, user(brief.prompt, brief.preprompt("clarify-assume")))
        return
    reply = brief.talk(opening, user(brief.prompt, brief.preprompt("clarify-ask")))
    for number in count(1):
        if _nothing_unclear(reply):
            return
        answer = brief.question(f"answer {number}", f"{reply.strip()}{HINT}")
        if answer.strip() in ENOUGH:
            brief.talk(user(brief.preprompt("clarify-assume")))
            return
        reply = brief.talk(user(answer, brief.preprompt("clarify-ask")))


def clarified(chat: Chat) -> Iterator[str]:
    """What came out of a talk of this step, a paragraph each: answered questions, and what is assumed."""
    for number, exchange in enumerate(chat.exchanges(), 1):
        answer, text = chat.inputs.get(f"answer {number}"), exchange.text.strip()
        if isinstance(answer, str) and answer.strip() not in ENOUGH:
            yield f"{text}\n{answer}"
        elif answer is None and not _nothing_unclear(text):
            yield text


def _nothing_unclear(reply: str) -> bool:
    return len(reply) < _LONGEST_CLEAR and "?" not in reply and bool(_CLEAR.search(reply))
