"""Where a hunk goes: the ladder from byte for byte downwards, and what settles a tie."""

import pytest

from gitgen import Rejected, apply_reply
from gitgen.draft import Draft

FILE = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
TWICE = "def a():\n    x = 1\n    return x\n\n\ndef b():\n    x = 1\n    return x\n"


def patched(file: str, *hunks: str) -> str:
    """The file after a reply with these hunks."""
    rows = "".join(hunks)
    return apply_reply(f"```diff\n--- f\n+++ f\n{rows}```\n", {"f": file.encode()})["f"].decode()


def refused(file: str, *hunks: str) -> str:
    """The kind of the only refusal of a reply with these hunks."""
    with pytest.raises(Rejected) as caught:
        patched(file, *hunks)
    (refusal,) = caught.value.refusals
    return refusal.kind


@pytest.mark.parametrize(
    "hunk",
    [
        "@@ -1,3 +1,3 @@\n two\n-three\n+3\n four\n",
        "@@ -50 +50 @@\n two  \n-three\n+3\n four\n",
        "@@ @@\n tw o\n-three\n+3\n four\n",
        "@@ @@\n-three\n+3\n",
        "@@ @@\n+3\n-three\n",
        "@@ @@\n one\n ...\n-three\n+3\n ...\n seven\n",
        "@@ @@\n# ... existing code ...\n two\n-three\n+3\n",
        "@@ @@\n two\n-three\n+3\n fourth\n five\n",
        "@@ @@\n two\n-three\n+3\n five\n",
        "@@ @@\n one\n two\n-three\n+3\n four\n none of it\n",
        "@@ @@\n2 two\n-three\n+3\n4 four\n",
        "@@ @@\ntwo\n-three\n+3\nfour\n",
        "@@ @@\n two\n\n-three\n+3\n four\n",
        "@@ @@\n two\n-three\n+3\n four\n@@ @@\n five\n-six\n+six\n",
        "@@ -3 +3 @@\n-three\n+3\n@@ -3 +3 @@\n-three\n+3\n",
    ],
)
def test_a_hunk_that_has_one_place_goes_there(hunk: str) -> None:
    assert patched(FILE, hunk) == FILE.replace("three", "3")


@pytest.mark.parametrize(
    ("hunk", "kind"),
    [
        ("@@ -2,2 +2,2 @@\n two\n-3\n+drei\n", "no-place"),
        ("@@ -2,2 +2,2 @@\n two\n-threE\n+drei\n", "no-place"),
        ("@@ @@\n+new\n", "no-place"),
        ("@@ @@\n nothing\n of\n-three\n it\n is here\n+3\n", "no-place"),
        ("@@ @@\n two\n+new\n four\n", "no-place"),
        ("@@ @@\n ...\n+new\n ...\n", "elided"),
        ("@@ @@\n two\n-three\n+# ... rest of the code ...\n", "elided"),
    ],
)
def test_a_hunk_without_a_certain_place_is_refused(hunk: str, kind: str) -> None:
    assert refused(FILE, hunk) == kind


def test_a_hunk_with_dots_is_refused_as_a_whole_where_its_first_part_has_two_places() -> None:
    assert refused("a\nx\nb\na\nx\nb\n", "@@ @@\n-x\n ...\n b\n x\n") == "ambiguous"


def test_a_place_that_is_not_the_only_one_is_refused_with_all_places() -> None:
    with pytest.raises(Rejected) as caught:
        patched(TWICE, "@@ @@\n-    x = 1\n+    x = 2\n")
    assert caught.value.refusals[0].places == (2, 7)


@pytest.mark.parametrize(
    "hunks",
    [
        ["@@ -7 +7 @@\n-    x = 1\n+    x = 2\n"],
        ["@@ -106,2 +106,2 @@\n def b():\n-    x = 1\n+    x = 2\n"],
        ["@@ def b():\n-    x = 1\n+    x = 2\n"],
        ["@@ -1 +1 @@ def b():\n-    x = 1\n+    x = 2\n"],
        ["@@ @@\n def b():\n", " ...\n-    x = 1\n+    x = 2\n"],
    ],
)
def test_numbers_that_are_right_or_a_landmark_settle_a_tie(hunks: list[str]) -> None:
    assert patched(TWICE, *hunks) == TWICE.replace("def b():\n    x = 1", "def b():\n    x = 2")


