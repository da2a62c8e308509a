"""Which names a model may not write to: every path of a reply is hostile until it passed here."""

from __future__ import annotations

import re
import unicodedata

_IGNORED_BY_HFS = dict.fromkeys([*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF], None)
# The short names that NTFS gives a long one: `git~1`, and for .gitmodules also its hashed form.
_DOT_GIT = re.compile(r"\.git|git~\d+")
_DOT_GITMODULES = re.compile(r"\.gitmodules|gitmod~\d+|gi(?:7(?:e(?:ba?)?)?)?~\d+")
_DOT_GITGEN = re.compile(r"\.gitgen|gitgen~\d+")
# What shows a name otherwise than it is: marks of direction, and letters without width that no script needs.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# "Naming Files, Paths, and Namespaces" of the Windows documentation.
_NOT_ON_WINDOWS = re.compile(
    r'[<>:"|?*]|[ .]$|^(?:con|prn|aux|nul|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]|con(?:in|out)\$) *(?:\.|$)', re.IGNORECASE
)
LONGEST_PATH = 4000
"""No path of so many bytes is written; one that is longer need not be taken apart."""
_LONGEST_NAME = 255


def tellable(path: str) -> bool:
    """Whether a path can be told to a model in a line: it is text, without control characters or ends of lines."""
    return path.isprintable() or all(unicodedata.category(letter) not in ("Cc", "Cs", "Zl", "Zp") for letter in path)


def why_hostile(path: str) -> str | None:
    """Why nothing may ever be written to this path, in words for the model; None where it is harmless."""
    if not path:
        return "the path is empty"
    if not tellable(path):
        return "the path has control characters in it"
    if path.startswith(("/", "~/")):
        return "the path is not relative to the repository"
    if "\\" in path:
        return "the path has a backslash in it"
    if re.match(r"[A-Za-z]:", path):
        return "the path begins with a drive letter"
    if len(path.encode()) > LONGEST_PATH:
        return "the path is too long"
    for depth, part in enumerate(path.split("/")):
        reason = _why_hostile_part(part, at_root=depth == 0)
        if reason is not None:
            return reason
    return None


def why_unportable(path: str) -> str | None:
    """Why no new file may have this name, though one that is there may be changed; None where it may."""
    if _INVISIBLE.search(path):
        return "the path has invisible characters in it"
    for part in path.split("/"):
        if _NOT_ON_WINDOWS.search(part):
            return "Windows cannot hold a file of this name"
    return None


def folded(name: str) -> str:
    """A name as a file system takes it that ignores case, and the two ways to write an accented letter."""
    return (
        name.lower() if name.isascii() else unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    )


def _why_hostile_part(part: str, *, at_root: bool) -> str | None:
    if part in ("", ".", ".."):
        return "the path has an empty, `.` or `..` part"
    folded = _as_any_file_system_reads(part)
    if not folded:
        return "a part of the path is nothing but dots and spaces"
    if _DOT_GIT.fullmatch(folded):
        return "the path lies in Git's own folder"
    if _DOT_GITMODULES.fullmatch(folded):
        return "the path is Git's list of submodules"
    if at_root and _DOT_GITGEN.fullmatch(folded):
        return "the path lies in gitgen's own folder"
    if len(part.encode()) > _LONGEST_NAME:
        return "a part of the path is too long"
    return None


def _as_any_file_system_reads(part: str) -> str:
    """The part as the most forgiving of the file systems would look it up.

    HFS+ ignores some code points, NTFS cuts a stream (`name::$INDEX_ALLOCATION`) and trailing dots and
    spaces, and most fold case and compatibility forms.
    """
    visible = unicodedata.normalize("NFKC", part.translate(_IGNORED_BY_HFS)).casefold()
    visible = visible.translate(_IGNORED_BY_HFS)
    return visible.split(":", 1)[0].rstrip(" .")
