"""A session that was fetched from a stranger is read without harm: nothing in it is obeyed, and nothing is a bug."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gitgen.repository import Repository
from gitgen.state.chats import chat_path
from gitgen.values import Blob
from tests.conftest import Gitgen, git
from tests.replies import FRENCH
from tests.scripted import endpoint, says

RED = "\x1b[31mred\x9b31m\u202e"
TURN: dict[str, Any] = {
    "request": {"gen_ai.request.model": "m"},
    "messages": [{"role": "user", "content": [{"text": "hi" + RED}, {"path": "a" + RED, "oid": "HEAD:hello.py"}]}],
    "reads": "edits",
    "reply": {"content": "x" + RED, "finish_reason": "stop" + RED, "gen_ai.response.model": "m" + RED, "id": ""},
    "usage": None,
    "started": "",
    "seconds": 1.0,
}
CHAT: dict[str, Any] = {"version": 1, "step": "fix", "inputs": {"feedback": "x"}, "turns": [TURN]}
READING = (
    ["log"],
    ["log", "--json"],
    ["usage"],
    ["usage", "--by", "model"],
    ["show", "--branch"],
    ["report", "-o", "-"],
    ["compare", "gitgen/s"],
)


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def session(gitgen: Gitgen, folder: Path) -> Path:
    """A session of one step, not checked out."""
    with endpoint(says(FRENCH)) as scripted:
        ran = gitgen("fix", "Greet in French", "--name", "s", GITGEN_BASE_URL=scripted.base_url, GITGEN_MODEL="m")
    assert ran.code == 0, ran.err
    return folder


def stored(folder: Path, kind: str, content: bytes) -> str:
    command = ["git", "hash-object", "-w", "--literally", "-t", kind, "--stdin"]
    return subprocess.run(command, cwd=folder, input=content, capture_output=True, check=True).stdout.decode().strip()


def fetched(folder: Path, chat: bytes = b"", author: str = "Eve <e@x> 1700000000 +0000", **trailers: str) -> None:
    """Put a step on the session that gitgen did not make."""
    said = {"Session": "gitgen/s", "Step": "fix", "Status": "ok", "Model": "m", "Total-Tokens": "1"}
    said |= {"Log": stored(folder, "blob", chat or json.dumps(CHAT).encode())}
    said |= {key.replace("_", "-"): value for key, value in trailers.items()}
    block = "\n".join(f"Gitgen-{key}: {value}" for key, value in said.items())
    tree, parent = git(folder, "rev-parse", "gitgen/s^{tree}"), git(folder, "rev-parse", "gitgen/s")
    head = f"tree {tree}\nparent {parent}\nauthor {author}\ncommitter Eve <e@x> 1700000000 +0000"
    oid = stored(folder, "commit", f"{head}\n\nSubject {RED}\n\n{block}\n".encode())
    git(folder, "update-ref", "refs/heads/gitgen/s", oid)


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_nothing_reaches_the_terminal_that_it_would_act_upon(gitgen: Gitgen, session: Path, command: list[str]) -> None:
    fetched(session, Step="fix" + RED, Model="m" + RED, Status="ok" + RED)
    ran = gitgen(*command, "gitgen/s")
    assert ran.code == 0, ran.err
    assert "red" in ran.out or "--by" not in command
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ran.out + ran.err)
    if "--json" in command:
        assert json.loads(ran.out)[0]["model"] == "m" + RED


EVE = "Eve <e@x> 1700000000 +0000"


@pytest.mark.parametrize(
    ("author", "tokens"),
    [
        (EVE, "9" * 5000),
        ("E\x1fve <e@x> 1700000000 +0000", "1"),
        ("Eve <e@x> then", "1"),
        ("Eve", "1"),
        ("Eve <e@x> 99999999999999999999 +9999", "1"),
    ],
    ids=["tokens", "separator", "date", "nobody", "future"],
)
def test_an_odd_commit_is_a_line_of_the_log(gitgen: Gitgen, session: Path, author: str, tokens: str) -> None:
    fetched(session, author=author, Prompt_Tokens=tokens)
    for command in READING:
        ran = gitgen(*command, "gitgen/s")
        assert ran.code == 0, ran.err
    assert len(gitgen("log", "gitgen/s").out.splitlines()) == 3


@pytest.mark.parametrize("setting", ["log.showSignature=true", "trailer.separators==", "i18n.logOutputEncoding=latin1"])
def test_no_setting_of_git_changes_what_the_log_says(gitgen: Gitgen, session: Path, setting: str) -> None:
    before = gitgen("log", "gitgen/s", "--json").out
    git(session, "config", *setting.split("=", 1))
    assert gitgen("log", "gitgen/s", "--json").out == before


def turn(**changed: object) -> bytes:
    return json.dumps({**CHAT, "turns": [{**TURN, **changed}]}).encode()


BROKEN = {
    "no-chat": b"{}",
    "list": b"[1]",
    "deep": b"[" * 200_000,
    "number": b'{"version": ' + b"1" * 6000 + b"}",
    "later": json.dumps({**CHAT, "version": 99}).encode(),
    "version": json.dumps({**CHAT, "version": "1"}).encode(),
    "inputs": json.dumps({**CHAT, "inputs": [1]}).encode(),
    "files": json.dumps({**CHAT, "inputs": {"feedback": "x", "files": [1]}}).encode(),
    "turns": json.dumps({**CHAT, "turns": {}}).encode(),
    "role": turn(messages=[{"role": RED, "content": []}]),
    "text": turn(messages=[{"role": "user", "content": [{"text": 5}]}]),
    "file": turn(messages=[{"role": "user", "content": [{"path": 5, "oid": 5}]}]),
    "seconds": turn(seconds="x"),
    "request": turn(request=5),
    "reply": turn(reply={**TURN["reply"], "content": 5}),
    "usage": turn(usage={"source": "api"}),
}


@pytest.mark.parametrize("chat", BROKEN.values(), ids=BROKEN)
def test_a_chat_that_is_none_is_told_as_such(gitgen: Gitgen, session: Path, chat: bytes) -> None:
    fetched(session, chat, Status="rejected")
    for command in (
        ("show", "--branch", "gitgen/s"),
        ("resume", "gitgen/s"),
        ("fix", "x", "--model", "replay:gitgen/s"),
    ):
        ran = gitgen(*command, GITGEN_MODEL="m", GITGEN_BASE_URL="http://127.0.0.1:9/v1")
        assert ran.code == 1 and "cannot be read" in ran.err and not re.search("[\x1b\x9b]", ran.err), ran.err


def test_a_step_that_has_no_feedback_can_be_asked_again(gitgen: Gitgen, session: Path) -> None:
    fetched(session, json.dumps({**CHAT, "inputs": {}}).encode(), Status="rejected")
    with endpoint(says(FRENCH)) as scripted:
        ran = gitgen("resume", "gitgen/s", "--rounds", "0", GITGEN_MODEL="m", GITGEN_BASE_URL=scripted.base_url)
    assert ran.code == 1 and "The reply was rejected" in ran.err, ran.err


def test_a_chat_of_an_endless_number_is_not_counted(repository: Repository) -> None:
    endless = {f".gitgen/s/{'9' * 5000}-fix.json": Blob(b"{}"), ".gitgen/s/0007-fix.json": Blob(b"{}")}
    oid = repository.commit(repository.resolve("HEAD"), "Endless\n", endless, repository.tree("HEAD"))
    assert chat_path("s", repository.tree(oid), "fix") == ".gitgen/s/0008-fix.json"


@pytest.mark.parametrize("content", ["a commit of a person", "a later version", "a blob"])
def test_what_is_no_step_under_way_can_be_set_aside_without_losing_it(
    gitgen: Gitgen, session: Path, content: str
) -> None:
    if content == "a later version":
        git(session, "switch", "-q", "--detach", "gitgen/s")
        (session / ".gitgen/s/0002-fix.json").write_bytes(BROKEN["later"])
        git(session, "add", "-A")
        git(session, "commit", "-qm", "Under way: fix")
    oid = git(session, "rev-parse", "main:hello.py" if content == "a blob" else "HEAD")
    git(session, "switch", "-q", "main")
    git(session, "update-ref", "refs/gitgen/progress/s", oid)
    for command in (("resume", "gitgen/s"), ("resume", "--drop", "gitgen/s"), ("fix", "x", "--branch", "gitgen/s")):
        ran = gitgen(*command, GITGEN_MODEL="m", GITGEN_BASE_URL="http://127.0.0.1:9/v1")
        assert ran.code == 1 and "What is under way on gitgen/s cannot be read" in ran.err, ran.err
    subprocess.run(ran.err.rpartition("aside: ")[2], shell=True, cwd=session, check=True)
    assert git(session, "rev-parse", "refs/gitgen/aside/s") == oid
    assert "nothing is left to do" in gitgen("resume", "gitgen/s").err
