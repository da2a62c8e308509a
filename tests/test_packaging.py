"""What a wheel carries: the texts and tables that gitgen reads when it runs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from gitgen.resources import folder
from tests.conftest import ROOT


def test_a_wheel_carries_all_that_is_read_at_run_time(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    carried = set(zipfile.ZipFile(wheel).namelist())
    preprompts = {f"gitgen/preprompts/{path.name}" for path in (ROOT / "preprompts").iterdir()}
    tables = {f"gitgen/models/{path.name}" for path in (ROOT / "gitgen/models").glob("*.[tg]*")}
    hooks = {f"gitgen/hooks/{path.name}" for path in (ROOT / "hooks").iterdir()}
    templates = {f"gitgen/report/templates/{path.name}" for path in (ROOT / "gitgen/report/templates").iterdir()}
    assert preprompts and tables and hooks and templates
    assert preprompts | tables | hooks | templates | {"gitgen/py.typed"} <= carried
    assert not [name for name in carried if name.startswith("tests/")]


def test_a_checkout_finds_its_folders_beside_the_package() -> None:
    assert folder("preprompts") == ROOT / "preprompts"
