"""Exercises in Exercism's layout become tasks of a bench, and leave nothing out that they test."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from gitgen.bench.exercism import Imported, import_exercises
from gitgen.errors import GitgenError
from gitgen.running import sandbox
from gitgen.running.sandbox import Place
from tests.boxed import needs_bubblewrap
from tests.conftest import write

TEST = """import unittest

from two_sums import add


class TwoSums(unittest.TestCase):
    def test_it_adds(self):
        self.assertEqual(add(2, 3), 5)
"""
PYTHON: dict[str, str | bytes] = {
    ".docs/instructions.md": "# Instructions\n\nAdd two numbers.\n",
    ".docs/introduction.md": "# Introduction\n\nOf sums.\n",
    ".docs/hints.md": "Use +.\n",
    ".meta/config.json": json.dumps({"files": {"solution": [], "test": [], "example": []}}),
    ".meta/example.py": "def add(a, b):\n    return a + b\n",
    "two_sums.py": "def add(a, b):\n    pass\n",
    "two_sums_test.py": TEST,
    "two_sums_data.txt": "1\n",
    "README.md": "For people.\n",
}
TRACK = {
    "slug": "python",
    "files": {
        "solution": ["%{snake_slug}.py"],
        "test": ["%{snake_slug}_test.py"],
        "example": [".meta/example.py"],
    },
}


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """A track with one exercise to practise, and one for a concept."""
    folder = tmp_path / "track"
    write(folder, {"config.json": json.dumps(TRACK)})
    write(folder / "exercises/practice/two-sums", PYTHON)
    write(folder / "exercises/concept/names", PYTHON)
    return folder


def exercise(folder: Path, suffix: str, test: str, **more: str | bytes) -> Path:
    config = {"files": {"solution": [f"sum{suffix}"], "test": [f"sum_test{suffix}"], "example": []}}
    write(
        folder,
        {
            ".docs/instructions.md": "Add.\n",
            ".meta/config.json": json.dumps(config),
            f"sum{suffix}": "stub\n",
            f"sum_test{suffix}": test,
            **more,
        },
    )
    return folder


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def checked(task: Path, place: Path, **solution: str) -> tuple[int, str]:
    """The exit code and output of a task's check on its files with a solution on top."""
    for part in ("files", "tests"):
        shutil.copytree(task / part, place, dirs_exist_ok=True)
    write(place, {name.replace("__", "."): text for name, text in solution.items()})
    ran = sandbox.run((task / "check").read_text(), Place(place, place))
    return ran.exit_code, ran.output


def test_a_track_becomes_a_task_for_each_exercise_to_practise(track: Path, tmp_path: Path) -> None:
    assert list(import_exercises(track, tmp_path / "tasks")) == [Imported("python-two-sums", True)]
    task = tmp_path / "tasks" / "python-two-sums"
    assert tree(tmp_path / "tasks") == [
        f"python-two-sums/{name}"
        for name in ("check", "files/two_sums.py", "prompt", "tests/two_sums_data.txt", "tests/two_sums_test.py")
    ]
    assert (task / "prompt").read_text() == (
        "# Introduction\n\nOf sums.\n\n# Instructions\n\nAdd two numbers.\n\n"
        "Write this in two_sums.py, with nothing but the language's own library. "
        "Keep the names that it has already.\n"
    )
    assert os.access(task / "check", os.X_OK)


@needs_bubblewrap
def test_the_check_of_a_task_passes_for_a_solution_and_fails_for_the_beginning(track: Path, tmp_path: Path) -> None:
    list(import_exercises(track, tmp_path / "tasks"))
    task = tmp_path / "tasks" / "python-two-sums"
    code, output = checked(task, tmp_path / "right", two_sums__py="def add(a, b):\n    return a + b\n")
    assert code == 0, output
    assert checked(task, tmp_path / "wrong")[0] != 0


