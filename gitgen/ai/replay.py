"""A model that answers from the chats of a session: the same request gets the same reply, any other an error."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from gitgen.ai import Completion, Listener, Request
from gitgen.errors import GitgenError


class Replay:
    """Recorded requests with their completions; of equal requests each is answered once, then the last again."""

    def __init__(self, branch: str, name: str, recorded: Sequence[tuple[Request, Completion]]) -> None:
        self.branch = branch
        self.name = name
        self._recorded = list(recorded)
        self._used: set[int] = set()

    def complete(self, request: Request, listener: Listener) -> Completion:
        """The recorded completion of this very request; GitgenError naming the first difference if there is none."""
        equal = [i for i, (recorded, _) in enumerate(self._recorded) if recorded == request]
        if not equal:
            raise GitgenError(
                f"{self.branch} holds no reply to this request: {self._difference(request)}",
                "run it on the commit and with the options of the recording, or with a real --model",
            )
        chosen = next((i for i in equal if i not in self._used), equal[-1])
        self._used.add(chosen)
        completion = self._recorded[chosen][1]
        listener.asking(completion.reply.model)
        listener.text(completion.reply.content)
        listener.answered(completion)
        return completion

    def _difference(self, request: Request) -> str:
        """The first difference from the first recording that is not used yet."""
        unused = [recorded for i, (recorded, _) in enumerate(self._recorded) if i not in self._used]
        if not unused:
            return f"all its {len(self._recorded)} replies are used up"
        # The nearest recording is the one that agrees longest.
        nearest = max(unused, key=lambda recorded: _agreement(recorded, request))
        if nearest.parameters != request.parameters:
            return f"the parameters are {dict(request.parameters)}, recorded were {dict(nearest.parameters)}"
        for number, (theirs, ours) in enumerate(zip_longest(nearest.messages, request.messages), 1):
            if theirs == ours:
                continue
            if theirs is None or ours is None:
                return f"it has {len(request.messages)} messages, recorded were {len(nearest.messages)}"
            lines = zip_longest(theirs["content"].split("\n"), ours["content"].split("\n"))
            line, (recorded, asked) = next((i, pair) for i, pair in enumerate(lines, 1) if pair[0] != pair[1])
            return f"message {number} ({ours['role']}), line {line} is {asked!r:.100}, recorded was {recorded!r:.100}"
        return "none"


def _agreement(one: Request, other: Request) -> int:
    pairs = zip(one.messages, other.messages, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one.messages), len(other.messages)))
