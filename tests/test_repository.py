"""Trees are read lazily, commits made in memory, refs moved only from where they were seen."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitgen.errors import GitgenError
from gitgen.git import Git, GitFailed
from gitgen.repository import LostRace, Repository
from gitgen.repository.tree import GitTree
from gitgen.values import DIRECTORY, EXECUTABLE, REGULAR, SYMLINK, Blob
from tests.conftest import git, write


def head(repository: Repository) -> str:
    oid = repository.resolve("HEAD")
    assert oid is not None
    return oid


def commit(repository: Repository, changes: dict[str, Blob | None], parent: str | None = None) -> str:
    parent = parent or head(repository)
    return repository.commit(parent, "Change\n", changes, repository.tree(parent))


def test_a_tree_is_read_as_a_mapping(folder: Path, repository: Repository) -> None:
    write(folder, {"src/deep/a.py": "a\n", "run.sh": "#!/bin/sh\n"})
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("src")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "more")
    tree = repository.tree("HEAD")
    assert tree["src/deep/a.py"] == b"a\n"
    assert set(tree) == {"hello.py", "README.md", "src/deep/a.py", "run.sh"}
    paths = ("run.sh", "link", "src", "hello.py", "nothing", "hello.py/x", "link/deep")
    assert [tree.mode(path) for path in paths] == [
        EXECUTABLE, SYMLINK, DIRECTORY, REGULAR, None, None, None,
    ]  # fmt: skip
    assert "link" not in tree and "src" not in tree
    assert len(tree) == 4


def test_the_start_of_a_file_is_read_without_its_rest(folder: Path, repository: Repository) -> None:
    oid = commit(repository, {"huge": Blob(b"start" + b"x" * 3_000_000), "other": Blob(b"1\n")})
    tree = repository.tree(oid)
    assert tree.start_of("huge", 5) == b"start"
    assert tree["other"] == b"1\n" and tree.start_of("other", 5) == b"1\n"
    assert len(tree["huge"]) == 3_000_005
    with pytest.raises(KeyError):
        tree.start_of("nothing", 5)


def test_an_object_that_is_damaged_is_an_error_and_the_next_is_read(folder: Path, repository: Repository) -> None:
    oid = git(folder, "rev-parse", "HEAD:hello.py")
    path = folder / ".git/objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(b"no object")
    with pytest.raises(GitFailed):
        repository.git.read(oid)
    assert repository.tree("HEAD")["README.md"] == b"# Hello\n"


def test_the_bytes_of_a_name_are_kept(folder: Path, repository: Repository) -> None:
    subprocess.run(["git", "config", "user.name", b"Andr\xe9"], cwd=folder, check=True)
    raw = repository.git.run("cat-file", "commit", commit(repository, {"a": Blob(b"")}))
    assert b"author Andr\xe9 <" in raw


def test_a_repository_of_sha256_begins_and_goes_on(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "new")
    repository = Repository(Git(tmp_path / "new"), tmp_path / "new")
    first = repository.commit(None, "First\n", {"a": Blob(b"1\n")}, repository.tree(None))
    second = repository.commit(first, "Second\n", {"b": Blob(b"2\n")}, repository.tree(first))
    assert len(second) == 64 and set(repository.tree(second)) == {"a", "b"}
    assert git(tmp_path / "new", "for-each-ref") == ""


def test_a_lookup_reads_only_the_folders_on_the_way(folder: Path, repository: Repository) -> None:
    write(folder, {f"d{i}/f{j}": "x" for i in range(20) for j in range(5)})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "many")
    read: list[str] = []

    class Counting(Git):
        def read(self, oid: str, most: int | None = None) -> bytes:
            read.append(oid)
            return super().read(oid, most)

    tree = GitTree(Counting(folder), git(folder, "rev-parse", "HEAD^{tree}"))
    assert tree["d7/f3"] == b"x"
    assert len(read) == 3  # the root, one folder, one blob


def test_a_commit_changes_what_it_says_and_nothing_else(folder: Path, repository: Repository) -> None:
    (folder / "hello.py").chmod(0o755)
    git(folder, "commit", "-qam", "executable")
    before = {name: (folder / name).read_bytes() for name in (".git/index", "hello.py", "README.md")}
    oid = commit(repository, {"hello.py": Blob(b"new\n"), "a/b c.txt": Blob(b"\0\xff"), "README.md": None})
    listed = git(folder, "ls-tree", "-r", oid).splitlines()
    assert [line.split("\t")[1] for line in listed] == ["a/b c.txt", "hello.py"]
    assert listed[1].startswith("100755"), "an executable file stays one"
    assert git(folder, "log", "-1", "--format=%an <%ae> %s", oid) == "Ada <ada@example.org> Change"
    assert {name: (folder / name).read_bytes() for name in before} == before
    assert git(folder, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert not list((folder / ".git").glob("fast_import_crash_*"))


def test_a_file_takes_the_place_of_a_folder_that_the_same_commit_empties(folder: Path, repository: Repository) -> None:
    first = commit(repository, {"x/y": Blob(b"1")})
    second = commit(repository, {"x/y": None, "x": Blob(b"2")}, first)
    assert git(folder, "show", f"{second}:x") == "2"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0/"), min_size=1, max_size=12).filter(
            lambda name: name not in (".", "..") and name.lower() != ".git"
        ),
        st.binary(max_size=40),
        max_size=4,
    )
)
def test_any_name_and_content_round_trips(repository: Repository, files: dict[str, bytes]) -> None:
    oid = commit(repository, {f"top/{name}": Blob(content) for name, content in files.items()})
    tree = repository.tree(oid)
    assert {entry.path: tree[entry.path] for entry in tree.walk("top")} == {f"top/{k}": v for k, v in files.items()}


def test_a_ref_moves_only_from_where_it_was_seen(folder: Path, repository: Repository) -> None:
    old = head(repository)
    one, two = commit(repository, {"a": Blob(b"1")}), commit(repository, {"a": Blob(b"2")})
    repository.move("refs/heads/x", one, None, "make")
    with pytest.raises(LostRace):
        repository.move("refs/heads/x", two, None, "make again")
    with pytest.raises(LostRace):
        repository.move("refs/heads/x", two, old, "from elsewhere")
    # An ancestor is no excuse: who has taken the branch back wants it there.
    git(folder, "update-ref", "refs/heads/x", old)
    with pytest.raises(LostRace):
        repository.move("refs/heads/x", commit(repository, {"b": Blob(b"")}, one), one, "go on")
    assert repository.tip("x") == old
    with pytest.raises(LostRace):
        repository.move("refs/heads/x", None, one, "delete")
    repository.move("refs/heads/x", None, old, "delete")
    assert repository.tip("x") is None


def test_no_identity_is_made_up(folder: Path, repository: Repository, sealed: Path) -> None:
    (sealed / ".gitconfig").write_text("[user]\n\tname = Ada\n")
    with pytest.raises(GitgenError, match="who you are") as caught:
        commit(repository, {"a": Blob(b"")})
    assert "user.name" in caught.value.mend and "user.email" in caught.value.mend


def test_author_and_committer_are_those_of_git(
    folder: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Grace")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2020-02-02T02:02:02+0200")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2021-01-01T00:00:00Z")
    oid = commit(repository, {"a": Blob(b"")})
    assert git(folder, "log", "-1", "--format=%an %ad %cn %ct", oid, "--date=raw") == (
        "Grace 1580601722 +0200 Ada 1609459200"
    )


def test_a_commit_is_signed_when_git_is_told_to(folder: Path, repository: Repository, tmp_path: Path) -> None:
    key = tmp_path / "key"
    os.system(f"ssh-keygen -q -t ed25519 -N '' -f {key}")
    if not key.exists():
        pytest.skip("ssh-keygen is not on this machine")
    for name, value in {"gpg.format": "ssh", "user.signingKey": f"{key}.pub", "commit.gpgSign": "true"}.items():
        git(folder, "config", name, value)
    assert "gpgsig" in git(folder, "cat-file", "commit", commit(repository, {"a": Blob(b"")}))
    git(folder, "config", "user.signingKey", "/nowhere")
    fresh = Repository(Git(folder), folder)
    with pytest.raises(GitgenError, match="could not be signed"):
        commit(fresh, {"a": Blob(b"")})


def test_a_sha256_repository_works_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256", "wide")
    wide = tmp_path / "wide"
    git(wide, "commit", "-q", "--allow-empty", "-m", "Begin")
    repository = Repository(Git(wide), wide)
    oid = commit(repository, {"a/b": Blob(b"x")})
    assert len(oid) == 64
    assert repository.tree(oid)["a/b"] == b"x"
    assert repository.blob_id(b"x", oid) == git(wide, "rev-parse", f"{oid}:a/b")
    repository.move("refs/heads/x", oid, None, "make")
    assert repository.tip("x") == oid


def test_the_repository_is_found_from_below_and_a_bare_one_has_no_top(folder: Path, tmp_path: Path) -> None:
    (folder / "sub").mkdir()
    found = Repository.find(folder / "sub")
    assert found is not None and found.top == folder
    git(tmp_path, "clone", "-q", "--bare", str(folder), "bare.git")
    bare = Repository.find(tmp_path / "bare.git")
    assert bare is not None and bare.top is None
    (tmp_path / "empty").mkdir()
    assert Repository.find(tmp_path / "empty") is None


def test_configuration_is_local_over_global_and_keeps_all_values_of_the_strongest(
    folder: Path, repository: Repository, sealed: Path
) -> None:
    git(folder, "config", "--global", "gitgen.model", "a")
    git(folder, "config", "--add", "gitgen.model", "b")
    git(folder, "config", "--add", "gitgen.model", "c")
    assert repository.config["gitgen.model"] == ("b", "c")


def test_a_failing_git_command_says_what_git_said(repository: Repository) -> None:
    with pytest.raises(GitFailed, match="Not a valid object name") as caught:
        repository.git.run("cat-file", "-p", "nope")
    assert "git cat-file -p nope" in caught.value.mend


def test_records_can_be_left_early(folder: Path, repository: Repository) -> None:
    for number in range(3):
        git(folder, "commit", "-q", "--allow-empty", "-m", str(number))
    records = repository.git.records("log", "-z", "--format=%s")
    assert next(records) == b"2"
    records.close()
