"""Killed at any moment, gitgen ends where it would have ended, and pays for nothing twice.

Each kill is of a real process, with SIGKILL: at a random moment, at a call of git, at a read from the network, at an
update of refs, together with git at a system call by which git writes ("power"), or git alone.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any

from tests.conftest import git
from tests.proof import Scale, Table
from tests.proof.cases import BRANCH, BY_NAME, CASES, KEY, TOKEN, Case, Replaying, forge_of, make, told
from tests.proof.looking import State, all_bytes, do_as_told, fsck, stored_replies
from tests.proof.points import FILE_CALLS, REF_HOOK
from tests.proof.running import Dying, Kill

KINDS = ("git call", "moment", "network", "ref update", "power", "git alone")
COUNTS = ("kills", "in flight", "fsck", "locks", "blocked", "end differs", "paid twice", "between", "key seen")
LONG, SLOW, SHORT = 34, 15, 1
"""So many kills of each kind a case, where there are so many points."""
ROUNDS = 8
"""Commands that are given to go on: a killed git can leave four locks, and each is named when it is met."""


@dataclass
class Tally:
    """What came of the kills, by their kind, and what was broken."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in KINDS})
    broken: list[str] = field(default_factory=list)


class Proof:
    """A case: its ground, its run without a fault, and the kills of it."""

    def __init__(self, case: Case, folder: Path, dying: Dying, endpoint: Replaying) -> None:
        self.case, self.folder, self.dying, self.endpoint = case, folder, dying, endpoint
        self.tally = Tally()
        self.template = make(folder / "template", case, dying.run)
        self.before = State.of(self.template)
        self.stored = stored_replies(self.template, self.before.refs) if self.before.refs else 0
        self.reference, self.seen = self._reference(folder / "reference")
        self._may_stand = set(self._complete(folder / "reference"))

    def root(self, folder: Path) -> Path:
        """The repository's own folder, of a copy of the template."""
        return folder / "work" if self.case.fresh else folder

    def _go(self, folder: Path, args: Sequence[str], kill: Kill | None = None, forge_url: str = "") -> dict[str, Any]:
        forge = {"GITHUB_TOKEN": TOKEN, "GITHUB_SERVER_URL": forge_url} if forge_url else {}
        return self.dying.run(
            folder if args[0] == "new" else self.root(folder),
            args,
            self.endpoint.base_url,
            kill,
            answers=self.case.answers,
            **forge,
        )

    def _copy(self, name: str, kill: Kill | None) -> Path:
        folder = shutil.copytree(self.template, self.folder / name)
        if kill and kill["kind"] in ("ref", "trace") and not self.case.fresh:
            (folder / ".git/hooks").mkdir(exist_ok=True)
            (folder / ".git/hooks/reference-transaction").write_text(REF_HOOK)
            (folder / ".git/hooks/reference-transaction").chmod(0o755)
        return folder

    def _reference(self, folder: Path) -> tuple[tuple[State, object], dict[str, Any]]:
        seen: dict[str, Any] = {}
        tracing: list[Kill | None] = [None, {"kind": "trace"}] if shutil.which("strace") else [None]
        if not self.case.fresh:
            tracing.insert(1, {"kind": "ref", "at": 0, "whom": ""})
        for number, kill in enumerate(tracing):
            copy = self._copy(f"reference-{number}", kill)
            with forge_of(self.case, copy, self.folder / f"forge-{number}") as forge:
                done = self._go(copy, self.case.args, kill, forge.url if forge else "")
                assert done["code"] == self.case.code, done["printed"]
                if number == 0:
                    assert len(self.endpoint.requests) == len(self.case.script)
                    self.endpoint.learn()
                    end = State.of(self.root(copy)), told(forge)
                    copy.rename(folder)
            seen = {key: value for key, value in done.items() if value} | seen
        return end, seen

    def _complete(self, folder: Path) -> Iterator[tuple[str, tuple[tuple[str, bytes], ...]]]:
        """Index and files as they may stand after a kill: as before, or as one of the commits has them."""
        yield self.before.index, self.before.files
        yield self.reference[0].index, self.reference[0].files
        root = self.root(folder)
        tracked = {line.split("\t")[1] for line in self.before.index.splitlines()}
        others = [(path, content) for path, content in self.before.files if path not in tracked]
        if f"refs/heads/{BRANCH}" not in self.reference[0].head:
            return
        for commit in git(root, "rev-list", BRANCH).split():
            lines = [line.split("\t") for line in git(root, "ls-tree", "-r", commit).splitlines()]
            index = "\n".join(f"{mode} {oid} 0\t{path}" for (mode, _, oid), path in ((a.split(), b) for a, b in lines))
            files = [
                (path, subprocess.run(["git", "show", f"{commit}:{path}"], cwd=root, capture_output=True).stdout)
                for _, path in lines
            ]
            yield index, tuple(sorted([*files, *others]))

    def points(self, kind: str, most: int, random: Random) -> list[Kill]:
        """So many points at which to kill, of those that the run without a fault has passed."""
        seen = Counter(line.split()[0] for line in self.seen["seen"])
        if kind == "moment":
            return [{"kind": "moment", "at": int(random.uniform(0, self.seen["seconds"]) * 1e6)} for _ in range(most)]
        every: list[Kill] = []
        if kind == "git call":
            names = [line.split()[1] for line in self.seen["seen"] if line.startswith("call ")]
            for at, name in enumerate(names, 1):
                how = ("before", "after", "half") if name in ("fast-import", "update-ref") else ("before", "after")
                every += [{"kind": "call", "at": at, "how": each} for each in how]
        elif kind == "network":
            every = [{"kind": kind, "at": at, "how": h} for at in range(1, seen[kind] + 1) for h in ("before", "after")]
        whom = {"ref update": "gitgen", "power": "both", "git alone": "git"}.get(kind)
        if whom:
            every = [{"kind": "ref", "at": at, "whom": whom} for at in range(1, len(self.seen.get("refs", ())) + 1)]
        if whom in ("both", "git"):
            every += [
                {"kind": "start", "at": int(start), "syscall": name, "number": number, "whom": whom}
                for start, calls in self.seen.get("traces", {}).items()
                for name, count in Counter(calls).items()
                if name in FILE_CALLS
                for number in range(1, count + 1)
            ]
        return random.sample(every, min(most, len(every)))

    def kill(self, number: int, kind: str, kill: Kill) -> None:
        """Kill a run, look at what it left, resume, and compare."""
        counts = self.tally.counts[kind]
        folder = self._copy(f"killed-{number}", kill)
        root = self.root(folder)
        self.endpoint.requests.clear()
        self.endpoint.foreign = 0
        with forge_of(self.case, folder, self.folder / f"forge-killed-{number}") as forge:
            url = forge.url if forge else ""
            killed = self._go(folder, self.case.args, kill, url)
            if killed["code"] != -9 and kind != "git alone":
                if kill["kind"] not in ("moment", "start", "network"):  # Those may not be reached a second time.
                    self.tally.broken.append(f"{self.case.name}, {kind}, {kill}: not killed: {killed['printed']}")
                shutil.rmtree(folder)
                return
            left = State.of(root)
            asked, stored = len(self.endpoint.requests), stored_replies(root, left.refs) - self.stored
            locks = [str(path.relative_to(root)) for path in root.rglob("*.lock")]
            flying = kind != "git alone" and asked > stored
            wrong = Counter[str]()
            wrong["between"] = not self.case.fresh and whole(kind) and (left.index, left.files) not in self._may_stand
            wrong["fsck"] = bool(fsck(root))
            printed, blocked = self._finish(folder, url, killed["printed"])
            end = State.of(root), told(forge)
        wrong["blocked"] = blocked
        wrong["end differs"] = end != self.reference
        wrong["between"] |= not self.case.fresh and (end[0].index, end[0].files) not in self._may_stand
        wrong["fsck"] |= bool(fsck(root))
        wrong["paid twice"] = (
            max(0, len(self.endpoint.requests) - len(self.case.script) - flying) + self.endpoint.foreign
        )
        written = all_bytes(root) + (killed["printed"] + printed).encode()
        wrong["key seen"] = any(secret.encode() in written for secret in (KEY, TOKEN))
        counts.update({"kills": 1, "in flight": int(flying), "locks": int(bool(locks))})
        counts.update({name: int(count) for name, count in wrong.items()})
        if any(wrong.values()):
            which = ", ".join(name for name, count in wrong.items() if count)
            what = self._where(kill)
            self.tally.broken.append(
                f"{self.case.name}, {kind}, {kill}{what}: {which}; {locks}\n{killed['printed']}--- then ---\n{printed}"
            )
        shutil.rmtree(folder)

    def _where(self, kill: Kill) -> str:
        if kill["kind"] not in ("call", "start"):
            return ""
        passed = [line for line in self.seen["seen"] if line.startswith(kill["kind"])]
        return f" {passed[kill['at'] - 1]}"

    def _finish(self, folder: Path, url: str, said: str) -> tuple[str, bool]:
        """Resume, or give the command again where nothing had begun; what was printed, and whether a lock blocked it.

        What a hint says of a lock is done, as its reader would; `said` is what the killed run printed.
        """
        printed, root = "", self.root(folder)
        do_as_told(said, root)
        for _ in range(ROUNDS):
            now = State.of(root)
            if not self.case.forge and now == self.reference[0]:
                return printed, False
            again = self.case.forge or now.refs == self.before.refs or not now.begun
            done = self._go(folder, self.case.args if again else ("resume", BRANCH), forge_url=url)
            printed += done["printed"]
            # A resume can lead back to where nothing had begun: of two refs that move together git had moved one.
            if not do_as_told(done["printed"], root) and (again or State.of(root).refs != self.before.refs):
                break
        return printed, ".lock" in printed and State.of(root) != self.reference[0]


