"""The other shapes of an edit: diffs with and without headers, SEARCH/REPLACE, envelopes, tool calls."""

import pytest

from gitgen import Rejected, apply_reply

TREE = {"src/app.py": b"import os\n\n\ndef main():\n    run(1)\n    return 0\n"}
DONE = {"src/app.py": b"import os\n\n\ndef main():\n    run(2)\n    return 0\n"}
ROWS = " def main():\n-    run(1)\n+    run(2)\n     return 0\n"
PLAIN = f"--- a/src/app.py\n+++ b/src/app.py\n@@ -4,3 +4,3 @@\n{ROWS}"
IN_A_LIST = "".join(f"   {row}\n" for row in f"```diff\n{PLAIN}```".split("\n"))


@pytest.mark.parametrize(
    "header",
    [
        "--- a/src/app.py\n+++ b/src/app.py\n@@ -4,3 +4,3 @@\n",
        "--- src/app.py\n+++ src/app.py\n@@ -4,3 +4,3 @@ import os\n",
        "--- src/app.py\n+++ src/app.py\n@@ -90,1 +7,44 @@\n",
        "--- src/app.py\n+++ src/app.py\n@@ ... @@\n",
        "--- src/app.py\n+++ src/app.py\n@@\n",
        "--- src/app.py\n+++ src/app.py\n@@ import os\n",
        "--- src/app.py\n+++ src/app.py\n",
        "+++ src/app.py\n@@ -4,3 +4,3 @@\n",
        "--- a/src/app.py\t2024-01-01 10:00:00\n+++ b/src/app.py\t2024-01-01 10:00:01\n@@ -4,3 +4,3 @@\n",
        "--- original/src/app.py\n+++ modified/src/app.py\n@@ -4,3 +4,3 @@\n",
        "--- /home/me/project/src/app.py\n+++ /home/me/project/src/app.py\n@@ -4,3 +4,3 @@\n",
        "--- app.py\n+++ app.py\n@@ -4,3 +4,3 @@\n",
        "--- src\\app.py\n+++ src\\app.py\n@@ -4,3 +4,3 @@\n",
        "diff --git a/src/app.py b/src/app.py\nindex 1234567..89abcde 100644\n"
        "--- a/src/app.py\n+++ b/src/app.py\n@@ -4,3 +4,3 @@\n",
    ],
)
def test_every_header_of_a_diff_leads_to_the_file(header: str) -> None:
    assert dict(apply_reply(f"So:\n\n```diff\n{header}{ROWS}```\n", TREE)) == DONE


@pytest.mark.parametrize(
    "reply",
    [
        f"### `src/app.py`\n\n```diff\n@@ -4,3 +4,3 @@\n{ROWS}```\n",
        f"1. Do this:\n\n{IN_A_LIST}",
        f"```bash\ngit apply <<'EOF'\n{PLAIN}EOF\n```\n",
        f"````diff\n```diff\n{PLAIN}```\n````\n",
        f"```diff\n{PLAIN}",
        f"Text before.\n\n{PLAIN}\nText after.\n",
        "src/app.py\n```\n<<<<<<< SEARCH\n    run(1)\n=======\n    run(2)\n>>>>>>> REPLACE\n```\n",
        "```py\nsrc/app.py\n<<<<<<< SEARCH\n    run(1)\n=======\n    run(2)\n>>>>>>> REPLACE\n```\n",
        "src/app.py\n<<<<<<< SEARCH\n    run(1)\n=======\n    run(2)\n>>>>>>> REPLACE\n",
        f"*** Begin Patch\n*** Update File: src/app.py\n@@ def main():\n{ROWS}*** End Patch\n",
        f"```\n*** Begin Patch\n*** Update File: src/app.py\n@@\n{ROWS}*** End Patch\n```\n",
        '```json\n{"path": "src/app.py", "old_string": "    run(1)", "new_string": "    run(2)"}\n```\n',
        '{"tool_calls": [{"function": {"name": "edit", "arguments": '
        '"{\\"file_path\\": \\"src/app.py\\", '
        '\\"search\\": \\"    run(1)\\", \\"replace\\": \\"    run(2)\\"}"}}]}',
    ],
)
def test_every_shape_of_the_same_edit_gives_the_same_tree(reply: str) -> None:
    assert dict(apply_reply(reply, TREE)) == DONE


def test_new_deleted_renamed_and_changed_files_in_one_envelope() -> None:
    tree = {"a": b"1\n2\n", "b": b"x\n", "c": b"y\n"}
    reply = (
        "*** Begin Patch\n*** Add File: d/e\n+new\n*** Delete File: b\n"
        "*** Update File: a\n*** Move to: z/a\n@@\n-1\n+one\n 2\n*** End of File\n*** End Patch\n"
    )
    assert dict(apply_reply(reply, tree)) == {"d/e": b"new\n", "z/a": b"one\n2\n", "c": b"y\n"}


def test_files_in_a_tool_call() -> None:
    reply = '```json\n{"files": [{"path": "a/b.py", "content": "x\\n"}, {"path": "c", "delete": true}]}\n```\n'
    assert dict(apply_reply(reply, {"c": b""})) == {"a/b.py": b"x\n"}


def test_json_that_is_a_file_stays_a_file() -> None:
    reply = 'package.json\n```json\n{"path": "x", "content": "y"}\n```\n'
    assert dict(apply_reply(reply, {})) == {"package.json": b'{"path": "x", "content": "y"}\n'}


