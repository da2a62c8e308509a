"""The folders that are shipped beside the package in a checkout, and inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

from gitgen.errors import GitgenError

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """`preprompts` or `hooks`, wherever this gitgen was installed or checked out."""
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


def preprompt(name: str, *chosen: Path | None) -> str:
    """The text of a preprompt, from the first of the user's folders that has it, else the shipped one."""
    file = f"{name}.txt"
    return _text(next((own / file for own in chosen if own and (own / file).exists()), folder("preprompts") / file))


def check_preprompts(chosen: Path) -> None:
    """GitgenError if a folder that the user chose cannot be listed, or holds a preprompt that cannot be read."""
    try:
        files = sorted(chosen.iterdir())
    except OSError as error:
        mend = "--preprompts DIR with a folder that is there"
        raise GitgenError(f"The preprompts in {chosen} cannot be read: {error.strerror}", mend) from None
    for file in files:
        if file.suffix == ".txt":
            _text(file)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "not UTF-8 text"
        raise GitgenError(f"The preprompt {path} cannot be read: {why}", f"mend or restore {path}") from None
