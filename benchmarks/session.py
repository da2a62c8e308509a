"""Sessions of any length, each step written as gitgen writes it: a diff of one file in a chat, and the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha1
from pathlib import Path

from benchmarks.ground import COUNTED, content_of, git, path_of, repository_of
from gitgen.record import ATTRIBUTES, ATTRIBUTES_TEXT, Chat, Reply, Turn, Usage, user
from gitgen.record.trailers import compose, step_trailers
from gitgen.repository import HEADS
from gitgen.state.chats import folder_of, prompt_path
from gitgen.state.commits import PREFIX

MODEL = "canned"
HUMAN_EVERY = 100
"""One commit in so many is a person's."""


def sessions_of(lengths: Sequence[int], files: int, root: Path) -> tuple[Path, list[str]]:
    """A repository of so many files with sessions of so many steps on `main`: its folder, and their branches.

    They are made once, and kept under a ref of their own from run to run.
    """
    folder = repository_of(files, root)
    base = git(folder, "rev-parse", "main").strip()
    branches = []
    for steps in lengths:
        name = f"of-{steps}"
        kept, branch = f"refs/benchmark/{name}", PREFIX + name
        if not git(folder, "for-each-ref", kept):
            git(folder, "fast-import", "--quiet", "--done", stdin=b"".join(_import(name, steps, files, base)))
            git(folder, "update-ref", kept, HEADS + branch)
        git(folder, "update-ref", HEADS + branch, kept)
        branches.append(branch)
    return folder, branches


def _import(name: str, steps: int, files: int, base: bytes) -> Iterator[bytes]:
    branch = PREFIX + name
    begin = compose(f"Begin {branch}: Count", "", {"Gitgen-Session": branch, "Gitgen-Plan": "fix"})
    yield b"feature done\n" + _commit(branch, 0, begin) + b"from %s\n" % base
    yield _file(ATTRIBUTES, ATTRIBUTES_TEXT) + _file(prompt_path(name), b"Count\n")
    for number in range(1, steps + 1):
        index = number % files
        content = content_of(index)
        runs = (number - 1) // files
        if number % HUMAN_EVERY == 0:
            yield _commit(branch, number, f"Count {number} by hand\n")
        else:
            chat = _chat(index, number, runs)
            text = chat.to_json().encode()
            block = step_trailers(chat, session=branch, status="ok", log=_blob_id(text))
            yield _commit(branch, number, compose(f"Count run {number}", f"Count up in file {index}", block))
            yield _file(f"{folder_of(name)}/{number:04d}-fix.json", text)
        yield _file(path_of(index), content.replace(b" = 0\n", b" = %d\n" % (runs + 1), 1))
    yield b"done\n"


def _chat(index: int, number: int, runs: int) -> Chat:
    path, name = path_of(index), f"{COUNTED.rpartition('_')[0]}_{index}"
    diff = f"--- a/{path}\n+++ b/{path}\n@@ ... @@\n-{name} = {runs}\n+{name} = {runs + 1}\n"
    reply = Reply(f"Summary: Count run {number}\n\n```diff\n{diff}```\n", "stop", MODEL, f"chatcmpl-{number}")
    feedback = f"Count up in file {index}"
    usage = Usage(1000 + number % 7, 200, 1200 + number % 7, number % 3 * 100)
    turn = Turn({"gen_ai.request.model": MODEL}, (user(feedback),), "edits", reply, usage, "2026-01-01T00:00:00", 1.5)
    return Chat("fix", {"feedback": feedback}, (turn,))


def _blob_id(content: bytes) -> str:
    return sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _commit(branch: str, number: int, message: str) -> bytes:
    text = message.encode()
    who = b"committer Ada <ada@example.org> %d +0000" % (1_700_000_100 + 60 * number)
    return b"commit %s%s\n%s\ndata %d\n%s\n" % (HEADS.encode(), branch.encode(), who, len(text), text)


def _file(path: str, content: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)
