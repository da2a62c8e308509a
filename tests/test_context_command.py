"""`gitgen context`, through the command line."""

from __future__ import annotations

import json
from pathlib import Path

from gitgen.ranking.selection import MOST_IN_VAIN
from tests.conftest import Gitgen, git, write
from tests.test_selection import commit


def test_context_prints_the_choice_with_reasons(gitgen: Gitgen, folder: Path) -> None:
    text = "".join(f"def name_{number}():\n    return {number} * greet\n" for number in range(40))
    commit(folder, {f"part/file{number}.py": text.replace("name", f"n{number}") for number in range(300)})
    done = gitgen("context", "--model", "gpt-4.1", "greet in hello.py is wrong")
    assert done.code == 0 and "hello.py  (its text, the feedback names it" in done.out.splitlines()[0]
    assert "shown: " in done.err and "of 32000" in done.err
    found = json.loads(gitgen("context", "--model", "gpt-4.1", "--json", "--branch", "main", "greet in hello.py").out)
    assert found["files"][0]["path"] == "hello.py" and found["files"][0]["form"] == "whole"
    assert found["tokens"] <= found["budget"] == 32000 and found["read"] == found["total"] == 302
    assert "302 files" in gitgen("context", "--status").out
    assert "deleted" in gitgen("context", "--clear-cache").out
    assert "no cache" in gitgen("context", "--status").out


def test_context_shows_a_small_repository_whole_and_works_in_a_bare_one(
    gitgen: Gitgen, folder: Path, tmp_path: Path
) -> None:
    assert gitgen("context", "greet").out.splitlines() == ["README.md", "hello.py"]
    git(tmp_path, "clone", "-q", "--bare", str(folder), "bare")
    done = gitgen("context", "--all", "greet in French", cwd=tmp_path / "bare")
    assert done.code == 0 and done.out.splitlines()[0].endswith("hello.py")
    assert gitgen("context").code == 1


def test_a_small_repository_hides_what_gitgenignore_names(gitgen: Gitgen, folder: Path) -> None:
    commit(folder, {".gitgenignore": "README.md\n"})
    assert gitgen("context", "greet").out.splitlines() == [".gitgenignore", "hello.py"]


def test_in_a_partial_clone_only_what_is_shown_is_fetched(gitgen: Gitgen, folder: Path, tmp_path: Path) -> None:
    commit(folder, {f"part/file{number}.py": f"n = {number}\n" for number in range(100)})
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{folder}", "partial")
    done = gitgen("context", "--json", "Say n in part/file7.py", cwd=tmp_path / "partial")
    assert done.code == 0, done.err
    shown = [file["path"] for file in json.loads(done.out)["files"]]
    assert "part/file7.py" in shown and len(shown) < 100
    absent = git(tmp_path / "partial", "rev-list", "--objects", "--missing=print", "main^{tree}").count("?")
    assert absent == 102 - len(shown)
    assert "not in this clone" in gitgen("context", "Say n in part/file7.py", cwd=tmp_path / "partial").err


def test_in_a_partial_clone_nothing_is_fetched_for_a_budget_that_is_used_up(
    gitgen: Gitgen, folder: Path, tmp_path: Path
) -> None:
    text = "".join(f"greet_{number} = {number}\n" for number in range(2000))
    commit(folder, {f"greet/file{number}.txt": f"{number}\n{text}" for number in range(40)})
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{folder}", "partial")
    done = gitgen("context", "--json", "--model", "gpt-4.1", "Change the files in greet", cwd=tmp_path / "partial")
    found = json.loads(done.out)
    absent = git(tmp_path / "partial", "rev-list", "--objects", "--missing=print", "main^{tree}").count("?")
    assert absent == 42 - len(found["files"]) - MOST_IN_VAIN
    assert sum(file["why"] == "not in this clone" for file in found["left_out"]) > 20


def test_in_a_partial_clone_a_file_that_is_never_shown_keeps_none_from_being_fetched(
    gitgen: Gitgen, folder: Path, tmp_path: Path
) -> None:
    commit(
        folder,
        {
            **{f"part/file{number}.py": f"n = {number}\n" for number in range(100)},
            "hidden.py": "n = 1\n",
            "bytes.py": b"\0\1",
            "long.txt": "".join(f"n_{number}\n" for number in range(20_000)),
            ".gitgenignore": "hidden.py\n",
        },
    )
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{folder}", "partial")
    asked = "n in hidden.py, bytes.py, long.txt and part/file7.py"
    found = json.loads(gitgen("context", "--json", "--model", "gpt-4.1", asked, cwd=tmp_path / "partial").out)
    assert {file["path"] for file in found["left_out"]} >= {"hidden.py", "bytes.py", "long.txt"}
    assert "part/file7.py" in [file["path"] for file in found["files"]]
    assert not any(file["why"] == "not in this clone" for file in found["left_out"])


def test_huge_blobs_and_a_folder_of_many_files_are_no_stall(gitgen: Gitgen, folder: Path) -> None:
    write(folder, {f"many/file{number}.py": "n = 1\n" for number in range(2500)})
    write(folder, {"line.py": b"greet " * 400_000, "huge.py": b"\0" * 20_000_000})
    git(folder, "add", "-A")
    git(folder, "-c", "core.bigFileThreshold=1m", "commit", "-qm", "Grow")
    done = gitgen("context", "greet in hello.py, line.py and huge.py")
    assert done.code == 0 and "hello.py  (its text, the feedback names it" in done.out.splitlines()[0]
    (left_out,) = [line for line in done.err.splitlines() if line.startswith("left out, larger than 1 MB: ")]
    assert sorted(left_out.partition(": ")[2].split(", ")) == ["huge.py", "line.py"]


def test_files_that_are_given_come_first_as_a_fix_shows_them(gitgen: Gitgen, folder: Path) -> None:
    text = "".join(f"def name_{number}():\n    return {number} * greet\n" for number in range(40))
    commit(folder, {f"part/file{number}.py": text.replace("name", f"n{number}") for number in range(300)})
    (folder / "part").mkdir(exist_ok=True)
    command = ("context", "--model", "gpt-4.1", "--json", "--read", "file3.py", "greet in hello.py")
    found = json.loads(gitgen(*command, cwd=folder / "part").out)
    assert [file["path"] for file in found["files"][:2]] == ["part/file3.py", "hello.py"]
    assert found["files"][0]["why"] == ["given with --read"] and found["tokens"] <= found["budget"]
    assert [file["path"] for file in found["files"]].count("part/file3.py") == 1
    alone = gitgen("context", "-f", "hello.py", "--read", "README.md", "greet")
    assert alone.code == 0 and [line.split()[3] for line in alone.out.splitlines()] == ["README.md", "hello.py"]
    assert "the named files alone" in alone.err


def test_of_a_small_repository_too_the_files_for_reference_come_first(gitgen: Gitgen, folder: Path) -> None:
    assert gitgen("context", "--read", "hello.py", "greet").out.splitlines() == ["hello.py", "README.md"]


def test_a_file_that_is_not_there_is_refused_as_a_fix_refuses_it(gitgen: Gitgen, folder: Path) -> None:
    for options in (("--read", "no.py"), ("-f", "../no.py"), ("-f", "hello.py", "--read", "hello.py")):
        assert gitgen("context", *options, "greet").code == 1
