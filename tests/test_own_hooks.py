"""The user's own pre-commit hook looks at every step that changes files, as it looks at a commit."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from gitgen.hooks import has_hook
from gitgen.repository import Repository
from tests.conftest import Gitgen, Ran, git, write
from tests.replies import FRENCH, SHOUT, TITLE, diff
from tests.scripted import Endpoint, endpoint, says

REFUSES_FRENCH = "#!/bin/sh\nif grep -n Bonjour hello.py; then echo 'no French here' >&2; exit 1; fi\n"
FORMATS = "#!/bin/sh\nfor f in $(git diff --cached --name-only); do sed -i 's/ + name/+name/' $f; done\n"
FORMATS_AND_FAILS = FORMATS + "git diff --quiet || { echo reformatted; exit 1; }\n"
BACK = diff("hello.py", "    return 'Bonjour ' + name", "    return 'Good day ' + name", "Greet politely")


def hook(folder: Path, script: str, path: str = ".git/hooks/pre-commit") -> Path:
    write(folder, {path: script})
    (folder / path).chmod(0o755)
    return folder / path


@pytest.fixture
def fix(in_process: Gitgen) -> object:
    def run(scripted: Endpoint, *args: str) -> Ran:
        return in_process("fix", *args, GITGEN_BASE_URL=scripted.base_url)

    return run


def trailer(folder: Path, commit: str, key: str) -> str:
    return git(folder, "log", "-1", f"--format=%(trailers:key=Gitgen-{key},valueonly,separator=|)", commit)


def test_what_it_refuses_goes_back_to_the_model(fix: Gitgen, in_process: Gitgen, folder: Path) -> None:
    hook(folder, REFUSES_FRENCH)
    with endpoint(says(FRENCH), says(BACK)) as scripted:
        ran = fix(scripted, "In French", "--name", "x")
    assert ran.code == 0, ran.err
    asked = scripted.requests[1]["messages"][-1]["content"]
    assert "no French here" in asked and "$ git hook run pre-commit" in asked and "(exit code 1)" in asked
    assert "Good day" in git(folder, "show", "gitgen/x:hello.py")
    assert git(folder, "rev-list", "--count", "main..gitgen/x") == "2", "one step, and what began the session"
    assert in_process("verify", "gitgen/x").code == 0


@pytest.mark.parametrize("script", [FORMATS, FORMATS_AND_FAILS, FORMATS + "git add -u\n"])
def test_what_it_rewrites_is_a_commit_of_its_own(fix: Gitgen, in_process: Gitgen, folder: Path, script: str) -> None:
    hook(folder, script)
    git(folder, "branch", "elsewhere")
    with endpoint(says(FRENCH), says(TITLE)) as scripted:
        ran = fix(scripted, "In French", "--name", "x")
        assert ran.code == 0 and "your hook changed hello.py" in ran.out, ran.err
        assert fix(scripted, "Name it", "--branch", "gitgen/x").code == 0
    assert git(folder, "log", "--format=%s", "main..gitgen/x").split("\n")[:3] == [
        "Name the program",
        "Keep what the pre-commit hook changed",
        "Greet in French",
    ]
    assert "'Bonjour '+name" in git(folder, "show", "gitgen/x~1:hello.py")
    assert "'Bonjour ' + name" in git(folder, "show", "gitgen/x~2:hello.py")
    assert trailer(folder, "gitgen/x~1", "Hook") == "pre-commit" and trailer(folder, "gitgen/x~1", "Step") == ""
    assert git(folder, "diff", "--name-only", "gitgen/x~2", "gitgen/x~1") == "hello.py"
    assert in_process("verify", "gitgen/x").code == 0
    assert "hook" in in_process("log", "gitgen/x").out
    assert git(folder, "status", "--porcelain") == "" and git(folder, "stash", "list") == ""
    assert git(folder, "branch", "--show-current") == "main"


def test_the_work_tree_that_has_the_branch_follows_to_the_end(fix: Gitgen, folder: Path) -> None:
    hook(folder, FORMATS)
    with endpoint(says(FRENCH), says(SHOUT)) as scripted:
        fix(scripted, "In French", "--name", "x")
        git(folder, "switch", "-q", "gitgen/x")
        assert fix(scripted, "Loud").code == 0
    assert ".upper()" in (folder / "hello.py").read_text() and git(folder, "status", "--porcelain") == ""


def test_it_sees_the_step_staged_on_what_was_there(fix: Gitgen, folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    hook(
        folder,
        f"#!/bin/sh\n(git diff --cached --name-status; git status --porcelain; pwd; echo $GITGEN_STEP) > {log}\n",
    )
    with endpoint(says(FRENCH)) as scripted:
        assert fix(scripted, "In French", "--name", "x").code == 0
    staged, status, where, step = log.read_text().split("\n")[:4]
    assert (staged, status, step) == ("M\thello.py", "M  hello.py", "1") and where != str(folder)


KILLS_GITGEN_ONCE = """#!/bin/sh
[ -e "{0}" ] && exec sed -i 's/ + name/+name/' hello.py
touch "{0}"
read -r _ _ _ parent _ < /proc/$PPID/stat
kill -9 "$parent"
"""


def test_killed_while_it_runs_the_step_goes_on(gitgen: Gitgen, folder: Path, tmp_path: Path) -> None:
    hook(folder, KILLS_GITGEN_ONCE.format(tmp_path / "killed"))
    with endpoint(says(FRENCH)) as scripted:
        ran = gitgen("fix", "In French", "--name", "x", GITGEN_BASE_URL=scripted.base_url)
        assert ran.code == -9 and git(folder, "for-each-ref", "refs/gitgen/progress/x") != ""
        ran = gitgen("resume", "gitgen/x", GITGEN_BASE_URL=scripted.base_url)
    assert ran.code == 0 and len(scripted.requests) == 1, ran.err
    assert "'Bonjour '+name" in git(folder, "show", "gitgen/x:hello.py")
    assert gitgen("verify", "gitgen/x").code == 0 and git(folder, "for-each-ref", "refs/gitgen/") == ""


def test_what_it_refuses_to_the_end_is_rejected_and_can_be_taken_all_the_same(
    fix: Gitgen, in_process: Gitgen, folder: Path
) -> None:
    hook(folder, "#!/bin/sh\necho 'never, at' $(date +%N)s $$; exit 1\n")
    with endpoint(says(FRENCH), says(BACK), says(SHOUT)) as scripted:
        ran = fix(scripted, "In French", "--name", "x", "--rounds", "2")
        assert len(scripted.requests) == 3
    assert ran.code == 1 and "your pre-commit hook refuses the files: never, at" in ran.err, ran.err
    assert trailer(folder, "gitgen/x", "Status") == "rejected"
    assert git(folder, "diff", "--name-only", "main", "gitgen/x", "--", "hello.py") == ""
    oid = git(folder, "rev-parse", "--short=10", "gitgen/x")
    assert f"gitgen reparse {oid} --no-verify" in ran.err
    ran = in_process("reparse", oid, "--no-verify", "--branch", "gitgen/x")
    assert ran.code == 0, ran.err
    assert ".upper()" in git(folder, "show", "gitgen/x:hello.py")
    assert trailer(folder, "gitgen/x", "Verify") == "skipped"


def test_it_is_not_asked_about_twice_what_fails_the_same_way(fix: Gitgen, folder: Path) -> None:
    hook(folder, "#!/bin/sh\necho npx: not found; exit 127\n")
    with endpoint(says(FRENCH), says(SHOUT), says(TITLE)) as scripted:
        assert fix(scripted, "In French", "--name", "x").code == 1
        assert len(scripted.requests) == 2


def test_one_that_hangs_is_ended_with_all_it_has_started(fix: Gitgen, folder: Path, tmp_path: Path) -> None:
    hook(folder, f"#!/bin/sh\nsleep 1000 & echo $! > {tmp_path}/pid; sleep 1000\n")
    git(folder, "config", "gitgen.timelimit", "0.5")
    with endpoint(says(FRENCH), says(SHOUT)) as scripted:
        ran = fix(scripted, "In French", "--name", "x")
    assert ran.code == 1 and "your pre-commit hook did not end in time" in ran.err
    pid = int((tmp_path / "pid").read_text())
    with suppress(OSError):  # It may be gone, or wait for its new parent to take note of its end.
        assert "(zombie)" in Path(f"/proc/{pid}/status").read_text()


def test_no_verify_is_said_and_recorded(fix: Gitgen, folder: Path) -> None:
    hook(folder, REFUSES_FRENCH)
    with endpoint(says(FRENCH)) as scripted:
        assert fix(scripted, "In French", "--name", "x", "--no-verify").code == 0
    assert trailer(folder, "gitgen/x", "Verify") == "skipped"


def test_a_pasted_reply_is_looked_at_too_and_no_model_is_asked(in_process: Gitgen, folder: Path) -> None:
    hook(folder, REFUSES_FRENCH)
    ran = in_process("apply", "--name", "x", stdin=FRENCH)
    assert ran.code == 1 and "no French here" in ran.err
    assert in_process("apply", "--name", "y", "--no-verify", stdin=FRENCH).code == 0


def test_a_test_is_run_on_what_the_hook_made(fix: Gitgen, folder: Path) -> None:
    hook(folder, FORMATS)
    with endpoint(says(FRENCH)) as scripted:
        ran = fix(scripted, "In French", "--name", "x", "--sandbox", "none", "--test", "grep -q '+name' hello.py")
    assert ran.code == 0, ran.err


def test_undo_takes_both_back(fix: Gitgen, in_process: Gitgen, folder: Path) -> None:
    hook(folder, FORMATS)
    with endpoint(says(FRENCH)) as scripted:
        fix(scripted, "In French", "--name", "x")
    assert in_process("undo", "--branch", "gitgen/x").code == 0
    assert git(folder, "diff", "--name-only", "main", "gitgen/x", "--", "hello.py") == ""
    assert in_process("redo", "--branch", "gitgen/x").code == 0
    assert "'Bonjour '+name" in git(folder, "show", "gitgen/x:hello.py")


def test_a_replay_lets_the_hook_look_again(fix: Gitgen, in_process: Gitgen, folder: Path) -> None:
    hook(folder, FORMATS)
    with endpoint(says(FRENCH), says(TITLE), says(BACK.replace("Bonjour", "Hello"))) as scripted:
        fix(scripted, "In French", "--name", "x", "--file", "hello.py")
        fix(scripted, "Name it", "--branch", "gitgen/x", "--file", "README.md")
        again = ("rerun", "1", "--session", "gitgen/x", "--branch", "y", "--replay")
        ran = in_process(*again, GITGEN_BASE_URL=scripted.base_url)
    assert ran.code == 0, ran.err
    assert git(folder, "log", "--format=%s", "main..gitgen/y").split("\n")[:3] == [
        "Name the program",
        "Keep what the pre-commit hook changed",
        "Greet politely",
    ]
    assert "'Good day '+name" in git(folder, "show", "gitgen/y:hello.py")


def test_it_is_found_where_git_finds_it(folder: Path, repository: Repository, gitgen: Gitgen) -> None:
    assert not has_hook(repository, "pre-commit")
    gitgen("hook", "install")
    assert not has_hook(repository, "pre-commit"), "gitgen's own has nothing to say about a step"
    hook(folder, "#!/bin/sh\n").chmod(0o644)
    assert not has_hook(repository, "pre-commit"), "git passes over what cannot be run"
    (folder / ".git/hooks/pre-commit").chmod(0o755)
    assert has_hook(repository, "pre-commit")
    linked = folder.parent / "linked"
    git(folder, "worktree", "add", "-q", str(linked))
    found = Repository.find(linked)
    assert found is not None and has_hook(found, "pre-commit")
    git(folder, "config", "core.hooksPath", "my/hooks")
    moved = Repository.find(folder)
    assert moved is not None and not has_hook(moved, "pre-commit")
    hook(folder, "#!/bin/sh\n", "my/hooks/pre-commit")
    assert has_hook(moved, "pre-commit")


def test_a_relative_hooks_path_is_that_of_the_users_work_tree(fix: Gitgen, folder: Path) -> None:
    git(folder, "config", "core.hooksPath", ".husky/_")
    hook(folder, "#!/bin/sh\nnode_modules/.bin/check hello.py\n", ".husky/_/pre-commit")
    hook(folder, "#!/bin/sh\n! grep -q Bonjour $1\n", "node_modules/.bin/check")
    with endpoint(says(FRENCH), says(BACK)) as scripted:
        assert fix(scripted, "In French", "--name", "x").code == 0
        assert len(scripted.requests) == 2, "the dependencies of the user's work tree are lent"
    assert (folder / "node_modules/.bin/check").exists()


def test_pre_commit_itself_reformats_and_refuses(fix: Gitgen, folder: Path) -> None:
    local = [
        {"id": "strip", "name": "strip", "language": "system", "entry": "sed -i s/[.]upper//"},
        {"id": "french", "name": "french", "language": "pygrep", "entry": "Bonjour"},
    ]
    config = {"repos": [{"repo": "local", "hooks": local}]}
    write(folder, {".pre-commit-config.yaml": json.dumps(config)})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Check")
    subprocess.run([sys.executable, "-m", "pre_commit", "install"], cwd=folder, check=True, capture_output=True)
    with endpoint(says(FRENCH), says(BACK), says(SHOUT)) as scripted:
        ran = fix(scripted, "In French", "--name", "x")
        assert ran.code == 0 and len(scripted.requests) == 2, ran.err
        assert "hello.py:2:    return 'Bonjour '" in scripted.requests[1]["messages"][-1]["content"]
        ran = fix(scripted, "Loud", "--branch", "gitgen/x")
    assert ran.code == 0 and "your hook changed hello.py" in ran.out, ran.err
    assert "print(greet('Ada')())" in git(folder, "show", "gitgen/x:hello.py")
    assert git(folder, "status", "--porcelain") == ""
