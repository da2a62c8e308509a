"""A work tree of any commit to run things in, and what stays of it between runs."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from gitgen.git import Git
from gitgen.repository import Repository
from gitgen.repository.checkout import checked_out, forget, in_place
from gitgen.running.sandbox import Place, run
from tests.boxed import needs_bubblewrap
from tests.conftest import git, write
from tests.test_new import snapshot


def commit(folder: Path, files: dict[str, str | bytes], message: str = "More") -> str:
    """Commit files with the plumbing alone, on a branch that is not checked out; the commit's id."""
    write(folder / ".git" / "elsewhere", files)
    blobs = {name: git(folder, "hash-object", "-w", f".git/elsewhere/{name}") for name in files}
    shutil.rmtree(folder / ".git" / "elsewhere")
    tree = {line.split("\t")[1]: line for line in git(folder, "ls-tree", "-r", "HEAD").splitlines()}
    tree |= {name: f"100644 blob {blob}\t{name}" for name, blob in blobs.items()}
    index = {"GIT_INDEX_FILE": str(folder / ".git" / "elsewhere")}
    door = Git(folder)
    door.run("update-index", "--add", "--index-info", stdin="\n".join(tree.values()).encode(), environ=index)
    written = door.run("write-tree", environ=index).decode().strip()
    (folder / ".git" / "elsewhere").unlink()
    return git(folder, "commit-tree", written, "-p", "HEAD", "-m", message)


def names(place: Place) -> set[str]:
    return {path.name for path in place.folder.iterdir()} - {".git"}


def test_it_holds_the_files_of_the_commit_and_nothing_of_the_user_is_touched(
    repository: Repository, folder: Path
) -> None:
    oid = commit(folder, {"new/file.py": "1"})
    write(folder, {"hello.py": "mine, uncommitted\n", "untracked": "mine\n"})
    git(folder, "add", "untracked")
    git(folder, "stash", "push", "-q", "README.md", "--include-untracked")
    refs, before = git(folder, "for-each-ref"), snapshot(folder)
    with checked_out(repository, "todo", oid) as place:
        assert names(place) == {"hello.py", "README.md", "new"}
        assert git(place.folder, "rev-parse", "HEAD") == oid
        assert git(place.folder, "status", "--porcelain") == ""
        assert len(git(folder, "worktree", "list").splitlines()) == 1, "git lists it nowhere"
    assert snapshot(folder) == before
    assert git(folder, "for-each-ref") == refs
    git(folder, "fsck", "--strict")


def test_dependencies_stay_between_runs_and_nothing_else_does(repository: Repository, folder: Path) -> None:
    first = commit(folder, {"app/main.py": "1", "gone.py": "1"})
    second = commit(folder, {"app/main.py": "2"})
    with checked_out(repository, "todo", first) as place:
        kept = {"node_modules/a/index.js": "a", "app/node_modules/b": "b", ".venv/bin/tool": "c", "target/debug/x": "d"}
        write(place.folder, {**kept, "junk": "1", "app/junk/deep": "1", "app/main.py": "changed", ".ignored": "1"})
        write(place.folder, {"nested/.git/HEAD": "ref: refs/heads/main\n", "nested/.git/config": "", "nested/x": "1"})
        (place.folder / "hello.py").unlink()
    with checked_out(repository, "todo", second) as place:
        files = {str(p.relative_to(place.folder)): p.read_text() for p in place.folder.rglob("*") if p.is_file()}
        link = files.pop(".git")
        assert link.startswith("gitdir: ")
        assert files == {**kept, "app/main.py": "2", "hello.py": files["hello.py"], "README.md": "# Hello\n"}
        assert git(place.folder, "diff", "--stat", "HEAD") == ""