def test_the_order_of_the_hunks_settles_a_tie() -> None:
    hunks = "@@ @@\n-def b():\n+def c():\n", "@@ @@\n-    x = 1\n+    x = 2\n"
    assert patched(TWICE, *hunks) == TWICE.replace("def b():\n    x = 1", "def c():\n    x = 2")


def test_the_end_of_the_file_settles_a_tie() -> None:
    reply = "*** Begin Patch\n*** Update File: f\n@@\n-x\n+y\n*** End of File\n*** End Patch\n"
    assert apply_reply(reply, {"f": b"x\na\nx\n"})["f"] == b"x\na\ny\n"


def test_one_common_shift_of_all_numbers_settles_a_tie() -> None:
    hunks = "@@ -101 +101 @@\n-def a():\n+def z():\n", "@@ -107 +107 @@\n-    x = 1\n+    x = 2\n"
    assert patched(TWICE, *hunks) == "def z():\n    x = 1\n    return x\n\n\ndef b():\n    x = 2\n    return x\n"


def test_as_many_equal_hunks_as_places_take_them_all() -> None:
    hunk = "@@ @@\n-    x = 1\n+    x = 2\n"
    assert patched(TWICE, hunk, hunk) == TWICE.replace("x = 1", "x = 2")


def test_hunks_out_of_order_find_their_places() -> None:
    hunks = "@@ -6 +6 @@\n-six\n+6\n", "@@ -1 +1 @@\n-one\n+1\n"
    assert patched(FILE, *hunks) == FILE.replace("six", "6").replace("one", "1")


def test_a_hunk_that_the_file_has_already_is_skipped_with_a_note() -> None:
    draft = Draft({"f": b"a\nb\nc\n"}).read("--- f\n+++ f\n@@ -1,2 +1,3 @@\n a\n+b\n c\n")
    assert (draft.refusals, dict(draft.changes)) == ((), {})
    assert "already" in draft.notes[0]


def test_two_hunks_for_the_same_line_are_refused() -> None:
    assert refused(FILE, "@@ -3 +3 @@\n-three\n+3\n", "@@ -3 +3 @@\n-three\n+drei\n") == "ambiguous"


def test_of_two_drafts_of_a_hunk_the_later_wins() -> None:
    reply = "".join(f"```diff\n--- f\n+++ f\n@@ @@\n-three\n+{new}\n```\nNo, better:\n" for new in ("3", "drei"))
    assert apply_reply(reply, {"f": FILE.encode()})["f"] == FILE.replace("three", "drei").encode()


def test_a_lone_bracket_with_another_indentation_is_another_bracket() -> None:
    file = "{\n  a {\n    b\n  }\n}\n"
    assert refused(file, "@@ @@\n     b\n+    c\n }\n") == "no-place"


def test_a_line_is_never_added_beside_itself_by_mistake() -> None:
    assert refused("a\ninclude <x>\ninclude <y>\nb\n", "@@ @@\n a\n+include <x>\n include <z>\n include <y>\n b\n")


def test_a_later_draft_that_adds_the_same_line_does_not_add_it_twice() -> None:
    first = "@@ @@\n one\n+1.5\n two\n"
    later = "```\n\nAgain:\n\n```diff\n--- f\n+++ f\n@@ @@\n-one\n+1\n+1.5\n two\n"
    assert patched(FILE, first, later) == FILE.replace("one\n", "1\n1.5\n")


def test_a_line_that_is_removed_and_kept_at_once_is_refused() -> None:
    assert refused(FILE, "@@ @@\n one\n two\n-three\n+3\n three\n four\n five\n") == "no-place"


def test_a_line_is_never_put_beside_its_like_that_the_hunk_skips() -> None:
    file = "f(1)\n}\n# Now\nif main:\n    g(2)\n    h(3)\n"
    assert refused(file, "@@ @@\n f(1)\n }\n-# Now\n+if main:\n     g(2)\n     h(3)\n") == "no-place"


def test_two_ways_to_read_the_context_of_one_edit_are_one_place() -> None:
    file = "f(1)\n}\n\n// Now\nn = 1\nprint(n)\n\nend\n"
    assert patched(file, "@@ @@\n f(1)\n }\n \n-n = 1\n+n = 2\n print(n)\n") == file.replace("1\np", "2\np")


