"""What becomes of a command when its endpoint is slow, busy, broken or interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import ROOT, Gitgen, git
from tests.scripted import Answer, Endpoint, endpoint, fails, says

FIXED = "hello.py\n```python\nprint('Salut')\n```\n"


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


def fix(gitgen: Gitgen, running: Endpoint, *more: str, model: str = "m", **environ: str) -> tuple[int, str]:
    ran = gitgen(
        "fix", "Greet in French", "--name", "s", "--base-url", running.base_url, "--model", model, *more, **environ
    )
    return ran.code, ran.err


def fixing(folder: Path, running: Endpoint) -> subprocess.Popen[bytes]:
    """The same `fix` as a process of its own, to be interrupted."""
    return subprocess.Popen(
        [sys.executable, "-m", "gitgen", "fix", "Greet in French", "--name", "s", "--model", "m"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GITGEN_BASE_URL": running.base_url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def trailer(folder: Path, key: str) -> str:
    return git(folder, "log", "-1", f"--format=%(trailers:key=Gitgen-{key},valueonly)", "gitgen/s").strip()


@pytest.mark.parametrize(
    "answer",
    [
        fails(429, "Slow down", headers={"retry-after": "0"}),
        fails(503, "Loading", headers={"retry-after": "0"}),
    ],
)
def test_a_busy_endpoint_is_waited_for_aloud(gitgen: Gitgen, folder: Path, answer: Answer) -> None:
    with endpoint(answer, says(FIXED)) as running:
        code, err = fix(gitgen, running)
    assert code == 0, err
    assert f"({answer.status}): {answer.error['message']}; again in 0 s" in err
    assert trailer(folder, "Total-Tokens") == "120"


def test_the_model_that_answered_is_in_the_trailer(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(fails(404, "no such model", code="model_not_found"), says(FIXED)) as running:
        code, err = fix(gitgen, running, model="first,second")
    assert code == 0 and "asking second instead" in err
    assert trailer(folder, "Model") == "second"


def test_tokens_that_nobody_counted_are_said_to_be_estimated(gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(FIXED, usage=None)) as running:
        code, err = fix(gitgen, running)
    assert code == 0 and err.count("estimated with o200k_base, for want of m's own vocabulary") == 1
    assert trailer(folder, "Usage") == "estimated"


@pytest.mark.parametrize("broken", [{"cut": True}, {"finish_reason": "length"}], ids=["cut", "length"])
def test_a_reply_that_is_not_whole_is_kept_and_never_applied(
    gitgen: Gitgen, folder: Path, broken: dict[str, object]
) -> None:
    with endpoint(says(FIXED, **broken), says(FIXED)) as running:
        code, err = fix(gitgen, running, GITGEN_RETRIES="0", GITGEN_CONTINUE="0")
        assert code == 1 and "it is kept and was not applied" in err
        assert trailer(folder, "Status") == "partial"
        assert git(folder, "diff", "--name-only", "main", "gitgen/s", "--", "hello.py") == ""
        ran = gitgen("resume", "gitgen/s", "--base-url", running.base_url, "--model", "m")
    assert ran.code == 0, ran.err
    assert git(folder, "show", "gitgen/s:hello.py") == "print('Salut')"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_mid_stream_keeps_the_piece_and_resume_asks_again(
    gitgen: Gitgen, folder: Path, number: signal.Signals
) -> None:
    streaming, over = threading.Event(), threading.Event()

    def wait() -> None:
        streaming.set()
        over.wait(60)

    with endpoint(says("hello.py\n```python\npri", midway=wait), says(FIXED)) as running:
        child = fixing(folder, running)
        assert child.stderr is not None and streaming.wait(60)
        seen = b""
        while b"```python" not in seen:
            seen += os.read(child.stderr.fileno(), 4096)
        child.send_signal(number)
        _, err = child.communicate(timeout=60)
        over.set()
        assert child.returncode == 130
        assert err.decode().splitlines()[-2:] == ["error: Interrupted; what had arrived is kept", "hint: gitgen resume"]
        (path,) = git(folder, "diff", "--name-only", "gitgen/s", "refs/gitgen/progress/s").splitlines()
        (turn,) = json.loads(git(folder, "show", f"refs/gitgen/progress/s:{path}"))["turns"]
        assert turn["reply"]["finish_reason"] is None
        assert "hello.py\n```python" in turn["reply"]["content"]
        ran = gitgen("resume", "--base-url", running.base_url, "--model", "m")
        assert ran.code == 0, ran.err
        first, second = running.requests
        assert first["messages"] == second["messages"]
    assert git(folder, "show", "gitgen/s:hello.py") == "print('Salut')"
    assert git(folder, "for-each-ref", "refs/gitgen/progress") == ""


def test_ctrl_c_before_the_first_word_leaves_the_question(gitgen: Gitgen, folder: Path) -> None:
    arrived, over = threading.Event(), threading.Event()

    def wait() -> None:
        arrived.set()
        over.wait(60)

    with endpoint(says("late", between=wait), says(FIXED)) as running:
        child = fixing(folder, running)
        assert arrived.wait(60)
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
        over.set()
        assert child.returncode == 130
        assert err.decode().splitlines()[-2:] == [
            "error: Interrupted",
            "hint: gitgen resume, if a step was under way; else the same again",
        ]
        ran = gitgen("resume", "--base-url", running.base_url, "--model", "m")
    assert ran.code == 0, ran.err
    assert trailer(folder, "Total-Tokens") == "120"


def test_an_endpoint_on_this_machine_is_not_asked_through_a_proxy(gitgen: Gitgen) -> None:
    with endpoint(says(FIXED)) as running:
        code, err = fix(gitgen, running, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
    assert code == 0, err
