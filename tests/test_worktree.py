"""A checked-out session branch is brought forward without losing a byte; nothing else is ever written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gitgen.errors import GitgenError
from gitgen.repository import Repository
from gitgen.repository.worktree import Worktree, worktree_of
from gitgen.values import Blob, Changes
from tests.conftest import HELLO, git, write


@pytest.fixture
def worktree(folder: Path) -> Worktree:
    return Worktree(folder)


def next_commit(repository: Repository, changes: Changes) -> tuple[str, str]:
    """(old, new): a commit on top of HEAD, with `main` moved to it but index and files left behind."""
    old = repository.resolve("HEAD") or ""
    new = repository.commit(old, "Next\n", changes, repository.tree(old))
    repository.move("refs/heads/main", new, old, "test")
    return old, new


def test_files_and_index_follow_the_branch(folder: Path, repository: Repository, worktree: Worktree) -> None:
    old, new = next_commit(repository, {"hello.py": Blob(b"1\n"), "new/file": Blob(b"2\n"), "README.md": None})
    assert worktree.fast_forward(old, new) is None
    assert git(folder, "status", "--porcelain") == ""
    assert (folder / "new/file").read_text() == "2\n" and not (folder / "README.md").exists()


def test_doing_it_twice_is_doing_it_once(folder: Path, repository: Repository, worktree: Worktree) -> None:
    old, new = next_commit(repository, {"hello.py": Blob(b"1\n"), "README.md": None, "b": Blob(b"")})
    assert worktree.fast_forward(old, new) is None
    assert worktree.fast_forward(old, new) is None
    assert git(folder, "status", "--porcelain") == ""


def test_unrelated_changes_of_the_user_stay(folder: Path, repository: Repository, worktree: Worktree) -> None:
    write(folder, {"README.md": "# Mine\n", "untracked": "mine\n"})
    git(folder, "add", "README.md")
    write(folder, {"README.md": "# Mine, and more\n"})
    old, new = next_commit(repository, {"hello.py": Blob(b"1\n")})
    assert worktree.fast_forward(old, new) is None
    assert git(folder, "status", "--porcelain").splitlines() == ["MM README.md", "?? untracked"]
    assert (folder / "README.md").read_text() == "# Mine, and more\n"


@pytest.mark.parametrize(
    ("mine", "changes"),
    [
        ({"hello.py": "mine\n"}, {"hello.py": Blob(b"theirs\n")}),
        ({"hello.py": "mine\n"}, {"hello.py": None}),
        ({"new.py": "mine\n"}, {"new.py": Blob(b"theirs\n")}),
        ({"new/mine": "mine\n"}, {"new": Blob(b"theirs\n")}),
    ],
    ids=["changed", "deleted", "untracked", "folder"],
)
def test_what_would_be_overwritten_stops_it_before_anything_moves(
    folder: Path, repository: Repository, worktree: Worktree, mine: dict[str, str | bytes], changes: Changes
) -> None:
    write(folder, mine)
    index = (folder / ".git/index").read_bytes()
    old = repository.resolve("HEAD") or ""
    new = repository.commit(old, "Next\n", changes, repository.tree(old))
    assert worktree.in_the_way(old, new)
    for name, content in mine.items():
        assert (folder / name).read_text() == content
    assert git(folder, "diff", "--cached", "--name-only") == ""
    assert len((folder / ".git/index").read_bytes()) == len(index)


@pytest.mark.parametrize(
    ("mine", "changes"),
    [
        (".env", {".env": Blob(b"theirs\n")}),
        ("build", {"build/new.py": Blob(b"theirs\n")}),
        ("logs/a/b", {"logs": Blob(b"theirs\n")}),
        ("a file\n*", {"a file\n*": Blob(b"theirs\n")}),
    ],
    ids=["file", "for-a-folder", "in-a-folder", "odd-name"],
)
def test_an_ignored_file_is_never_overwritten(
    folder: Path, repository: Repository, worktree: Worktree, mine: str, changes: Changes
) -> None:
    """Git takes what is ignored for expendable (git 2.34 and later); an `.env` is not."""
    write(folder, {".gitignore": "*\n", mine: "mine\n", "beside": "mine\n"})
    old, new = next_commit(repository, changes)
    assert mine in str(worktree.in_the_way(old, new))
    assert mine in str(worktree.fast_forward(old, new))
    assert (folder / mine).read_text() == "mine\n"


def test_what_a_killed_git_has_written_already_is_no_obstacle(
    folder: Path, repository: Repository, worktree: Worktree
) -> None:
    old, new = next_commit(repository, {"hello.py": Blob(b"1\n"), "new/a": Blob(b"2\n"), "new/b": Blob(b"3\n")})
    write(folder, {"new/a": "2\n", "new/b": "mine\n"})
    assert worktree.fast_forward(old, new) and (folder / "new/a").exists()
    (folder / "new/b").unlink()
    assert worktree.fast_forward(old, new) is None
    assert git(folder, "status", "--porcelain") == "" and (folder / "new/a").read_text() == "2\n"


def test_a_folder_in_place_of_a_tracked_file_is_no_obstacle(
    folder: Path, repository: Repository, worktree: Worktree
) -> None:
    old, new = next_commit(repository, {"hello.py": None, "hello.py/new": Blob(b"1\n")})
    assert worktree.fast_forward(old, new) is None
    assert (folder / "hello.py/new").read_text() == "1\n" and git(folder, "status", "--porcelain") == ""


def test_a_touched_but_unchanged_file_is_no_obstacle(folder: Path, repository: Repository, worktree: Worktree) -> None:
    (folder / "hello.py").write_text("x")
    (folder / "hello.py").write_text(HELLO)
    old, new = next_commit(repository, {"hello.py": Blob(b"1\n")})
    assert worktree.in_the_way(old, new) is None
    assert worktree.fast_forward(old, new) is None
    assert (folder / "hello.py").read_text() == "1\n"


def test_dirty_names_tracked_changes_and_leaves_the_index_alone(folder: Path, worktree: Worktree) -> None:
    assert worktree.dirty() == ()
    write(folder, {"hello.py": "mine\n", "untracked": ""})
    index = (folder / ".git/index").read_bytes()
    assert worktree.dirty() == ("hello.py",)
    git(folder, "rm", "-q", "--cached", "README.md")
    index = (folder / ".git/index").read_bytes()
    assert set(worktree.dirty()) == {"hello.py", "README.md"}
    assert (folder / ".git/index").read_bytes() == index


def test_linked_work_trees_are_found_and_vanished_ones_are_not(
    folder: Path, repository: Repository, tmp_path: Path
) -> None:
    assert worktree_of(repository, "main") == Worktree(folder)
    assert worktree_of(repository, "other") is None
    git(folder, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    assert worktree_of(repository, "other") == Worktree(tmp_path / "linked")
    (tmp_path / "linked").rename(tmp_path / "gone")
    assert worktree_of(repository, "other") is None


def test_a_branch_that_two_work_trees_have_checked_out_is_refused(
    folder: Path, repository: Repository, tmp_path: Path
) -> None:
    """Only one could be brought forward; in the other the next commit would take the step back."""
    git(folder, "worktree", "add", "-q", "--force", str(tmp_path / "linked"), "main")
    with pytest.raises(GitgenError, match="checked out both at"):
        worktree_of(repository, "main")


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_branch_that_is_being_rebased_is_refused(
    folder: Path, repository: Repository, tmp_path: Path, backend: str
) -> None:
    """A rebase ends by moving its branch, and could not if a step had done so meanwhile."""
    git(folder, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    write(folder, {"hello.py": "1\n"})
    git(folder, "commit", "-qam", "One")
    write(tmp_path / "linked", {"hello.py": "2\n"})
    git(tmp_path / "linked", "commit", "-qam", "Two")
    stopped = subprocess.run(["git", "rebase", backend, "main"], cwd=tmp_path / "linked", capture_output=True)
    assert stopped.returncode == 1
    with pytest.raises(GitgenError, match="other is being rebased at"):
        worktree_of(repository, "other")
    assert worktree_of(repository, "main") == Worktree(folder)
