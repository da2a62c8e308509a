"""Runs gitgen in a process that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.proof import STILL
from tests.proof.cases import KEY

Kill = dict[str, Any]
"""Where to kill whom, as tests/proof/dying.py takes it."""


class Dying:
    """A process that runs gitgen in forked children, and kills them (tests/proof/dying.py)."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.dying"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, cwd: Path, args: Sequence[str], url: str, kill: Kill | None = None, *, answers: bool = False, **more: str
    ) -> dict[str, Any]:
        environ = {name: os.environ[name] for name in ("HOME", "XDG_CACHE_HOME")} | STILL | more
        environ |= {"GITGEN_BASE_URL": url, "GITGEN_API_KEY": KEY, "GITGEN_MODEL": "scripted"}
        assert self._process.stdin is not None and self._process.stdout is not None
        order = {"args": list(args), "cwd": str(cwd), "environ": environ, "kill": kill, "answers": answers}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()
