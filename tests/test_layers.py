"""Dependencies point one way, and each outside thing has one door."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gitgen"

# From left to right; a module may import from its own layer and from those to its right.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("commands",),
    (
        "ui",
        "preflight",
        "plan",
        "bench",
        "checkup",
        "leftovers",
        "message_hooks",
        "content_hooks",
        "history",
        "leaks",
        "report",
        "publish",
        "review",
    ),
    (
        "session",
        "showing",
        "touched",
        "underway",
        "rerun",
        "revert",
        "api",
    ),
    ("beginning",),
    (
        "world",
        "progress",
        "state",
        "render",
        "hooks",
        "ranking",
        "budget",
        "keep",
    ),
    ("repository",),
    (
        "git",
        "ai",
        "forge",
        "running",
        "scanner",
        "jobs",
        "roster",
    ),
    ("shelf",),
    ("steps",),
    ("draft", "failure"),
    (
        "reply",
        "patch",
        "context",
        "record",
        "models",
        "redact",
        "settings",
        "quoting",
    ),
    (
        "edits",
        "paths",
        "values",
        "errors",
        "resources",
        "user_cache",
    ),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
MODULES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    """Every imported module's full name, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_stands_to_its_right(path: Path) -> None:
    part = part_of(path)
    if part == "__init__":
        return
    for name in imports(path):
        words = name.split(".")
        if words[0] == "gitgen" and words[1] in RANK:
            assert RANK[part] <= RANK[words[1]], f"{part} imports {words[1]}"


def test_every_module_has_its_layer() -> None:
    assert {part_of(path) for path in MODULES} - {"__init__"} <= set(RANK)


@pytest.mark.parametrize(
    ("library", "door"),
    [
        (
            "subprocess",
            {
                "forge/tokens.py",
                "git.py",
                "ui/pager.py",
                "ai/weights.py",
                "running/process.py",
                "running/sandbox.py",
                "scanner.py",
            },
        ),
        ("git", {"git.py"}),
        ("github", {"forge/github.py"}),
        ("openai", {"ai/arriving.py", "ai/endpoint.py", "ai/failures.py"}),
        ("rich", {"ui/board.py", "ui/listeners.py"}),
        ("questionary", {"ui/__init__.py"}),
        ("tiktoken", {"models/tokens.py"}),
        ("pybetterleaks", {"scanner.py"}),
        ("xllamacpp", {"ai/local.py"}),
        ("distributed", {"jobs.py"}),
    ],
)
def test_each_outside_thing_has_one_door(library: str, door: set[str]) -> None:
    users = {str(p.relative_to(PACKAGE)) for p in MODULES if any(n.split(".")[0] == library for n in imports(p))}
    assert users <= door


def test_a_module_is_imported_without_effect_and_in_any_order() -> None:
    names = [".".join(("gitgen", *p.relative_to(PACKAGE).with_suffix("").parts)) for p in MODULES]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    code = f"import importlib\nfor name in {names!r}[::-1]: importlib.import_module(name)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
