"""The review loop on GitHub itself. It is run where a repository to try things in is named:

    GITGEN_LIVE_REPOSITORY=owner/name GITHUB_TOKEN=... python -m pytest tests/test_live.py

It pushes a branch there, opens a request, comments on it, and closes and deletes both.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.conftest import Gitgen, git
from tests.replies import diff
from tests.scripted import endpoint, says

# Taken before the tests are sealed off from the environment.
NAME, TOKEN = os.environ.get("GITGEN_LIVE_REPOSITORY", ""), os.environ.get("GITHUB_TOKEN", "")
PROGRAM = "live/hello.py\n```python\n" + "print('Hello')\n" + "```\n"
HELPER = "!f() { echo username=x-access-token; echo password=$LIVE_TOKEN; }; f"


@pytest.mark.skipif(not (NAME and TOKEN), reason="GITGEN_LIVE_REPOSITORY and GITHUB_TOKEN name no repository on GitHub")
def test_a_comment_on_github_becomes_a_commit_and_an_answer(
    gitgen: Gitgen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from github import Auth, Github

    monkeypatch.setenv("LIVE_TOKEN", TOKEN)
    git(tmp_path, "-c", f"credential.helper={HELPER}", "clone", "-q", f"https://github.com/{NAME}.git", "work")
    work, name, environ = tmp_path / "work", f"live-{time.time_ns()}", {"GITHUB_TOKEN": TOKEN}
    with endpoint(says(PROGRAM)) as scripted:
        ran = gitgen("fix", "Add a program", "--name", name, cwd=work, GITGEN_BASE_URL=scripted.base_url)
        assert ran.code == 0, ran.err
    repository = Github(auth=Auth.Token(TOKEN)).get_repo(NAME)
    try:
        ran = gitgen("pr", f"gitgen/{name}", "--json", cwd=work, **environ)
        assert ran.code == 0, ran.err
        request = repository.get_pull(json.loads(ran.out)["number"])
        tip = repository.get_commit(git(work, "rev-parse", f"gitgen/{name}"))
        comment = request.create_review_comment("Say good evening", tip, "live/hello.py", line=1)
        evening = diff("live/hello.py", "print('Hello')", "print('Good evening')", "Say good evening")
        with endpoint(says(evening)) as scripted:
            url = scripted.base_url
            ran = gitgen("fix", "--pr", str(request.number), "--resolve", cwd=work, GITGEN_BASE_URL=url, **environ)
        assert ran.code == 0, ran.err
        commit = git(work, "rev-parse", f"gitgen/{name}")
        assert repository.get_branch(f"gitgen/{name}").commit.sha == commit
        (answer,) = [each for each in request.get_review_comments() if each.in_reply_to_id == comment.id]
        assert commit in answer.body
        ran = gitgen("fix", "--pr", str(request.number), cwd=work, **environ)
        assert ran.code == 0 and "nothing is left to do" in ran.err
    finally:
        for request in repository.get_pulls(head=f"{NAME.partition('/')[0]}:gitgen/{name}"):
            request.edit(state="closed")
        repository.get_git_ref(f"heads/gitgen/{name}").delete()
