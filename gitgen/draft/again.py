"""What to tell a model whose edits did not fit: only those, and the lines that they must fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from gitgen.errors import Refusal
from gitgen.values import Tree

_MOST_ROWS = 30
_MOST_REFUSALS = 12
_MOST_PLACES = 4

_ADVICE: Mapping[str, str] = {
    "no-place": "Copy the unchanged and the removed lines exactly from the file as it is shown here.",
    "ambiguous": "Add unchanged lines above or below until they stand in one place only.",
    "elided": "Write every line out; nothing may stand for lines that are left out.",
    "cut-off": "Send it again, whole, up to the closing fence.",
    "no-name": "Put the path of the file on a line of its own above each block.",
    "no-files": "Answer with a unified diff, or with whole files, each under its path.",
    "exists": "Change it with a diff against what it holds, or send the whole file under its path.",
    "missing-file": "Use the path as it is in the repository; a new file is a diff from /dev/null.",
    "guarded": "Leave it as it is, and send what can be done without it.",
    "path": "Use another path, relative to the root of the repository.",
    "undecodable": "Use only letters that the file's encoding has, or leave the file alone.",
    "malformed": "Send it as a plain unified diff.",
}


def ask(refusals: Sequence[Refusal], tree: Tree, *, kept: bool) -> str:
    """The message about these refusals; `tree` holds what fitted, and `kept` says whether anything did."""
    count = len(refusals)
    edits = "1 edit of your reply does" if count == 1 else f"{count} edits of your reply do"
    head = [f"{edits} not fit, and nothing is written until every edit fits."]
    if kept:
        head.append("The others are kept: send only what is listed here, corrected.")
    shown = [_about(number, refusal, tree) for number, refusal in enumerate(refusals[:_MOST_REFUSALS], 1)]
    if count > _MOST_REFUSALS:
        shown.append(f"And {count - _MOST_REFUSALS} more; mend these first.")
    return "\n\n".join([" ".join(head), *shown])


def _about(number: int, refusal: Refusal, tree: Tree) -> str:
    where = f"{refusal.path}, hunk {refusal.hunk}" if refusal.hunk else refusal.path or "The reply"
    advice = _ADVICE.get(refusal.kind, "")
    parts = [f"{number}. {where}: {refusal.reason}. {advice}".rstrip()]
    if refusal.changed and refusal.hunk:
        parts.append(_fenced("The change was:", refusal.changed, "diff"))
    parts.extend(_places(refusal, tree))
    if refusal.nearest and not refusal.places:
        first, last = refusal.nearest[0][0], refusal.nearest[-1][0]
        lines = [text for _, text in refusal.nearest]
        parts.append(_fenced(f"Lines {first} to {last} of {refusal.path} are:", lines, ""))
    return "\n".join(parts)


def _places(refusal: Refusal, tree: Tree) -> Iterator[str]:
    """For an ambiguous hunk, the first of its places with the lines that tell them apart."""
    content = tree.get(refusal.path, b"") if refusal.places else b""
    lines = content.decode("utf-8", "replace").split("\n")
    for place in refusal.places[:_MOST_PLACES]:
        shown = lines[max(0, place - 4) : place + len(refusal.old) + 2][:12]
        if shown:
            yield _fenced(f"It fits at line {place}:", [text.removesuffix("\r") for text in shown], "")
    if len(refusal.places) > _MOST_PLACES:
        yield f"And at {len(refusal.places) - _MOST_PLACES} more places."


def _fenced(title: str, lines: Sequence[str], info: str) -> str:
    ticks = "```"
    while any(line.lstrip("+- ").startswith(ticks) for line in lines):
        ticks += "`"
    shown = [*lines[:_MOST_ROWS], "..."] if len(lines) > _MOST_ROWS else list(lines)
    return "\n".join([title, ticks + info, *shown, ticks])