@needs_bubblewrap
@pytest.mark.skipif(not (shutil.which("make") and shutil.which("cc")), reason="needs make and cc")
def test_a_check_in_c_runs_the_cases_that_the_exercise_would_leave_out(tmp_path: Path) -> None:
    test = (
        '#include <stdlib.h>\n#include "sum.c"\n#define TEST_IGNORE() exit(0)\n'
        "int main(void) {\n    TEST_IGNORE();\n    return sum(2, 3) == 5 ? 0 : 1;\n}\n"
    )
    makefile = "all: sum_test.c\n\t@cc -o tests sum_test.c && ./tests\n"
    given = exercise(tmp_path / "sum", ".c", test, makefile=makefile)
    assert list(import_exercises(given, tmp_path / "tasks")) == [Imported("sum", True)]
    task = tmp_path / "tasks" / "sum"
    assert checked(task, tmp_path / "right", sum__c="int sum(int a, int b) { return a + b; }\n") == (0, "")
    assert checked(task, tmp_path / "wrong", sum__c="int sum(int a, int b) { return a; }\n")[0] != 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("xtest('a', () => {", "test('a', () => {"),
        ("  xit('a'", "  it('a'"),
        ("xdescribe('b'", "describe('b'"),
        ("test.skip('a'", "test('a'"),
        ("maxtest('a'", "maxtest('a'"),
    ],
)
def test_no_case_of_a_test_in_javascript_is_left_out(tmp_path: Path, before: str, after: str) -> None:
    list(import_exercises(exercise(tmp_path / "sum", ".js", before), tmp_path / "tasks"))
    assert (tmp_path / "tasks/sum/tests/sum_test.js").read_text() == after
    assert (tmp_path / "tasks/sum/check").read_text() == "#!/bin/sh\nnpx --no-install jest sum_test.js\n"


def test_a_test_that_needs_pytest_gets_it(tmp_path: Path) -> None:
    list(import_exercises(exercise(tmp_path / "sum", ".py", "import pytest\n"), tmp_path / "tasks"))
    assert "python3 -m pytest -q sum_test.py" in (tmp_path / "tasks/sum/check").read_text()


def test_another_language_needs_its_command(tmp_path: Path) -> None:
    given = exercise(tmp_path / "my sum", ".zz", "test\n")
    with pytest.raises(GitgenError) as raised:
        list(import_exercises(given, tmp_path / "tasks"))
    assert raised.value.mend.startswith("--check 'CMD {}'")
    assert not (tmp_path / "tasks").exists()
    assert list(import_exercises(given, tmp_path / "tasks", "zz run {}")) == [Imported("my sum", True)]
    assert (tmp_path / "tasks/my sum/check").read_text() == "#!/bin/sh\nzz run sum_test.zz\n"


def test_what_lies_there_already_stays(track: Path, tmp_path: Path) -> None:
    write(tmp_path / "tasks", {"python-two-sums/prompt": "mine"})
    assert list(import_exercises(track, tmp_path / "tasks")) == [Imported("python-two-sums", False)]
    assert tree(tmp_path / "tasks") == ["python-two-sums/prompt"]


def test_an_exercise_that_is_wrong_leaves_no_half_of_a_suite(track: Path, tmp_path: Path) -> None:
    write(track / "exercises/practice/zebra", {**PYTHON, ".meta/config.json": "{"})
    with pytest.raises(GitgenError) as raised:
        list(import_exercises(track, tmp_path / "tasks"))
    assert "zebra" in raised.value.what and not (tmp_path / "tasks").exists()


def test_links_and_paths_that_lead_out_of_an_exercise_bring_nothing_in(track: Path, tmp_path: Path) -> None:
    write(tmp_path, {"secret": "secret"})
    here = track / "exercises/practice/two-sums"
    (here / "link.txt").symlink_to(tmp_path / "secret")
    (here / "linked").symlink_to(tmp_path)
    files = {"solution": ["two_sums.py"], "test": ["two_sums_test.py"], "editor": ["../../../../secret"]}
    write(here, {".meta/config.json": json.dumps({"files": files})})
    list(import_exercises(track, tmp_path / "tasks"))
    assert not any("secret" in path.read_text() for path in (tmp_path / "tasks").rglob("*") if path.is_file())


def test_a_folder_without_exercises_is_told(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(GitgenError, match="There is no exercise"):
            list(import_exercises(folder, tmp_path / "tasks"))