def test_a_file_that_was_changed_behind_the_index_is_restored(repository: Repository, folder: Path) -> None:
    oid = commit(folder, {"a.py": "one"})
    for _ in range(2):
        with checked_out(repository, "todo", oid) as place:
            path = place.folder / "a.py"
            assert path.read_text() == "one"
            times = path.stat()
            path.write_text("two")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_two_runs_of_one_session_do_not_share_and_the_second_leaves_nothing(
    repository: Repository, folder: Path
) -> None:
    oid = commit(folder, {"a.py": "1"})
    with checked_out(repository, "todo", oid) as first, checked_out(repository, "todo", oid) as second:
        assert first.folder != second.folder
        write(first.folder, {"junk": ""})
        assert "junk" not in names(second)
        with checked_out(repository, "todo", oid) as third:
            assert third.folder not in (first.folder, second.folder)
    assert first.folder.exists() and not second.folder.exists() and not third.folder.exists()
    with checked_out(repository, "todo", oid) as again, checked_out(repository, "other", oid) as other:
        assert again.folder == first.folder != other.folder


@pytest.mark.parametrize("harm", ["lock", "index", "no index", "git file", "git folder", "no rights", "half", "file"])
def test_what_a_killed_or_hostile_run_left_is_mended_at_the_next(
    repository: Repository, folder: Path, harm: str
) -> None:
    oid = commit(folder, {"a/b.py": "1"})
    with checked_out(repository, "todo", oid) as place:
        own = Path(git(place.folder, "rev-parse", "--absolute-git-dir"))
    tree = place.folder
    if harm == "lock":
        (own / "index.lock").touch()
    elif harm == "index":
        (own / "index").write_bytes(b"DIRC nonsense")
    elif harm == "no index":
        (own / "index").unlink()
    elif harm == "git file":
        (tree / ".git").write_text("gitdir: /nowhere\n")
    elif harm == "git folder":
        (tree / ".git").unlink()
        git(tree, "init", "-q")
    elif harm == "no rights":
        write(tree, {"closed/x": ""})
        (tree / "closed").chmod(0o500)
        (tree / "a").chmod(0o500)
    elif harm == "half":
        shutil.rmtree(own)
        (own.parent / "common").unlink()
    elif harm == "file":
        shutil.rmtree(tree / "a")
        (tree / "a").write_text("in the way")
    with checked_out(repository, "todo", oid) as place:
        assert names(place) == {"hello.py", "README.md", "a"}
        assert (place.folder / "a" / "b.py").read_text() == "1"
        assert git(place.folder, "status", "--porcelain") == ""


def test_hooks_and_settings_of_the_user_do_not_act_on_it(repository: Repository, folder: Path) -> None:
    oid = commit(folder, {"a/b": "1", "c": "1"})
    for name in ("post-checkout", "post-index-change"):
        hook = folder / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {folder}/ran\n")
        hook.chmod(0o755)
    git(folder, "config", "core.sparseCheckout", "true")
    git(folder, "config", "core.worktree", str(folder))
    git(folder, "config", "submodule.recurse", "true")
    with checked_out(repository, "todo", oid) as place:
        assert names(place) == {"hello.py", "README.md", "a", "c"}
    assert not (folder / "ran").exists()


