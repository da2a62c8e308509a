"""How a command tells of the steps that landed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gitgen import ui
from gitgen.errors import GitgenError
from gitgen.progress import progress_of
from gitgen.record import ENDLESS, Chat
from gitgen.repository import Repository
from gitgen.session import HOOK_REFUSES, Landed
from gitgen.state.commits import DONE, PREFIX


def report(repository: Repository, branch: str, landed: Iterable[Landed], as_json: bool) -> int:
    """Print each step as it lands, or all as JSON at the end; 0. Raises GitgenError at one that failed."""
    done: list[Landed] = []
    try:
        for step in landed:
            done.append(step)
            if not as_json:
                ui.say(line_of(step))
    except GitgenError as error:
        if as_json and done:
            ui.say_json([as_dict(step) for step in done])
        if "gitgen resume" not in error.mend and progress_of(repository, branch) is not None:
            error.mend += f"; then: gitgen resume {branch}"
        head = repository.head_branch() or ""
        if head.startswith(PREFIX) and head != branch and branch not in error.mend:
            # By itself it would go on with the session that is checked out.
            error.mend = error.mend.replace("gitgen resume", f"gitgen resume {branch}")
        raise
    if as_json:
        ui.say_json([as_dict(step) for step in done])
    elif not done:
        ui.note("nothing is left to do")
    if done and done[-1].status not in DONE:
        raise failure(done[-1])
    return 0


def line_of(landed: Landed) -> str:
    """A step in one line, with what was noted about its edits in lines below."""
    usage = landed.chat.usage
    count = "1 file" if len(landed.changes) == 1 else f"{len(landed.changes)} files"
    spent = f"{ui.tokens(usage.total_tokens)} tokens" + (f" ({usage.source})" if usage.source != "api" else "")
    ran = landed.chat.ran
    exited = f"exit {ran.exit_code}  " if ran else ""
    first = f"{landed.oid[:10]}  {landed.chat.step:<10}  {landed.status:<9}  {count}  {spent}  {exited}{landed.subject}"
    notes = [*landed.draft.notes]
    if landed.hooked:
        notes.append(f"your hook changed {', '.join(landed.hooked)}; that is a commit of its own")
    return "\n".join((ui.printable(first), *(f"  note: {ui.printable(line)}" for line in notes)))


def as_dict(landed: Landed) -> dict[str, Any]:
    """A step as JSON has it."""
    return {
        "branch": landed.branch,
        "commit": landed.oid,
        "step": landed.chat.step,
        "status": landed.status,
        "files": sorted(landed.changes),
        "notes": list(landed.draft.notes),
        "changed_by_hook": list(landed.hooked),
        "refused": [str(refusal) for refusal in landed.draft.refusals],
        **({"test": landed.chat.ran.command, "exit_code": landed.chat.ran.exit_code} if landed.chat.ran else {}),
        **usage_dict(landed.chat),
    }


def usage_dict(chat: Chat) -> dict[str, Any]:
    """The model and the tokens of a chat as JSON has them."""
    usage = chat.usage
    return {
        "model": ", ".join(chat.models),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "usage": usage.source,
    }


def failure(landed: Landed) -> GitgenError:
    """Why a step that landed did not do what it was asked."""
    # Nobody can be asked again for a reply that was pasted.
    asked = not landed.chat.turns or any(turn.messages for turn in landed.chat.turns)
    again = f"gitgen resume {landed.branch} asks again" if asked else "gitgen apply takes another"
    again += f"; gitgen show {landed.oid[:10]} shows the reply"
    if landed.status == "rejected":
        if landed.draft.refusals[0].kind == HOOK_REFUSES:
            again = f"gitgen reparse {landed.oid[:10]} --no-verify takes it all the same; gitgen resume {landed.branch}"
        reasons = "; ".join(map(str, landed.draft.refusals[:3]))
        more = f" (and {len(landed.draft.refusals) - 3} more)" if len(landed.draft.refusals) > 3 else ""
        return GitgenError(ui.printable(f"The reply was rejected, no file was changed: {reasons}{more}"), again)
    why = landed.reply.finish_reason if landed.reply else None
    cut = {
        "length": "was cut off at its longest length",
        "content_filter": "was stopped by a content filter",
        ENDLESS: "had no end and was given up",
    }
    return GitgenError(f"The reply {cut.get(why or '', 'broke off')}; it is kept and was not applied", again)
