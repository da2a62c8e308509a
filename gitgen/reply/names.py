"""Which file a label, an info string or a first comment names; a sentence or a command names none."""

from __future__ import annotations

import re
from functools import lru_cache

_KNOWN = re.compile(
    r"(docker|container|make|gnumake|proc|gem|rake|vagrant|jenkins|brew|just|caddy|pip|pod|fast)file|licen[sc]e|"
    r"copying|readme|changelog|authors|contributing|notice|codeowners|build|workspace",
    re.IGNORECASE,
)
_PRODUCTS = re.compile(
    r"(node|next|vue|react|express|three|d3|nuxt|nest|ember|backbone|chart)\.js|socket\.io|(asp|vb|ado)\.net",
    re.IGNORECASE,
)
_SHELL = re.compile(
    r"bash|sh|shell|zsh|fish|console|terminal|powershell|ps1|pwsh|cmd|bat|batch|shell-session", re.IGNORECASE
)
_LONGEST = 400
"""A line that is longer names no file."""
_MORE_THAN_A_LANGUAGE = re.compile(r"[\s.:=/\\]")
_SCRIPTS = (".sh", ".bash", ".zsh", ".fish", ".ps1", ".psm1", ".bat", ".cmd")
_EXTENSION = re.compile(r"\.[A-Za-z0-9_+-]{1,12}$")
_LABEL = re.compile(
    r"^(?:(?:new|updated|modified|existing|full|complete)\s+)?(?:file\s*(?:name|path)?|filepath|path|filename)\s*:\s*(.+)$",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\"([^\"]+)\"")
_BULLETED = re.compile(r"^(?:#{1,6}|>|[-*+•])\s+")
_NUMBERED = re.compile(r"^(?:\(?\d{1,3}[.):]|step\s+\d+\s*[:.-])\s+", re.IGNORECASE)
_AGED = re.compile(r"\s*\((?:new|updated|modified|new file|existing|unchanged)\)$", re.IGNORECASE)
_LINKED = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_COMMENTS = (
    re.compile(r"^\s*(?:#|//|--|;+|%|'|REM)\s*(.+?)\s*$"),
    re.compile(r"^\s*(?:<!--|/\*+|\(\*|\{-|\{#)\s*(.+?)\s*(?:-->|\*+/|\*\)|-\}|#\})\s*$"),
)


def plausible(name: str, *, alone: bool = False) -> bool:
    """Whether this text can only be meant as a file's name: no sentence, no command, no address.

    What stands `alone` above a block needs no extension where folders stand before it: bin/serve, ../evil.
    """
    if not name or len(name) > 300 or name != name.strip() or "://" in name or name.endswith(("/", "\\")):
        return False
    if any(letter in name for letter in "<>|?*\"'`$;{}\t\n=,") or name.startswith(("-", "@", "#", "!", "(")):
        return False
    last = re.split(r"[/\\]", name)[-1]
    if _PRODUCTS.fullmatch(name) or re.fullmatch(r"v?[\d.]+", name) or last.endswith("."):
        return False
    if " " in name:
        return _spaced(name) and bool(_EXTENSION.search(last))
    folders = alone and re.search(r"\w[/\\]\w|^[.~/\\]+\w", name)
    return bool(_EXTENSION.search(last) or _KNOWN.fullmatch(last) or folders)


def _spaced(name: str) -> bool:
    """Whether a name with blanks is one: it begins inside a folder and has its one extension at the end."""
    words = name.split(" ")
    return bool(re.search(r"[/\\]", words[0])) and not any(_EXTENSION.search(word) for word in words[:-1])


def _bare(text: str) -> str:
    """The text without the Markdown around it."""
    text = _NUMBERED.sub("", _BULLETED.sub("", text.strip()))
    while True:
        before = text
        text = _AGED.sub("", text) if text.endswith(")") else text
        text = text.strip().rstrip(":").strip()
        for mark in ("***", "**", "__", "`", '"', "'", "*"):
            if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
                text = text[len(mark) : -len(mark)]
        if text.startswith("[") and text.endswith("]"):
            text = text[1:-1]
        linked = _LINKED.fullmatch(text) if text.startswith("[") else None
        text = linked[1] if linked else text
        if text == before:
            return text


