"""`gitgen sessions`, `switch`, `rm` and `archive`: what there is, and nothing that is put away is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gitgen.errors import GitgenError
from gitgen.keep import REMOVED, bring_back, put_away
from gitgen.progress import ref_of
from gitgen.record import Chat, Message, Ran, Reply, Text, Turn
from gitgen.repository import Repository
from gitgen.values import Blob
from tests.conftest import Gitgen, git, write
from tests.sessions import BRANCH, Making
from tests.test_cli import imported
from tests.test_new import snapshot

ASKED = Turn({}, (Message("user", (Text("?"),)),), "nothing", Reply("Which colour?", "stop", "m"))


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


def under_way(repository: Repository, branch: str, chat: Chat) -> str:
    """Put a step under way on a session; its commit."""
    tip = repository.tip(branch)
    path = f".{branch}/0099-{chat.step}.json"
    oid = repository.commit(tip, "Under way\n", {path: Blob(chat.to_json().encode())}, repository.tree(tip))
    repository.move(ref_of(branch), oid, None, "test")
    return oid


def listed(gitgen: Gitgen, *args: str) -> dict[str, dict[str, Any]]:
    ran = gitgen("sessions", "--json", *args)
    assert ran.code == 0, ran.err
    return {one["branch"].removeprefix("gitgen/"): one for one in json.loads(ran.out)}


def test_each_session_is_listed_with_its_state(gitgen: Gitgen, repository: Repository) -> None:
    Making(repository, plan="fix", branch="gitgen/done").step()
    Making(repository, branch="gitgen/refused").step(status="rejected")
    Making(repository, branch="gitgen/broken").step(status="partial")
    Making(repository, plan="fix,entrypoint", branch="gitgen/half").step()
    Making(repository, branch="gitgen/failing").step(ran=Ran("false", 1, "", "none", 0.1))
    unanswered = Turn({}, ASKED.messages, "nothing")
    for name, chat in {
        "asking": Chat("clarify", {"assume": False}, (ASKED,)),
        "asked": Chat("clarify", {"assume": False}, (ASKED, unanswered)),
        "assuming": Chat("clarify", {"assume": True}, (ASKED,)),
        "review": Chat("review"),
        "going": Chat("fix", {}, (unanswered,)),
    }.items():
        Making(repository, branch=f"gitgen/{name}").step()
        under_way(repository, f"gitgen/{name}", chat)
    Making(repository, branch="gitgen/odd")
    repository.move(ref_of("gitgen/odd"), repository.tip("main"), None, "test")
    states = {name: one["state"] for name, one in listed(gitgen).items()}
    assert states == {
        "done": "finished",
        "refused": "rejected",
        "broken": "interrupted",
        "half": "interrupted",
        "failing": "failing",
        "asking": "waiting",
        "asked": "interrupted",
        "assuming": "interrupted",
        "review": "waiting",
        "going": "interrupted",
        "odd": "interrupted",
    }


def test_a_session_is_told_with_steps_tokens_last_use_base_and_place(
    gitgen: Gitgen, folder: Path, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(seconds: int) -> None:
        for who in ("COMMITTER", "AUTHOR"):
            monkeypatch.setenv(f"GIT_{who}_DATE", f"{seconds} +0000")
        vars(repository).pop("identity", None)

    at(1700000000)
    made = Making(repository)
    made.step()
    at(1700000100)
    made.step()
    Making(repository, branch="gitgen/other").step()
    at(1700000200)
    under_way(repository, "gitgen/other", Chat("review"))
    git(folder, "switch", "-q", BRANCH)
    git(folder, "worktree", "add", "-q", str(tmp_path / "linked"), "gitgen/other")
    git(folder, "branch", "gitgen/none", "main")
    here = listed(gitgen)["made"]
    assert here == {
        "branch": BRANCH,
        "commit": git(folder, "rev-parse", BRANCH),
        "state": "finished",
        "steps": 2,
        "left": [],
        "time": 1700000100,
        "base": git(folder, "rev-parse", "main"),
        "prompt_tokens": 200,
        "completion_tokens": 40,
        "total_tokens": 240,
        "cached_tokens": 120,
        "worktree": str(folder),
        "ref": None,
    }
    assert listed(gitgen)["other"]["time"] == 1700000200
    ran = gitgen("sessions")
    first, second = ran.out.splitlines()
    assert first.startswith("+ other  waiting        1 step     120  ") and first.endswith(
        f"from main  at {tmp_path}/linked"
    )
    assert second.startswith("* made   finished       2 steps    240  ") and second.endswith("from main")
    assert len(second) <= 80 and ran.err.endswith("not whole in this clone: gitgen/none\n")


def test_no_session_is_a_note(gitgen: Gitgen) -> None:
    ran = gitgen("sessions")
    assert (ran.code, ran.out, ran.err) == (0, "", "there is no session here\n")
    assert gitgen("sessions", "--json", "--removed").out == "[]\n"
    assert gitgen("sessions", "--archived", "--removed").code == 2


def test_switch_checks_a_session_out_and_refuses_as_git_does(
    gitgen: Gitgen, folder: Path, repository: Repository
) -> None:
    Making(repository).step(files={"hello.py": b"print()\n"})
    write(folder, {"README.md": "mine\n"})
    ran = gitgen("switch", "made")
    assert (ran.code, ran.out) == (0, f"on {BRANCH}\n") and "README.md" in ran.err
    assert git(folder, "branch", "--show-current") == BRANCH and (folder / "README.md").read_text() == "mine\n"
    git(folder, "switch", "-q", "main")
    write(folder, {"hello.py": "mine\n"})
    before = snapshot(folder)
    refused = gitgen("switch", "made")
    assert refused.code == 1 and "would be overwritten" in refused.err and "hello.py" in refused.err
    assert snapshot(folder) == before
    assert "main is not a session" in gitgen("switch", "main").err


@pytest.mark.parametrize(("command", "option"), [("rm", "--removed"), ("archive", "--archived")])
def test_what_is_put_away_is_listed_and_comes_back_as_it_was(
    gitgen: Gitgen, folder: Path, repository: Repository, command: str, option: str
) -> None:
    Making(repository).step()
    progress = under_way(repository, BRANCH, Chat("review"))
    before = git(folder, "for-each-ref")
    ran = gitgen(command, "made")
    kept = f"refs/gitgen/{'removed' if command == 'rm' else 'archive'}/made/1"
    assert ran.code == 0 and f"kept as {kept}/branch; back with: gitgen {command} --restore made\n" in ran.out, ran.err
    assert listed(gitgen) == {} and repository.tip(BRANCH) is None
    away = listed(gitgen, option)["made"]
    assert away["ref"] == kept and away["state"] == "waiting" and away["steps"] == 1
    told = json.loads(gitgen(command, "--restore", BRANCH, "--json").out)
    assert told == [{"branch": BRANCH, "commit": away["commit"], "under_way": progress, "ref": kept}]
    assert git(folder, "for-each-ref") == before
    again = gitgen(command, "--restore", "made")
    assert again.code == 1 and f"gitgen sessions {option}" in again.err


def test_of_two_that_were_removed_under_one_name_none_is_lost_and_the_last_comes_back(
    gitgen: Gitgen, folder: Path, repository: Repository
) -> None:
    tips = []
    for feedback in ("One", "Two"):
        tips.append(Making(repository).step(feedback=feedback))
        assert gitgen("rm", "made").code == 0
    assert len(json.loads(gitgen("sessions", "--removed", "--json").out)) == 2
    for tip in tips[::-1]:
        assert gitgen("rm", "--restore", "made").code == 0 and repository.tip(BRANCH) == tip
        git(folder, "branch", "-D", BRANCH)


def test_names_that_would_stand_in_each_others_way_do_not(repository: Repository) -> None:
    for branch in ("gitgen/a/1", "gitgen/a", "gitgen/a%2F1"):
        Making(repository, branch=branch)
        put_away(repository, branch, REMOVED)
    for branch in ("gitgen/a/1", "gitgen/a%2F1"):
        assert bring_back(repository, branch, REMOVED).branch == branch
    with pytest.raises(GitgenError):  # git has no room for it beside a/1
        bring_back(repository, "gitgen/a", REMOVED)
    assert list(repository.refs(REMOVED)) == [f"{REMOVED}a/1/branch"]


def test_a_session_that_is_checked_out_stays_and_so_do_all_others_that_were_named(
    gitgen: Gitgen, folder: Path, repository: Repository, tmp_path: Path
) -> None:
    Making(repository)
    Making(repository, branch="gitgen/other")
    git(folder, "worktree", "add", "-q", str(tmp_path / "linked"), BRANCH)
    before = git(folder, "for-each-ref")
    ran = gitgen("rm", "other", "made")
    assert ran.code == 1 and f"{BRANCH} is checked out at {tmp_path}/linked" in ran.err
    assert git(folder, "for-each-ref") == before
    assert "main is not a session" in gitgen("rm", "main").err


def test_a_branch_that_is_there_is_not_overwritten(gitgen: Gitgen, folder: Path, repository: Repository) -> None:
    Making(repository)
    gitgen("rm", "made")
    git(folder, "branch", BRANCH, "main")
    before = git(folder, "for-each-ref")
    ran = gitgen("rm", "--restore", "made")
    assert ran.code == 1 and f"{BRANCH} is there already" in ran.err and git(folder, "for-each-ref") == before


def test_refs_move_together_or_not_at_all(folder: Path, repository: Repository) -> None:
    Making(repository)
    under_way(repository, BRANCH, Chat("review"))
    (folder / ".git" / f"{ref_of(BRANCH)}.lock").touch()  # Another process is about to move what is under way.
    before = repository.refs()
    with pytest.raises(GitgenError):
        put_away(repository, BRANCH, REMOVED)
    assert repository.refs() == before


def test_the_work_tree_for_its_runs_is_forgotten(gitgen: Gitgen, repository: Repository, sealed: Path) -> None:
    Making(repository)
    gitgen("run", BRANCH, "--command", "true", "--sandbox", "none")
    assert list((sealed / "cache/gitgen/run").glob("*/made"))
    gitgen("rm", "made")
    assert not list((sealed / "cache/gitgen/run").glob("*/made"))


@pytest.mark.parametrize("command", [("sessions",), ("switch", "made"), ("rm", "made"), ("archive", "made")])
def test_it_imports_no_client(folder: Path, repository: Repository, command: tuple[str, ...]) -> None:
    Making(repository)
    code, *names = imported(folder, *command)
    assert code == "0" and not {"openai", "httpx2", "tiktoken", "questionary", "rich"} & set(names)
