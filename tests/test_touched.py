"""What a session has touched has a place in what the next step shows."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from gitgen import showing
from gitgen.git import Git
from gitgen.repository import Repository
from gitgen.session import Run
from gitgen.state.log import load
from gitgen.touched import CHANGED, SHOWN, touched
from tests.conftest import Gitgen, git, write
from tests.replies import FRENCH
from tests.scripted import endpoint, says
from tests.worlds import BRANCH, started
from tests.worlds import world as make_world


@pytest.fixture
def worked_on(folder: Path) -> Repository:
    """A repository too large to be shown whole, with a session that showed long.py and README.md, changed hello.py."""
    files: dict[str, str | bytes] = {f"part/file{number}.py": f"value = {number}\n" * 200 for number in range(160)}
    write(folder, {**files, "poetry.lock": "value = 1\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Grow")
    repository = Repository(Git(folder), folder)
    with endpoint(says(FRENCH)) as scripted:
        here = partial(make_world, repository)(scripted)
        inputs = {"feedback": "greet in French", "files": ["hello.py", "README.md"]}
        assert Run.start(here, BRANCH, started(here), "fix", inputs).run().status == "ok"
    return repository


def on(repository: Repository) -> dict[str, str]:
    session = load(repository, BRANCH)
    assert session is not None
    return touched(repository, session)


def selection(repository: Repository, query: str, budget: int = 2000) -> dict[str, tuple[str, ...]]:
    tree, tip = repository.tree(BRANCH), repository.tip(BRANCH) or ""
    chosen = showing.choose(repository, tree, tip, query, budget, "gpt-4.1", touched=on(repository))
    return {item.part.path: item.why for item in chosen.shown}


def test_it_is_what_was_changed_then_what_was_shown(worked_on: Repository) -> None:
    assert list(on(worked_on).items()) == [("hello.py", CHANGED), ("README.md", SHOWN)]


def test_a_persons_commit_counts_and_the_latest_comes_first(worked_on: Repository) -> None:
    folder = worked_on.top
    assert folder is not None
    git(folder, "switch", "-q", BRANCH)
    write(folder, {"part/file3.py": "value = 0\n"})
    git(folder, "commit", "-qam", "By hand")
    git(folder, "switch", "-q", "main")
    assert list(on(worked_on)) == ["part/file3.py", "hello.py", "README.md"]


def test_what_a_session_has_not_begun_with_is_not_its_own(worked_on: Repository) -> None:
    assert not any(path.startswith(("part/", ".gitgen/")) for path in on(worked_on))


def test_it_comes_after_the_ranking_with_its_reason(worked_on: Repository) -> None:
    found = selection(worked_on, "value 7 is wrong in part/file7.py", budget=6000)
    assert next(iter(found)) == "part/file7.py"
    assert list(found)[-2:] == ["hello.py", "README.md"]
    assert found["hello.py"] == (CHANGED,) and found["README.md"] == (SHOWN,)


def test_a_ranking_that_fills_the_budget_leaves_it_a_place(worked_on: Repository) -> None:
    query = "value is wrong in " + " ".join(f"part/file{n}.py" for n in range(40))
    assert "hello.py" in selection(worked_on, query)


def test_what_ranks_by_itself_keeps_its_place_and_tells_both_reasons(worked_on: Repository) -> None:
    found = selection(worked_on, "bonjour in hello.py")
    assert next(iter(found)) == "hello.py"
    assert found["hello.py"][-1] == CHANGED and "the feedback names it" in found["hello.py"]


def test_a_lock_file_and_a_deleted_file_get_no_place(worked_on: Repository) -> None:
    folder = worked_on.top
    assert folder is not None
    git(folder, "switch", "-q", BRANCH)
    write(folder, {"poetry.lock": "value = 2\n"})
    git(folder, "rm", "-q", "README.md")
    git(folder, "commit", "-qam", "By hand")
    assert {"poetry.lock", "README.md"} <= set(on(worked_on))
    assert not {"poetry.lock", "README.md"} & set(selection(worked_on, "part/file7.py"))


def test_the_next_step_shows_it_to_the_model(worked_on: Repository) -> None:
    with endpoint(says("part/file7.py\n```\nvalue = 8\n```\n")) as scripted:
        here = make_world(worked_on, scripted)
        inputs = {"feedback": "value in part/file7.py", "files": []}
        Run.start(here, BRANCH, worked_on.tip(BRANCH) or "", "fix", inputs).run()
        content = scripted.requests[0]["messages"][-1]["content"]
    assert "hello.py\n```\ndef greet" in content and "part/file7.py\n```\n" in content


def test_gitgen_context_says_so(gitgen: Gitgen, worked_on: Repository) -> None:
    done = gitgen("context", "--json", "--model", "gpt-4.1", "--branch", BRANCH, "part/file7.py")
    assert done.code == 0, done.err
    assert {file["path"]: file["why"] for file in json.loads(done.out)["files"]}["README.md"][-1] == SHOWN
