"""How long a report of many steps takes to make, and to open in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from statistics import median

from benchmarks import Scale
from benchmarks.ground import git, gitgen, repository_of, run
from benchmarks.measure import Contender, Row, race
from gitgen.git import Git
from gitgen.record import File, Usage, system, user
from gitgen.repository import Repository
from tests.sessions import BRANCH, Making

PATH = "counter.py"
FUNCTIONS = 24
"""Of the module that the session works on, some 5 kB; each step changes two."""
RULES = "Answer with unified diffs, each in a fenced block.\n\n" + "- Copy the lines as they are in the file.\n" * 12


def rows(scale: Scale) -> Iterator[Row | str]:
    """`gitgen report` beside the `git log -p` of the same commits; then what a browser does with the page."""
    steps = 20 if scale.quick else 500
    folder = repository_of(20, scale.root)
    _session(Repository(Git(folder), folder), steps)
    page = scale.root / "report.html"
    yield from race(
        (
            Contender("git log -p", lambda: git(folder, "log", "-p", BRANCH)),
            Contender(f"gitgen report, {steps} steps", lambda: run(folder, *gitgen(), "report", BRANCH, "-o", page)),
        ),
        scale.runs,
    )
    yield f"a page of {page.stat().st_size / 1e6:.2f} MB, {_opening(page, scale.runs)}"


def _opening(page: Path, runs: int) -> str:
    # Only here: nothing else of the benchmarks needs a browser.
    from tests.browser import MISSING, browser

    if MISSING:
        return f"not opened: {MISSING}"
    told = []
    with browser() as window:
        for _ in range(runs + 1):
            window.open(page)
            told.append(window.timings())
    loaded, painted = (median(values) for values in zip(*told[1:], strict=True))
    return f"painted after {painted:.0f} ms, loaded after {loaded:.0f} ms; target: under 2000 ms"


def _session(repository: Repository, steps: int) -> None:
    making, before = Making(repository), ""
    for number in range(1, steps + 1):
        after = _module(number)
        lines = unified_diff(before.splitlines(), after.splitlines(), f"a/{PATH}", f"b/{PATH}", lineterm="")
        diff = "\n".join(lines)
        feedback = f"Count by {number} from now on"
        shown = File(PATH, repository.blob_id(before.encode(), making.tip))
        making.step(
            f"Summary: {feedback}\n\nThe functions **count on** from here:\n\n```diff\n{diff}\n```\n",
            {PATH: after.encode()},
            feedback=feedback,
            messages=(system("You change what is asked.", RULES), user(shown, "Change the file.", feedback)),
            usage=Usage(1500 + number % 700, 200 + number % 90, 1700 + number % 700 + number % 90, 1024),
        )
        before = after
    repository.git.close()


def _module(number: int) -> str:
    """The module after so many steps."""
    functions = []
    for place in range(FUNCTIONS):
        last = max(0, number - (number * 2 - place) % FUNCTIONS // 2)
        functions.append(
            f'def part_{place}(count: int) -> int:\n    """Count on, as in step {last}."""\n'
            f"    # What comes in is at least 0.\n    if count < 0:\n        raise ValueError(f'{{count}} is less')\n"
            f"    return count * {place} + {last}\n\n\n"
        )
    return "".join(functions)
