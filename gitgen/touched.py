"""What a session has touched: a further change is often in a file that it changed before, or showed to the model."""

from __future__ import annotations

from itertools import islice

from gitgen.errors import GitgenError
from gitgen.record import FOLDER, File
from gitgen.repository import Repository
from gitgen.state.chats import chat_of
from gitgen.state.commits import Session

CHANGED, SHOWN = "changed earlier in this session", "shown earlier in this session"
MOST_COMMITS, MOST_CHATS = 50, 3
"""So many of the last commits, and of the chats of the last steps, are looked into."""


def touched(repository: Repository, session: Session) -> dict[str, str]:
    """The paths that a session has touched, each with how: what it changed, the latest first, then what it showed."""
    found = dict.fromkeys(_changed(repository, session), CHANGED)
    for step in islice(reversed(session.steps), MOST_CHATS):
        try:
            chat = chat_of(repository, step)
        except GitgenError:
            continue  # A stranger's branch may hold anything; what it showed is no reason to stop.
        parts = (part for turn in chat.turns for message in turn.messages for part in message.parts)
        for part in parts:
            if isinstance(part, File) and not part.path.startswith(FOLDER + "/"):
                found.setdefault(part.path, SHOWN)
    return found


def _changed(repository: Repository, session: Session) -> list[str]:
    """The paths that the session's last commits changed, a person's commits included, the latest first."""
    if not session.commits:
        return []
    options = ("--first-parent", "--diff-merges=first-parent", "--no-renames", "--name-only", "-z", "--format=")
    since = f"{session.commits[0].parent}..{session.tip}"
    own = f":(top,exclude){FOLDER}"
    records = repository.git.records("log", f"-{MOST_COMMITS}", *options, since, "--", own)
    return [path for record in records if (path := record.decode("utf-8", "surrogateescape").strip("\n"))]
