"""Disks that are full, locks, refs and objects that go, housekeeping beside: a line that tells it, and nothing lost.

    python -m tests.proof.mishaps FOLDER [--short]

runs the harms that need mounts, in a namespace in which those are nobody else's; it prints the table as JSON.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread

from tests.conftest import HELLO, ROOT, git, write
from tests.proof import Scale, Table
from tests.proof.cases import BRANCH, checked_out
from tests.proof.concurrency import Writing
from tests.proof.harms import Harm, harms
from tests.proof.looking import do_as_told, fsck
from tests.proof.running import Dying
from tests.replies import FRENCH
from tests.scripted import Endpoint, says

NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
HEADS = ("what", "when", "runs", "exit", "requests", "not clean", "what the user sees")
FIX = ("fix", "In French", "--branch", BRANCH, "-q")
_KEPT = re.compile(r"gitgen (resume --kept \S+ \S+)")
LEVELS = range(0, 88, 4)
"""Kilobytes that a disk has left."""


def ground(folder: Path) -> Path:
    """A repository with a session that is checked out."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    write(folder, {"hello.py": HELLO, "README.md": "# Hello\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say hello")
    checked_out(folder)
    (folder / ".git/ORIG").write_text(git(folder, "rev-parse", BRANCH))
    return folder


