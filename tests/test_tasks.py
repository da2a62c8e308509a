"""The tasks of `benchmarks/tasks`: each check passes for a solution by hand, and fails for a wrong one and for none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gitgen.running import sandbox
from gitgen.running.sandbox import Place
from tests.boxed import needs_bubblewrap
from tests.conftest import ROOT

SUITE, BY_HAND = ROOT / "benchmarks" / "tasks", ROOT / "tests" / "tasks"
TASKS = sorted(path.name for path in SUITE.iterdir() if path.is_dir())
NEEDED = {"javascript": ("node",), "c": ("cc",), "make": ("make", "cc"), "awk": ("awk",)}


def kind_of(task: str) -> str:
    """The language of a task, as its name begins."""
    return task.removeprefix("fix-").partition("-")[0]


def checked(task: str, place: Path, *solution: Path) -> tuple[int, str]:
    """The exit code and the output of a task's check on a solution."""
    place.mkdir()
    for folder in (SUITE / task / "files", *solution, SUITE / task / "tests"):
        if folder.is_dir():
            shutil.copytree(folder, place, dirs_exist_ok=True)
    ran = sandbox.run((SUITE / task / "check").read_text(), Place(place, place))
    return ran.exit_code, ran.output


@needs_bubblewrap
@pytest.mark.parametrize("task", TASKS)
def test_a_check_tells_right_from_wrong_and_from_nothing(task: str, tmp_path: Path) -> None:
    if missing := [tool for tool in NEEDED.get(kind_of(task), ()) if not shutil.which(tool)]:
        pytest.skip(f"needs {missing[0]}")
    code, output = checked(task, tmp_path / "right", BY_HAND / task / "right")
    assert code == 0, output
    assert checked(task, tmp_path / "wrong", BY_HAND / task / "wrong")[0] != 0
    assert checked(task, tmp_path / "nothing")[0] != 0


def test_the_suite_has_tasks_of_both_kinds_in_several_languages() -> None:
    fixes = [task for task in TASKS if (SUITE / task / "files").is_dir()]
    assert len(TASKS) >= 15 and len(fixes) >= 5
    assert {task for task in TASKS if task.startswith("fix-")} == set(fixes)
    assert len({kind_of(task) for task in TASKS}) >= 6


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_what_a_task_needs(task: str) -> None:
    folder = SUITE / task
    assert (folder / "prompt").read_text().strip()
    assert (folder / "check").stat().st_mode & 0o111
    known = {"prompt", "check", "files", "tests"}
    assert all(path.name in known or path.name.startswith("feedback-") for path in folder.iterdir())