@pytest.mark.parametrize("old", ["/dev/null", "a/n.py"])
def test_a_diff_of_new_lines_alone_makes_a_new_file(old: str) -> None:
    assert dict(apply_reply(f"```diff\n--- {old}\n+++ b/n.py\n@@ -0,0 +1,9 @@\n+a\n+b\n```\n", {})) == {
        "n.py": b"a\nb\n"
    }


def test_two_files_in_one_fence_and_a_removed_line_that_looks_like_a_header() -> None:
    tree = {"a.sql": b"-- old\nselect 1\n", "b.sql": b"x\n"}
    first = "--- a.sql\n+++ a.sql\n@@ @@\n--- old\n+-- new\n select 1\n"
    reply = f"```diff\n{first}--- b.sql\n+++ b.sql\n@@ @@\n-x\n+y\n```\n"
    assert dict(apply_reply(reply, tree)) == {"a.sql": b"-- new\nselect 1\n", "b.sql": b"y\n"}


def test_a_deleted_file_needs_only_its_header_but_must_hold_what_is_removed() -> None:
    tree = {"a": b"1\n", "b": b"2\n"}
    assert dict(apply_reply("```diff\n--- a/a\n+++ /dev/null\n--- a/b\n+++ /dev/null\n```\n", tree)) == {}
    with pytest.raises(Rejected):
        apply_reply("```diff\n--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-other\n```\n", tree)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("```diff\n@@ -1 +1 @@\n-a\n+b\n```\n", "no-name"),
        ("```diff\n--- a\n+++ a\n@@ -1,9 +1,9 @@\n-a\n+b\n", "cut-off"),
        ("--- a\n+++ a\n", "no-files"),
        ("diff --git a/i.png b/i.png\nBinary files a/i.png and b/i.png differ\n", "malformed"),
        ("diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n", "path"),
        ("--- a/x/.git/config\n+++ b/x/.git/config\n@@ -0,0 +1 @@\n+x\n", "path"),
        ("--- a/q.py\n+++ b/q.py\n@@ -1 +1 @@\n-a\n+b\n", "missing-file"),
        ("--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+other\n", "exists"),
        ("a.py\n```\nx\n# ... existing code ...\n```\n", "elided"),
        ("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n", "no-name"),
        ("a\n<<<<<<< SEARCH\na\n=======\nb\n", "cut-off"),
        ("*** Begin Patch\n*** Add File: ../x\n+x\n*** End Patch\n", "path"),
        ("*** Begin Patch\n", "cut-off"),
    ],
)
def test_what_cannot_be_read_or_written_is_refused_with_its_kind(reply: str, kind: str) -> None:
    with pytest.raises(Rejected) as caught:
        apply_reply(reply, {"a": b"a\nz\n", "a.py": b"x\ny\n"})
    assert kind in {refusal.kind for refusal in caught.value.refusals}


@pytest.mark.parametrize("names", ["--- before.py\n+++ after.py\n", "--- before.py.orig\n+++ before.py\n"])
def test_two_states_of_a_file_are_no_rename(names: str) -> None:
    reply = f"```diff\n{names}@@ -1 +1 @@\n-a\n+b\n```\n"
    assert dict(apply_reply(reply, {"before.py": b"a\n"})) == {"before.py": b"b\n"}


def test_two_lines_of_talk_that_begin_like_a_header_are_no_diff() -> None:
    talk = "--- the old way of doing it\n+++ the new way of doing it\n"
    assert dict(apply_reply(talk + PLAIN, TREE)) == DONE
    with pytest.raises(Rejected) as rejected:
        apply_reply(talk, TREE)
    assert [refusal.kind for refusal in rejected.value.refusals] == ["no-files"]


def test_names_that_really_differ_are_a_rename() -> None:
    reply = "```diff\n--- a/one.py\n+++ b/pkg/two.py\n@@ -1 +1 @@\n-a\n+b\n```\n"
    assert dict(apply_reply(reply, {"one.py": b"a\n"})) == {"pkg/two.py": b"b\n"}


def test_new_lines_for_a_line_of_a_file_that_is_missing_make_no_new_file() -> None:
    with pytest.raises(Rejected):
        apply_reply("```diff\n--- a/app.py\n+++ b/app.py\n@@ -40,0 +41 @@\n+x\n```\n", {"src/app.py": b"a\n"})


@pytest.mark.parametrize("fence", ["```diff\n{}```\n", "{}"])
@pytest.mark.parametrize("count", [2, 9])
def test_patches_from_e_mails_end_at_their_signature_and_all_of_them_are_made(fence: str, count: int) -> None:
    mail = (
        "From 1 Mon\nSubject: [PATCH] {0}\n\n---\n {0} | 2 +-\n\n"
        "--- a/{0}\n+++ b/{0}\n@@ -1,{1} +1,{1} @@\n-a\n+b\n c\n-- \n2.40.0\n\n"
    )
    reply = fence.format(mail.format("one", count) + mail.format("two", count))
    assert dict(apply_reply(reply, {"one": b"a\nc\n", "two": b"a\nc\n"})) == {"one": b"b\nc\n", "two": b"b\nc\n"}


def test_the_signature_of_an_e_mail_is_no_line_of_a_new_file_whose_count_is_wrong() -> None:
    reply = "```diff\n--- /dev/null\n+++ b/new\n@@ -0,0 +1,9 @@\n+a\n-- \n2.40.0\n```\n"
    assert dict(apply_reply(reply, {})) == {"new": b"a\n"}
