"""A step over several replies: what fitted is held, what did not is asked for, and nothing slips away."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

import gitgen
from gitgen.draft import Draft, apply_reply, ask_again
from gitgen.values import Blob

TREE = {"a.py": b"one\ntwo\nthree\n", "b.py": b"x = 1\ny = 2\n"}


def diff(path: str, *rows: str) -> str:
    return f"```diff\n--- {path}\n+++ {path}\n@@ @@\n" + "\n@@ @@\n".join(rows) + "\n```\n"


def test_what_fits_is_held_and_the_rest_is_refused() -> None:
    draft = Draft(TREE).read(diff("a.py", "-one\n+1", "-zwei\n+2"))
    assert draft.changes == {"a.py": Blob(b"1\ntwo\nthree\n")}
    assert [(one.path, one.hunk, one.kind) for one in draft.refusals] == [("a.py", 2, "no-place")]
    assert draft.refusals[0].changed == ("-zwei", "+2")


def test_a_second_reply_settles_what_it_covers() -> None:
    first = Draft(TREE).read(diff("a.py", "-one\n+1", "-zwei\n+2"))
    second = first.read(diff("a.py", "-two\n+2"))
    assert not second.refusals
    assert second.changes == {"a.py": Blob(b"1\n2\nthree\n")}


def test_a_forgotten_hunk_stays_outstanding() -> None:
    first = Draft(TREE).read(diff("a.py", "-zwei\n+2", "-drei\n+3"))
    second = first.read(diff("a.py", "-two\n+2"))
    assert [one.changed for one in second.refusals] == [("-drei", "+3")]
    assert not second.read(diff("a.py", "-three\n+3")).refusals


def test_another_file_does_not_settle_a_refusal() -> None:
    first = Draft(TREE).read(diff("a.py", "-zwei\n+2"))
    assert first.read(diff("b.py", "-x = 1\n+x = 3")).refusals


@pytest.mark.parametrize("reply", ["a.py\n```\nnew\n```\n", "*** Begin Patch\n*** Delete File: a.py\n*** End Patch\n"])
def test_a_whole_file_or_its_deletion_settles_everything_about_it(reply: str) -> None:
    first = Draft(TREE).read(diff("a.py", "-zwei\n+2", "-drei\n+3"))
    assert not first.read(reply).refusals


def test_a_whole_reply_sent_again_skips_what_is_held() -> None:
    first = Draft(TREE).read(diff("a.py", " one\n-two\n+2", "-drei\n+3"))
    second = first.read(diff("a.py", " one\n-two\n+2", "-three\n+3"))
    assert not second.refusals
    assert second.changes == {"a.py": Blob(b"one\n2\n3\n")}


def test_an_unreadable_reply_is_settled_by_any_clean_one_and_not_by_talk() -> None:
    first = Draft(TREE).read("I would change a.py.")
    assert [one.kind for one in first.refusals] == ["no-files"]
    assert first.read("Sorry.").refusals
    assert not first.read(diff("a.py", "-two\n+2")).refusals


def test_a_file_under_its_right_name_settles_the_missing_one() -> None:
    first = Draft(TREE).read(diff("lib/c.py", "-two\n+zwei"))
    assert [one.kind for one in first.refusals] == ["missing-file"]
    assert not first.read(diff("a.py", "-two\n+zwei")).refusals


@pytest.mark.parametrize("collects", [True, False])
def test_reading_leaves_the_collector_as_it_was(collects: bool) -> None:
    was = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        Draft(TREE).read(diff("a.py", "-two\n+2"))
        assert gc.isenabled() == collects
    finally:
        (gc.enable if was else gc.disable)()


def test_a_held_hunk_is_known_by_the_end_of_its_path() -> None:
    tree = {"src/lib/a.py": b"one\ntwo\n"}
    first = Draft(tree).read(diff("a.py", "-one\n+1", "-zwei\n+2"))
    second = first.read(diff("project/src/lib/a.py", "-one\n+1", "-two\n+2"))
    assert not second.refusals
    assert second.changes == {"src/lib/a.py": Blob(b"1\n2\n")}


def test_reading_changes_nothing_but_the_result() -> None:
    draft = Draft(TREE)
    assert draft.read(diff("a.py", "-two\n+2")) == draft.read(diff("a.py", "-two\n+2"))
    assert (draft.changes, draft.refusals) == ({}, ())
    with pytest.raises(TypeError):
        draft.read(diff("a.py", "-two\n+2")).changes["a.py"] = None  # type: ignore[index]


def test_one_edit_that_does_not_fit_rejects_the_reply_as_a_whole() -> None:
    tree = dict(TREE)
    with pytest.raises(gitgen.Rejected) as caught:
        apply_reply(diff("a.py", "-one\n+1") + diff("b.py", "-z\n+q"), tree)
    assert tree == TREE
    assert "b.py" in str(caught.value)


def test_the_public_function_is_the_draft_and_nothing_else() -> None:
    assert gitgen.apply_reply is apply_reply
    assert dict(gitgen.apply_reply(diff("a.py", "-two\n+2"), TREE))["a.py"] == b"one\n2\nthree\n"


def test_importing_gitgen_imports_nothing_heavy() -> None:
    code = "import sys, gitgen; print([m for m in sys.modules if m.startswith(('gitgen.', 'unidiff'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


class Lazy(Mapping[str, bytes]):
    """A tree that must not be walked more than once."""

    def __init__(self, walks: int) -> None:
        self.walks = walks

    def __getitem__(self, path: str) -> bytes:
        return TREE[path]

    def __iter__(self) -> Iterator[str]:
        self.walks -= 1
        assert self.walks >= 0
        return iter(TREE)

    def __len__(self) -> int:
        return len(TREE)

    def mode(self, path: str) -> str | None:
        return {"link.py": "120000", "module": "160000", "a.py": "100755", "dir": "040000"}.get(path)


def test_the_tree_is_walked_only_for_a_path_that_it_lacks_and_once() -> None:
    edits = diff("a.py", "-two\n+2") + "new.py\n```\nx\n```\n"
    assert not Draft(Lazy(0)).read(edits).refusals
    assert len(Draft(Lazy(1)).read(diff("q/r.py", "-two\n+2") + diff("q/s.py", "-two\n+2")).refusals) == 2


@pytest.mark.parametrize("path", ["link.py", "module", "link.py/x", "module/x.py", "dir", "a.py/x.py"])
def test_nothing_is_written_through_links_submodules_or_files(path: str) -> None:
    draft = Draft(Lazy(9)).read(f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n")
    assert [one.kind for one in draft.refusals] == ["path"]
    assert not draft.changes


def test_a_path_below_a_folder_or_a_submodule_is_no_path_beside_it() -> None:
    for folder in ("module", "dir"):
        draft = Draft(Lazy(9)).read(diff(f"{folder}/a.py", "-two\n+2"))
        assert [one.kind for one in draft.refusals] == ["missing-file"] and not draft.changes
    assert list(Draft(Lazy(9)).read(diff("unknown/a.py", "-two\n+2")).changes) == ["a.py"]


def test_the_message_holds_the_refused_change_and_the_lines_of_the_file() -> None:
    draft = Draft(TREE).read(diff("a.py", "-one\n+1", " two\n-drei\n+3"))
    assert ask_again(draft) == (
        "1 edit of your reply does not fit, and nothing is written until every edit fits. "
        "The others are kept: send only what is listed here, corrected.\n\n"
        "1. a.py, hunk 2: it removes lines that the file does not have. "
        "Copy the unchanged and the removed lines exactly from the file as it is shown here.\n"
        "The change was:\n```diff\n-drei\n+3\n```\n"
        "Lines 1 to 3 of a.py are:\n```\n1\ntwo\nthree\n```"
    )


def test_the_message_shows_the_places_of_an_ambiguous_hunk() -> None:
    draft = Draft({"f": b"a:\n  x\nb:\n  x\n"}).read(diff("f", "-  x\n+  y"))
    message = ask_again(draft)
    assert "It fits at line 2:\n```\na:\n  x\nb:\n" in message
    assert "It fits at line 4:\n```\na:\n  x\nb:\n  x\n" in message


def test_a_refusal_names_its_hunk_and_the_lines_to_look_at() -> None:
    draft = Draft({"f": b"a:\n  x\nb:\n  x\n"}).read(diff("f", "-a:\n+c:", "-  x\n+  y", " b:\n-  z\n+  y"))
    assert list(map(str, draft.refusals)) == [
        "f, hunk 2: the old lines are there more than once (lines 2, 4)",
        "f, hunk 3: it removes lines that the file does not have (nearest: lines 1 to 4)",
    ]


def test_the_message_is_short_however_much_went_wrong() -> None:
    reply = diff("a.py", *(f"-no{n}\n+x" for n in range(500))) + diff("b.py", "-" + "\n-".join("q" * 900) + "\n+z")
    assert len(ask_again(Draft(TREE).read(reply))) < 8000


def test_a_fence_in_the_file_does_not_break_the_message() -> None:
    draft = Draft({"r.md": b"one two\n```sh\nx\n```\n"}).read(diff("r.md", " ```sh\n-one tow\n+1"))
    assert "````\n" in ask_again(draft)


def test_a_reply_declines_only_where_it_may_and_where_nothing_was_changed() -> None:
    said = "Declined: There is nothing to greet.\n"
    assert [each.kind for each in Draft({"a.py": b"x\n"}).read(said).refusals] == ["no-files"]
    may = Draft.of({"a.py": b"x\n"}, {"may_decline": True})
    assert (may.read(said).refusals, may.read(said).declined) == ((), "There is nothing to greet.")
    misfit = may.read("```diff\n--- a/a.py\n+++ b/a.py\n@@ ... @@\n-z\n+y\n```\n")
    assert misfit.refusals and misfit.read(said).declined and not misfit.read(said).refusals
    changed = may.read("a.py\n```\ny\n```\n")
    assert changed.read(said).refusals and not changed.read(said).declined
    assert may.read(f"{said}\na.py\n```\ny\n```\n").changes
