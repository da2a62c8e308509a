"""The first commit of a session: its prompt and its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gitgen.progress import branch_taken
from gitgen.record import ATTRIBUTES, ATTRIBUTES_TEXT
from gitgen.record.trailers import compose, one_line
from gitgen.repository import HEADS, LostRace, Repository
from gitgen.state.chats import prompt_path
from gitgen.state.commits import PREFIX
from gitgen.values import Blob
from gitgen.world import World


def begin(
    world: World,
    branch: str,
    *,
    base: str | None,
    prompt: str,
    plan: Sequence[str],
    test: str = "",
    source: str = "",
    replay: str = "",
    about: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write the commit that begins a session: its prompt, its plan, what must pass. Its id; no ref is moved.

    `source` is the step of another session that it asks again, `replay` the commit up to which the later ones follow.
    `about` is what else stands in its trailers.
    """
    text = world.redact(prompt).strip() + "\n"
    changes = {
        prompt_path(branch.removeprefix(PREFIX)): Blob(text.encode()),
        ATTRIBUTES: Blob(ATTRIBUTES_TEXT),
    }
    subject = f"Begin {branch}: {one_line(text)}"
    more = {"Gitgen-Test": world.redact(test), "Gitgen-Source": source, "Gitgen-Replay": replay}
    trailers = {"Gitgen-Session": branch, "Gitgen-Plan": ",".join(plan), **about}
    message = compose(subject, "", trailers | {key: value for key, value in more.items() if value})
    return world.repository.commit(base, message, changes, world.repository.tree(base))


def begin_branch(repository: Repository, branch: str, first: str) -> None:
    """Create a session's branch at its first commit; GitgenError if there is such a branch."""
    try:
        repository.move(HEADS + branch, first, None, "begin a session")
    except LostRace:
        raise branch_taken(branch) from None
