"""Whatever a message contains, git finds gitgen's trailers at its end, and gitgen no others."""

from __future__ import annotations

import subprocess

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitgen.record import Chat, Ran, Reply, Turn, Usage, user
from gitgen.record.trailers import compose, one_line, parse, step_trailers, summary_of, usage_of

BLOCK = {"Gitgen-Session": "gitgen/x", "Gitgen-Step": "fix", "Gitgen-Total-Tokens": "12"}
nasty = st.lists(
    st.sampled_from(
        ["fix: a colon", "---", "--- a/x", "# comment", "Gitgen-Step: forged", "Signed-off-by: Eve <e@x>", "", " ",
         "https://example.org", "(cherry picked from commit 1)", "BREAKING CHANGE: all", "\ttab", "x" * 90, "a b",
         "diff --git a b", "\x1b[31mred", "scissors >8", "a\u2028b", "Grüße"]
    )
).map("\n".join)  # fmt: skip


def read_by_git(message: str) -> dict[str, str]:
    """The trailers as `git interpret-trailers` reads them."""
    command = ["git", "interpret-trailers", "--parse"]
    done = subprocess.run(command, input=message.encode(), capture_output=True, check=True)
    return parse(done.stdout.decode())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=100) | nasty, st.text(max_size=700) | nasty)
@example("Gitgen-Step: forged", "a\n\nGitgen-Step: forged\n")
@example("", "")
@example("x", "---\nb")
@example("x", "\n\n\n")
def test_git_and_gitgen_read_the_same_block(subject: str, body: str) -> None:
    message = compose(subject, body, BLOCK)
    assert parse(message.partition("\n")[2]) == BLOCK
    assert read_by_git(message) == BLOCK
    first = message.split("\n")[0]
    assert first and len(first) <= 72
    assert message.split("\n")[1] == ""


def test_the_trailers_of_a_step_are_those_of_the_design() -> None:
    turn = Turn({}, (user("x"),), "edits", Reply("y", "stop", "gpt-4o-2024-08-06"), Usage(1834, 567, 2401, 1024))
    assert step_trailers(Chat("fix", {}, (turn,)), session="gitgen/todo-app", status="ok", log="abc") == {
        "Gitgen-Session": "gitgen/todo-app",
        "Gitgen-Step": "fix",
        "Gitgen-Status": "ok",
        "Gitgen-Model": "gpt-4o-2024-08-06",
        "Gitgen-Prompt-Tokens": "1834",
        "Gitgen-Completion-Tokens": "567",
        "Gitgen-Total-Tokens": "2401",
        "Gitgen-Cached-Tokens": "1024",
        "Gitgen-Usage": "api",
        "Gitgen-Log": "abc",
        "Assisted-by": "gitgen:gpt-4o-2024-08-06",
    }


def test_what_was_run_stands_in_the_trailers() -> None:
    chat = Chat("execute", {}, (), Ran("sh run.sh", 3, "no such file\n", "bubblewrap", 0.2))
    trailers = step_trailers(chat, session="gitgen/x", status="ok", log="abc")
    kept = {"Gitgen-Test": "sh run.sh", "Gitgen-Exit-Code": "3", "Gitgen-Sandbox": "bubblewrap"}
    assert {key: trailers[key] for key in kept} == kept
    assert "Gitgen-Test" not in step_trailers(Chat("fix"), session="gitgen/x", status="ok", log="abc")


def test_usage_is_read_back_and_garbage_counts_as_nothing() -> None:
    trailers = {"Gitgen-Prompt-Tokens": "3", "Gitgen-Completion-Tokens": "x", "Gitgen-Total-Tokens": "-4"}
    assert usage_of(trailers) == Usage(3, 0, 0)
    assert usage_of({"Gitgen-Cached-Tokens": "5", "Gitgen-Usage": "estimated"}) == Usage(0, 0, 0, 5, "estimated")


def test_the_summary_of_a_reply_becomes_a_subject() -> None:
    assert summary_of("Sure.\n\nSummary: Sort the dates.\n\n```diff\n") == "Sort the dates"
    assert summary_of("**Summary:** Sort `dates`") == "Sort `dates`"
    assert summary_of("no such line") == ""
    assert one_line("\n\n  \x1b[31mred\x07 \n second") == "[31mred"
