"""Git itself is killed, or its lock files lie about, while gitgen lives on."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitgen.errors import GitgenError
from gitgen.git import GitFailed
from gitgen.plan import go_on
from gitgen.progress import progress_of
from gitgen.repository import HEADS, LostRace, Repository
from gitgen.repository.advance import BEHIND, catch_up
from gitgen.values import Blob
from tests.conftest import HELLO, Gitgen, git, write
from tests.proof.points import REF_HOOK
from tests.replies import PROGRAM
from tests.scripted import endpoint, says
from tests.worlds import BRANCH, started, world


def next_commit(repository: Repository, text: bytes) -> tuple[str, str]:
    old = repository.tip("main") or ""
    return old, repository.commit(old, "Next\n", {"hello.py": Blob(text)}, repository.tree(old))


@pytest.fixture
def dies(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[int], None]:
    """Have git killed when a transaction of refs is in its first state, prepared, or in its second, committed."""

    def at(state: int) -> None:
        write(folder, {".git/hooks/reference-transaction": REF_HOOK})
        (folder / ".git/hooks/reference-transaction").chmod(0o755)
        monkeypatch.setenv("PROOF_COUNT", str(tmp_path / "count"))
        monkeypatch.setenv("PROOF_WHOM", "git")
        monkeypatch.setenv("PROOF_AT", str(state))

    return at


def test_an_object_is_read_though_the_git_that_reads_was_killed(repository: Repository) -> None:
    tip = repository.tip("main") or ""
    os.kill(repository.git._cat.pid, signal.SIGKILL)
    repository.git._cat.wait()
    assert repository.git.read(f"{tip}:hello.py") == HELLO.encode()
    repository.git.close()


def test_what_cannot_be_read_is_an_error_and_not_absent(folder: Path, repository: Repository) -> None:
    """Absent would mean a new session, or that nothing is under way."""
    oid = git(folder, "rev-parse", "main")
    loose = folder / ".git/objects" / oid[:2] / oid[2:]
    loose.chmod(0o644)
    loose.write_bytes(b"nonsense")
    with pytest.raises(GitFailed, match=r"cannot be read: .*; git fsck tells more"):
        repository.tip("main")
    assert repository.tip("other") is None


def test_a_commit_locks_no_ref(folder: Path, repository: Repository) -> None:
    for name in ("packed-refs.lock", "refs/gitgen/none.lock"):
        write(folder, {f".git/{name}": ""})
    old, new = next_commit(repository, b"1\n")
    assert git(folder, "rev-parse", f"{new}^") == old


def test_a_lock_is_named_with_its_age_and_what_removes_it(folder: Path, repository: Repository) -> None:
    lock = folder / ".git/refs/heads/main.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    old, new = next_commit(repository, b"1\n")
    git(folder, "config", "core.filesRefLockTimeout", "0")
    with pytest.raises(GitFailed, match=r"main\.lock is in the way, \d{10,} s old") as caught:
        repository.git.run("update-ref", HEADS + "main", new, old)
    command = caught.value.mend.partition(": ")[2]
    subprocess.run(command, shell=True, check=True)
    repository.move(HEADS + "main", new, old, "test")


def test_a_git_that_was_killed_when_it_had_moved_the_refs_has_moved_them(
    repository: Repository, dies: Callable[[int], None]
) -> None:
    old, new = next_commit(repository, b"1\n")
    dies(2)
    repository.move(HEADS + "main", new, old, "test")
    assert repository.tip("main") == new


def test_a_git_that_was_killed_before_leaves_its_lock_which_is_named(
    repository: Repository, dies: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitgen.repository._PATIENT", ())
    old, new = next_commit(repository, b"1\n")
    dies(1)
    named = []
    while repository.tip("main") == old:
        try:
            repository.move(HEADS + "main", new, old, "test")
        except GitFailed as error:
            assert error.lock is not None
            named.append(error.lock.name)
            error.lock.unlink()
    # HEAD stands for main here, so some gits lock it too, for its reflog.
    assert named in (["main.lock"], ["main.lock", "HEAD.lock"])
    with pytest.raises(LostRace):
        repository.move(HEADS + "main", old, old, "test")


def test_a_reply_that_the_progress_ref_cannot_take_is_kept_aside_and_taken_up(
    folder: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitgen.repository._PATIENT", ("-c", "core.filesRefLockTimeout=0"))
    lock = ".git/refs/gitgen/progress/x.lock"
    with endpoint(says(PROGRAM, between=lambda: write(folder, {lock: ""}))) as scripted:
        here = world(repository, scripted)
        started(here, "generate")
        with pytest.raises(GitgenError, match=r"in the way.* kept as refs/gitgen/aside/x-") as caught:
            list(go_on(here, BRANCH))
        command, then = caught.value.mend.partition(": ")[2].split("; then: ")
        assert then == f"gitgen resume {BRANCH}"
        subprocess.run(command, shell=True, check=True, cwd=folder)
        assert progress_of(repository, BRANCH) is not None
        (landed,) = go_on(here, BRANCH)
        assert landed.status == "ok" and len(scripted.requests) == 1


def test_a_checkout_that_was_killed_half_way_is_gone_on_with(folder: Path, repository: Repository) -> None:
    old, new = next_commit(repository, b"a\nb\nc\n")
    repository.move_all([(BEHIND + "main", old, None), (HEADS + "main", new, old)], "test")
    (folder / "hello.py").write_text("a\nb")
    catch_up(repository, "main")
    assert (folder / "hello.py").read_text() == "a\nb\nc\n" and git(folder, "status", "--porcelain") == ""


def test_a_checkout_that_was_killed_stays_where_a_file_is_the_users(folder: Path, repository: Repository) -> None:
    old, new = next_commit(repository, b"a\nb\nc\n")
    repository.move_all([(BEHIND + "main", old, None), (HEADS + "main", new, old)], "test")
    (folder / "hello.py").write_text("mine\n")
    with pytest.raises(GitgenError, match="stays behind"):
        catch_up(repository, "main")
    assert (folder / "hello.py").read_text() == "mine\n"


def test_a_lock_of_the_index_stops_a_step_before_the_branch_moves(folder: Path, gitgen: Gitgen) -> None:
    write(folder, {"reply.txt": "hello.py\n```python\nprint('x')\n```\n"})
    assert gitgen("apply", "reply.txt", "--name", "x").code == 0
    git(folder, "switch", "-q", BRANCH)
    write(folder, {".git/index.lock": "", "reply.txt": "hello.py\n```python\nprint('y')\n```\n"})
    tip = git(folder, "rev-parse", "HEAD")
    ran = gitgen("apply", "reply.txt")
    assert ran.code == 1 and "index.lock is in the way" in ran.err and git(folder, "rev-parse", "HEAD") == tip
    command, then = ran.err.partition("any more: ")[2].strip().split("; then: ")
    subprocess.run(command, shell=True, check=True)
    assert gitgen(*then.split()[1:]).code == 0 and (folder / "hello.py").read_text() == "print('y')\n"
