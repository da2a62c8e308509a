"""The README's transcript is what gitgen prints: replayed from the recorded session (examples/record.sh)."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

from tests.conftest import ROOT, Gitgen, git

TRANSCRIPT = re.search(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
RECORDED = ROOT / "examples/greet/recorded"


def masked(text: str) -> str:
    """A text without the ids of commits, which hold the time."""
    return re.sub(r"^[0-9a-f]{10}\b", "0123456789", text, flags=re.MULTILINE)


def test_the_transcript_is_true(gitgen: Gitgen, tmp_path: Path) -> None:
    assert TRANSCRIPT is not None
    shown, printed, here = TRANSCRIPT.group(1), "", tmp_path
    # An unborn repository with the recording in it: `new` fills it as it would fill an empty folder.
    git(tmp_path, "init", "-q", "greet")
    git(tmp_path / "greet", "fast-import", "--quiet", stdin=RECORDED.read_text())
    for line in shown.splitlines():
        if not line.startswith("$ "):
            continue
        printed += line + "\n"
        command = shlex.split(line.removeprefix("$ "))
        if command[0] == "cd":
            here = here / command[1]
        elif command[0] == "gitgen":
            ran = gitgen(*command[1:], cwd=here, GITGEN_MODEL="replay:gitgen/recorded")
            assert ran.code == 0, ran.err
            printed += ran.out
        else:
            printed += subprocess.run(command, cwd=here, capture_output=True, text=True, env=os.environ).stdout
    assert masked(printed) == masked(shown)
