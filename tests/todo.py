"""A session as people have them, made with a scripted model: a program, its mending, a commit by hand, a refusal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import sleep

from tests.conftest import ROOT, git
from tests.scripted import Answer, endpoint, says

BRANCH = "gitgen/todo"
PROMPT = """\
A to-do list for the terminal, kept in a JSON file.

- `todo add TEXT` adds an item, `todo` lists what is open, `todo done NUMBER` ticks one off.
- Nothing but the standard library.
"""

GENERATE = '''\
Summary: Keep a to-do list in a JSON file

The list is a file of its own module, so that the command line knows nothing of **how** it is kept:

| file | what it does |
|---|---|
| `store.py` | reads and writes `todo.json`, whole or not at all |
| `todo.py` | the three commands |

store.py
```python
"""The list, kept in a JSON file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path.home() / "todo.json"


@dataclass
class Item:
    text: str
    done: bool = False


def load() -> list[Item]:
    if not FILE.exists():
        return []
    return [Item(**item) for item in json.loads(FILE.read_text())]


def save(items: list[Item]) -> None:
    FILE.write_text(json.dumps([asdict(item) for item in items]))
```

todo.py
```python
"""A to-do list for the terminal."""

import sys

from store import Item, load, save


def show() -> None:
    for number, item in enumerate(load(), 1):
        if not item.done:
            print(f"{number:>3}  {item.text}")


def main(words: list[str]) -> None:
    items = load()
    match words:
        case []:
            show()
        case ["add", *text]:
            save([*items, Item(" ".join(text))])
        case ["done", number]:
            items[int(number) - 1].done = True
            save(items)
        case _:
            sys.exit("usage: todo [add TEXT | done NUMBER]")


if __name__ == "__main__":
    main(sys.argv[1:])
```
'''
ENTRYPOINT = """\
run.sh
```bash
#!/bin/sh
exec python3 todo.py "$@"
```
"""
FIXES: Sequence[tuple[str, Sequence[str]]] = (
    (
        "A number that is not on the list ends in a traceback. Say what is wrong, in one line.",
        (
            """\
Summary: Refuse a number that is not on the list

`done` now looks the item up first. Both a word and a number out of range end with one line and exit code 1.

```diff
--- a/todo.py
+++ b/todo.py
@@ ... @@
         case ["done", number]:
-            items[int(number) - 1].done = True
+            find(items, number).done = True
             save(items)
```

```diff
--- a/todo.py
+++ b/todo.py
@@ ... @@
 import sys

 from store import Item, load, save


+def find(items: list[Item], number: str) -> Item:
+    if not number.isdecimal() or not 0 < int(number) <= len(items):
+        sys.exit(f"There is no item {number}")
+    return items[int(number) - 1]
+
+
 def show() -> None:
```
""",
        ),
    ),
    (
        "If the disk is full the list is lost. Write it so that there is always a whole one.",
        (
            """\
Summary: Put the list in place whole, or leave the old one

```diff
--- a/store.py
+++ b/store.py
@@ ... @@
 def save(items: list[Item]) -> None:
-    FILE.write_text(json.dumps([asdict(item) for item in items], indent=1))
+    passing = FILE.with_suffix(".new")
+    passing.write_text(json.dumps([asdict(item) for item in items], indent=1))
+    passing.replace(FILE)
```
""",
            """\
Summary: Put the list in place whole, or leave the old one

The file had no `indent` yet; against the lines as they are:

```diff
--- a/store.py
+++ b/store.py
@@ ... @@
 def save(items: list[Item]) -> None:
-    FILE.write_text(json.dumps([asdict(item) for item in items]))
+    passing = FILE.with_suffix(".new")
+    passing.write_text(json.dumps([asdict(item) for item in items], indent=1))
+    passing.replace(FILE)
```
""",
        ),
    ),
    (
        "Show how long an item has been open.",
        (
            """\
Summary: Show the age of items

```diff
--- a/list.py
+++ b/list.py
@@ ... @@
-def age(item):
+def age(item: Item) -> str:
```
""",
        ),
    ),
    (
        "Show how many days an item has been open, behind its text.",
        (
            """\
Summary: Tell how many days an item has been open

An item learns the day that it was added on. Items of older lists have none, and show none:

1. `Item.since` is an ISO date, empty where it is not known.
2. `days` turns it into a number; today counts as nothing.

```diff
--- a/store.py
+++ b/store.py
@@ ... @@
 import json
 from dataclasses import asdict, dataclass
+from datetime import date
 from pathlib import Path
@@ ... @@
 @dataclass
 class Item:
     text: str
     done: bool = False
+    since: str = ""
+
+    @property
+    def days(self) -> int:
+        return (date.today() - date.fromisoformat(self.since)).days if self.since else 0
```

```diff
--- a/todo.py
+++ b/todo.py
@@ ... @@
 import sys
+from datetime import date

 from store import Item, load, save
@@ ... @@
         if not item.done:
-            print(f"{number:>3}  {item.text}")
+            age = f"  ({item.days} d)" if item.days else ""
+            print(f"{number:>3}  {item.text}{age}")
@@ ... @@
-            save([*items, Item(" ".join(text))])
+            save([*items, Item(" ".join(text), since=date.today().isoformat())])
```
""",
        ),
    ),
)
_USAGE = ((1204, 0, 612), (1730, 1024, 34), (1912, 1024, 241), (1688, 1024, 118), (2140, 1536, 131), (2011, 1536, 74))
_LATER = ((2098, 1536, 402),)


def make(folder: Path) -> Path:
    """Make the session below a folder through the command line; the repository that it is in."""
    usage = iter((*_USAGE, *_LATER))

    def answer(reply: str) -> Answer:
        prompt, cached, completion = next(usage)
        return says(reply, usage=(prompt, completion), cached=cached, between=lambda: sleep(completion / 1000))

    work = folder / "todo"
    (folder / "prompt").write_text(PROMPT)
    with endpoint(answer(GENERATE), answer(ENTRYPOINT)) as scripted:
        new = ("new", "todo", "--name", "todo", "--prompt-file", "prompt", "--steps", "benchmark")
        _run(scripted.base_url, folder, 0, *new)
    for number, (feedback, replies) in enumerate(FIXES, 1):
        if number == 3:
            _by_hand(work)
        with endpoint(*map(answer, replies)) as scripted:
            rounds = str(len(replies) - 1)
            _run(scripted.base_url, work, number, "fix", feedback, "--rounds", rounds)
    return work


def _by_hand(work: Path) -> None:
    file = work / "store.py"
    file.write_text(file.read_text().replace('FILE = Path.home() / "todo.json"', 'FILE = Path.home() / ".todo.json"'))
    (work / "README.md").write_text("# todo\n\nA to-do list, kept in `~/.todo.json`.\n")
    git(work, "add", "-A")
    git(work, "commit", "-qm", "Hide the file, and say where it is", "--date", _when(3))


def _run(base_url: str, folder: Path, number: int, *args: str) -> None:
    command = [sys.executable, "-m", "gitgen", *args, "--quiet", "--model", "scripted", "--base-url", base_url]
    when = {"GIT_AUTHOR_DATE": _when(number), "GIT_COMMITTER_DATE": _when(number)}
    environ = {**os.environ, **when, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "none"}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
    # The third feedback has a reply that fits no file.
    assert done.returncode == (number == 3), done.stderr


def _when(number: int) -> str:
    """A moment on one of two days."""
    return f"2026-03-{9 if number < 2 else 10:02d}T{9 + number:02d}:{(17 * number) % 60:02d}:00+00:00"
