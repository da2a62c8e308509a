"""Who wrote each line of a file: `git blame`, and the steps behind its commits."""

from __future__ import annotations

from dataclasses import dataclass

from gitgen.repository import Repository
from gitgen.state.commits import Commit
from gitgen.state.log import history


@dataclass(frozen=True)
class Line:
    """One line of a file: the commit it comes from, and the path that the file had there."""

    number: int
    text: str
    oid: str
    path: str

    @property
    def committed(self) -> bool:
        """Whether any commit has it; git blames what is only in the work tree on an id of zeros."""
        return self.oid.strip("0") != ""


def blame(repository: Repository, path: str, revision: str = "") -> list[Line]:
    """The lines of a file, at a revision or as it lies in the work tree; GitFailed if there is no such file.

    Through renames and moves, also from other files that the same commit changed (man git-blame, `-M`, `-C`). All of
    the file is blamed, whatever is asked about: a line alone is too short for git to see where it was moved from.
    """
    options = ("-M", "-C", *((revision,) if revision else ()))
    output = repository.git.run("-c", "core.quotePath=false", "blame", "--porcelain", *options, "--", path)
    paths: dict[str, str] = {}
    lines, oid, number = [], "", 0
    for raw in output.decode("utf-8", "replace").split("\n")[:-1]:
        word, _, rest = raw.partition(" ")
        if raw.startswith("\t"):
            lines.append(Line(number, raw[1:], oid, paths.get(oid, path)))
        elif word == "filename":
            paths[oid] = rest
        elif len(word) == len(oid or word) and len(word) in (40, 64) and rest[:1].isdigit():
            oid, number = word, int(rest.split(" ")[1])
    return lines


def commits_of(repository: Repository, lines: list[Line]) -> dict[str, Commit]:
    """The commits behind lines, by their ids, from one `git log`."""
    oids = sorted({line.oid for line in lines if line.committed})
    return {commit.oid: commit for commit in history(repository, "--no-walk", *oids)} if oids else {}
