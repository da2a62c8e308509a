"""Looking at a repository from outside, as its user would after a fault."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import git
from tests.proof.cases import BRANCH


def is_repository(folder: Path) -> bool:
    """Whether git takes what is there for a repository: one that is being made is none yet."""
    command = ["git", "--git-dir", str(folder / ".git"), "rev-parse", "--git-dir"]
    return subprocess.run(command, capture_output=True).returncode == 0


@dataclass(frozen=True)
class State:
    """What a repository holds: its refs, HEAD, index and files; the kept-aside replies left out."""

    refs: str
    head: str
    index: str
    files: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, folder: Path) -> State:
        if not is_repository(folder):
            return cls("", "", "", ())
        refs = git(folder, "for-each-ref", "--format=%(refname) %(objectname)")
        kept = "\n".join(line for line in refs.splitlines() if not line.startswith("refs/gitgen/aside/"))
        paths = (
            Path(top) / name for top, _, names in os.walk(folder) if ".git" not in Path(top).parts for name in names
        )
        files = sorted((str(path.relative_to(folder)), path.read_bytes()) for path in paths)
        return cls(kept, (folder / ".git/HEAD").read_text(), git(folder, "ls-files", "-s"), tuple(files))

    @property
    def begun(self) -> bool:
        return f"refs/heads/{BRANCH} " in self.refs or "refs/gitgen/progress/x " in self.refs


def stored_replies(folder: Path, refs: str) -> int:
    """How many replies stand in Git, on the branch or on the progress ref."""
    newest = next((r for r in ("refs/gitgen/progress/x", f"refs/heads/{BRANCH}") if f"{r} " in refs), None)
    count = 0
    for path in git(folder, "ls-tree", "-r", "--name-only", newest, ".gitgen/x").splitlines() if newest else ():
        if path.endswith(".json"):
            turns = json.loads(git(folder, "show", f"{newest}:{path}"))["turns"]
            count += sum("reply" in turn and turn["usage"]["source"] != "recorded" for turn in turns)
    return count


def all_bytes(folder: Path) -> bytes:
    """Every object of a repository, and every other file of its git directory."""
    objects = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"], cwd=folder, capture_output=True, check=False
    ).stdout
    own = [Path(top) / name for top, _, names in os.walk(folder / ".git") for name in names]
    # A `git init` that was killed leaves the broken link by which it tries whether there can be any.
    return objects + b"".join(path.read_bytes() for path in own if "objects" not in path.parts and path.is_file())


def fsck(root: Path) -> str:
    """What git finds wrong with the objects and refs of a repository."""
    if not is_repository(root):
        return ""
    command = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


_TOLD = re.compile(r"^hint: .*?((?:rm -f \S+\.lock)?(?: && )?(?:git update-ref \S+ [0-9a-f]+)?)(?:;|$)", re.MULTILINE)


def do_as_told(printed: str, root: Path) -> bool:
    """Give the command of a hint about a lock, or about a reply that was kept aside; whether there is one."""
    told = next((found[1] for found in _TOLD.finditer(printed) if found[1]), "")
    if told:
        subprocess.run(told, shell=True, cwd=root, check=True)
    return bool(told)
