"""`gitgen undo` and `gitgen redo`: a step's files are taken back by a commit on top, and nothing else is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gitgen.errors import GitgenError
from gitgen.plan import go_on
from gitgen.record import Ran
from gitgen.repository import Repository
from gitgen.revert import undo
from gitgen.state.commits import Session
from gitgen.state.log import load
from gitgen.values import EXECUTABLE, REGULAR, SYMLINK, Blob, Changes
from tests.conftest import HELLO, Gitgen, git, write
from tests.scripted import endpoint
from tests.sessions import BRANCH, Making
from tests.test_cli import imported
from tests.test_new import snapshot
from tests.worlds import world

FRENCH = HELLO.replace("Hello", "Bonjour").encode()


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def made(repository: Repository) -> Making:
    return Making(repository, plan="generate")


@pytest.fixture
def session(folder: Path, made: Making) -> Path:
    """A session of three steps, of which the second changed no file, checked out."""
    made.step("", {"hello.py": FRENCH}, feedback="Greet in French")
    made.step("", feedback="Is it clear?", name="clarify")
    made.step("", {"new/a.py": b"a\n"}, feedback="Add a")
    git(folder, "switch", "-q", BRANCH)
    return folder


def loaded(repository: Repository) -> Session:
    found = load(repository, BRANCH)
    assert found is not None
    return found


def files(folder: Path, revision: str = BRANCH) -> set[str]:
    """The entries of a tree but for gitgen's own folder."""
    return {line for line in git(folder, "ls-tree", "-r", revision).splitlines() if "\t.gitgen/" not in line}


def chats(folder: Path) -> str:
    return git(folder, "ls-tree", "-r", BRANCH, ".gitgen")


def test_a_step_is_taken_back_by_a_commit_of_the_user_and_its_chat_stays(gitgen: Gitgen, session: Path) -> None:
    tip, before = git(session, "rev-parse", BRANCH), chats(session)
    ran = gitgen("undo")
    assert ran.code == 0 and ran.out.endswith('  undo        1 file  Revert "Add a"\n'), ran.err
    assert git(session, "rev-parse", f"{BRANCH}^") == tip
    assert files(session) == files(session, f"{tip}^") and chats(session) == before
    assert git(session, "log", "-1", "--format=%an %cn%n%B") == (
        f'Ada Ada\nRevert "Add a"\n\nGitgen-Session: {BRANCH}\nGitgen-Reverts: {tip}\n'
        f"Gitgen-Undoes: {git(session, 'rev-parse', f'{BRANCH}:.gitgen/made/0003-fix.json')}"
    )
    assert git(session, "status", "--porcelain") == "" and not (session / "new").exists()


def test_undo_walks_back_over_steps_that_changed_no_file_and_redo_walks_forward(gitgen: Gitgen, session: Path) -> None:
    trees = [files(session, revision) for revision in ("main", BRANCH + "~2", BRANCH)]
    for tree in trees[1::-1]:
        assert gitgen("undo").code == 0
        assert files(session) == tree
    assert "has no step to take back" in gitgen("undo").err
    for tree in trees[1:]:
        assert gitgen("redo").code == 0
        assert files(session) == tree
    assert "Nothing is undone" in gitgen("redo").err
    assert git(session, "log", "--format=%s", "-4").splitlines() == [
        'Reapply "Add a"',
        'Reapply "Greet in French"',
        'Revert "Greet in French"',
        'Revert "Add a"',
    ]
    assert gitgen("undo").code == 0 and files(session) == trees[1]


def test_a_step_in_the_middle_is_taken_back_beside_later_work(gitgen: Gitgen, made: Making, session: Path) -> None:
    made.by_hand("By hand", {"hello.py": Blob(FRENCH.replace(b"Ada", b"Bob"))})
    git(session, "reset", "-q", "--hard")
    ran = gitgen("undo", "1", "--json")
    told = json.loads(ran.out)
    assert told == {
        "branch": BRANCH,
        "commit": git(session, "rev-parse", BRANCH),
        "reverts": git(session, "rev-parse", f"{BRANCH}~4"),
        "files": ["hello.py"],
    }
    assert (session / "hello.py").read_text() == HELLO.replace("Ada", "Bob")
    again = gitgen("undo", "1")
    assert again.code == 1 and f"is taken back already, by {told['commit'][:10]}" in again.err


def test_it_follows_a_file_that_was_renamed_since(gitgen: Gitgen, made: Making, session: Path) -> None:
    made.by_hand("By hand", {"hello.py": None, "bonjour.py": Blob(FRENCH)})
    git(session, "reset", "-q", "--hard")
    assert gitgen("undo", "1").code == 0
    assert (session / "bonjour.py").read_text() == HELLO and not (session / "hello.py").exists()