def test_from_a_linked_work_tree_it_is_the_same_one(repository: Repository, folder: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(folder, "worktree", "add", "-q", str(linked), "-b", "other")
    oid = git(folder, "rev-parse", "HEAD")
    with checked_out(repository, "todo", oid) as place:
        pass
    with checked_out(Repository(Git(linked), linked), "todo", oid) as same:
        assert same.folder == place.folder
        assert (place.seen_at, same.seen_at) == (folder, linked)


def test_what_is_kept_for_a_session_can_be_forgotten(repository: Repository, folder: Path) -> None:
    forget(repository, "todo")
    with checked_out(repository, "todo", git(folder, "rev-parse", "HEAD")) as place:
        forget(repository, "todo")
        assert place.folder.exists(), "a run is under way"
    forget(repository, "todo")
    assert not place.folder.parent.exists()


def test_what_is_kept_for_a_repository_that_is_gone_goes_too(
    repository: Repository, folder: Path, tmp_path: Path
) -> None:
    with checked_out(repository, "todo", git(folder, "rev-parse", "HEAD")) as place:
        pass
    other = tmp_path / "other"
    git(folder, "clone", "-q", ".", str(other))
    shutil.rmtree(folder)
    with checked_out(Repository(Git(other), other), "todo", git(other, "rev-parse", "HEAD")):
        assert not place.folder.exists()


def test_a_sha256_repository_is_no_different(tmp_path: Path) -> None:
    folder = tmp_path / "long"
    git(tmp_path, "init", "-q", "--object-format=sha256", str(folder))
    write(folder, {"a": "1"})
    git(folder, "add", "a")
    git(folder, "commit", "-qm", "One")
    with checked_out(Repository(Git(folder), folder), "todo", git(folder, "rev-parse", "HEAD")) as place:
        assert names(place) == {"a"}


@needs_bubblewrap
@pytest.mark.parametrize("linked", [False, True], ids=["main", "linked"])
@pytest.mark.parametrize("where", ["apart", "in place"])
def test_in_the_sandbox_git_can_be_read_and_not_written(
    repository: Repository, folder: Path, tmp_path: Path, linked: bool, where: str
) -> None:
    git(folder, "tag", "-a", "v1", "-m", "One")
    if linked:
        git(folder, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
        folder = tmp_path / "linked"
    common = Path(git(folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    before = {path: path.read_bytes() for path in common.rglob("*") if path.is_file()}
    command = (
        "pwd; git status --porcelain; git describe; git log --format=%s; git rev-parse --show-toplevel\n"
        "exec 2>&1; for file in $(git rev-parse --git-path hooks/pre-commit) $(git rev-parse --git-dir)/HEAD .git\n"
        "do echo evil > $file; done; rm -rf .git; mv .git moved; git config x.y z; git commit -qm x --allow-empty\n"
    )
    if where == "in place":
        ran = run(command, in_place(folder))
    else:
        with checked_out(Repository(Git(folder), folder), "todo", git(folder, "rev-parse", "HEAD")) as place:
            ran = run(command, place)
    assert ran.output.splitlines()[:4] == [str(folder), "v1", "Say hello", str(folder)]
    assert {path: path.read_bytes() for path in common.rglob("*") if path.is_file()} == before
    assert git(folder, "status", "--porcelain") == ""


@needs_bubblewrap
def test_a_repository_that_borrows_objects_can_be_read(repository: Repository, folder: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    git(tmp_path, "clone", "-q", "--shared", str(folder), str(shared))
    with checked_out(Repository(Git(shared), shared), "todo", git(shared, "rev-parse", "HEAD")) as place:
        assert run("git log --format=%s", place).output == "Say hello\n"
    assert run("git log --format=%s", in_place(shared)).output == "Say hello\n"


@needs_bubblewrap
def test_what_is_installed_in_editable_form_is_that_of_the_commit(repository: Repository, folder: Path) -> None:
    oid = commit(folder, {"src/mine.py": "print('of the commit')\n"})
    write(folder, {"src/mine.py": "print('of the work tree')\n", ".venv/lib/mine.pth": f"{folder}/src\n"})
    with checked_out(repository, "todo", oid) as place:
        ran = run("PYTHONPATH=$(cat .venv/lib/mine.pth) python3 -m mine; touch .venv/x", place)
    assert ran.output.startswith("of the commit\n"), ran.output
    assert "Read-only" in ran.output, "the user's environment is lent, not given"
    assert not (folder / ".venv/x").exists()


@needs_bubblewrap
def test_dependencies_of_its_own_are_used_before_those_of_the_user(repository: Repository, folder: Path) -> None:
    write(folder, {"node_modules/a": "the user's"})
    oid = git(folder, "rev-parse", "HEAD")
    with checked_out(repository, "todo", oid) as place:
        assert run("cat node_modules/a", place).output == "the user's"
        write(place.folder, {"node_modules/a": "its own"})
    with checked_out(repository, "todo", oid) as place:
        assert run("cat node_modules/a; touch node_modules/b", place).output == "its own"