class Proof:
    """One repository after the other is harmed, healed, and gone on in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dying = Dying()
        self.template = ground(folder / "template")
        self.end = self._unharmed()

    def close(self) -> None:
        self.dying.close()

    def _unharmed(self) -> tuple[str, str]:
        root = shutil.copytree(self.template, self.folder / "unharmed")
        endpoint = Endpoint([says(FRENCH)])
        endpoint.start()
        done = self.dying.run(root, FIX, endpoint.base_url)
        endpoint.stop()
        assert done["code"] == 0, done["printed"]
        return _end(root)

    def harmed(self, harm: Harm, when: str, root: Path) -> tuple[Sequence[object], list[str]]:
        """Run a fix with this harm, then heal it and go on as was told: the row, and what is broken."""
        during = (lambda: harm.hurt(root)) if when == "during" else None
        endpoint = Endpoint([says(FRENCH, between=during), says(FRENCH)])
        endpoint.start()
        try:
            if when == "before":
                harm.hurt(root)
            done = self.dying.run(root, FIX, endpoint.base_url)
            harm.heal(root)
            printed = done["printed"]
            wrong = self._go_on(root, done["code"], printed, endpoint)
        finally:
            endpoint.stop()
        if (
            not _calm(done["code"], printed)
            or not re.search(harm.sees, printed)
            or bool(harm.sees) != bool(done["code"])
        ):
            wrong.append(f"seen: {printed or 'nothing'}")
        name = f"{harm.name}, {when}"
        said = printed.split("\n")[0].replace(str(root), "WORK") if done["code"] else "-"
        row = (
            harm.name,
            when,
            1,
            done["code"],
            len(endpoint.requests),
            len(wrong),
            re.sub(r"\d+ s old", "N s old", said),
        )
        return row, [f"{name}: {line}" for line in wrong]

    def _go_on(self, root: Path, code: int, said: str, endpoint: Endpoint) -> list[str]:
        """Do what the hint says, or give the command again where nothing had begun; what is not as it has to be."""
        told = said
        for _ in range(3):
            if code == 0:
                break
            do_as_told(told, root)
            kept = _KEPT.search(told)
            begun = git(root, "for-each-ref", "refs/gitgen/progress") or git(root, "for-each-ref", "refs/gitgen/behind")
            args = shlex.split(kept[1]) if kept else ("resume", BRANCH) if begun else FIX
            done = self.dying.run(root, args, endpoint.base_url)
            code, told = done["code"], done["printed"]
        wrong = [f"it does not go on: {told}"] if code else []
        wrong += [f"{len(endpoint.requests)} requests"] if len(endpoint.requests) != 1 else []
        wrong += [fault] if (fault := fsck(root)) else []
        wrong += ["it ends otherwise"] if not code and _end(root) != self.end else []
        return wrong

    def filled(self, kilobytes: int, disk: Path) -> tuple[tuple[int, int, str], list[str]]:
        """A fix on a disk that has only so much left."""
        root = shutil.copytree(self.template, disk / "work")
        full = disk / "filler"
        free = shutil.disk_usage(disk).free - kilobytes * 1024

        def fill(_: Path) -> None:
            full.write_bytes(b"\0" * free)

        endpoint = Endpoint([says(FRENCH), says(FRENCH)])
        endpoint.start()
        try:
            fill(root)
            done = self.dying.run(root, FIX, endpoint.base_url)
            full.unlink()
            wrong = self._go_on(root, done["code"], done["printed"], endpoint)
        finally:
            endpoint.stop()
        wrong += [] if _calm(done["code"], done["printed"]) else [done["printed"]]
        shutil.rmtree(root)
        return (done["code"], len(endpoint.requests), done["printed"].split("\n")[0]), wrong


def _end(root: Path) -> tuple[str, str]:
    left = git(root, "for-each-ref", "--format=%(refname)", "refs/gitgen/progress", "refs/gitgen/behind")
    return git(root, "rev-parse", f"{BRANCH}^{{tree}}"), left + git(root, "status", "--porcelain")


def _calm(code: int, printed: str) -> bool:
    """Whether an error is one line that says what, and one that says what mends it."""
    lines = printed.splitlines()
    told = [line for line in lines if line.startswith(("error: ", "hint: "))]
    return code == 0 or (code == 1 and [line.partition(":")[0] for line in told] == ["error", "hint"])


def all_harms(proof: Proof, quick: bool) -> Iterator[tuple[Sequence[object], list[str]]]:
    for harm in harms():
        for when in harm.when if harm.quick or not quick else ():
            root = proof.folder / re.sub(r"\W+", "-", f"{harm.name} {when}")
            yield proof.harmed(harm, when, shutil.copytree(proof.template, root))


def full_disk(proof: Proof, quick: bool) -> tuple[Sequence[object], list[str]]:
    """A disk that gets full a little later each time: one row for all levels."""
    disk = proof.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    wrong: list[str] = []
    codes: list[int] = []
    asked, said = 0, ""
    levels = LEVELS[:: 5 if quick else 1]
    for kilobytes in levels:
        (code, requests, line), found = proof.filled(kilobytes, disk)
        codes.append(code)
        asked += requests
        said = said or line
        wrong += [f"a disk with {kilobytes} KB left: {each}" for each in found]
    subprocess.run(["umount", "--lazy", disk], check=True)
    failed = f"{sum(map(bool, codes))} of them 1"
    return ("a full disk, 0 to 84 KB left", "before", len(levels), failed, asked, len(wrong), said), wrong


def beside_housekeeping(proof: Proof, steps: int) -> tuple[Sequence[object], list[str]]:
    """So many steps while git packs and prunes without a pause."""
    root = proof.folder / "beside"
    root.mkdir()
    git(root, "init", "-q")
    write(root, {"hello.py": HELLO})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Say hello")
    enough, rounds, wrong = Event(), [], []

    def tidy() -> None:
        while not enough.is_set():
            for command in ("gc -q --prune=now", "repack -adq"):
                subprocess.run(["git", *command.split()], cwd=root, capture_output=True)
            rounds.append(1)

    tidying, endpoint = Thread(target=tidy), Writing()
    endpoint.start()
    tidying.start()
    try:
        for number in range(steps):
            where = ("--branch", BRANCH) if number else ("--name", "x")
            done = proof.dying.run(root, ("fix", f"Please write f{number}", *where, "-q"), endpoint.base_url)
            wrong += [done["printed"]] if done["code"] else []
    finally:
        enough.set()
        tidying.join()
        endpoint.stop()
    tree = subprocess.run(["git", "ls-tree", "--name-only", BRANCH], cwd=root, capture_output=True, text=True)
    there = tree.stdout.split()
    lost = sum(f"f{number}.txt" not in there for number in range(steps))
    wrong += [f"{lost} steps lost"] if lost else []
    wrong += [f"{len(endpoint.given)} requests"] if len(endpoint.given) != steps else []
    # Git's list of commits still has those of steps under way that `repack -ad` has dropped since; a gc makes it anew.
    git(root, "commit-graph", "write", "--reachable")
    wrong += [fault] if (fault := fsck(root)) else []
    name = f"git gc --prune=now and git repack -ad, {len(rounds)} times"
    return (name, "beside", steps, 0, len(endpoint.given), len(wrong), "-"), [
        f"beside git gc: {each}" for each in wrong
    ]


def here(folder: Path, quick: bool) -> tuple[list[Sequence[object]], list[str]]:
    """All of it, in this namespace."""
    proof = Proof(folder)
    try:
        found = [*all_harms(proof, quick), full_disk(proof, quick), beside_housekeeping(proof, 12 if quick else 200)]
    finally:
        proof.close()
    return [row for row, _ in found], [line for _, wrong in found for line in wrong]


def prove(scale: Scale) -> Table:
    """Harms of each kind, a disk at many levels, and steps beside housekeeping."""
    command = [*NAMESPACE, sys.executable, "-m", "tests.proof.mishaps", str(scale.folder / "mishaps")]
    done = subprocess.run([*command, *(() if scale.long else ("--short",))], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows, broken = json.loads(done.stdout)
    return Table("Mishaps: what befell a repository, and what came of a fix in it", HEADS, rows, broken)


if __name__ == "__main__":
    json.dump(here(Path(sys.argv[1]), "--short" in sys.argv), sys.stdout)