def test_where_later_work_builds_on_it_nothing_is_changed_and_the_files_are_named(
    gitgen: Gitgen, made: Making, session: Path
) -> None:
    guilty = made.by_hand("By hand", {"hello.py": Blob(FRENCH.replace(b"Bonjour", b"Salut")), "b": Blob(b"b\n")})
    git(session, "reset", "-q", "--hard")
    before = snapshot(session)
    ran = gitgen("undo", "1")
    first = git(session, "rev-parse", f"{BRANCH}~3")
    assert ran.code == 1 and ran.err.splitlines() == [
        f"error: Later work on {BRANCH} builds on what {first[:10]} did: hello.py",
        f"hint: git log --oneline {first[:10]}..{BRANCH} -- hello.py shows it; take that back first",
    ]
    assert snapshot(session) == before
    shown = git(session, *ran.err.splitlines()[1].split(" shows")[0].removeprefix("hint: git ").split())
    assert shown.startswith(guilty[:7])


def test_after_a_rebase_undo_and_redo_know_what_is_taken_back(
    gitgen: Gitgen, made: Making, repository: Repository, session: Path
) -> None:
    made.step("", {"b": b"b\n"}, feedback="Add b")
    git(session, "reset", "-q", "--hard")
    assert gitgen("undo", "3").code == 0 and gitgen("undo").code == 0 and gitgen("redo").code == 0
    spent = json.loads(gitgen("usage", "--json").out)["total"]
    before = loaded(repository)
    git(session, "switch", "-q", "main")
    git(session, "commit", "-q", "--allow-empty", "-m", "Go on")
    git(session, "rebase", "-q", "main", BRANCH)
    after = loaded(repository)
    assert not {commit.oid for commit in before.commits} & {commit.oid for commit in after.commits}
    assert list(after.undone()) == [after.steps[2].oid]
    assert json.loads(gitgen("usage", "--json").out)["total"] == spent
    rows = [(row["step"], row["status"], row["undone"]) for row in json.loads(gitgen("log", "--json").out)]
    assert rows[:3] == [(None, None, False)] * 3
    assert [undone for step, _, undone in rows if step == "fix"] == [False, True, False]
    again = gitgen("undo", "3")
    assert again.code == 1 and "is taken back already" in again.err
    assert gitgen("undo").out.endswith('Revert "Add b"\n') and not (session / "b").exists()
    assert gitgen("redo").code == 0 and (session / "b").exists()
    assert gitgen("redo").code == 0 and (session / "new/a.py").exists()
    assert gitgen("redo").code == 1


def test_an_undo_that_a_rebase_has_dropped_holds_no_longer(
    gitgen: Gitgen, repository: Repository, session: Path
) -> None:
    assert gitgen("undo").code == 0 and gitgen("redo").code == 0
    git(session, "rebase", "-q", "--onto", f"{BRANCH}~2", f"{BRANCH}~1")
    assert git(session, "log", "-1", "--format=%s") == "Add a", "the redo brings nothing, and git leaves it out"
    assert loaded(repository).undone() == {}


KINDS: dict[str, tuple[Changes, Changes]] = {
    "addition": ({}, {"a/b/c": Blob(b"c\n")}),
    "deletion": ({"a": Blob(b"a\n")}, {"a": None}),
    "mode": ({"a": Blob(b"a\n", REGULAR)}, {"a": Blob(b"a\n", EXECUTABLE)}),
    "symlink": ({"a": Blob(b"hello.py", SYMLINK)}, {"a": None}),
    "file-for-symlink": ({"a": Blob(b"hello.py", SYMLINK)}, {"a": Blob(b"a\n", REGULAR)}),
    "file-for-folder": ({"a/b": Blob(b"b\n"), "a/c": Blob(b"c\n")}, {"a/b": None, "a/c": None, "a": Blob(b"a\n")}),
    "rename": ({"a": Blob(HELLO.encode())}, {"a": None, "b": Blob(HELLO.encode())}),
    "binary": ({"a": Blob(b"\0\xff\n")}, {"a": Blob(b"\0\xfe\n")}),
    "odd-name": ({}, {'a "\n\tb': Blob(b"")}),
    "all": ({}, {"hello.py": None, "README.md": None}),
}


@pytest.mark.parametrize(("before", "change"), KINDS.values(), ids=KINDS)
def test_every_kind_of_change_is_taken_back_and_brought_again(
    gitgen: Gitgen, folder: Path, made: Making, before: Changes, change: Changes
) -> None:
    made.by_hand("By hand", before)
    made.step("", change)
    git(folder, "switch", "-q", BRANCH)
    assert gitgen("undo").code == 0
    assert files(folder) == files(folder, f"{BRANCH}~2")
    assert git(folder, "status", "--porcelain") == ""
    assert gitgen("redo").code == 0
    assert files(folder) == files(folder, f"{BRANCH}~2")
    assert git(folder, "status", "--porcelain") == ""


def test_a_submodule_beside_it_stays(gitgen: Gitgen, folder: Path, repository: Repository, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(folder), "other")
    git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "sub")
    git(folder, "commit", "-qm", "Add a submodule")
    Making(repository).step("", {"hello.py": FRENCH})
    assert gitgen("undo", "--branch", BRANCH).code == 0
    assert files(folder) == files(folder, "main")


