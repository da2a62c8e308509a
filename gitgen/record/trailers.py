"""Commit messages of steps: written with a closing block of `Gitgen-*` trailers, read back from `git log`.

The grammar is that of man git-interpret-trailers; only keys that begin with `Gitgen-` are ever read.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from gitgen.record import Chat, Text, Usage, interpret_trailers, source_of
from gitgen.redact import taken_out

SUBJECT = 72
BODY = 600
LONGEST_NUMBER = 18
_SUMMARY = re.compile(r"^\s*(?:[*_]{2})?summary:(?:[*_]{2})?\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_GIVEN = {"request": "Request", "comment": "Feedback"}
"""What of a chat's inputs stands in a trailer: the request on a forge, and the comments that the step is about."""
OURS = "Gitgen-"
REDACTED = "Gitgen-Redacted"
"""The trailer that counts the secrets which were taken out of a chat."""
_PLAIN_TRAILER = re.compile(r"^([A-Za-z0-9-]+): (\S(?:.*\S)?)$", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def one_line(text: str, limit: int = SUBJECT) -> str:
    """The first line of a text that says something, without control characters, at most `limit` characters."""
    for line in text.splitlines():
        if words := _CONTROL.sub(" ", line).strip():
            return textwrap.shorten(words, limit, placeholder=" ...") if len(words) > limit else words
    return ""


def summary_of(reply: str) -> str:
    """The reply's own `Summary:` line, or an empty string."""
    found = _SUMMARY.search(reply[:4000])
    return one_line(found.group(1).strip(" *_").rstrip(".")) if found else ""


def compose(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    """A commit message whose last paragraph is the trailers, whatever the subject and the body contain."""
    kept = _quiet(body[:BODY] + (" ..." if len(body) > BODY else ""))
    block = "\n".join(f"{key}: {_CONTROL.sub(' ', value).strip()}" for key, value in trailers.items())
    return "\n\n".join(part for part in (one_line(subject).lstrip("-# ") or "Step", kept, block) if part) + "\n"


def _quiet(body: str) -> str:
    """A body in which no line is a trailer of ours, a comment, or the `---` that ends a message for git."""
    lines = (_CONTROL.sub(" ", line).rstrip() for line in body.strip().splitlines())
    return "\n".join(f" {line}" if re.match(r"---|#|[A-Za-z0-9-]+\s*:", line) else line for line in lines)


def step_trailers(chat: Chat, *, session: str, status: str, log: str, verified: bool = True) -> dict[str, str]:
    """The trailers of a step's commit; `log` is the blob id of its chat; not `verified`: hooks were left out."""
    usage = chat.usage
    models = chat.models
    trailers = {"Gitgen-Session": session, "Gitgen-Step": chat.step, "Gitgen-Status": status}
    if models:
        trailers["Gitgen-Model"] = ", ".join(models)
    trailers |= {
        "Gitgen-Prompt-Tokens": str(usage.prompt_tokens),
        "Gitgen-Completion-Tokens": str(usage.completion_tokens),
        "Gitgen-Total-Tokens": str(usage.total_tokens),
    }
    if usage.cached_tokens is not None:
        trailers["Gitgen-Cached-Tokens"] = str(usage.cached_tokens)
    trailers |= {"Gitgen-Usage": usage.source, "Gitgen-Log": log}
    if chat.inputs.get("source"):
        trailers["Gitgen-Source"] = str(chat.inputs["source"])
    if chat.ran:
        trailers |= {
            "Gitgen-Test": chat.ran.command,
            "Gitgen-Exit-Code": str(chat.ran.exit_code),
            "Gitgen-Sandbox": chat.ran.sandbox,
        }
    if not verified:
        trailers["Gitgen-Verify"] = "skipped"
    if redacted := _redacted(chat):
        trailers[REDACTED] = str(redacted)
    trailers |= {f"Gitgen-{key}": str(chat.inputs[name]) for name, key in _GIVEN.items() if chat.inputs.get(name)}
    if models:
        trailers["Assisted-by"] = f"gitgen:{models[-1]}"
    return trailers


def _redacted(chat: Chat) -> int:
    """How many secrets were taken out of what was said and printed; what a step was given is among it."""
    parts = (part for turn in chat.turns for message in turn.messages for part in message.parts)
    said = [part.text for part in parts if isinstance(part, Text)]
    said += [turn.reply.content for turn in chat.turns if turn.reply]
    said += [chat.ran.output] if chat.ran else []
    return sum(len(taken_out(text)) for text in said)


def parse(body: str) -> dict[str, str]:
    """The `Gitgen-*` trailers of a commit message without its subject, as `git log` finds them.

    Of a key that is repeated, the last.
    """
    # A last paragraph of nothing but plain trailers is a block by every rule; most are, and there may be thousands.
    last = body.rstrip("\n").rpartition("\n\n")[2]
    found = _PLAIN_TRAILER.findall(last)
    if len(found) <= last.count("\n") or "\n#" in body or body.startswith("#"):
        found = interpret_trailers.trailers(f"subject\n\n{body}", divider=False)
    return {key: value for key, value in found if key.startswith(OURS)}


def number_of(trailers: Mapping[str, str], counted: str) -> int:
    """The number of tokens that a trailer tells; what is missing or no number counts as 0."""
    return whole_number(trailers.get(f"Gitgen-{counted}-Tokens", ""))


def whole_number(value: str) -> int:
    """The number that a trailer tells; 0 for what is none."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER else 0


def usage_of(trailers: Mapping[str, str]) -> Usage:
    """The usage that a step's trailers tell."""
    return Usage(
        number_of(trailers, "Prompt"),
        number_of(trailers, "Completion"),
        number_of(trailers, "Total"),
        number_of(trailers, "Cached") if "Gitgen-Cached-Tokens" in trailers else None,
        source_of(trailers.get("Gitgen-Usage")),
    )
