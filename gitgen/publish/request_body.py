"""What a request to merge a session says of it: what was asked, step by step what was done, and what it took."""

from __future__ import annotations

import re
from pathlib import Path

from gitgen.models.prices import cost
from gitgen.record import Usage
from gitgen.record.squash import sum_of
from gitgen.record.trailers import one_line
from gitgen.repository import Repository
from gitgen.state.chats import prompt_path
from gitgen.state.commits import Session

BEGIN, END = "<!-- gitgen:begin -->", "<!-- gitgen:end -->"
"""Between these is gitgen's own part of a body; behind it, as the last paragraph, the trailers."""
_OWN = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)
_BLOCK = re.compile(r"(?:^|\n)\n*Gitgen-Session: [^\n]*(?:\n(?:Gitgen-[\w-]+|Assisted-by): [^\n]*)*\s*$")
_LONGEST_PROMPT = 4000


def body(session: Session, prompt: str, before: str, number: int | None, prices: Path | None) -> str:
    """The body of a session's request: what others wrote into `before` stays, gitgen's own part is made anew.

    It ends in trailers, so that a squash on the server, which takes the body for its message, keeps the sums.
    `prices` is the user's file of profiles.
    """
    own = "\n\n".join((BEGIN, _asked(prompt), _table(session, prices), _how(number), END))
    others = _BLOCK.sub("", before)
    said = _OWN.sub(lambda _: own, others, count=1) if _OWN.search(others) else f"{others}\n\n{own}"
    trailers = sum_of([commit.trailers for commit in reversed(session.steps)])
    return f"{said.strip()}\n\n{trailers}\n"


def prompt_of(repository: Repository, session: Session) -> str:
    """What a session was asked for."""
    content = repository.tree(session.tip).get(prompt_path(session.name), b"")
    return content.decode("utf-8", "replace").strip() or session.branch


def title(prompt: str) -> str:
    """The title of a request: the prompt's first line."""
    return one_line(prompt)


def _asked(prompt: str) -> str:
    text = prompt.strip()
    text = text[:_LONGEST_PROMPT] + ("\n[...]" if len(text) > _LONGEST_PROMPT else "")
    fence = "```"
    while fence in text:
        fence += "`"
    return f"### What was asked\n\n{fence}text\n{text}\n{fence}"


def _table(session: Session, prices: Path | None) -> str:
    rows = ["| step | summary | model | tokens |", "|---|---|---|---:|"]
    for number, commit in enumerate(session.steps, 1):
        status = "" if commit.status in ("ok", "no-change") else f" ({commit.status})"
        cells = (f"{number} {commit.step}{status}", commit.subject, commit.model, f"{commit.total_tokens:,}")
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    total = sum((commit.usage for commit in session.steps), Usage())
    guess = ", estimated in part" if total.source == "estimated" else ""
    parts = f"{total.prompt_tokens:,} of prompts, {total.completion_tokens:,} of replies{guess}"
    told = f"In all **{total.total_tokens:,} tokens**: {parts}{_price(session, prices)}."
    return "### What was done\n\n" + "\n".join(rows) + f"\n\n{told}"


def _price(session: Session, prices: Path | None) -> str:
    """What the steps took in money, where the prices of all their models are known."""
    each = [cost(commit.usage, commit.model, prices) for commit in session.steps if commit.total_tokens]
    known = [price for price in each if price is not None]
    return f"; about {sum(known):.4f} USD" if known and len(known) == len(each) else ""


def _cell(text: str) -> str:
    """A text of a model's as a cell: no mark-up, no mention of anybody, no link to another request."""
    text = re.sub(r"([\\`*_{}\[\]<>()|~!])", r"\\\1", text)
    return re.sub(r"[@#$%&](?=\w)", lambda found: f"{found[0]}<!-- -->", text)


def _how(number: int | None) -> str:
    which = str(number) if number else "NUMBER"
    return (
        "### How to go on\n\nReview it as you would any other. "
        f"`gitgen fix --pr {which}` makes a commit of each open review thread, and answers there."
    )
