"""What a report knows of the commits' changes is what git says of them, whatever stands in the files."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitgen.git import Git
from gitgen.report import diffs
from gitgen.report.values import FileDiff
from gitgen.repository import Repository
from gitgen.state.log import load
from gitgen.values import EXECUTABLE, Blob
from tests.conftest import HELLO, git
from tests.sessions import BRANCH, Making


def changed(making: Making) -> dict[str, tuple[FileDiff, ...]]:
    """By commit, what each commit of the session changes."""
    session = load(making.repository, BRANCH)
    assert session is not None
    return diffs.diffs_of(making.repository.git, session.commits)


@pytest.fixture
def making(repository: Repository) -> Making:
    return Making(repository)


def test_every_commit_has_its_files_and_gitgens_own_are_left_out(making: Making) -> None:
    first = making.step(files={"hello.py": b"print('hi')\n", "new.py": b"a\nb\n"})
    empty = making.step()
    second = making.by_hand("By hand", {"new.py": None})
    found = changed(making)
    assert [(file.path, file.what, file.added, file.removed) for file in found[first]] == [
        ("hello.py", "changed", 1, 5),
        ("new.py", "added", 2, 0),
    ]
    assert found.get(empty, ()) == ()
    assert [(file.path, file.what, file.removed) for file in found[second]] == [("new.py", "deleted", 2)]


def test_a_folder_below_the_root_sees_the_same(making: Making) -> None:
    oid = making.step(files={"new.py": b"a\n"})
    folder = making.repository.git.folder / "below"
    folder.mkdir()
    session = load(making.repository, BRANCH)
    assert session is not None
    assert [file.path for file in diffs.diffs_of(Git(folder), session.commits)[oid]] == ["new.py"]


def test_rows_have_the_numbers_of_their_own_side(making: Making) -> None:
    oid = making.step(files={"hello.py": HELLO.replace("    return", "    name = name.strip()\n    return").encode()})
    ((hunk,),) = (file.hunks for file in changed(making)[oid])
    assert [(row.sign, row.number) for row in hunk.rows] == [(" ", 1), ("+", 2), (" ", 3), (" ", 4), (" ", 5)]


def test_a_rename_and_a_mode_are_told(making: Making) -> None:
    oid = making.step(files={"hello.py": None, "bin/hallo du": Blob(HELLO.encode(), EXECUTABLE)})
    (file,) = changed(making)[oid]
    assert (file.what, file.before, file.path, file.mode) == ("renamed", "hello.py", "bin/hallo du", "100644 → 100755")


def test_a_binary_file_has_no_rows(making: Making) -> None:
    oid = making.step(files={"image": b"\0\1\2" * 50})
    (file,) = changed(making)[oid]
    assert file.binary and file.hunks == ()


def test_a_long_file_is_cut_and_says_by_how_much(making: Making) -> None:
    oid = making.step(files={"long": b"line\n" * 5000})
    (file,) = changed(making)[oid]
    assert (file.added, file.left_out, len(file.hunks[0].rows)) == (5000, 4000, diffs.ROWS_OF_A_FILE)


def test_line_ends_show_only_where_they_differ(making: Making) -> None:
    both = making.step(files={"dos.txt": b"one\r\ntwo\r\n"})
    some = making.step(files={"dos.txt": b"one\r\ntwo\n"})
    found = changed(making)
    assert [row.text for row in found[both][0].hunks[0].rows] == ["one", "two"]
    assert [row.text for row in found[some][0].hunks[0].rows] == ["one\r", "two\r", "two"]


FORGED = (
    "diff --git a/x b/x",
    "--- a/x",
    "+++ b/x",
    "@@ -1 +1 @@",
    "0" * 40,
    "Binary files a/x and b/x differ",
    "\\ No newline at end of file",
    "new file mode 100644",
    "",
    " ",
    "-",
    "+ plain",
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_file_can_forge_another_files_or_commits_part(making: Making, data: st.DataObject) -> None:
    lines = st.lists(st.sampled_from(FORGED), max_size=8)
    name = st.text(string.ascii_letters + ' "\\\tä', min_size=1, max_size=6).map(lambda text: f"d/{text}x")
    end = st.sampled_from(["\n", ""])
    oids = {}
    for _ in range(2):
        files = data.draw(st.dictionaries(name, st.tuples(lines, end), min_size=1, max_size=3))
        blobs = {path: Blob(("\n".join(rows) + last).encode()) for path, (rows, last) in files.items()}
        oids[making.step(files=blobs)] = blobs
    found = changed(making)
    for oid in oids:
        told = git(making.repository.git.folder, "diff-tree", "-r", "-z", "-M", "--numstat", "--no-commit-id", oid)
        words = iter(told.split("\0"))
        counts = {}
        for word in words:
            if not word:
                continue
            added, removed, path = word.split("\t", 2)
            if not path:
                _, path = next(words), next(words)
            if not path.startswith(".gitgen/"):
                counts[path] = (int(added), int(removed))
        assert {file.path: (file.added, file.removed) for file in found.get(oid, ())} == counts
