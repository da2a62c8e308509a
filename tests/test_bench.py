"""`gitgen bench`: tasks times models, each run a branch that is paid for once, and what came of them."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.bench import tasks
from gitgen.bench.runs import Run
from gitgen.bench.statistics import two_sided, wilson
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.repository import Repository
from tests.boxed import needs_bubblewrap
from tests.clusters import Cluster, cluster
from tests.conftest import ROOT, Gitgen, git, write
from tests.scripted import Answer, Endpoint, says
from tests.test_exercism import PYTHON

CHECK = 'test "$(python3 hello.py)" = hi\n'


class Counting(Endpoint):
    """Writes the right program, or as the model `bad` a wrong one; counts what each run has asked."""

    def __init__(self) -> None:
        super().__init__((), ("good", "bad"))
        self.asked: Counter[tuple[str, str, str]] = Counter()
        self.before: Callable[[str, int], None] = lambda task, times: None
        """Called with the task of a request, and with how many its run has asked so far."""

    def next(self, request: dict[str, Any]) -> Answer | None:
        said = json.dumps(request["messages"])
        task = next(name for name in ("one", "two", "three", "four") if f"Say hi, {name}." in said)
        self.asked[task, request["model"], said] += 1
        self.before(task, sum(count for key, count in self.asked.items() if key[:2] == (task, request["model"])))
        word = "no" if request["model"] == "bad" else "hi"
        # The second request of a run shows the program alone: it tells the task too.
        return says(f"hello.py\n```python\n# Say hi, {task}.\nprint('{word}')\n```\n")

    @property
    def total(self) -> int:
        return self.asked.total()


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counting]:
    running = Counting()
    running.start()
    monkeypatch.setenv("GITGEN_BASE_URL", running.base_url)
    monkeypatch.setenv("GITGEN_MODEL", "good")
    yield running
    running.stop()


@pytest.fixture
def suite(folder: Path) -> Path:
    for name in ("one", "two", "three"):
        write(folder / "suite" / name, {"prompt": f"Say hi, {name}.\n", "check": CHECK})
    write(folder / "suite" / "four", {"prompt": "Say hi, four.\n", "check": CHECK, "files/hello.py": "print('old')\n"})
    return folder / "suite"


def results(suite: Path) -> Path:
    return suite.parent / "suite-results.git"


def states(out: str) -> list[tuple[str, str, str]]:
    return [(run["task"], run["model"], run["state"]) for run in json.loads(out)["runs"]]


@needs_bubblewrap
def test_each_task_is_done_by_each_model_and_checked(suite: Path, model: Counting, gitgen: Gitgen) -> None:
    ran = gitgen("bench", "suite", "--model", "good,bad", "--json")
    assert ran.code == 0, ran.err
    names = ("four", "one", "three", "two")
    assert states(ran.out) == [
        (name, which, state) for name in names for which, state in (("bad", "failed"), ("good", "passed"))
    ]
    bad, good = json.loads(ran.out)["rows"]
    assert (bad["model"], bad["passed"], good["passed"], good["checked"]) == ("bad", 0, 4, 4)
    assert good["interval"] == [0.5101, 1.0]
    branches = git(results(suite), "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()
    assert len(branches) == 8 and "gitgen/four.benchmark.good.1" in branches
    assert git(results(suite), "show", "gitgen/four.benchmark.good.1:hello.py") == "# Say hi, four.\nprint('hi')"


@needs_bubblewrap
def test_a_run_that_has_ended_is_never_paid_again(suite: Path, model: Counting, gitgen: Gitgen) -> None:
    first = gitgen("bench", "suite", "--json")
    paid = model.total
    again = gitgen("bench", "suite", "--json")
    assert (again.code, again.out, model.total) == (0, first.out, paid)
    more = gitgen("bench", "suite", "--repeat", "2", "--json")
    assert len(states(more.out)) == 8 and model.total == 2 * paid


@needs_bubblewrap
def test_after_ctrl_c_the_same_command_goes_on(suite: Path, model: Counting, gitgen: Gitgen) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gitgen", "bench", "suite", "--jobs", "1"],
        cwd=suite.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )

    def interrupt(task: str, times: int) -> None:
        if task == "three" and times == 2:
            model.before = lambda task, times: None
            process.send_signal(signal.SIGINT)
            process.wait(30)

    model.before = interrupt
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "what has arrived is kept" in err
    ran = gitgen("bench", "suite", "--json")
    assert ran.code == 0, ran.err
    assert {state for _, _, state in states(ran.out)} == {"passed"}
    # Only the request that was not answered is asked again.
    assert sorted(count for count in model.asked.values() if count > 1) == [2]
    assert [key[0] for key, count in model.asked.items() if count > 1] == ["three"]


@needs_bubblewrap
def test_the_page_links_to_the_page_of_each_run(suite: Path, model: Counting, gitgen: Gitgen) -> None:
    ran = gitgen("bench", "suite", "--model", "good,bad", "--task", "o*", "--html", "b.html", "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert [(row["model"], row["state"], row["cost"]) for row in rows] == [
        ("bad", "failed", ""),
        ("good", "passed", ""),
    ]
    page = (suite.parent / "b.html").read_text()
    for row in rows:
        link = f"b-runs/{row['branch'].removeprefix('gitgen/')}.html"
        assert f'href="{link}"' in page
        assert "Say hi, one." in (suite.parent / link).read_text()
    assert "100% (1 of 1), 21% to 100%" in page


@needs_bubblewrap
def test_compare_tells_a_difference_only_beyond_noise(suite: Path, model: Counting, gitgen: Gitgen) -> None:
    gitgen("bench", "suite", "--model", "good,bad", "--repeat", "2")
    sides = ("model=good", "model=bad", "--results", str(results(suite)))
    ran = gitgen("bench", "compare", *sides)
    assert "8 pairs of runs, 8 of them checked on both sides" in ran.out
    assert "A alone 8, B alone 0: A passes more often (McNemar's exact test, p = 0.00781)" in ran.out
    assert "no difference beyond noise (sign test, p = 1)" in ran.out
    few = gitgen("bench", "compare", *(f"{side},repeat=1" if "=" in side else side for side in sides))
    assert "no difference beyond noise (McNemar's exact test, p = 0.125)" in few.out
    assert json.loads(gitgen("bench", "compare", *sides, "--json").out)["passed_alone"] == [8, 0]


def test_a_dry_run_asks_nothing(suite: Path, model: Counting, gitgen: Gitgen) -> None:
    ran = gitgen("bench", "suite", "--dry-run", "--repeat", "3")
    assert "12 of 12 runs are to be done" in ran.err
    assert model.total == 0


def test_exercises_are_imported_as_tasks(folder: Path, gitgen: Gitgen) -> None:
    config = {"files": {"solution": ["two_sums.py"], "test": ["two_sums_test.py"], "example": []}}
    write(folder / "two-sums", {**PYTHON, ".meta/config.json": json.dumps(config)})
    ran = gitgen("bench", "import", "two-sums", "--to", "tasks")
    assert (ran.code, ran.out) == (0, "tasks/two-sums\n"), ran.err
    assert "1 of 1 runs" in gitgen("bench", "tasks", "--model", "good", "--dry-run").err
    assert "was there" in gitgen("bench", "import", "two-sums", "--to", "tasks").out


@needs_bubblewrap
def test_a_killed_worker_loses_nothing_that_it_has_pushed(
    suite: Path, model: Counting, gitgen: Gitgen, tmp_path: Path
) -> None:
    remote = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    with cluster(2) as running:

        def kill(task: str, times: int) -> None:
            if task == "three" and times == 2:
                model.before = lambda task, times: None
                at_work(running, "refs/gitgen/progress/three.benchmark.good.1").kill()

        model.before = kill
        ran = gitgen("bench", "suite", "--dask", running.address, "--remote", str(remote), "--json")
        assert ran.code == 0, ran.err
        assert sorted(worker.poll() is None for worker in running.workers) == [False, True]
    assert sorted(states(ran.out)) == [(name, "good", "passed") for name in ("four", "one", "three", "two")]
    asked_twice = [key for key, count in model.asked.items() if count > 1]
    # Its first reply stood on the remote; the second request is asked again, for its worker died over it.
    assert [key[0] for key in asked_twice] == ["three"] and model.asked[asked_twice[0]] == 2
    assert sorted(git(remote, "for-each-ref", "--format=%(objectname)", "refs/heads").split()) == sorted(
        git(results(suite), "for-each-ref", "--format=%(objectname)", "refs/heads").split()
    )
    paid = model.total
    other = gitgen("bench", "suite", "--remote", str(remote), "--results", "other.git", "--json")
    assert (other.code, other.out, model.total) == (0, ran.out, paid)


def at_work(running: Cluster, ref: str) -> subprocess.Popen[bytes]:
    """The worker whose own clone has a ref."""
    for folder, worker in zip(running.folders, running.workers, strict=True):
        clones = {head.parent for head in folder.rglob("bench-*.git/HEAD")}
        if any(git(clone, "for-each-ref", ref) for clone in clones):
            return worker
    raise AssertionError(f"no worker has {ref}")


def test_a_task_that_has_changed_is_another_task(suite: Path) -> None:
    Git(suite).run("init", "-q", "--bare", "r.git")
    repository = Repository(Git(suite / "r.git"), None)
    kept = tasks.keep(repository, suite / "one")
    assert tasks.keep(repository, suite / "one") == kept
    (suite / "one" / "prompt").write_text("Say ho.\n")
    with pytest.raises(GitgenError, match="not as it was"):
        tasks.keep(repository, suite / "one")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"prompt": " \n"}, "is empty"),
        ({"prompt": "x", "tests/a.js": "1"}, "nothing runs them"),
    ],
)
def test_a_task_that_cannot_be_run_is_refused(tmp_path: Path, files: dict[str, str | bytes], said: str) -> None:
    write(tmp_path / "task", files)
    with pytest.raises(GitgenError, match=said):
        tasks.read(tmp_path / "task")


def test_models_whose_names_look_alike_have_branches_of_their_own() -> None:
    branches = {Run("t", "c", model, 1, ()).branch for model in ("a/b", "a-b", "a.b", "a:b", "x" * 50, "x" * 51)}
    assert len(branches) == 6


@pytest.mark.parametrize(("one", "other", "p"), [(0, 0, 1), (5, 5, 1), (6, 0, 0.03125), (1, 9, 0.021484375)])
def test_the_exact_test_is_that_of_a_fair_coin(one: int, other: int, p: float) -> None:
    assert two_sided(one, other) == p == two_sided(other, one)


@given(st.integers(0, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_interval_holds_the_rate(counts: tuple[int, int]) -> None:
    passed, total = counts
    low, high = wilson(passed, total)
    assert 0 <= low < high <= 1
    assert not total or low - 1e-9 <= passed / total <= high + 1e-9
