"""Whatever `git diff` prints, applied as a reply, gives exactly the tree that it was made from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitgen import Rejected, apply_reply
from gitgen.draft import Draft
from gitgen.paths import why_hostile

QUICK = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)

line = st.sampled_from(
    [
        "",
        " ",
        "a",
        "b",
        "  a",
        "\ta",
        "}",
        "-- a",
        "++ b",
        "-",
        "+",
        "@@ -1 +1 @@",
        "```",
        "```py",
        "# ...",
        "é“x”",
    ]
) | st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=8)
ending = st.sampled_from(["\n", ""])


@st.composite
def file_pairs(draw: st.DrawFn) -> tuple[str, str]:
    """A text and an edited copy of it, each with or without its final newline."""
    before = draw(st.lists(line, max_size=30))
    after = list(before)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(after)))
        end = draw(st.integers(start, min(len(after), start + 3)))
        after[start:end] = draw(st.lists(line, max_size=3))
    return text_of(before, draw(ending)), text_of(after, draw(ending))


def text_of(lines: list[str], end: str) -> str:
    return "\n".join(lines) + end if lines else ""


def git_diff(folder: Path, before: dict[str, bytes], after: dict[str, bytes], *options: str) -> str:
    """What git prints for the way from one set of files to another."""
    for name, files in (("a", before), ("b", after)):
        for stale in sorted((folder / name).rglob("*"), reverse=True):
            stale.rmdir() if stale.is_dir() else stale.unlink()
        (folder / name).mkdir(exist_ok=True)
        for path, content in files.items():
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / path).write_bytes(content)
    command = [
        "git",
        "-c",
        "core.quotePath=true",
        "diff",
        "--no-index",
        "--no-prefix",
        "--no-color",
        *options,
    ]
    made = subprocess.run([*command, "a", "b"], cwd=folder, capture_output=True, check=False)
    assert made.returncode in (0, 1), made.stderr
    return made.stdout.decode("utf-8", "surrogateescape")


@QUICK
@given(file_pairs(), st.sampled_from(["-U0", "-U1", "-U3", "-U9"]), st.sampled_from(["--histogram", "--minimal"]))
def test_a_diff_by_git_applies_exactly(tmp_path: Path, pair: tuple[str, str], context: str, algorithm: str) -> None:
    before, after = ({"src/x.py": text.encode()} for text in pair)
    diff = git_diff(tmp_path, before, after, context, algorithm)
    if pair[0] != pair[1]:
        assert dict(apply_reply(diff, before)) == after


@QUICK
@given(file_pairs())
def test_a_fence_and_prose_around_it_change_nothing(tmp_path: Path, pair: tuple[str, str]) -> None:
    before, after = ({"x.py": text.encode()} for text in pair)
    diff = git_diff(tmp_path, before, after)
    if pair[0] != pair[1]:
        assert dict(apply_reply(f"Here it is:\n\n```diff\n{diff}```\n\nDone.\n", before)) == after


@QUICK
@given(file_pairs())
def test_carriage_returns_of_the_file_survive(tmp_path: Path, pair: tuple[str, str]) -> None:
    before, after = ({"x.txt": text.replace("\n", "\r\n").encode()} for text in pair)
    diff = git_diff(tmp_path, before, after)
    if pair[0] != pair[1]:
        assert dict(apply_reply(diff, before)) == after


@QUICK
@given(file_pairs())
def test_carriage_returns_of_the_transport_are_dropped(tmp_path: Path, pair: tuple[str, str]) -> None:
    before, after = ({"x.txt": text.encode()} for text in pair)
    diff = git_diff(tmp_path, before, after)
    if pair[0] != pair[1]:
        assert dict(apply_reply(diff.replace("\n", "\r\n"), before)) == after


def test_renames_modes_new_and_deleted_files_in_one_diff(tmp_path: Path) -> None:
    before = {"old name.py": b"a\nb\nc\nd\n", "gone.txt": b"x\n", "run": b"go\n", "same": b"s\n"}
    after = {"new/näme.py": b"a\nb\nC\nd\n", "fresh": b"y", "run": b"go\n", "same": b"s\n", "empty": b""}
    git_diff(tmp_path, before, after)
    (tmp_path / "b/run").chmod(0o755)
    (tmp_path / "a/.git").mkdir()
    git = [
        "git",
        "--git-dir",
        str(tmp_path / "a/.git"),
        "-c",
        "user.name=n",
        "-c",
        "user.email=e",
        "-c",
        "core.bare=",
    ]
    for arguments in (["init", "-q"], ["--work-tree=a", "add", "-A"], ["commit", "-qm", "before"]):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([*git, "--work-tree=b", "add", "-A"], cwd=tmp_path, check=True, capture_output=True)
    command = [*git, "diff", "--cached", "-M30"]
    diff = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout
    draft = Draft(before).read(diff)
    assert not draft.refusals
    assert dict(apply_reply(diff, before)) == after
    run = draft.changes["run"]
    assert run is not None and run.mode == "100755"
    assert set(draft.changes) == {"old name.py", "new/näme.py", "gone.txt", "fresh", "run", "empty"}


names = st.text("ab./\\~ :\u200cGgIiTt1-", min_size=1, max_size=12)
shapes = st.sampled_from(
    [
        "{0}\n```py\nx\n```\n",
        "--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n",
        "diff --git a/k b/{0}\nrename from k\nrename to {0}\n",
        "*** Begin Patch\n*** Add File: {0}\n+x\n*** Delete File: {0}\n*** End Patch\n",
        '```json\n{{"path": "{0}", "content": "x"}}\n```\n',
        "`{0}`\n```\n<<<<<<< SEARCH\n=======\nx\n>>>>>>> REPLACE\n```\n",
    ]
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(names | st.sampled_from([".git/hooks/x.py", "a/../../b.py", "/etc/passwd", "C:/x.py"]), shapes)
def test_every_path_that_comes_out_is_harmless(name: str, shape: str) -> None:
    draft = Draft({"k": b"k\n"}).read(shape.format(name))
    assert not [path for path in draft.changes if why_hostile(path)]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(line | st.sampled_from(["--- a/x", "+++ b/x", "@@ @@", "x", "```diff", "<think>"]), max_size=25))
def test_any_text_is_read_the_same_twice_and_a_rejection_leaves_the_tree_alone(lines: list[str]) -> None:
    tree = {"x": b"a\n b\n\n}\n"}
    first, second = Draft(tree).read("\n".join(lines)), Draft(tree).read("\n".join(lines))
    assert first == second
    try:
        apply_reply("\n".join(lines), tree)
    except Rejected as rejected:
        assert rejected.refusals == first.refusals
    assert tree == {"x": b"a\n b\n\n}\n"}


@pytest.mark.parametrize("reply", ["", "\ud800", "```", "--- a", "@@", "<think>", "{", "*** Begin Patch"])
def test_a_stump_of_a_reply_is_a_rejection(reply: str) -> None:
    with pytest.raises(Rejected) as caught:
        apply_reply(reply, {})
    assert caught.value.refusals[0].reason
