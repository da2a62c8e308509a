"""How long it takes until gitgen begins to work."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from benchmarks import Scale
from benchmarks.ground import git, gitgen, repository_of, run
from benchmarks.measure import Contender, Row, race
from gitgen.git import Git
from gitgen.record import Chat, Reply, Turn, Usage
from gitgen.record.trailers import compose, step_trailers
from gitgen.repository import HEADS, Repository
from gitgen.values import Blob

HEAVY = ("openai", "git", "rich", "tiktoken", "questionary")
STEPS = 50
BRANCH = "gitgen/steps"


def rows(scale: Scale) -> Iterator[Row | str]:
    """`gitgen --version` and `gitgen log` beside what python and git take by themselves."""
    folder = repository_of(20, scale.root)
    _session(Repository(Git(folder), folder))
    git(folder, "switch", "-q", BRANCH)
    yield from race(
        (
            Contender("python -c pass", lambda: run(folder, sys.executable, "-c", "pass")),
            Contender("gitgen --version", lambda: run(folder, *gitgen(), "--version"), limit=0.060),
        ),
        scale.runs * 4,
    )
    yield f"--version imports of {', '.join(HEAVY)}: {', '.join(imported('--version')) or 'none'}"
    yield from race(
        (
            Contender("git log", lambda: git(folder, "log")),
            Contender(f"gitgen log, {STEPS} steps", lambda: run(folder, *gitgen(), "log")),
        ),
        scale.runs * 4,
    )


def imported(*args: str) -> list[str]:
    """Which of the heavy packages a run of gitgen imports."""
    command = (sys.executable, "-X", "importtime", "-m", "gitgen", *args)
    told = subprocess.run(command, capture_output=True, text=True).stderr
    modules = set(re.findall(r"\| +([\w.]+)$", told, re.MULTILINE))
    return [name for name in HEAVY if name in modules]


def _session(repository: Repository) -> None:
    """A session of so many steps, as gitgen writes them."""
    tip = repository.tip("main")
    assert tip is not None
    begin = compose(f"Begin {BRANCH}: Count", "", {"Gitgen-Session": BRANCH, "Gitgen-Plan": "fix"})
    oid = repository.commit(tip, begin, {}, repository.tree(tip))
    for number in range(1, STEPS + 1):
        turn = Turn({}, (), reply=Reply("Counted.", "stop", "canned"), usage=Usage(1000, 200, 1200))
        chat = Chat("fix", {"feedback": f"Count to {number}"}, (turn,))
        log = Blob(chat.to_json().encode())
        trailers = step_trailers(chat, session=BRANCH, status="ok", log=repository.blob_id(log.content, oid))
        changes = {f".gitgen/steps/{number:04d}-fix.json": log}
        oid = repository.commit(oid, compose(f"Count to {number}", "", trailers), changes, repository.tree(oid))
    repository.move(HEADS + BRANCH, oid, None, "benchmark")
    repository.git.close()
