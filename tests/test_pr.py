"""`gitgen pr` through the installed command, against a forge whose facts are git's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitgen.record.trailers import parse
from tests.conftest import Gitgen, Ran, git, write
from tests.forge.github import GitHub, Pull, github
from tests.replies import FRENCH, diff
from tests.scripted import endpoint, says
from tests.test_review import with_gh

BRANCH = "gitgen/x"


@pytest.fixture
def forge(folder: Path, tmp_path: Path) -> Iterator[GitHub]:
    with github(tmp_path / "forge", folder) as running:
        yield running


@pytest.fixture
def ask(gitgen: Gitgen, forge: GitHub) -> Gitgen:
    """Run gitgen as somebody who is logged in."""

    def run(*args: str, **more: str) -> Ran:
        return gitgen(*args, **{"GITHUB_TOKEN": "token-of-ada", "GITHUB_SERVER_URL": forge.url, **more})

    return run


@pytest.fixture
def session(gitgen: Gitgen, forge: GitHub) -> None:
    """A session of two steps, on no remote yet."""
    replies = says(FRENCH), says(diff("README.md", "# Hello", "# Bonjour", "Mention @ada | <b> in #1"))
    with endpoint(*replies) as scripted:
        for args in (("Greet in French", "--name", "x"), ("The title too", "--branch", BRANCH)):
            assert gitgen("fix", *args, GITGEN_BASE_URL=scripted.base_url).code == 0


pytestmark = pytest.mark.usefixtures("session")


def test_a_session_becomes_a_draft_that_says_what_was_asked_and_what_it_took(ask: Gitgen, forge: GitHub) -> None:
    ran = ask("pr")
    assert ran.code == 1 and "not a session" in ran.err
    ran = ask("pr", BRANCH)
    assert ran.code == 0, ran.err
    (pull,) = forge.pulls
    assert ran.out == f"opened #1  {BRANCH} -> main  {forge.url}/ada/hello/pull/1\n"
    assert (pull.title, pull.head, pull.base, pull.draft) == ("Greet in French", BRANCH, "main", True)
    assert "```text\nGreet in French\n```" in pull.body and "gitgen fix --pr 1" in pull.body
    assert "| 1 fix | Greet in French | scripted | 120 |" in pull.body
    assert r"Mention @<!-- -->ada \| \<b\> in #<!-- -->1" in pull.body
    trailers = parse(pull.body)
    assert (trailers["Gitgen-Session"], trailers["Gitgen-Total-Tokens"]) == (BRANCH, "240")
    assert "token-of-ada" not in ran.out + ran.err


def test_running_it_again_changes_only_its_own_part(ask: Gitgen, forge: GitHub, folder: Path) -> None:
    ask("pr", BRANCH)
    pull = forge.pulls[0]
    begun = pull.body
    pull.title = "My title"
    pull.body = "Read this first.\n\n" + begun.replace("Gitgen-Session", "Closes 7.\n\nGitgen-Session")
    with endpoint(says(diff("README.md", "# Bonjour", "# Bonsoir", "Evening"))) as scripted:
        ask("fix", "Evening", "--branch", BRANCH, GITGEN_BASE_URL=scripted.base_url)
    ran = ask("pr", BRANCH, "--ready", "--label", "ai", "--reviewer", "grace", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["action"] == "updated" and len(forge.pulls) == 1
    assert (pull.title, pull.draft, pull.labels, pull.reviewers) == ("My title", False, ["ai"], ["grace"])
    assert pull.body.startswith("Read this first.\n\n<!-- gitgen:begin -->") and "Closes 7." in pull.body
    assert "| 3 fix | Evening |" in pull.body and pull.body.count("gitgen:begin") == 1
    assert parse(pull.body)["Gitgen-Total-Tokens"] == "360" and pull.body.count("Gitgen-Session") == 1
    assert forge.sha(BRANCH) == git(folder, "rev-parse", BRANCH)
    same = pull.body
    ask("pr", BRANCH)
    assert pull.body == same


def test_a_lock_that_keeps_git_from_noting_what_it_pushed_is_named(ask: Gitgen, forge: GitHub, folder: Path) -> None:
    lock = folder / f".git/refs/remotes/origin/{BRANCH}.lock"
    write(folder, {str(lock.relative_to(folder)): ""})
    ran = ask("pr", BRANCH)
    assert ran.code == 1 and f"rm -f {lock}" in ran.err
    lock.unlink()
    assert ask("pr", BRANCH).out.startswith("opened #1")
    assert git(folder, "rev-parse", f"origin/{BRANCH}") == git(folder, "rev-parse", BRANCH)


def test_a_request_that_somebody_opened_meanwhile_is_not_opened_twice(ask: Gitgen, forge: GitHub) -> None:
    theirs = Pull(1, "Theirs", "Mine.", BRANCH, "main", False, "grace")
    forge.before["POST pulls"] = lambda: forge.pulls.append(theirs)
    ran = ask("pr", BRANCH)
    assert (
        ran.code == 1 and "GitHub says no: Validation Failed; A pull request already exists for ada:gitgen/x" in ran.err
    )
    assert forge.pulls == [theirs] and theirs.body == "Mine."
    ran = ask("pr", BRANCH)
    assert ran.code == 0 and ran.out.startswith("updated #1") and theirs.body.startswith("Mine.\n\n<!-- gitgen:begin")


def test_the_price_is_told_where_it_is_known(ask: Gitgen, forge: GitHub, folder: Path, sealed: Path) -> None:
    (sealed / "models.toml").write_text('["scripted"]\nprice = { prompt = 100, completion = 1000 }\n')
    git(folder, "config", "gitgen.models", str(sealed / "models.toml"))
    assert ask("pr", BRANCH).code == 0
    assert "In all **240 tokens**: 200 of prompts, 40 of replies; about 0.0600 USD." in forge.pulls[0].body
    (sealed / "models.toml").write_text("nonsense")
    before = forge.sha(BRANCH)
    ran = ask("pr", BRANCH)
    assert ran.code == 1 and "is not TOML" in ran.err and forge.sha(BRANCH) == before


def test_the_defaults_come_from_the_configuration(ask: Gitgen, forge: GitHub, folder: Path) -> None:
    git(folder, "push", "-q", str(forge.bare), "main:release")
    for name, value in (("base", "release"), ("label", "ai"), ("reviewer", "grace"), ("remote", "origin")):
        git(folder, "config", f"gitgen.{name}", value)
    assert ask("pr", BRANCH).code == 0
    pull = forge.pulls[0]
    assert (pull.base, pull.labels, pull.reviewers) == ("release", ["ai"], ["grace"])


def test_a_branch_that_somebody_pushed_to_is_never_overwritten(ask: Gitgen, forge: GitHub, folder: Path) -> None:
    ask("pr", BRANCH)
    tree = git(folder, "rev-parse", f"{BRANCH}^{{tree}}")
    theirs = git(folder, "commit-tree", tree, "-p", BRANCH, "-m", "Theirs")
    git(folder, "push", "-q", str(forge.bare), f"{theirs}:refs/heads/{BRANCH}")
    with endpoint(says(diff("README.md", "# Bonjour", "# Bonsoir"))) as scripted:
        ask("fix", "Evening", "--branch", BRANCH, GITGEN_BASE_URL=scripted.base_url)
    ran = ask("pr", BRANCH)
    assert ran.code == 1 and "has commits on gitgen/x that are not here" in ran.err and "git pull --rebase" in ran.err
    assert forge.sha(BRANCH) == theirs


@pytest.mark.parametrize(
    ("case", "what", "mend"),
    [
        ("no token", "There is no token for 127.0.0.1", "gh auth login"),
        ("wrong token", "origin does not let you push", "a token that may push"),
        ("no base", "origin has no branch nowhere", "--base BRANCH"),
        ("no remote", "There is no remote upstream", "git remote -v"),
        ("other forge", "There is no forge sourceforge", "github|gitlab|gitea"),
    ],
)
def test_what_is_missing_is_named(case: str, what: str, mend: str, ask: Gitgen, folder: Path) -> None:
    more = {"no token": {"GITHUB_TOKEN": ""}, "wrong token": {"GITHUB_TOKEN": "token-of-nobody"}}.get(case, {})
    flags = {"no base": ["--base", "nowhere"], "no remote": ["--remote", "upstream"]}.get(case, [])
    if case == "other forge":
        git(folder, "config", "gitgen.forge", "sourceforge")
    ran = ask("pr", BRANCH, *flags, **more)
    assert ran.code == 1 and what in ran.err and mend in ran.err, ran.err
    assert "token-of-nobody" not in ran.err


def test_the_token_may_come_from_gits_credentials(ask: Gitgen, forge: GitHub, folder: Path, sealed: Path) -> None:
    (sealed / ".git-credentials").write_text(f"{forge.url.replace('://', '://ada:token-of-ada@')}\n")
    git(folder, "config", "--global", "credential.helper", "store")
    ran = ask("pr", BRANCH, GITHUB_TOKEN="", PATH="/usr/bin:/bin")
    assert ran.code == 0, ran.err


def test_the_token_may_come_from_gh(ask: Gitgen, forge: GitHub, tmp_path: Path) -> None:
    ran = ask("pr", BRANCH, GITHUB_TOKEN="", PATH=with_gh(tmp_path, forge))
    assert ran.code == 0 and len(forge.pulls) == 1, ran.err


def test_the_clean_branch_has_the_same_commits_without_gitgens_files(
    ask: Gitgen, forge: GitHub, folder: Path, tmp_path: Path
) -> None:
    git(folder, "worktree", "add", "-q", str(tmp_path / "tree"), BRANCH)
    write(tmp_path / "tree", {"mine.txt": "mine\n"})
    git(tmp_path / "tree", "add", "-A")
    git(tmp_path / "tree", "commit", "-qm", "Add mine\n\nReviewed-by: Grace", "--author", "Grace <grace@example.org>")
    ran = ask("pr", BRANCH, "--clean")
    assert ran.code == 0, ran.err
    assert forge.pulls[0].head == f"{BRANCH}-clean" and not git(folder, "branch", "--list", "*-clean")
    clean, first = forge.sha(f"{BRANCH}-clean"), forge.bare
    assert git(first, "ls-tree", "-r", "--name-only", clean).split() == ["README.md", "hello.py", "mine.txt"]
    form = "%s|%an|%at|%(trailers:key=Gitgen-Source,valueonly,separator=%x20)"
    theirs = [line.rsplit("|", 1) for line in git(first, "log", f"--format={form}", f"main..{clean}").splitlines()]
    ours = git(folder, "log", "--format=%s|%an|%at|%H", f"main..{BRANCH}").splitlines()
    assert ["|".join(line) for line in theirs] == ours and len(ours) == 4
    assert "Reviewed-by: Grace\nGitgen-Source: " in git(first, "log", "-1", "--format=%B", clean)
    # The same again changes nothing; more work is a fast-forward.
    assert ask("pr", BRANCH, "--clean").code == 0 and forge.sha(f"{BRANCH}-clean") == clean
    with endpoint(says(diff("README.md", "# Bonjour", "# Bonsoir"))) as scripted:
        ask("fix", "Evening", "--branch", BRANCH, GITGEN_BASE_URL=scripted.base_url)
    assert ask("pr", BRANCH, "--clean").code == 0
    assert git(first, "merge-base", clean, f"{BRANCH}-clean") == clean != forge.sha(f"{BRANCH}-clean")
    # A commit that somebody put on top is not overwritten.
    stranger = git(first, "commit-tree", f"{BRANCH}-clean^{{tree}}", "-p", f"{BRANCH}-clean", "-m", "Theirs")
    git(first, "update-ref", f"refs/heads/{BRANCH}-clean", stranger)
    ran = ask("pr", BRANCH, "--clean")
    assert ran.code == 1 and f"git cherry-pick {stranger[:10]}" in ran.err


TOTAL = "--format=%(trailers:key=Gitgen-Total-Tokens,valueonly)"


def test_the_sums_survive_a_squash_of_the_clean_branch_through_the_hook(
    ask: Gitgen, gitgen: Gitgen, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    ask("pr", BRANCH, "--clean")
    assert gitgen("hook", "install").code == 0
    git(folder, "fetch", "-q", "origin")
    git(folder, "merge", "-q", "--squash", f"origin/{BRANCH}-clean")
    git(folder, "-c", "core.editor=true", "commit", "-q")
    assert git(folder, "log", "-1", TOTAL).strip() == "240"
    assert git(folder, "ls-tree", "--name-only", "HEAD").split() == ["README.md", "hello.py"]


@pytest.mark.parametrize("flags", [(), ("--clean",)], ids=["whole", "clean"])
def test_the_sums_survive_a_squash_on_the_server(
    flags: tuple[str, ...], ask: Gitgen, forge: GitHub, folder: Path
) -> None:
    """With the title and the body for its message: GitHub's setting "Pull request title and description"."""
    ask("pr", BRANCH, *flags)
    (pull,) = forge.pulls
    message = f"{pull.title} (#1)\n\n{pull.body}"
    squash = git(forge.bare, "commit-tree", f"{pull.head}^{{tree}}", "-p", "main", "-m", message)
    assert git(forge.bare, "log", "-1", TOTAL, squash).strip() == "240"
    git(forge.bare, "update-ref", "refs/heads/main", squash)
    git(folder, "pull", "-q", "origin", "main")
    ran = ask("usage", "main", "--json")
    assert json.loads(ran.out)["total"]["total_tokens"] == 240, ran.err


