"""The commands that are killed: what stands before each, how it is called, what the endpoint answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import HELLO, git, write
from tests.forge.github import GitHub, github
from tests.replies import FRENCH, ITALIAN, MISFIT, PROGRAM, RUN_SH, SHOUT, TITLE, diff
from tests.scripted import Answer, Endpoint, says

BRANCH = "gitgen/x"
KEY = "proof-key-that-no-object-may-hold"
TOKEN = "token-of-ada"

Run = Callable[..., dict[str, Any]]
"""Runs gitgen: `run(folder, args)`."""


def _nothing(folder: Path) -> None: ...


@dataclass(frozen=True)
class Case:
    """A command with the replies it is to get; `prepare` makes what stands before it, with replies of its own."""

    name: str
    kind: str
    """The command that it stands for in the table."""
    args: tuple[str, ...]
    script: tuple[Answer, ...] = ()
    prepare: Callable[[Path], None] = _nothing
    past: tuple[tuple[tuple[str, ...], Answer], ...] = ()
    """Commands that are run before, each with the reply it gets."""
    between: Mapping[int, Callable[[Path], None]] = field(default_factory=dict)
    """What a person does after so many of those."""
    code: int = 0
    answers: bool = False
    """Whether there is a person who answers questions."""
    forge: bool = False
    fresh: bool = False
    """Whether there is no repository yet."""
    slow: bool = False
    """Whether a run of it takes so long that fewer of them are killed."""


CUT = (says(FRENCH[:90], finish_reason="length"), says(FRENCH[90:]))
FRENCH_AGAIN = diff("hello.py", "    return 'Ciao ' + name", "    return 'Bonjour ' + name", "Greet in French")
LOUD = diff("hello.py", "    return 'Ciao ' + name", "    return 'CIAO ' + name", "Greet loudly")
HOOK = """#!/bin/sh
! grep -n Ciao hello.py || exit 1
sed -i 's/ + name/+name/' hello.py
"""
FEEDBACK = f"In French. (My key is {KEY}.)"


def checked_out(folder: Path) -> None:
    git(folder, "switch", "-qc", BRANCH)
    write(folder, {".gitgen/x/prompt": "Greet\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", f"Begin\n\nGitgen-Session: {BRANCH}\nGitgen-Plan: fix\n")


def hooked(folder: Path) -> None:
    checked_out(folder)
    write(folder, {".git/hooks/pre-commit": HOOK})
    (folder / ".git/hooks/pre-commit").chmod(0o755)


def unboxed(folder: Path) -> None:
    checked_out(folder)
    git(folder, "config", "gitgen.sandbox", "none")


def never_continues(folder: Path) -> None:
    checked_out(folder)
    git(folder, "config", "gitgen.continue", "0")


def pasted(folder: Path) -> None:
    write(folder, {"reply.txt": FRENCH})


def notes(folder: Path) -> None:
    """A person works on the old session, and leaves it."""
    git(folder, "switch", "-q", "gitgen/old")
    write(folder, {"notes.txt": "To be translated\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Take notes")
    git(folder, "switch", "-q", "main")


def _fix(text: str, file: str, *more: str) -> tuple[str, ...]:
    return ("fix", text, "--file", file, *more)


TWO = ((_fix("In French", "hello.py"), says(FRENCH)), (_fix("Name it", "README.md"), says(TITLE)))
OLD = (
    (_fix("In French", "hello.py", "--name", "old"), says(FRENCH)),
    (_fix("Name it", "README.md", "--branch", "gitgen/old"), says(TITLE)),
    (_fix("Loud", "hello.py", "--branch", "gitgen/old"), says(SHOUT)),
)
TESTED = ("--test", "grep -q CIAO hello.py")

CASES = (
    Case("new", "new", ("new", ".", "--steps=benchmark", "-m", "Greet", "--name", "x"), (says(PROGRAM), says(RUN_SH))),
    Case(
        "new-fresh",
        "new",
        ("new", "work", "--steps=generate", "-m", "Greet", "--name", "x"),
        (says(PROGRAM),),
        fresh=True,
    ),
    Case("fix", "fix", ("fix", FEEDBACK, "--name", "x"), (says(MISFIT), says(FRENCH))),
    Case("fix-checked-out", "fix", ("fix", FEEDBACK), (says(MISFIT), says(FRENCH)), checked_out),
    Case("continued", "fix", ("fix", "In French"), CUT, checked_out),
    Case("cut-off", "fix", ("fix", "In French"), CUT[:1], never_continues, code=1),
    Case("hooked", "fix, hooks", ("fix", "In French"), (says(MISFIT), says(ITALIAN), says(FRENCH_AGAIN)), hooked),
    Case("tested", "fix --test", ("fix", "Loud", *TESTED), (says(ITALIAN), says(LOUD)), unboxed, slow=True),
    Case(
        "clarify",
        "clarify",
        ("new", ".", "--steps=clarify,generate", "-m", "Greet", "--name", "x"),
        (says("In which language?"), says("Nothing is unclear."), says(PROGRAM)),
        answers=True,
    ),
    Case("apply", "apply", ("apply", "reply.txt", "--name", "x"), (), pasted),
    Case(
        "rerun",
        "rerun --replay",
        ("rerun", "1", "--session", "gitgen/old", "--branch", "x", "--replay"),
        (says(MISFIT), says(ITALIAN), says(SHOUT)),
        past=OLD,
        between={1: notes},
    ),
    Case("undo", "undo", ("undo",), (), checked_out, TWO),
    Case("redo", "redo", ("redo", "--branch", BRANCH), (), checked_out, (*TWO, (("undo",), says("")))),
    Case("pr", "pr", ("pr", BRANCH), (), checked_out, TWO, forge=True, slow=True),
)
BY_NAME = {case.name: case for case in CASES}


def make(folder: Path, case: Case, run: Run) -> Path:
    """What stands before the command, in a folder of its own; that of the work tree."""
    folder.mkdir()
    if case.fresh:
        return folder
    git(folder, "init", "-q")
    write(folder, {"hello.py": HELLO, "README.md": "# Hello\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say hello")
    case.prepare(folder)
    for number, (args, answer) in enumerate(case.past, 1):
        with Replaying([answer]) as endpoint:
            done = run(folder, args, endpoint.base_url)
        assert done["code"] == 0, done["printed"]
        case.between.get(number, _nothing)(folder)
    return folder


class Replaying(Endpoint):
    """An endpoint that answers in turn when it learns, and afterwards each request as it did then."""

    def __init__(self, script: list[Answer]) -> None:
        super().__init__(script)
        self.learned: dict[str, Answer] | None = None
        self._known: dict[str, Answer] = {}
        self.foreign = 0
        """How many requests were others than those of the run that it learned from."""

    def __enter__(self) -> Replaying:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def next(self, request: dict[str, Any]) -> Answer | None:
        said = json.dumps(request, sort_keys=True)
        if self.learned is None:
            answer = super().next(request)
            self._known |= {said: answer} if answer else {}
            return answer
        self.foreign += said not in self.learned
        return self.learned.get(said)

    def learn(self) -> None:
        """From now on answer what was asked so far, and nothing else."""
        self.learned = self._known
        self.requests.clear()


@contextmanager
def forge_of(case: Case, folder: Path, where: Path) -> Iterator[GitHub | None]:
    """The forge that the command speaks to, if it does to any; the repository gets it as its remote."""
    if not case.forge:
        yield None
        return
    with github(where, folder) as forge:
        yield forge


def told(forge: GitHub | None) -> object:
    """All that a forge was brought."""
    if forge is None:
        return None
    pulls = [(p.number, p.title, p.body.replace(forge.url, ""), p.head, p.base, p.draft, p.open) for p in forge.pulls]
    return pulls, forge.sha(BRANCH)