def of_label(line: str) -> str | None:
    """The file that a line above a fence names, if naming one is all that the line does."""
    if len(line) > _LONGEST:
        return None
    text = _bare(line)
    labelled = _LABEL.match(text)
    if labelled:
        inner = _bare(labelled[1])
        quoted = _quoted_whole(labelled[1]) and _quoted_name(inner)
        return inner if quoted or plausible(inner, alone=True) else None
    if plausible(text, alone=True):
        return text
    if _quoted_whole(line) and _quoted_name(text):
        return text
    return _after_colon(text)


def _quoted_whole(line: str) -> bool:
    text = re.sub(r"^(?:#{1,6}|[-*+•]|\d{1,3}[.)])\s+", "", line.strip()).rstrip(":").strip()
    return any(text.startswith(mark) and text.endswith(mark) for mark in ("`", "**`"[:2] + "`"))


def _quoted_name(text: str) -> bool:
    """A name in backticks may have blanks and brackets in it, but it must end like a file."""
    last = re.split(r"[/\\]", text)[-1]
    no_sentence = len(text.split()) <= 8 and not re.search(r"[|<>$;=\n]|://", text) and not text.startswith("-")
    return no_sentence and bool(_EXTENSION.search(last) or _KNOWN.fullmatch(last)) and not _PRODUCTS.fullmatch(text)


def _after_colon(text: str) -> str | None:
    """`Entry point: `main.py`` names main.py; `Run it with: `python main.py`` does not."""
    label, colon, rest = text.rpartition(":")
    rest = rest.strip()
    if not colon or len(label.split()) > 6 or not rest.endswith(("`", "**")):
        return None
    inner = _bare(rest)
    return inner if plausible(inner) else None


@lru_cache(maxsize=256)  # a reply has a few info strings, again and again
def of_info(info: str) -> str | None:
    """The file that an info string names: `py src/a.py`, `py:src/a.py`, `src/a.py` or `py title="a.py"`."""
    if len(info) > _LONGEST or not _MORE_THAN_A_LANGUAGE.search(info):
        return None
    keyed = re.search(r"(?:title|file|filename|path|name)\s*=\s*(?:\"([^\"]+)\"|'([^']+)'|(\S+))", info)
    if keyed:
        found = next(group for group in keyed.groups() if group)
        return found.rstrip("}") if plausible(found.rstrip("}")) or _quoted_name(found) else None
    language, colon, rest = info.partition(":")
    if colon and re.fullmatch(r"[\w+#-]*", language) and plausible(rest.strip()):
        return rest.strip()
    if plausible(info) and re.search(r"[./\\]", info):
        return info
    language, blank, rest = info.partition(" ")
    rest = _bare(rest.strip())
    if blank and (plausible(rest) or (_quoted_name(rest) and "/" in rest)):
        return rest
    return None


def of_comment(line: str) -> str | None:
    """The file that a comment in a fence's first line names, if it says nothing else."""
    if len(line) > _LONGEST:
        return None
    for shape in _COMMENTS:
        found = shape.match(line)
        if found:
            text = found[1]
            labelled = _LABEL.match(text)
            text = _bare(labelled[1] if labelled else text)
            if plausible(text) and (labelled or "/" in text or "\\" in text or _EXTENSION.search(text)):
                return text
    return None


def is_shell(language: str) -> bool:
    """Whether a fence in this language is rather for a terminal than for a file."""
    return bool(_SHELL.fullmatch(language))


def is_command(name: str, language: str) -> bool:
    """Whether a fence under this name is rather a command to run on that file."""
    return is_shell(language) and not name.lower().endswith(_SCRIPTS) and "." in name.rpartition("/")[2]
