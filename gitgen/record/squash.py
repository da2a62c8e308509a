"""What a squash says of the steps in it: their trailers, lifted out of the indented text and added up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from gitgen.record import Usage, interpret_trailers
from gitgen.record.trailers import REDACTED, parse, usage_of, whole_number

SQUASHED = "Gitgen-Squashed"
"""The trailer of a commit that several steps were squashed into: the blob ids of their chat files."""
_COMMIT = re.compile(r"^commit [0-9a-f]{40,64}$", re.MULTILINE)
_INDENT = "    "


def lifted(message: str, squashed: str) -> str:
    """A commit's message with one block of trailers for the steps that a `git merge --squash` tells of; idempotent.

    Its text `squashed` is often the message itself, and stays. A message that has trailers of gitgen's own already is
    given back, and so is any where there is no step.
    """
    steps = [trailers for trailers in map(parse, _bodies(squashed)) if "Gitgen-Step" in trailers]
    own = parse(message.partition("\n")[2])
    if not steps or own:
        return message
    start, end = interpret_trailers.block(message)
    said, rest = message[:end].rstrip("\n"), message[end:]
    # What is a block already, a sign-off for one, is one block with ours: of two, Git reads the last alone.
    gap = "\n" if start < end else "\n\n"
    return f"{said}{gap}{sum_of(steps)}\n" + (f"\n{rest.lstrip(chr(10))}" if rest.strip() else "")


def _bodies(message: str) -> Iterator[str]:
    """The messages of the commits in a squash, without their subjects (man git-merge, `--squash`)."""
    for entry in _COMMIT.split(message)[1:]:
        lines = entry.split("\n")
        said = [line[len(_INDENT) :] for line in lines if line.startswith(_INDENT) or not line.strip()]
        yield "\n".join(said).strip("\n").partition("\n")[2]


def sum_of(steps: Sequence[Mapping[str, str]]) -> str:
    usage = sum((usage_of(trailers) for trailers in steps), Usage())
    models = _all(steps, "Gitgen-Model")
    block = {
        "Gitgen-Session": ", ".join(_all(steps, "Gitgen-Session")),
        SQUASHED: " ".join(_all(steps, "Gitgen-Log")),
        "Gitgen-Model": ", ".join(models),
        "Gitgen-Prompt-Tokens": str(usage.prompt_tokens),
        "Gitgen-Completion-Tokens": str(usage.completion_tokens),
        "Gitgen-Total-Tokens": str(usage.total_tokens),
        "Gitgen-Cached-Tokens": "" if usage.cached_tokens is None else str(usage.cached_tokens),
        "Gitgen-Usage": usage.source,
        REDACTED: str(sum(whole_number(trailers.get(REDACTED, "")) for trailers in steps) or ""),
    }
    lines = [f"{key}: {value}" for key, value in block.items() if value]
    return "\n".join((*lines, *(f"Assisted-by: gitgen:{model}" for model in models)))


def _all(steps: Sequence[Mapping[str, str]], key: str) -> tuple[str, ...]:
    """The values of a key, each once, in the order of the commits, the oldest of which a squash names last."""
    values = (value for trailers in reversed(steps) for value in trailers.get(key, "").split(", "))
    return tuple(dict.fromkeys(value for value in values if value))


def _counts(key: str) -> bool:
    return key.endswith("-Tokens") or key == REDACTED


def broken(message: str) -> str:
    """What is wrong with the block of a step in a message, in a line; empty if there is none, or if it is in order."""
    named = set(re.findall(r"^(Gitgen-(?:Session|Step|Status|Log)):", message, re.MULTILINE))
    found = parse(message.partition("\n")[2])
    if len(named) > 2 and "Gitgen-Step" not in found:
        return "The Gitgen-* lines are no longer one block at the end of the message, so nothing can read them"
    if "Gitgen-Step" not in found:
        return ""
    missing = [key for key in ("Gitgen-Session", "Gitgen-Status", "Gitgen-Log") if key not in found]
    if missing:
        return f"The block of the step has lost its {', '.join(missing)}"
    odd = [key for key, value in found.items() if _counts(key) and not (value.isascii() and value.isdigit())]
    return f"{odd[0]} is no whole number" if odd else ""
