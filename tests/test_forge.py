"""The forge of the tests: what it says is GitHub's own language, and its facts are git's."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import git, write
from tests.forge.github import GitHub, github

PULLS = "/api/v3/repos/ada/hello/pulls"


def call(forge: GitHub, method: str, path: str, body: Any = None, token: str = "token-of-ada") -> tuple[int, Any]:
    headers = {"authorization": f"token {token}", "content-type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(forge.url + path, content, headers, method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def branch(folder: Path) -> None:
    git(folder, "switch", "-qc", "topic")
    write(folder, {"hello.py": "def greet(name):\n    return 'Bonjour ' + name\n"})
    git(folder, "commit", "-qam", "French")
    git(folder, "push", "-q", f"http://x:token-of-ada@{git(folder, 'remote', 'get-url', 'origin')[7:]}", "topic")


def test_its_facts_are_those_of_git_and_its_words_those_of_github(folder: Path, tmp_path: Path) -> None:
    with github(tmp_path / "forge", folder) as forge:
        new = {"title": "French", "head": "topic", "base": "main", "draft": True}
        assert call(forge, "POST", PULLS, new)[0] == 422, "the branch is not there yet"
        branch(folder)
        status, pull = call(forge, "POST", PULLS, new)
        assert (status, pull["head"]["sha"]) == (201, git(folder, "rev-parse", "topic"))
        assert call(forge, "POST", PULLS, new)[0] == 422, "there is one already"
        assert call(forge, "GET", PULLS, token="nobody")[0] == 401
        assert call(forge, "GET", "/api/v3/repos/ada/hello/collaborators/mallory/permission")[1]["permission"] == "read"
        assert call(forge, "PATCH", f"{PULLS}/1", {"body": "text"})[1]["body"] == "text"


def test_a_thread_follows_its_line_and_is_outdated_when_that_changes(folder: Path, tmp_path: Path) -> None:
    with github(tmp_path / "forge", folder) as forge:
        branch(folder)
        call(forge, "POST", PULLS, {"title": "French", "head": "topic", "base": "main"})
        pull = forge.pulls[0]
        thread = forge.thread(pull, "grace", "hello.py", 2, "Say bonsoir")
        deleted = forge.thread(pull, "grace", "hello.py", 5, "Why is it gone?", side="LEFT")
        assert thread.comments[0].hunk.endswith("+    return 'Bonjour ' + name")
        for text, lines in (("# 1\ndef greet(name):\n    return 'Bonjour ' + name\n", (3, 5)), ("", (None, 5))):
            write(folder, {"hello.py": text})
            git(folder, "commit", "-qam", "More")
            git(folder, "push", "-q", str(forge.bare), "topic")
            assert (forge.line_now(pull, thread), forge.line_now(pull, deleted)) == lines


def test_what_github_does_not_describe_is_noticed(folder: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match=r"title[\s\S]*Cannot query field"),
        github(tmp_path / "g", folder) as forge,
    ):
        branch(folder)
        call(forge, "POST", PULLS, {"title": 7, "head": "topic", "base": "main"})
        call(forge, "POST", "/api/graphql", {"query": "{ viewer { wrong } }"})
