"""What a chat file holds, checked as it is read: it may come from a stranger's branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def value_of(kind: type | tuple[type, ...], item: Mapping[str, Any], key: str) -> Any:
    """The value of a key; TypeError if it is of another kind, KeyError if it is not there."""
    value = item[key]
    if not isinstance(value, kind):
        raise TypeError(f"{key} is {type(value).__name__}")
    return value
