"""A talk as text that a person can edit: messages under `=== role` lines, read back to the letter.

    === system
    You answer with files only.

    === user
    [file hello.py 4f2a...]
    Greet in French.

A line `===` sets two texts of one message apart, `[file PATH ID]` stands for a file. A blank line ends each message
and is no part of it. A line of the talk's own that looks like one of these has a backslash in front. `=== reply` is
what the model answered to the messages above it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast, get_args

from gitgen.record import File, Message, Part, Role, Text

REPLY = "reply"
_ROLES = (*get_args(Role), REPLY)
_HEADING = re.compile(r"===((?!=).*)")
_FILE = re.compile(r"\[file (.*?)(?: ([0-9a-f]{40}(?:[0-9a-f]{24})?))?\]\s*")
_TAKEN = re.compile(r"\\*(?:===(?!=).*|\[file .*)")
"""Lines with a meaning of their own, and those that are told apart from them by a backslash more."""


@dataclass(frozen=True)
class Said:
    """Messages, and what the model answered to them; None where it is to be asked."""

    messages: tuple[Message, ...]
    reply: str | None = None


class Broken(ValueError):
    """A text that is no talk, with the number of the line and what is wrong there."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


def write(talk: Sequence[Said]) -> str:
    """The talk as text; `read` gives it back."""
    lines: list[str] = []
    for said in talk:
        for message in said.messages:
            lines += [f"=== {message.role}", *_written(message.parts), ""]
        if said.reply is not None:
            lines += [f"=== {REPLY}", *_written((Text(said.reply),)), ""]
    return "".join(f"{line}\n" for line in lines)


def read(text: str, file: Callable[[str, str], File] = File, replies: int | None = None) -> tuple[Said, ...]:
    """The talk that a text holds, without the lines of comment (`#`) above its first message; or Broken.

    `file` makes a part of a path and an id, which is empty where none is given; its ValueError says why it cannot.
    More than so many `replies` are refused.
    """
    talk: list[Said] = []
    messages: list[Message] = []
    number = 1
    for section in _sections(text):
        number, parts = section.number, section.parts(file)
        if section.role != REPLY:
            messages.append(Message(cast(Role, section.role), parts))
            continue
        if not messages:
            raise Broken(number, "a reply stands below what it answers")
        if len(talk) == replies:
            raise Broken(number, "the step had not so many replies; one of your own is `=== assistant`")
        talk.append(Said(tuple(messages), _text(parts, number)))
        messages = []
    if not messages:
        raise Broken(
            number, "nothing is asked: the last message must be one to the model" if talk else "there is no message"
        )
    return (*talk, Said(tuple(messages)))


@dataclass
class _Section:
    """The lines under one heading, which is in line `number`."""

    role: str
    number: int
    lines: list[str] = field(default_factory=list)

    def parts(self, file: Callable[[str, str], File]) -> tuple[Part, ...]:
        lines = self.lines[:-1] if self.lines[-1:] == [""] else self.lines
        parts: list[Part] = []
        text: list[str] = []
        wanted = False
        """Whether there is a text even if all its lines are blank: blank lines around files are for the eye."""
        for number, line in enumerate((*lines, "==="), self.number + 1):
            if line != "===" and not (found := _FILE.fullmatch(line)):
                text.append(line[1:] if _TAKEN.fullmatch(line) else line)
                continue
            if wanted or any(text):
                parts.append(Text("\n".join(text)))
            text, wanted = [], line == "==="
            if line != "===" and found:
                parts.append(_file(file, found[1], found[2] or "", number))
        return tuple(parts)


def _sections(text: str) -> Iterator[_Section]:
    section = None
    *lines, last = text.split("\n")
    for number, line in enumerate((*lines, last) if last else lines, 1):
        heading = _HEADING.fullmatch(line)
        role = heading[1].strip() if heading else ""
        if role:
            if section:
                yield section
            if role not in _ROLES:
                raise Broken(number, f"there is no role {role!r}; they are {', '.join(_ROLES)}")
            section = _Section(role, number)
        elif section:
            section.lines.append("===" if heading else line)
        elif line.strip() and not line.startswith("#"):
            raise Broken(number, "a text stands above the first message (`=== user`)")
        if line.startswith("[file ") and not _FILE.fullmatch(line):
            raise Broken(number, "a file is named like this: [file PATH], [file PATH ID]")
    if section:
        yield section


def _written(parts: Sequence[Part]) -> Iterator[str]:
    before: Part | None = None
    for part in parts:
        if isinstance(part, File):
            yield f"[file {_path_written(part.path)} {part.oid}".rstrip() + "]"
        else:
            if isinstance(before, Text) or not part.text.strip("\n"):
                yield "==="
            yield from ("\\" + line if _TAKEN.fullmatch(line) else line for line in part.text.split("\n"))
        before = part


def _path_written(path: str) -> str:
    """The path as it is, or as a JSON string where it could not be told from what stands around it."""
    plain = path.isprintable() and path == path.strip() and not path.startswith('"')
    return path if plain and path else json.dumps(path)


def _file(file: Callable[[str, str], File], path: str, oid: str, number: int) -> File:
    try:
        return file(json.loads(path) if path.startswith('"') else path, oid)
    except ValueError as error:
        raise Broken(number, str(error)) from None


def _text(parts: Sequence[Part], number: int) -> str:
    if len(parts) > 1 or any(isinstance(part, File) for part in parts):
        raise Broken(number, "a reply is one text, without files")
    return "".join(part.text for part in parts if isinstance(part, Text))
