"""How long it takes to read and apply a long reply, in this process; git applies the same diff beside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import Scale
from benchmarks.ground import git
from benchmarks.measure import Contender, Row, race
from gitgen.draft import Draft

LIMIT = 2.0


def rows(scale: Scale) -> Iterator[Row | str]:
    """Replies of about 5 MB, each of one shape, on a file of 200,000 lines."""
    share = 100 if scale.quick else 1
    lines = [f"line {number} = {number * 7}" for number in range(200_000 // share)]
    file = {"f": "".join(line + "\n" for line in lines).encode()}
    diff = "--- a/f\n+++ b/f\n" + "".join(_hunk(lines, at) for at in range(0, len(lines) - 9, 9))
    folder = scale.root / "reply"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "f").write_bytes(file["f"])
    replies = {
        f"{diff.count('@@ -'):,} hunks": diff,
        f"{60_000 // share:,} SEARCH/REPLACE blocks": "f.py\n" + "".join(map(_block, lines[: 60_000 // share])),
        f"{500_000 // share:,} fences": "```\nx\n```\n" * (500_000 // share),
        f"one hunk in {len(lines):,} lines": f"--- f\n+++ f\n@@ @@\n {lines[-3]}\n-{lines[-2]}\n+x\n",
    }
    tree = {**file, "f.py": file["f"]}
    yield from race(
        [
            Contender("git apply --check of the hunks", partial(_check, folder, diff)),
            *(
                Contender(f"a reply of {name}", partial(Draft(tree).read, reply), limit=LIMIT)
                for name, reply in replies.items()
            ),
        ],
        scale.runs,
    )


def _check(folder: Path, diff: str) -> None:
    git(folder, "apply", "--check", "-", stdin=diff.encode())


def _hunk(lines: list[str], at: int) -> str:
    rows = [f" {line}\n" for line in lines[at : at + 7]]
    rows[3:4] = [f"-{lines[at + 3]}\n", f"+{lines[at + 3]} changed\n"]
    return f"@@ -{at + 1},7 +{at + 1},7 @@\n{''.join(rows)}"


def _block(line: str) -> str:
    return f"<<<<<<< SEARCH\n{line}\n=======\n{line} changed\n>>>>>>> REPLACE\n"
