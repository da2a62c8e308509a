"""Many at once: sessions beside each other, two processes on one session, a branch that is checked out elsewhere.

The processes are real ones, and so is the person who commits on `main` meanwhile.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from tests.conftest import HELLO, git, write
from tests.proof import Scale, Table
from tests.proof.looking import all_bytes, fsck
from tests.replies import FRENCH
from tests.scripted import Answer, Endpoint, says

SESSION = "gitgen/x"
HEADS = ("what", "processes", "steps", "refused", "lost", "lock errors", "seconds", "CPU ms a step")
REFUSED = re.compile(r"under way on|moved meanwhile|was taken on or ended elsewhere")
"""What the one says that has lost a race."""
_CONTEXT = get_context("spawn")


class Writing(Endpoint):
    """An endpoint that writes a file for each request; `given` are all that it has written."""

    def __init__(self, *, seconds: float = 0) -> None:
        super().__init__([])
        self.given: list[str] = []
        self.seconds = seconds
        self._one_by_one = Lock()

    def next(self, request: dict[str, Any]) -> Answer | None:
        with self._one_by_one:
            name = re.findall(r"write (\w+)", str(request["messages"]))[-1]
            mark = f"reply-{len(self.given)}-{name}"
            self.given.append(mark)
        time.sleep(self.seconds)
        return says(f"Summary: Write {name}\n\n{name}.txt\n```\n{mark}\n```\n")


@dataclass(frozen=True)
class Walked:
    """What a process has done: the exit code of each command, what was printed, how long it took and cost."""

    codes: tuple[int, ...]
    printed: str
    seconds: float
    cpu: float


def walk(folder: str, commands: Sequence[Sequence[str]], environ: dict[str, str], log: str, barrier: Any) -> None:
    """Give commands in turn, in a process of its own, each when all others have come so far if there is a `barrier`."""
    os.environ.update(environ)
    os.chdir(folder)
    for descriptor in (1, 2):
        os.dup2(os.open(f"{log}.out", os.O_CREAT | os.O_APPEND | os.O_WRONLY), descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    import openai  # noqa: F401

    from gitgen.cli import main

    codes, began = [], time.monotonic()
    for command in commands:
        if barrier is not None:
            barrier.wait()
        codes.append(main(list(command)))
    times = os.times()
    told = [codes, time.monotonic() - began, sum(times[:4])]
    Path(f"{log}.json").write_text(json.dumps(told))


def together(
    folder: Path, walks: Sequence[Sequence[Sequence[str]]], url: str, *, in_step: bool = False
) -> list[Walked]:
    """Run these rows of commands at once, each in a process of its own."""
    environ = {"GITGEN_BASE_URL": url, "GITGEN_API_KEY": "none-at-all", "GITGEN_MODEL": "scripted"}
    barrier = _CONTEXT.Barrier(len(walks)) if in_step else None
    logs = [folder.parent / f"{folder.name}.{time.monotonic_ns()}.{number}" for number in range(len(walks))]
    processes = [
        _CONTEXT.Process(target=walk, args=(str(folder), commands, environ, str(log), barrier))
        for commands, log in zip(walks, logs, strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    walked = []
    for log in logs:
        codes, seconds, cpu = json.loads(Path(f"{log}.json").read_text())
        walked.append(Walked(tuple(codes), Path(f"{log}.out").read_text(), seconds, cpu))
    return walked


def ground(folder: Path) -> Path:
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    write(folder, {"hello.py": HELLO})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say hello")
    return folder


@contextmanager
def committing(folder: Path, failed: list[str]) -> Iterator[list[int]]:
    """A person who commits on `main` all the while; yields a list with one number for each commit."""
    made: list[int] = []
    enough = Event()

    def commit() -> None:
        while not enough.is_set():
            write(folder, {"diary.txt": f"day {len(made)}\n"})
            for command in (("add", "diary.txt"), ("commit", "-qm", f"Day {len(made)}")):
                done = subprocess.run(["git", *command], cwd=folder, capture_output=True, text=True)
                if done.returncode:
                    failed.append(f"git {command[0]}: {done.stderr}")
            made.append(len(made))
            enough.wait(0.05)

    person = Thread(target=commit)
    person.start()
    try:
        yield made
    finally:
        enough.set()
        person.join()


def crowd(folder: Path, sessions: int, steps: int) -> tuple[Sequence[object], list[str]]:
    """So many processes, each on a session of its own, beside a person who commits: the row, and what is broken."""
    ground(folder)
    wrong: list[str] = []
    names = [f"s{number}" for number in range(sessions)]
    walks = [
        [("fix", f"Please write {name}x0", "--name", name, "-q")]
        + [("fix", f"Please write {name}x{n}", "--branch", f"gitgen/{name}", "-q") for n in range(1, steps)]
        for name in names
    ]
    began = time.monotonic()
    endpoint = Writing()
    endpoint.start()
    try:
        with committing(folder, wrong) as made:
            walked = together(folder, walks, endpoint.base_url)
    finally:
        endpoint.stop()
    seconds = time.monotonic() - began
    lost = 0
    for name in names:
        there = git(folder, "ls-tree", "--name-only", f"gitgen/{name}").split()
        lost += sum(f"{name}x{n}.txt" not in there for n in range(steps))
    lost += len(made) - (int(git(folder, "rev-list", "--count", "main")) - 1)
    locks = sum(each.printed.count(".lock") for each in walked)
    wrong += [f"{sessions} sessions: exit codes {each.codes}: {each.printed}" for each in walked if any(each.codes)]
    wrong += [fault for fault in (fsck(folder), git(folder, "status", "--porcelain")) if fault]
    wrong += [f"{sessions} sessions: {lost} steps or commits lost"] if lost else []
    wrong += [f"{sessions} sessions: {len(endpoint.given)} requests"] if len(endpoint.given) != sessions * steps else []
    if left := git(folder, "for-each-ref", "refs/gitgen"):
        wrong.append(f"{sessions} sessions: left over: {left}")
    (verified,) = together(folder, [[("verify", "--all")]], endpoint.base_url)
    wrong += [verified.printed] if any(verified.codes) else []
    cpu = 1000 * sum(each.cpu for each in walked) / (sessions * steps)
    what = f"{sessions} session{'s' if sessions > 1 else ''}, {steps} steps each, {len(made)} commits on main"
    return (what, sessions, sessions * steps, 0, lost, locks, round(seconds), round(cpu)), wrong


def duel(folder: Path, rounds: int, command: str) -> tuple[Sequence[object], list[str]]:
    """Two processes that give the same command for one session in the same moment, again and again."""
    ground(folder)
    endpoint = Writing(seconds=0.02)
    endpoint.start()
    began = time.monotonic()
    try:
        together(folder, [[("fix", "Please write begin", "--name", "x", "-q")]], endpoint.base_url)
        fix = [("fix", f"Please write {{}}{n}", "--branch", SESSION, "-q") for n in range(rounds)]
        if command == "fix":
            walks = [[tuple(word.format(who) for word in args) for args in fix] for who in "ab"]
            walked = together(folder, walks, endpoint.base_url, in_step=True)
        else:
            walked = _resumed(folder, rounds, endpoint)
        # What the last round has left under way.
        together(folder, [[("resume", SESSION)]], endpoint.base_url)
    finally:
        endpoint.stop()
    said = [each.printed for each in walked]
    refused = sum(code == 1 for each in walked for code in each.codes)
    told = sum(len(REFUSED.findall(words)) for words in said)
    wrong = [words for words, each in zip(said, walked, strict=True) if set(each.codes) - {0, 1}]
    wrong += [f"two {command}: {refused} refused, {told} said so: {said}"] if told < refused else []
    won = list(zip(*(each.codes for each in walked), strict=True))
    wrong += [f"two {command}: nobody won round {n}: {said}" for n, codes in enumerate(won) if all(codes)]
    lost = [mark for mark in endpoint.given if mark.encode() not in _kept(folder)]
    wrong += [f"two {command}: lost: {lost}: {said}"] if lost else []
    wrong += [fault] if (fault := fsck(folder)) else []
    steps = int(git(folder, "rev-list", "--count", "--grep=^Gitgen-Step:", SESSION))
    locks = sum(words.count(".lock") for words in said)
    seconds = round(time.monotonic() - began)
    return (f"two at once: {command}", 2, steps, refused, len(lost), locks, seconds, "-"), wrong


def _resumed(folder: Path, rounds: int, endpoint: Writing) -> list[Walked]:
    """Two that resume a step whose request is on its progress ref, without a reply."""
    walked: list[list[Walked]] = [[], []]
    for n in range(rounds):
        together(folder, [[("fix", f"Please write r{n}", "--branch", SESSION, "-q")]], "http://127.0.0.1:9/v1")
        for who, each in enumerate(together(folder, [[("resume", SESSION)]] * 2, endpoint.base_url, in_step=True)):
            walked[who].append(each)
    return [Walked(tuple(c for w in each for c in w.codes), "".join(w.printed for w in each), 0, 0) for each in walked]


def _kept(folder: Path) -> bytes:
    """Everything that a ref keeps."""
    git(folder, "-c", "gc.auto=0", "prune", "--expire=now")
    return all_bytes(folder)


def elsewhere(folder: Path) -> tuple[list[Sequence[object]], list[str]]:
    """`gitgen fix --branch` from one work tree while another has the branch checked out."""
    rows: list[Sequence[object]] = []
    wrong: list[str] = []
    for name, (before, during, code, asked, after) in _ELSEWHERE.items():
        here = ground(folder / re.sub(r"\W+", "-", name))
        there = here.with_name(f"{here.name}-linked")
        endpoint = Endpoint([says(FRENCH, between=lambda: during(there))])  # noqa: B023
        endpoint.start()
        try:
            together(here, [[("apply", _paste(here), "--name", "x")]], endpoint.base_url)
            git(here, "worktree", "add", "-q", str(there), SESSION)
            before(there)
            mine, tip = _content(there), git(here, "rev-parse", SESSION)
            (walked,) = together(here, [[("fix", "In French", "--branch", SESSION, "-q")]], endpoint.base_url)
            moved = git(here, "rev-parse", SESSION) != tip
            wrong += [f"{name}: {walked}"] if (walked.codes, len(endpoint.requests)) != ((code,), asked) else []
            wrong += after(name, there, mine, moved, walked.printed)
        finally:
            endpoint.stop()
        rows.append((f"checked out elsewhere: {name}", 1, int(moved), int(code == 1), 0, 0, "-", "-"))
    return rows, wrong


def _paste(here: Path) -> str:
    (here.parent / "reply.txt").write_text("notes.txt\n```\nFirst\n```\n")
    return str(here.parent / "reply.txt")


def _content(there: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in there.iterdir() if path.is_file() and path.name != ".git"}


def _nothing(there: Path) -> None: ...


def _follows(name: str, there: Path, mine: dict[str, bytes], moved: bool, printed: str) -> list[str]:
    wrong = [] if moved and "Bonjour" in (there / "hello.py").read_text() else [f"{name}: it has not followed"]
    return wrong + ([f"{name}: {left}"] if (left := git(there, "status", "--porcelain")) else [])


def _stays(name: str, there: Path, mine: dict[str, bytes], moved: bool, printed: str) -> list[str]:
    wrong = [f"{name}: the branch moved"] if moved else []
    wrong += [f"{name}: it was not told: {printed}"] if f"checked out at {there} with" not in printed else []
    return wrong + ([f"{name}: something was written"] if not mine.items() <= _content(there).items() else [])


def _edited(there: Path) -> None:
    write(there, {"hello.py": HELLO.replace("Hello", "Mine")})


def _staged(there: Path) -> None:
    _edited(there)
    git(there, "add", "-A")


def _followed_beside(name: str, there: Path, mine: dict[str, bytes], moved: bool, printed: str) -> list[str]:
    wrong = [] if moved and "Bonjour" in (there / "hello.py").read_text() else [f"{name}: it has not followed"]
    return wrong + ([] if (there / "draft.txt").read_text() == "mine\n" else [f"{name}: the draft is gone"])


def _edited_meanwhile(name: str, there: Path, mine: dict[str, bytes], moved: bool, printed: str) -> list[str]:
    wrong = [f"{name}: the branch moved"] if moved else []
    wrong += [] if "gitgen resume" in printed else [f"{name}: no way on: {printed}"]
    return wrong + ([] if "Mine" in (there / "hello.py").read_text() else [f"{name}: the edit is gone"])


_After = Callable[[str, Path, dict[str, bytes], bool, str], list[str]]
_ELSEWHERE: dict[str, tuple[Callable[[Path], None], Callable[[Path], None], int, int, _After]] = {
    "clean": (_nothing, _nothing, 0, 1, _follows),
    "an edited file": (_edited, _nothing, 1, 0, _stays),
    "a staged file": (_staged, _nothing, 1, 0, _stays),
    "an untracked file beside": (lambda there: write(there, {"draft.txt": "mine\n"}), _nothing, 0, 1, _followed_beside),
    "a file edited meanwhile": (_nothing, _edited, 1, 1, _edited_meanwhile),
}


def prove(scale: Scale) -> Table:
    """One session alone, then many at once, then two on one, then work trees elsewhere."""
    table = Table("Concurrency: what was done at once, and what came of it", HEADS)
    many, steps, rounds = (16, 50, 25) if scale.long else (4, 5, 4)
    for sessions in (1, many):
        row, wrong = crowd(scale.folder / f"crowd-{sessions}", sessions, steps)
        table.rows.append(row)
        table.broken += wrong
    for command in ("fix", "resume"):
        row, wrong = duel(scale.folder / f"duel-{command}", rounds, command)
        table.rows.append(row)
        table.broken += wrong
    rows, wrong = elsewhere(scale.folder / "elsewhere")
    table.rows += rows
    table.broken += wrong
    return table
