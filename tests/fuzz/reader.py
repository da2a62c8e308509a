"""What must hold for any bytes that come in as a reply: each target is a function from bytes that asserts it."""

from __future__ import annotations

from gitgen import Rejected, apply_reply
from gitgen.draft import Draft, ask_again
from gitgen.paths import why_hostile

TREE = {
    "a.py": b"def a():\n    x = 1\n    return x\n\n\ndef b():\n    x = 1\n    return x\n",
    "src/b.txt": b"one\r\ntwo\r\n\r\nthree",
    "empty": b"",
    "tabs": b"\xef\xbb\xbfif x:\n\ty\n\tz\n}\n}\n",
    "bytes": b"\x00\xff",
}
PIECES = (
    *("\n", "\n\n", " ", "-", "+", " ", "\t", "\r\n", "\\ No newline at end of file\n", "x", "}", "...", "# ...\n"),
    *("def a():\n", "    x = 1\n", "    return x\n", "one\n", "two\r\n", "three\n", "if x:\n", "\ty\n", "é“x”\n"),
    *("```", "```diff\n", "```\n", "```py a.py\n", "~~~\n", "<think>", "</think>\n", "a.py\n", "`src/b.txt`:\n"),
    *("--- a/a.py\n", "+++ b/a.py\n", "--- /dev/null\n", "+++ /dev/null\n", "+++ b/new/c\n", "--- empty\n"),
    *("--- the old way of it\n", "+++ the new way of it\n"),
    *("@@ ... @@\n", "@@ -1,3 +1,4 @@\n", "@@ -99 +0,0 @@ def b():\n", "diff --git a/tabs b/tabs\n", "-- \n2.1\n"),
    *("rename from a.py\n", "rename to d.py\n", "new file mode 120000\n", "new mode 100755\n", "Binary files\n"),
    *("<<<<<<< SEARCH\n", "=======\n", ">>>>>>> REPLACE\n", "*** Begin Patch\n", "*** End Patch\n"),
    *("*** Update File: a.py\n", "*** Add File: e\n", "*** Delete File: empty\n", "*** Move to: ../f\n"),
    *('{"path": "', '", "content": "', '"}', "[", "]", ".git/config", "../", "/etc/x", "C:\\x", "git~1/", "\0"),
    *("```py ../f.py\nf\n```\n", "`.git/f.py`\n```\nf\n```\n", "--- /dev/null\n+++ b/.GIT/f\n@@ -0,0 +1 @@\n+f\n"),
    *("--- a/a.py\n+++ b/a.py\n@@ @@\n-x = 1\n+x = 2\n", "--- a/b.txt\n+++ b/b.txt\n@@ @@\n-two\n+2\n", "\ud800"),
)


def reply_of(fuzz: bytes) -> str:
    """The bytes as a text, or, as the first of them says, as numbers of pieces that replies are made of."""
    if fuzz[:1] < b"\x80":
        return fuzz[1:].decode("utf-8", "surrogateescape")
    return "".join(PIECES[number % len(PIECES)] for number in fuzz[1:])


def check(fuzz: bytes) -> bool:
    """Whether the reply was applied; AssertionError where the reader breaks one of its promises."""
    reply, tree = reply_of(fuzz), dict(TREE)
    draft = Draft(tree).read(reply)
    assert draft == Draft(tree).read(reply), "the same reply was read in two ways"
    assert draft.read(reply).parent is tree
    assert ask_again(draft)
    try:
        after = dict(apply_reply(reply, tree))
    except Rejected as rejected:
        after = TREE
        assert rejected.refusals == draft.refusals
    else:
        assert not draft.refusals, "a reply with refusals was applied"
    assert tree == TREE, "the tree that was passed in was changed"
    touched = {path for path in after.keys() | tree.keys() if after.get(path) != tree.get(path)}
    for path in touched | set(draft.changes):
        assert why_hostile(path) is None, f"{path!r} came out"
    return not draft.refusals
