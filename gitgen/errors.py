"""The errors a person can mend, and the one a model can mend."""

from __future__ import annotations

from dataclasses import dataclass, field

_MOST_SAID = 5
"""So many of the places where a hunk fits are told in one line."""


class GitgenError(Exception):
    """Something a person can mend: `what` is wrong, and the command or act that `mend`s it; exit code 1."""

    code = 1

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


class Interrupted(GitgenError):
    """The user pressed Ctrl-C; what had arrived is kept in Git; exit code 130."""

    code = 130


class StillFails(GitgenError):
    """The tests fail yet, and no further round is left; exit code 4."""

    code = 4


class FailsAlike(GitgenError):
    """Two rounds ended in the same failure, so a further one is in vain; exit code 5."""

    code = 5


@dataclass(frozen=True)
class Refusal:
    """Why one edit of a reply did not fit, told exactly enough for a model or a person to mend it.

    `kind` is one word of a closed list: "path" (a hostile or impossible name), "no-place" (the old lines are
    not in the file), "ambiguous" (they are there more than once), "missing-file", "exists", "undecodable",
    "elided" (lines stand for lines that are left out), "cut-off" (the reply ends inside a block), "no-name"
    (a block without a usable file name), "no-files" (the reply has no edit at all), "malformed",
    "guarded" (a file that may not be touched here), "hook" (the user's hook refuses the files).
    """

    kind: str
    reason: str
    path: str = ""
    hunk: int = 0
    """1-based number of the hunk among the reply's hunks for this path; 0 when it is not about a hunk."""
    old: tuple[str, ...] = ()
    """The lines that the hunk expected to find."""
    changed: tuple[str, ...] = ()
    """The hunk's own `+` and `-` lines, as written in the reply."""
    nearest: tuple[tuple[int, str], ...] = ()
    """The file's most similar real lines with their 1-based numbers."""
    places: tuple[int, ...] = ()
    """1-based line numbers where the old lines fit equally well, when there are several."""

    def __str__(self) -> str:
        where = f"{self.path}, hunk {self.hunk}: " if self.hunk else f"{self.path}: " if self.path else ""
        lines = ""
        if self.places:
            more = " and more" if len(self.places) > _MOST_SAID else ""
            lines = f" (lines {', '.join(map(str, self.places[:_MOST_SAID]))}{more})"
        elif self.nearest:
            lines = f" (nearest: lines {self.nearest[0][0]} to {self.nearest[-1][0]})"
        return f"{where}{self.reason}{lines}"


@dataclass
class Rejected(Exception):
    """A reply that cannot be applied as a whole; nothing of it was applied."""

    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return "; ".join(map(str, self.refusals))