def whole(kind: str) -> bool:
    """Whether git lived on: its own checkout, killed, is mended by a resume and not before."""
    return kind not in ("power", "git alone")


def prove_case(name: str, most: int, seed: int, folder: Path) -> Tally:
    """Kill one case, at most so often by each kind, in runs of a process of its own."""
    dying = Dying()
    try:
        return kill_case(dying, name, most, seed, folder)
    finally:
        dying.close()


def kill_case(dying: Dying, name: str, most: int, seed: int, folder: Path) -> Tally:
    """Kill one case, at most so often by each kind."""
    case, random = BY_NAME[name], Random(f"{seed} {name}")
    with Replaying(list(case.script)) as endpoint:
        folder.mkdir()
        proof = Proof(case, folder, dying, endpoint)
        numbered = [(kind, kill) for kind in KINDS for kill in proof.points(kind, most, random)]
        for number, (kind, kill) in enumerate(numbered):
            proof.kill(number, kind, kill)
        return proof.tally


def table(tallies: Sequence[tuple[Case, Tally]]) -> Table:
    """The counts by command and kind of kill, with their sum."""
    made = Table("Kills: command, kind of kill, and what came of it", ("command", "kill", *COUNTS))
    commands = dict.fromkeys(case.kind for case, _ in tallies)
    total: Counter[str] = Counter()
    for command in commands:
        for kind in KINDS:
            counts = sum((tally.counts[kind] for case, tally in tallies if case.kind == command), Counter[str]())
            if counts["kills"]:
                made.rows.append((command, kind, *(counts[name] for name in COUNTS)))
            total += counts
    made.rows.append(("all", "", *(total[name] for name in COUNTS)))
    made.broken += [line for _, tally in tallies for line in tally.broken]
    return made


def prove(scale: Scale) -> Table:
    """All cases, each in a process of its own."""
    with ProcessPoolExecutor(scale.jobs, get_context("spawn"), max_tasks_per_child=1) as pool:
        waiting = []
        for case in sorted(CASES, key=lambda case: not case.slow):
            most = SHORT if not scale.long else SLOW if case.slow else LONG
            waiting.append((case, pool.submit(prove_case, case.name, most, scale.seed, scale.folder / case.name)))
        return table([(case, future.result()) for case, future in waiting])