def test_without_a_forge_a_request_to_pull_is_printed(ask: Gitgen, forge: GitHub, folder: Path) -> None:
    git(folder, "remote", "set-url", "origin", str(forge.bare))
    git(folder, "config", "--unset", "gitgen.forge")
    ran = ask("pr", BRANCH, GITHUB_TOKEN="")
    assert ran.code == 0, ran.err
    assert "are available in the Git repository at" in ran.out and str(forge.bare) in ran.out
    assert forge.sha(BRANCH) == git(folder, "rev-parse", BRANCH)


def test_gitea_gets_it_by_agit(ask: Gitgen, forge: GitHub, folder: Path) -> None:
    hook = forge.bare / "hooks" / "pre-receive"
    hook.write_text('#!/bin/sh\nread old new ref\necho "$ref $GIT_PUSH_OPTION_0|$GIT_PUSH_OPTION_1" > agit\n')
    hook.chmod(0o755)
    git(forge.bare, "config", "receive.advertisePushOptions", "true")
    git(folder, "config", "gitgen.forge", "gitea")
    git(folder, "config", "credential.helper", "!f() { echo username=ada; echo password=token-of-ada; }; f")
    ran = ask("pr", BRANCH)
    assert ran.code == 0, ran.err
    assert (forge.bare / "agit").read_text() == f"refs/for/main topic={BRANCH}|title=WIP: Greet in French\n"


def test_a_step_under_way_is_not_published(ask: Gitgen, forge: GitHub) -> None:
    with endpoint() as scripted:
        ask("fix", "More", "--branch", BRANCH, GITGEN_BASE_URL=scripted.base_url)
    ran = ask("pr", BRANCH)
    assert ran.code == 1 and "under way" in ran.err and not forge.sha(BRANCH)


def test_the_token_is_in_no_address_and_no_command_line(ask: Gitgen, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "trace"
    assert ask("pr", BRANCH, GIT_TRACE=str(log), GIT_CURL_VERBOSE="0").code == 0
    assert "push" in log.read_text() and "token-of-ada" not in log.read_text()
    found = subprocess.run(["grep", "-r", "token-of-ada", str(folder)], capture_output=True)
    assert found.returncode == 1