def test_a_session_that_is_not_checked_out_is_changed_alone(gitgen: Gitgen, session: Path) -> None:
    git(session, "switch", "-q", "main")
    write(session, {"hello.py": "mine\n", "new/a.py": "mine\n"})
    before = snapshot(session)
    assert gitgen("undo", "--branch", "made").code == 0
    after = snapshot(session)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= {
        name for name in after if "gitgen" in name
    }
    assert files(session) == files(session, f"{BRANCH}~2")


def test_uncommitted_changes_stop_it_unless_they_are_committed_first(gitgen: Gitgen, session: Path) -> None:
    write(session, {"README.md": "mine\n"})
    before = snapshot(session)
    ran = gitgen("undo")
    assert ran.code == 1 and "uncommitted changes: README.md" in ran.err and "--commit-dirty" in ran.err
    assert snapshot(session) == before
    assert gitgen("undo", "--commit-dirty").code == 0
    assert (session / "README.md").read_text() == "mine\n" and not (session / "new").exists()
    assert git(session, "log", "-2", "--format=%s") == 'Revert "Add a"\nSave work before gitgen goes on'


def test_an_untracked_file_where_one_comes_back_is_kept(gitgen: Gitgen, made: Making, session: Path) -> None:
    made.step("", {"README.md": None}, feedback="Away with it")
    git(session, "reset", "-q", "--hard")
    write(session, {"README.md": "mine\n"})
    before = snapshot(session)
    ran = gitgen("undo")
    assert ran.code == 1 and "Nothing was changed: the work tree cannot take the step: README.md" in ran.err
    assert ran.err.rstrip().endswith(f"then: gitgen undo {git(session, 'rev-parse', BRANCH)[:10]} --branch {BRANCH}")
    assert snapshot(session) == before


def test_a_lost_race_changes_nothing_and_says_what_to_do(repository: Repository, made: Making, session: Path) -> None:
    stale = loaded(repository)
    made.by_hand("By hand", {"b": Blob(b"b\n")})
    with pytest.raises(GitgenError, match=f"{BRANCH} moved meanwhile") as caught:
        undo(repository, stale, stale.tip, stale.steps[-1], "gitgen undo 3")
    assert caught.value.mend == "gitgen undo 3" and "replies" not in caught.value.what
    assert git(session, "log", "-1", "--format=%s", BRANCH) == "By hand"


def test_it_is_signed_when_git_is_told_to(gitgen: Gitgen, session: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f {key}")
    if not key.exists():
        pytest.skip("ssh-keygen is not on this machine")
    for name, value in {"gpg.format": "ssh", "user.signingKey": f"{key}.pub", "commit.gpgSign": "true"}.items():
        git(session, "config", name, value)
    assert gitgen("undo").code == 0
    assert "gpgsig" in git(session, "cat-file", "commit", BRANCH)
    git(session, "config", "user.signingKey", "/nowhere")
    ran = gitgen("redo")
    assert ran.code == 1 and "could not be signed" in ran.err and "git config commit.gpgSign false" in ran.err


def test_what_cannot_be_taken_back_is_told(gitgen: Gitgen, made: Making, session: Path) -> None:
    nothing = gitgen("undo", "2")
    assert nothing.code == 1 and "There is nothing of" in nothing.err
    by_hand = made.by_hand("By hand", {"new/a.py": None})
    git(session, "reset", "-q", "--hard")
    assert "is no step of" in gitgen("undo", by_hand).err
    gone = gitgen("undo", "3")
    assert gone.code == 1 and "There is nothing of" in gone.err
    git(session, "update-ref", "refs/gitgen/progress/made", f"{BRANCH}~1")
    assert "gitgen resume --drop" in gitgen("undo").err


def test_a_rejected_step_is_passed_over_and_can_still_be_asked_again(
    gitgen: Gitgen, repository: Repository, made: Making, session: Path
) -> None:
    rejected = made.step("", status="rejected")
    git(session, "reset", "-q", "--hard")
    assert 'Revert "Add a"' in gitgen("undo").out
    failed = loaded(repository).failed()
    assert failed is not None and failed.oid == rejected


def test_a_resume_neither_repeats_nor_mends_what_was_taken_back(
    gitgen: Gitgen, repository: Repository, made: Making
) -> None:
    ran = Ran("false", 1, "no", "none", 0.1)
    made.step("", {"hello.py": FRENCH}, name="generate", ran=ran)
    assert gitgen("undo", "--branch", BRANCH).code == 0
    assert loaded(repository).left() == ()
    with endpoint() as scripted:
        assert list(go_on(world(repository, scripted), BRANCH)) == [] and scripted.requests == []


@pytest.mark.parametrize("command", ["undo", "redo"])
def test_it_imports_no_client(session: Path, command: str) -> None:
    imported(session, "undo")
    code, *names = imported(session, command)
    assert code == "0" and not {"openai", "httpx2", "tiktoken", "questionary", "rich"} & set(names)
