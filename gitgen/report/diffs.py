"""What the commits of a session change: one `git diff-tree` for all of them, and its output as values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Literal, cast

from gitgen.git import Git
from gitgen.record import FOLDER
from gitgen.reply.headers import name_of, names_of_git
from gitgen.report.values import FileDiff, Hunk, Row, Sign
from gitgen.state.commits import Commit

ROWS_OF_A_FILE, ROWS_OF_A_COMMIT = 1000, 4000
"""So many rows are kept: a page holds what people read; git has the rest."""
LONGEST = 2000
"""Characters of a row."""
_CONFIG = ("core.quotePath=false", "core.bigFileThreshold=1m", "diff.suppressBlankEmpty=false")
_OPTIONS = (
    *("--stdin", "-r", "-p", "-M", "--root", "--full-index", "-U3"),
    *("--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none", "--submodule=short"),
    *("--src-prefix=a/", "--dst-prefix=b/"),
)
_COMMIT = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\n")
_PLACE = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)")
_INDEX = re.compile(r"index ([0-9a-f]+)\.\.([0-9a-f]+)(?: \d+)?")


def diffs_of(git: Git, commits: Sequence[Commit]) -> dict[str, tuple[FileDiff, ...]]:
    """By commit id, what each commit changes against its first parent, gitgen's own files left out."""
    # man git-diff-tree, --stdin: a commit, then those that are to be taken as its parents.
    asked = "".join(f"{commit.oid} {commit.parent}".rstrip() + "\n" for commit in commits)
    config = [word for setting in _CONFIG for word in ("-c", setting)]
    printed = git.run(*config, "diff-tree", *_OPTIONS, "--", f":(exclude,top){FOLDER}/", stdin=asked.encode())
    return dict(parse(printed))


def parse(printed: bytes) -> Iterator[tuple[str, tuple[FileDiff, ...]]]:
    """Each commit's id and files, from what `git diff-tree --stdin -p --full-index` prints.

    Every line of a file begins with a sign, so no file can say a line that ends its own hunk or its commit.
    """
    oid, files = "", list[_File]()
    for raw in BytesIO(printed):
        line = raw.decode("utf-8", "replace")
        if files and files[-1].takes(line):
            continue
        if line.startswith("diff --git "):
            files.append(_File(line, ROWS_OF_A_COMMIT - sum(file.kept for file in files)))
        elif _COMMIT.fullmatch(line):
            if oid:
                yield oid, tuple(file.diff() for file in files)
            oid, files = line.strip(), []
    if oid:
        yield oid, tuple(file.diff() for file in files)


@dataclass
class _Hunk:
    """A hunk as it is read; `before` and `after` are how many of its rows are still to come on each side."""

    section: str
    old: int
    new: int
    before: int
    after: int
    rows: list[Row] = field(default_factory=list)

    def row(self, line: str) -> Row | None:
        """The row that a line is; None once the hunk is complete."""
        sign, text = cast(Sign, line[:1]), line[1:].removesuffix("\n")
        if sign == "\\":
            return Row(sign, 0, text.strip())
        if sign not in (" ", "+", "-") or self.before + self.after <= 0:
            return None
        number = self.old if sign == "-" else self.new
        if sign != "+":
            self.old, self.before = self.old + 1, self.before - 1
        if sign != "-":
            self.new, self.after = self.new + 1, self.after - 1
        return Row(sign, number, text)


class _File:
    """One file's part of a diff as it is read (man git-diff, "Generating patch text with -p")."""

    def __init__(self, line: str, room: int) -> None:
        old, new = names_of_git(line.removeprefix("diff --git ").removesuffix("\n")) or ("", "")
        self.before, self.path = old[2:], new[2:]
        self.what: Literal["changed", "added", "deleted", "renamed", "copied"] = "changed"
        self.modes = ["", ""]
        self.oids = ["", ""]
        self.binary = False
        self.hunks: list[_Hunk] = []
        self.room = max(0, min(ROWS_OF_A_FILE, room))
        self.added = self.removed = self.kept = self.left_out = 0

    def takes(self, line: str) -> bool:
        """Whether the line belongs to this file; it is then read."""
        row = self.hunks[-1].row(line) if self.hunks else None
        if row is not None:
            self._keep(row)
            return True
        place = _PLACE.match(line)
        if place:
            old, before, new, after = (1 if count is None else int(count) for count in place.groups()[:4])
            self.hunks.append(_Hunk(place[5], old, new, before, after))
            return True
        return not line.startswith("diff --git ") and not _COMMIT.fullmatch(line) and self._header(line[:-1])

    def _keep(self, row: Row) -> None:
        self.added += row.sign == "+"
        self.removed += row.sign == "-"
        if self.kept >= self.room:
            self.left_out += 1
            return
        self.kept += 1
        more = len(row.text) - LONGEST
        text = row.text if more <= 0 else f"{row.text[:LONGEST]} … {more:,} more characters"
        self.hunks[-1].rows.append(Row(row.sign, row.number, text))

    def _header(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        if index := _INDEX.fullmatch(line):
            self.oids = [oid if oid.strip("0") else "" for oid in index.groups()]
        elif line.startswith(("new file mode ", "deleted file mode ")):
            self.what = "added" if word == "new" else "deleted"
        elif line.startswith(("old mode ", "new mode ")):
            self.modes[word == "new"] = rest.removeprefix("mode ")
        elif line.startswith(("rename from ", "copy from ")):
            self.before = _path(rest.removeprefix("from "))
        elif line.startswith(("rename to ", "copy to ")):
            self.what, self.path = "renamed" if word == "rename" else "copied", _path(rest.removeprefix("to "))
        elif line.startswith("Binary files "):
            self.binary = True
        return True

    def diff(self) -> FileDiff:
        """What was read."""
        mode = " → ".join(self.modes) if all(self.modes) else ""
        hunks = tuple(Hunk(hunk.section, _unix(hunk.rows)) for hunk in self.hunks if hunk.rows)
        return FileDiff(
            *(self.path, self.before, self.what, mode, self.oids[0], self.oids[1], self.binary, hunks),
            *(self.added, self.removed, self.left_out),
        )


def _path(text: str) -> str:
    return name_of(text) if text.startswith('"') else text


def _unix(rows: list[Row]) -> tuple[Row, ...]:
    """The rows without the CR that all of them end with; where only some do, it is what the change is about."""
    if not all(row.text.endswith("\r") or row.sign == "\\" for row in rows):
        return tuple(rows)
    return tuple(Row(row.sign, row.number, row.text.removesuffix("\r")) for row in rows)