def test_the_note_says_how_a_hunk_was_matched() -> None:
    draft = Draft({"f": b"  a\n  b\n"}).read("--- f\n+++ f\n@@ @@\n a\n-b\n+c\n")
    assert draft.notes == ("f: hunk 1 matched after an indentation shift",)


REPEATED = "a\n" * 20_000


@pytest.mark.parametrize(
    "reply",
    [
        "--- f\n+++ f\n" + ("@@ @@\n" + " a\n" * 60 + "-a\n+b\n" + " a\n" * 60) * 300,
        "--- f\n+++ f\n" + "".join("@@ @@\n" + " a\n" * 60 + f"-a\n+{n}\n" + " c\n" * 9 for n in range(300)),
        "--- f\n+++ f\n@@ @@\n" + " a\n ...\n" * 10_000 + "-a\n+b\n",
        "--- f\n+++ f\n" + "".join(f"@@ -{n},0 +{n},1 @@\n+x\n" for n in range(1, 5000)),
        "--- f\n+++ f\n" * 20_000,
        "```\n" * 50_000,
        "```py\n" * 50_000,
        "<<<<<<< SEARCH\n" * 50_000,
        "*** Begin Patch\n" * 50_000,
        "**" * 200_000 + "\n```\nx\n```\n",
        "[" * 100_000,
        "<think>\n" * 50_000,
        "diff --git " + "a b/" * 100_000,
        "".join(f"--- a/{n}\n+++ b/{n}\n@@ @@\n-a\n+b\n" for n in range(3000)),
        "--- d/7\n+++ d/7\n@@ @@\n a\n" + "+b\n" * 60_000,
        "--- d/7\n+++ d/7\n" + "".join(f"@@ @@\n a\n+{n}\n" for n in range(10_000)),
        "--- d/7\n+++ d/7\n" + "".join("@@ @@\n a\n" + "+b\n" * n + f"+{n}\n" for n in range(300)),
        "".join(f"--- d/7\n+++ d/7\n@@ @@\n-a\n+{n}\n" for n in range(5_000)),
        "*** Begin Patch\n*** Add File: " + "./" * 1_000_000 + "x\n+y\n",
        "*** Begin Patch\n*** Update File: " + "a/" * 500_000 + "x\n@@\n-y\n+z\n",
        "".join(f"`g/{n}`\n```\ny\n```\n" for n in range(10_000)),
    ],
    ids=range(21),
)
def test_no_reply_makes_the_work_explode(reply: str) -> None:
    tree = {"f": REPEATED.encode(), **{f"d/{n}": b"a\n" for n in range(3000)}}
    Draft(tree).read(reply).read(reply)


def test_so_many_additions_at_one_place_are_no_honest_reply() -> None:
    few = patched(FILE, *(f"@@ @@\n one\n+{n}\n" for n in range(40)))
    assert few == FILE.replace("one\n", "one\n" + "".join(f"{n}\n" for n in range(40)))
    draft = Draft({"f": FILE.encode()}).read("--- f\n+++ f\n" + "".join(f"@@ @@\n one\n+{n}\n" for n in range(100)))
    assert {one.kind for one in draft.refusals} == {"ambiguous"}


def test_removed_lines_may_leave_out_one_line_that_stays() -> None:
    assert patched(FILE, "@@ @@\n-two\n-four\n-five\n+2\n+4\n") == "one\nthree\n2\n4\nsix\nseven\n"
    assert patched(FILE, "@@ @@\n-two\n-four\n-five\n") == "one\nthree\nsix\nseven\n"


@pytest.mark.parametrize(
    ("file", "hunk"),
    [
        (FILE, "-one\n-four\n-five\n-six\n+1\n"),
        (FILE, "-two\n+2\n-four\n-five\n+4\n"),
        (FILE, "-two\n-four\n-five\n+2\n+three\n"),
        ("two\nthree\nfour\nfive\ntwo\n", "-two\n-four\n-five\n+2\n"),
    ],
    ids=["two lines left out", "a new line where one is left out", "the line is new too", "not the only such line"],
)
def test_removed_lines_with_a_doubtful_gap_are_refused(file: str, hunk: str) -> None:
    assert refused(file, "@@ @@\n" + hunk) == "no-place"
