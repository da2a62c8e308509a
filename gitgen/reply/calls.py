"""Edits in JSON: the arguments of tool calls, or lists of files, printed into the text of a reply."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from gitgen.edits import Delete, Edit, Patch, Write
from gitgen.reply import searches

_PATH = ("path", "file_path", "filepath", "filename", "file_name", "file", "target_file")
_TEXT = ("content", "contents", "file_text", "text", "code", "new_content", "code_edit")
_OLD = ("old_string", "old_str", "old_text", "search", "find", "original", "old")
_NEW = ("new_string", "new_str", "new_text", "replace", "replacement", "updated", "new")
_INSIDE = (
    "arguments",
    "input",
    "parameters",
    "args",
    "function",
    "function_call",
    "tool_calls",
    "tool_call",
    "edits",
)
_LISTS = ("files", "changes", "operations", "actions", "edits", "tools")
_DEEPEST = 8


def read(text: str, read_text: Callable[[str], list[Edit]]) -> list[Edit]:
    """The edits in a piece of JSON; none where it is not JSON or says nothing about files.

    `read_text` reads a patch that stands in one of its strings.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return []
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    return _edits(found, read_text, "", 0)


def _edits(found: Any, read_text: Callable[[str], list[Edit]], name: str, depth: int) -> list[Edit]:
    if depth > _DEEPEST:
        return []
    if isinstance(found, list):
        if len(found) > 1 and found[0] == "apply_patch" and isinstance(found[1], str):
            return read_text(found[1])
        return [edit for part in found for edit in _edits(part, read_text, name, depth + 1)]
    if not isinstance(found, dict):
        return []
    path = _first(found, _PATH) or name
    own = _own(found, path) if path else None
    if own is not None:
        return [own]
    edits: list[Edit] = []
    for key, value in found.items():
        if key in ("patch", "diff") and isinstance(value, str):
            edits += read_text(value)
        elif key == "command" and isinstance(value, list):
            edits += _edits(value, read_text, path, depth + 1)
        elif key == "files" and isinstance(value, dict):
            edits += [Write(str(one), text) for one, text in value.items() if isinstance(text, str)]
        elif key in _INSIDE or key in _LISTS:
            edits += _edits(_unpacked(value), read_text, path, depth + 1)
    return edits


def _own(found: dict[str, Any], path: str) -> Edit | None:
    """The edit that this object itself describes."""
    old, new, text = _first(found, _OLD), _first(found, _NEW), _first(found, _TEXT)
    verb = str(found.get("action") or found.get("type") or found.get("command") or "").lower()
    if found.get("delete") is True or verb in ("delete", "remove"):
        return Delete(path)
    if old and new is not None:
        return Patch(path, path, (searches.replacement(_lines(old), _lines(new)),))
    if text is not None:
        return Write(path, text)
    return None


def _first(found: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    return next((found[key] for key in keys if isinstance(found.get(key), str)), None)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _unpacked(value: Any) -> Any:
    """Arguments of tool calls are often JSON in a string."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, strict=False)
    except (ValueError, RecursionError):
        return None
