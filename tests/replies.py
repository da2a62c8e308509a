"""Replies as models write them, for the scripted endpoint."""

from __future__ import annotations

PROGRAM = """Here it is.

hello.py
```python
name = input('Name? ')
print('Hello', name)
```

README.md
```markdown
# Hello
```
"""

RUN_SH = """run.sh
```sh
#!/bin/sh
python3 hello.py
```
"""


def diff(path: str, old: str, new: str, summary: str = "") -> str:
    """A reply with a unified diff that replaces one line."""
    head = f"Summary: {summary}\n\n" if summary else ""
    return f"{head}```diff\n--- a/{path}\n+++ b/{path}\n@@ ... @@\n-{old}\n+{new}\n```\n"


FRENCH = diff("hello.py", "    return 'Hello ' + name", "    return 'Bonjour ' + name", "Greet in French")
MISFIT = diff("hello.py", "    return 'Hallo ' + name", "    return 'Bonjour ' + name", "Greet in French")
ITALIAN = diff("hello.py", "    return 'Hello ' + name", "    return 'Ciao ' + name", "Greet in Italian")
TITLE = diff("README.md", "# Hello", "# Greeter", "Name the program")
SHOUT = diff("hello.py", "print(greet('Ada'))", "print(greet('Ada').upper())", "Shout")
