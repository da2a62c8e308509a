"""A checked-out session branch is brought forward without losing a byte; nothing else is ever written."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitgen.repository import Repository
from gitgen.values import Blob, Changes
from gitgen.worktree import Worktree, worktree_of
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
