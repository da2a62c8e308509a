"""Long replies of every shape, honest and hostile, each at half its length and whole: linear is a ratio near 2."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from benchmarks import Scale
from benchmarks.measure import Contender, Row, race
from gitgen.draft import Draft

LIMIT = 2.0
STEEPEST = 2.6
"""A ratio beyond this is no noise: the time grows faster than the reply."""
Case = tuple[str, Mapping[str, bytes]]


def rows(scale: Scale) -> Iterator[Row | str]:
    """Each shape twice; whole it is a file of 200,000 lines or several MB, or some 20,000 hunks, files or fences."""
    whole = 2_000 if scale.quick else 200_000
    for name, shape in {**HONEST, **HOSTILE}.items():
        (half, before), (reply, tree) = shape(whole // 2), shape(whole)
        size = f"{name}, {len(reply) / 1e6:.1f} MB"
        yield from race(
            [
                Contender(f"half of {name}", partial(Draft(before).read, half)),
                Contender(size, partial(Draft(tree).read, reply), limit=LIMIT, share=STEEPEST),
            ],
            1,
        )


def _line(number: int) -> str:
    return f"line {number} = {number * 7}"


def _file(n: int) -> bytes:
    return "".join(f"{_line(number)}\n" for number in range(n)).encode()


def _rows(at: int) -> str:
    return "".join(f" {_line(at + n)}\n" if n != 3 else f"-{_line(at + n)}\n+{_line(at + n)} new\n" for n in range(7))


def _hunks(n: int, header: str = "@@ -{0},7 +{0},7 @@") -> str:
    return "".join(f"{header.format(at + 1)}\n{_rows(at)}" for at in range(0, n - 9, 9))


def _diff(n: int) -> Case:
    return f"--- a/f.py\n+++ b/f.py\n{_hunks(n)}", {"f.py": _file(n)}


def _diff_without_numbers(n: int) -> Case:
    return f"--- a/f.py\n+++ b/f.py\n{_hunks(n, '@@ @@')}", {"f.py": _file(n)}


def _one_hunk(n: int) -> Case:
    body = "".join(f"-{_line(number)}\n+{_line(number)}!\n" for number in range(n))
    return f"```diff\n--- a/f.py\n+++ b/f.py\n@@ -1 +1 @@\n{body}```\n", {"f.py": _file(n)}


def _one_edit(n: int) -> Case:
    return f"--- f.py\n+++ f.py\n@@ @@\n {_line(n - 3)}\n-{_line(n - 2)}\n+x\n", {"f.py": _file(n)}


def _many_files(n: int) -> Case:
    names = [f"d{number % 100}/f{number}.py" for number in range(n // 12)]
    diffs = (
        f"diff --git a/{one} b/{one}\n--- a/{one}\n+++ b/{one}\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n d\n" for one in names
    )
    return "".join(diffs), dict.fromkeys(names, b"a\nb\nd\n")


def _whole_file(n: int) -> Case:
    return f"**f.py**\n```python\n{_file(n).decode()}x\n```\n", {"f.py": _file(n)}


def _whole_files(n: int) -> Case:
    body = "".join(f"x{number} = {number}\n" for number in range(8))
    return "".join(f"**src/f{number}.py**\n\n```python\n{body}```\n\n" for number in range(n // 5)), {}


def _blocks(n: int) -> Case:
    lines = map(_line, range(n // 4))
    body = "".join(f"<<<<<<< SEARCH\n{one}\n=======\n{one} new\n>>>>>>> REPLACE\n" for one in lines)
    return f"f.py\n```\n{body}```\n", {"f.py": _file(n)}


def _one_block(n: int) -> Case:
    text = _file(n // 2).decode()
    return f"f.py\n```\n<<<<<<< SEARCH\n{text}=======\n{text}x\n>>>>>>> REPLACE\n```\n", {"f.py": _file(n)}


def _envelope(n: int) -> Case:
    return f"*** Begin Patch\n*** Update File: f.py\n{_hunks(n, '@@')}*** End Patch\n", {"f.py": _file(n)}


def _envelopes(n: int) -> Case:
    names = [f"d/f{number}.py" for number in range(n // 12)]
    one = "*** Begin Patch\n*** Update File: {}\n@@\n a\n-b\n+c\n d\n*** End Patch\n"
    return "".join(map(one.format, names)), dict.fromkeys(names, b"a\nb\nd\n")


def _call(n: int) -> Case:
    return json.dumps({"name": "write", "arguments": {"path": "f.py", "content": _file(n).decode() + "x\n"}}), {}


def _calls(n: int) -> Case:
    edits = [{"path": "f.py", "old_string": _line(at), "new_string": f"{_line(at)}!"} for at in range(n // 4)]
    return json.dumps({"edits": edits}), {"f.py": _file(n)}


def _again(one: str, share: int = 1, *, above: str = "", file: str = "x\n") -> Callable[[int], Case]:
    """A case of one text over and over; `{}` in it is its number."""
    many = "{}" in one

    def shape(n: int) -> Case:
        body = "".join(one.replace("{}", str(at)) for at in range(n // share)) if many else one * (n // share)
        return above + body, {"f": (file * n).encode()}

    return shape


def _hunks_on(one: str, lines: str, share: int = 10) -> Callable[[int], Case]:
    """A diff of one numbered hunk over and over, for a file of such numbered lines."""

    def shape(n: int) -> Case:
        numbers = range(n // share)
        diff = "".join(f"@@ @@\n{one.replace('{}', str(number))}" for number in numbers)
        return f"--- a/f\n+++ b/f\n{diff}", {"f": "".join(lines.replace("{}", str(at)) for at in numbers).encode()}

    return shape


def _nested(n: int) -> Case:
    return "a.md\n" + "```md\n" * (n // 2) + "x\n" + "```\n" * (n // 2), {}


def _long_hunk(n: int) -> Case:
    same = " x\n" * (n // 4)
    return f"--- a/f\n+++ b/f\n@@ @@\n{same}-z\n+y\n{same}", {"f": b"x\n" * n}


def _long_line(n: int) -> Case:
    long = "x " * (12 * n)
    return f"--- a/f\n+++ b/f\n@@ @@\n-{long}z\n+y\n", {"f": f"{long}\nq\n".encode()}


def _other_folders(n: int) -> Case:
    names = [f"x/{number}.py" for number in range(n // 12)]
    diffs = "".join(f"--- a/{one}\n+++ b/{one}\n@@ -1 +1 @@\n-a\n+b\n" for one in names)
    return diffs, {f"p/q{number % 50}/{one}": b"a\n" for number, one in enumerate(names)}


HONEST: Mapping[str, Callable[[int], Case]] = {
    "a diff": _diff,
    "a diff without numbers": _diff_without_numbers,
    "a diff of one hunk": _one_hunk,
    "one edit of a long file": _one_edit,
    "a diff of many files": _many_files,
    "a whole file": _whole_file,
    "whole files": _whole_files,
    "SEARCH/REPLACE blocks": _blocks,
    "a SEARCH/REPLACE block": _one_block,
    "a Begin Patch": _envelope,
    "Begin Patches": _envelopes,
    "a tool call": _call,
    "edits in a tool call": _calls,
}
HOSTILE: Mapping[str, Callable[[int], Case]] = {
    "one line, many hunks": _again("@@ @@\n x\n-x\n+y\n x\n", 10, above="--- a/f\n+++ b/f\n"),
    "one line, a long hunk": _long_hunk,
    "hunks nearly alike": _hunks_on(" a\n-x {}\n+y\n b\n", "a\nx {}\nb\n"),
    "hunks nearly there": _hunks_on(" a\n-x {}!\n+y\n b\n", "a\nx {}\nb\n"),
    "hunks with another indentation": _hunks_on(" a {}\n-x {}\n+y\n", "  a {}\n  x {}\n"),
    "hunks without blank lines": _hunks_on(" a {}\n-x {}\n+y\n b {}\n", "a {}\n\nx {}\n\nb {}\n"),
    "hunks with dots": _hunks_on(" a {}\n ...\n-x {}\n+y\n", "a {}\nq\nx {}\n"),
    "files in other folders": _other_folders,
    "nested fences": _nested,
    "unclosed fences": _again("a.py\n```python\nx\n", 4),
    "unclosed fences of two kinds": _again("```diff\n+x\n~~~diff\n+y\n", 4),
    "unclosed diffs": _again("```diff\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n", 10),
    "unclosed SEARCHes": _again("<<<<<<< SEARCH\nx\n", 2, above="f\n"),
    "unclosed Begin Patches": _again("```\n*** Begin Patch\n```\n", 4),
    "drafts of a file": _again("f.py\n```\nx{}\n```\n", 4),
    "names": _again("src/f{}.py\n", 1),
    "headings": _again("### src/f{}.py\n```\n", 3),
    "long lines": _long_line,
    "blanks": _again(" ", 1),
    "@@ headers": _again("@@ -1,3 +1,3 @@\n", 1, above="--- a/f\n+++ b/f\n"),
    "file headers": _again("--- a\n+++ b\n", 1),
    "thoughts": _again("<think>\nx\n</think>\n", 1),
    "unclosed thoughts": _again("<think>\n", 1),
    "JSON that is none": _again("```json\n{\n```\n", 4),
}
