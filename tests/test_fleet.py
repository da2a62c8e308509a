"""`gitgen fleet` through the installed command: real repositories with remotes of their own, one change in all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.clusters import cluster
from tests.conftest import HELLO, ROOT, Gitgen, Ran, git, write
from tests.forge.github import GitHub, github
from tests.replies import FRENCH, MISFIT, diff
from tests.screen import Screen
from tests.scripted import Answer, Endpoint, says

CHANGE = "Greet in French"
BRANCH = "gitgen/greet-in-french"
NAMES = ("api", "web", "docs")


class Talking(Endpoint):
    """Answers by the repository that a request is about, each of which has its name in its README."""

    def __init__(self) -> None:
        super().__init__(())
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[str] = []

    def next(self, request: dict[str, Any]) -> Answer | None:
        said = json.dumps(request["messages"])
        name = next(name for name in NAMES if f"I am {name}." in said)
        self.asked.append(name)
        left = self.answers.get(name)
        return left.pop(0) if left else says(FRENCH)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Talking]:
    running = Talking()
    running.start()
    monkeypatch.setenv("GITGEN_BASE_URL", running.base_url)
    monkeypatch.setenv("GITGEN_MODEL", "scripted")
    yield running
    running.stop()


@dataclass(frozen=True)
class Fleet:
    """Repositories, each with a bare remote, and the file that lists them."""

    folder: Path
    gitgen: Gitgen

    def run(self, *args: str, **environ: str) -> Ran:
        return self.gitgen("fleet", "list.txt", "-m", CHANGE, *args, cwd=self.folder, **environ)

    def states(self, *args: str) -> dict[str, str]:
        """The state of each repository, by its name."""
        ran = self.run("--json", *args)
        return {Path(one["folder"]).name: one["state"] for one in json.loads(ran.out)}

    def list(self, *names: str) -> None:
        (self.folder / "list.txt").write_text("# ours\n\n" + "".join(f"{name}\n" for name in names))

    def published(self, name: str) -> str:
        """The commit that the remote of a repository has for the session, if any."""
        return git(
            self.folder, "-C", f"remotes/{name}.git", "for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}"
        )


@pytest.fixture
def fleet(tmp_path: Path, gitgen: Gitgen) -> Fleet:
    folder = tmp_path / "fleet"
    for name in NAMES:
        here = folder / name
        here.mkdir(parents=True)
        git(here, "init", "-q")
        write(here, {"hello.py": HELLO, "README.md": f"I am {name}.\n"})
        git(here, "add", "-A")
        git(here, "commit", "-qm", "Say hello")
        git(folder, "clone", "-q", "--bare", name, f"remotes/{name}.git")
        git(here, "remote", "add", "origin", f"../remotes/{name}.git")
    running = Fleet(folder, gitgen)
    running.list(*NAMES)
    return running


def test_the_change_is_made_and_pushed_in_each(fleet: Fleet, model: Talking) -> None:
    write(fleet.folder / "web", {"hello.py": "# being edited\n", "new": "untracked\n"})
    ran = fleet.run()
    assert ran.code == 0, ran.err
    assert sorted(line.split()[:3] for line in ran.out.splitlines()) == [
        [name, "published", "120"] for name in sorted(NAMES)
    ]
    assert f"{BRANCH}: 3 published; 360 tokens" in ran.err
    assert sorted(model.asked) == sorted(NAMES)
    for name in NAMES:
        assert fleet.published(name) == git(fleet.folder / name, "rev-parse", BRANCH)
        assert "Bonjour" in git(fleet.folder / name, "show", f"{BRANCH}:hello.py")
        assert git(fleet.folder / name, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert (fleet.folder / "web" / "hello.py").read_text() == "# being edited\n"
    assert git(fleet.folder / "web", "status", "--porcelain") == " M hello.py\n?? new"


def test_what_has_ended_is_not_asked_for_again(fleet: Fleet, model: Talking) -> None:
    fleet.run()
    before = [fleet.published(name) for name in NAMES]
    assert set(fleet.states().values()) == {"published"}
    assert len(model.asked) == 3 and before == [fleet.published(name) for name in NAMES]


def test_only_what_failed_is_asked_again(fleet: Fleet, model: Talking) -> None:
    model.answers["web"] = [says(MISFIT)]
    ran = fleet.run("--rounds", "0")
    assert ran.code == 1 and "1 of 3 repositories failed" in ran.err
    assert "web   rejected" in ran.out and "  error: The reply was rejected" in ran.out
    assert fleet.published("api") and fleet.published("docs") and not fleet.published("web")
    ran = fleet.run()
    assert ran.code == 0, ran.err
    assert model.asked.count("web") == 2 and len(model.asked) == 4 and fleet.published("web")
    assert fleet.gitgen("verify", BRANCH, cwd=fleet.folder / "web").code == 0


def test_a_killed_run_is_gone_on_with_and_nothing_is_paid_twice(fleet: Fleet, model: Talking) -> None:
    killed: list[subprocess.Popen[bytes]] = []
    model.answers["web"] = [says(FRENCH, between=lambda: killed[0].kill())]
    command = [sys.executable, "-m", "gitgen", "fleet", "list.txt", "-m", CHANGE, "--jobs", "1"]
    killed.append(subprocess.Popen(command, cwd=fleet.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}))
    assert killed[0].wait() == -signal.SIGKILL
    assert model.asked == ["api", "web"] and fleet.published("api")
    assert fleet.states("--dry-run") == {"api": "published", "web": "interrupted", "docs": "new"}
    ran = fleet.run()
    assert ran.code == 0, ran.err
    assert sorted(model.asked) == ["api", "docs", "web", "web"]
    assert all(fleet.published(name) for name in NAMES)


def test_ctrl_c_keeps_what_has_arrived(fleet: Fleet, model: Talking) -> None:
    running: list[subprocess.Popen[str]] = []
    model.answers["api"] = [says(FRENCH, midway=lambda: running[0].send_signal(signal.SIGINT), cut=True)]
    running.append(
        subprocess.Popen(
            [sys.executable, "-m", "gitgen", "fleet", "list.txt", "-m", CHANGE, "--jobs", "1"],
            cwd=fleet.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    _, err = running[0].communicate(timeout=60)
    assert running[0].returncode == 130 and err.endswith("hint: the same command again goes on\n")
    assert fleet.run().code == 0
    assert all(fleet.published(name) for name in NAMES)


def test_a_dry_run_asks_and_changes_nothing(fleet: Fleet, model: Talking) -> None:
    fleet.list("api", "remotes/web.git", f"file://{fleet.folder}/remotes/docs.git")
    before = git(fleet.folder / "api", "for-each-ref", "refs/heads", "refs/gitgen")
    ran = fleet.run("--dry-run")
    assert ran.code == 0, ran.err
    assert f"{BRANCH}: 3 new; 0 tokens" in ran.err and model.asked == []
    assert not (fleet.folder / "list").exists()
    assert git(fleet.folder / "api", "for-each-ref", "refs/heads", "refs/gitgen") == before


def test_what_is_elsewhere_is_cloned_and_gone_on_with_from_another_clone(fleet: Fleet, model: Talking) -> None:
    fleet.list("remotes/api.git", f"file://{fleet.folder}/remotes/web.git")
    model.answers["web"] = [says(MISFIT)]
    assert fleet.run("--rounds", "0").code == 1
    (clone,) = fleet.folder.glob("list/**/web")
    git(clone, "push", "-q", "origin", BRANCH)
    assert set(fleet.states("--dry-run", "--clones", "elsewhere").values()) == {"interrupted"}
    ran = fleet.run("--clones", "elsewhere")
    assert ran.code == 0, ran.err
    assert sorted(model.asked) == ["api", "web", "web"] and fleet.published("web")


def test_the_newest_commit_of_the_remote_is_what_a_session_begins_from(fleet: Fleet, model: Talking) -> None:
    git(fleet.folder, "clone", "-q", "remotes/api.git", "other")
    write(fleet.folder / "other", {"news": "new\n"})
    git(fleet.folder / "other", "add", "-A")
    git(fleet.folder / "other", "commit", "-qm", "Tell the news")
    git(fleet.folder / "other", "push", "-q")
    git(fleet.folder / "api", "switch", "-qc", "topic")
    assert fleet.run().code == 0
    assert git(fleet.folder / "api", "show", f"{BRANCH}:news") == "new"


def test_what_the_test_does_not_pass_is_not_pushed(fleet: Fleet, model: Talking) -> None:
    again = diff("hello.py", "    return 'Bonjour ' + name", "    return 'Salut ' + name", "Say it shorter")
    model.answers["web"] = [says(FRENCH), says(again)]
    model.answers["docs"] = [says(FRENCH), says(FRENCH)]
    test = ("--sandbox", "none", "--rounds", "1", "--test", "grep -q 'I am api' README.md || grep -q Salut hello.py")
    ran = fleet.run(*test)
    assert ran.code == 1 and fleet.published("api") and fleet.published("web") and not fleet.published("docs")
    assert "docs  " in ran.out and "1 of 3 repositories failed" in ran.err


def test_a_change_that_changes_nothing_is_not_offered(fleet: Fleet, model: Talking) -> None:
    model.answers["docs"] = [says(f"hello.py\n```python\n{HELLO}```\n")]
    ran = fleet.run()
    assert ran.code == 0, ran.err
    assert fleet.states() == {"api": "published", "web": "published", "docs": "unchanged"}
    assert not fleet.published("docs") and len(model.asked) == 3


def test_a_model_may_say_that_a_repository_is_not_concerned(fleet: Fleet, model: Talking) -> None:
    model.answers["docs"] = [says("Declined: Nobody is greeted here.\n")]
    ran = fleet.run("--sandbox", "none", "--test", "grep -q Bonjour hello.py")
    assert ran.code == 0, ran.out
    assert "docs  unchanged      120  Nobody is greeted here." in ran.out
    assert len(model.asked) == 3 and not fleet.published("docs")
    log = git(fleet.folder / "docs", "log", "-1", "--format=%B", BRANCH)
    assert "Gitgen-Status: no-change" in log and "Gitgen-Exit-Code" not in log
    assert fleet.gitgen("verify", BRANCH, cwd=fleet.folder / "docs").code == 0


def test_sessions_can_be_looked_at_before_they_are_pushed(fleet: Fleet, model: Talking) -> None:
    git(fleet.folder / "docs", "remote", "remove", "origin")
    assert fleet.run("--no-push").code == 0
    assert set(fleet.states("--no-push").values()) == {"finished"} and not fleet.published("api")
    ran = fleet.run()
    assert ran.code == 1 and "The repository has no remote" in ran.out
    assert fleet.published("api") and fleet.published("web") and len(model.asked) == 3


def test_one_that_is_wrong_does_not_hold_up_the_others(fleet: Fleet, model: Talking) -> None:
    fleet.list("api", "gone", "file:///no/such/place.git")
    ran = fleet.run("--json")
    assert ran.code == 1 and "2 of 3 repositories failed" in ran.err
    api, gone, place = json.loads(ran.out)
    assert (api["state"], api["error"], api["total_tokens"]) == ("published", None, 120)
    assert api["commit"] == fleet.published("api") and api["branch"] == BRANCH
    assert gone["state"] == "new" and "There is no folder" in gone["error"] and gone["hint"]
    assert "place.git" in place["error"] and model.asked == ["api"]


def test_a_session_of_another_change_is_left_alone(fleet: Fleet, model: Talking) -> None:
    fleet.list("api")
    assert fleet.run("--name", "x").code == 0
    tip = git(fleet.folder / "api", "rev-parse", "gitgen/x")
    ran = fleet.gitgen("fleet", "list.txt", "-m", "Greet in Italian", "--name", "x", cwd=fleet.folder)
    assert ran.code == 1 and "gitgen/x is about another change: Greet in French" in ran.out
    assert "hint: --name OTHER" in ran.out and len(model.asked) == 1
    assert git(fleet.folder / "api", "rev-parse", "gitgen/x") == tip


def test_the_budget_holds_over_all_and_over_all_runs(fleet: Fleet, model: Talking) -> None:
    for name in NAMES:
        model.answers[name] = [says(FRENCH, usage=(4000, 1000))]
    ran = fleet.run("--max-tokens", "9000", "--jobs", "1")
    assert ran.code == 1 and len(model.asked) == 1, ran.out
    assert "would bring the fleet to" in ran.out and "(5000 spent, " in ran.out and "The budget is used up" in ran.out
    assert git(fleet.folder / "docs", "for-each-ref", "refs/heads/gitgen", "refs/gitgen") == ""
    ran = fleet.run("--max-tokens", "9000")
    assert ran.code == 1 and len(model.asked) == 1
    ran = fleet.run("--max-tokens", "30000")
    assert ran.code == 0, ran.out
    assert len(model.asked) == 3 and all(fleet.published(name) for name in NAMES)


def test_a_folder_that_cannot_be_made_fails_alone(fleet: Fleet, model: Talking) -> None:
    fleet.list("api", "remotes/web.git")
    (fleet.folder / "list").write_text("in the way\n")
    ran = fleet.run()
    assert ran.code == 1 and "Not a directory" in ran.out and fleet.published("api")


def test_a_limit_of_costs_without_a_price_ends_before_anything_is_cloned(fleet: Fleet, model: Talking) -> None:
    fleet.list("remotes/api.git")
    ran = fleet.run("--max-cost", "1")
    assert ran.code == 1 and "The price of scripted is not known" in ran.err
    assert model.asked == [] and not (fleet.folder / "list").exists()


@pytest.mark.parametrize(
    ("text", "args", "error"),
    [
        ("", (), "list.txt is empty"),
        ("# none\n", (), "The list names no repository"),
        ("https://example.org/../../etc\n", (), "is no address of a repository"),
        ("api\n", ("--name", "../x"), "cannot be the name of a session"),
        ("api\n", ("--model", "replay:main"), "A fleet asks a model"),
    ],
)
def test_bad_input_ends_before_anything_is_asked(
    fleet: Fleet, model: Talking, text: str, args: tuple[str, ...], error: str
) -> None:
    (fleet.folder / "list.txt").write_text(text)
    ran = fleet.run(*args, GITGEN_BASE_URL="" if "--model" in args else model.base_url)
    assert ran.code == 1 and error in ran.err and "hint: " in ran.err and model.asked == []


def test_the_list_can_come_from_a_pipe(fleet: Fleet, model: Talking) -> None:
    ran = fleet.gitgen("fleet", "-", "-m", CHANGE, cwd=fleet.folder, stdin="api\n")
    assert ran.code == 2 and "--clones" in ran.err
    ran = fleet.gitgen("fleet", "-", "-m", CHANGE, "--clones", "x", cwd=fleet.folder, stdin="api\n./api\n")
    assert ran.code == 0 and model.asked == ["api"]


@pytest.fixture
def forge(fleet: Fleet, tmp_path: Path) -> Iterator[GitHub]:
    git(fleet.folder / "api", "remote", "remove", "origin")
    with github(tmp_path / "forge", fleet.folder / "api") as running:
        yield running


def test_each_change_is_offered_as_a_draft_once(fleet: Fleet, model: Talking, forge: GitHub, sealed: Path) -> None:
    git(fleet.folder, "config", "--global", "gitgen.forge", "github")
    fleet.list(f"{forge.url}/ada/hello.git", "web")
    git(fleet.folder / "web", "config", "gitgen.forge", "none")
    known = {"GITHUB_TOKEN": "token-of-ada", "GITHUB_SERVER_URL": forge.url}
    ran = fleet.run()
    assert ran.code == 1 and "There is no token for" in ran.out and model.asked == ["web"]
    ran = fleet.run("--label", "ai", **known)
    assert ran.code == 0, ran.out
    (pull,) = forge.pulls
    assert (pull.title, pull.head, pull.base, pull.draft, pull.labels) == (CHANGE, BRANCH, "main", True, ["ai"])
    assert f"{forge.url}/ada/hello/pull/1" in ran.out and "token-of-ada" not in ran.out + ran.err
    assert (fleet.folder / "list" / forge.url.removeprefix("http://").replace(":", "-") / "ada" / "hello").is_dir()
    pull.open = False
    git(forge.bare, "branch", "-D", BRANCH)
    assert fleet.run(**known).code == 0
    assert f"{forge.url}/ada/hello/pull/1" in fleet.run("--dry-run", **known).out
    assert len(forge.pulls) == 1 and not forge.sha(BRANCH) and model.asked == ["web", "api"]
    grep = subprocess.run(["grep", "-r", "token-of-ada", str(fleet.folder)], capture_output=True)
    assert grep.returncode == 1


def test_the_workflow_does_the_same_a_job_for_each(fleet: Fleet, model: Talking, tmp_path: Path) -> None:
    """Run as runners would: the first job's output is the second's matrix, and each has a folder of its own."""
    jobs = YAML(typ="safe").load(ROOT / "examples" / "fleet.yml")["jobs"]
    fleet.list(*(f"file://{fleet.folder}/remotes/{name}.git" for name in NAMES))
    (fleet.folder / "list.txt").rename(fleet.folder / "repositories.txt")
    around = {**os.environ, "GITHUB_OUTPUT": str(tmp_path / "output")}
    subprocess.run(["bash", "-e", "-c", jobs["list"]["steps"][-1]["run"]], cwd=fleet.folder, env=around, check=True)
    name, _, value = (tmp_path / "output").read_text().partition("=")
    assert (name, len(json.loads(value))) == ("repositories", 3)
    step = jobs["change"]["steps"][-1]
    shim = f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m gitgen "$@"\n'
    for _ in range(2):
        for number, repository in enumerate(json.loads(value)):
            runner = tmp_path / f"runner{number}-{len(model.asked)}"
            write(runner, {"gitgen/bin/gitgen": shim})
            (runner / "gitgen" / "bin" / "gitgen").chmod(0o755)
            inputs = {"RUNNER_TEMP": str(runner), "REPOSITORY": repository, "CHANGE": CHANGE, "NAME": "x", "TEST": ""}
            assert set(inputs) - {"RUNNER_TEMP"} < set(step["env"])
            person = {key: "robot" for key in step["env"] if key.startswith("GIT_")}
            environ = {**os.environ, **inputs, **person}
            done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=runner, env=environ, capture_output=True)
            assert done.returncode == 0, done.stderr
    assert sorted(model.asked) == sorted(NAMES)
    authors = "for-each-ref", "--format=%(authorname)", "refs/heads/gitgen/x"
    assert all(git(fleet.folder, "-C", f"remotes/{name}.git", *authors) == "robot" for name in NAMES)


def test_the_workers_of_a_cluster_do_it_and_the_repository_of_one_that_dies(fleet: Fleet, model: Talking) -> None:
    fleet.list(*(f"file://{fleet.folder}/remotes/{name}.git" for name in NAMES))
    with cluster(2) as running:
        both = threading.Barrier(2, lambda: running.workers[0].kill())
        for name in ("api", "web"):
            model.answers[name] = [says(FRENCH, between=lambda: both.wait(60) and None)]
        ran = fleet.run("--dask", running.address, "--clones", "clones")
    assert ran.code == 0, ran.out + ran.err
    assert f"{BRANCH}: 3 published; 360 tokens" in ran.err and all(fleet.published(name) for name in NAMES)
    assert len(model.asked) == 4  # What the dead worker had asked for had not been answered.


@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        ((), 2, "--dask needs --clones"),
        (("--clones", "x", "--max-tokens", "5"), 2, "--max-tokens does not go with --dask"),
        (("--clones", "x"), 1, "api is no URL"),
    ],
)
def test_what_a_cluster_cannot_do_is_told(
    fleet: Fleet, model: Talking, args: tuple[str, ...], code: int, error: str
) -> None:
    ran = fleet.run("--dask", "tcp://127.0.0.1:9", *args)
    assert (ran.code, model.asked) == (code, []) and error in ran.err


def test_a_terminal_shows_what_each_is_at_and_how_far_all_are(fleet: Fleet, model: Talking) -> None:
    seen = threading.Event()
    model.answers["web"] = [says(FRENCH, between=lambda: seen.wait(60) and None)]
    screen = Screen(fleet.folder, model, "fleet", "list.txt", "-m", CHANGE, "--jobs", "1")
    screen.until("web  asking scripted")
    screen.until("1 of 3 done")
    seen.set()
    shown = screen.end()
    assert screen.child.returncode == 0, shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
