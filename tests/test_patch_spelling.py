"""New lines come out as the file writes them: line ends, tabs, quotes, encoding, final newline."""

import pytest

from gitgen import Rejected, apply_reply
from gitgen.draft import Draft

HEAD = "--- f\n+++ f\n@@ @@\n"


def patched(file: bytes, rows: str) -> bytes:
    return apply_reply(HEAD + rows, {"f": file})["f"]


@pytest.mark.parametrize(
    ("file", "rows", "wanted"),
    [
        (b"a\r\nb\r\n", " a\n-b\n+c\n+d\n", b"a\r\nc\r\nd\r\n"),
        (b"a\nb\r\nc\n", " a\n-b\n+B\n c\n", b"a\nB\nc\n"),
        (b"\xef\xbb\xbfa\nb\n", "-a\n+x\n b\n", b"\xef\xbb\xbfx\nb\n"),
        ("añ\nb\n".encode("utf-16"), " añ\n-b\n+ü\n", "añ\nü\n".encode("utf-16")),
        (b"caf\xe9\nb\n", "-b\n+c\n", b"caf\xe9\nc\n"),
        (
            b"a = 'x'\nb = 'y'\n",
            " a = \u2018x\u2019\n-b = \u2018y\u2019\n+b = \u2018z\u2019\n",
            b"a = 'x'\nb = 'z'\n",
        ),
        (b"    a\n        b\n", " a\n-    b\n+    c\n+        d\n", b"    a\n        c\n            d\n"),
        (b"a\n  b\n", "     a\n-      b\n+      c\n", b"a\n  c\n"),
        (b"\ta\n\t\tb\n", "     a\n-        b\n+        c\n+            d\n", b"\ta\n\t\tc\n\t\t\td\n"),
        (b"    a\n        b\n", " \ta\n-\t\tb\n+\t\tc\n", b"    a\n        c\n"),
        (b"if x:\n    a\n", " if x:\n-   a\n+    b\n", b"if x:\n    b\n"),
        (b"a\nb", "-a\n+c\n b\n", b"c\nb"),
        (b"a\nb", " a\n-b\n+c\n", b"a\nc\n"),
        (b"a\nb", " a\n-b\n+c\n\\ No newline at end of file\n", b"a\nc"),
        (b"a\nb\n", " a\n-b\n+c\n\\ No newline at end of file\n", b"a\nc"),
        (b"a\nb", " a\n-b\n\\ No newline at end of file\n+b\n", b"a\nb\n"),
        (b"a\nb", "-b\n", b"a\n"),
    ],
)
def test_the_files_own_style_wins(file: bytes, rows: str, wanted: bytes) -> None:
    assert patched(file, rows) == wanted


def test_a_habit_that_one_file_shows_holds_for_the_others() -> None:
    tree = {"a": b"x(\n)\n\ty\n", "b": b"\tp\n\tq\n"}
    reply = "--- a\n+++ a\n@@ @@\n x(\n+    z\n )\n--- b\n+++ b\n@@ @@\n     p\n-    q\n+    r\n"
    assert dict(apply_reply(reply, tree)) == {"a": b"x(\n\tz\n)\n\ty\n", "b": b"\tp\n\tr\n"}


@pytest.mark.parametrize(("file", "new"), [(b"a\0b\n", "c"), (b"caf\xe9\nb\n", "caf\u00e9")])
def test_what_cannot_be_written_in_the_files_encoding_is_refused(file: bytes, new: str) -> None:
    with pytest.raises(Rejected) as caught:
        patched(file, f"-b\n+{new}\n")
    assert caught.value.refusals[0].kind == "undecodable"


def test_a_whole_file_keeps_the_line_ends_and_the_mark_of_the_old_one() -> None:
    tree = {"f.txt": b"\xef\xbb\xbfa\r\nb\r\n"}
    assert apply_reply("f.txt\n```\nx\ny\n```\n", tree)["f.txt"] == b"\xef\xbb\xbfx\r\ny\r\n"


def test_a_mode_change_touches_no_byte() -> None:
    draft = Draft({"f": b"\0\r\n"}).read("diff --git a/f b/f\nold mode 100644\nnew mode 100755\n")
    blob = draft.changes["f"]
    assert blob is not None and (blob.content, blob.mode) == (b"\0\r\n", "100755")
