"""Steps as commits: what they hold, what they leave alone, what happens when the world moves meanwhile."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from gitgen.beginning import begin
from gitgen.draft import Draft
from gitgen.errors import GitgenError
from gitgen.history.verify import verify
from gitgen.plan import go_on
from gitgen.progress import progress_of
from gitgen.record import Chat
from gitgen.repository import Repository
from gitgen.session import Landed, Run
from gitgen.settings import Settings
from gitgen.state.chats import chat_of
from gitgen.state.log import load
from gitgen.world import World
from tests.conftest import HELLO, Gitgen, git
from tests.replies import FRENCH, MISFIT, PROGRAM, RUN_SH, diff
from tests.scripted import Answer, Endpoint, endpoint, fails, says
from tests.worlds import BRANCH, started
from tests.worlds import world as make_world

Worlds = Callable[[Endpoint], World]


@pytest.fixture
def world(repository: Repository) -> Worlds:
    return partial(make_world, repository)


def fixed(here: World, feedback: str = "In French", **inputs: object) -> Landed:
    tip = here.repository.tip(BRANCH) or started(here)
    return Run.start(here, BRANCH, tip, "fix", {"feedback": feedback, "files": [], **inputs}).run()


def test_a_step_is_one_commit_with_its_files_its_chat_and_its_trailers(folder: Path, world: Worlds) -> None:
    with endpoint(says(FRENCH, usage=(1834, 567), cached=1024, model="gpt-4o-2024-08-06")) as scripted:
        here = world(scripted)
        first = started(here)
        landed = fixed(here)
    assert landed.status == "ok"
    assert git(folder, "rev-parse", f"{BRANCH}^") == first
    assert git(folder, "show", f"{BRANCH}:hello.py") == HELLO.rstrip().replace("Hello", "Bonjour")
    changed = git(folder, "diff-tree", "--no-commit-id", "--name-only", "-r", BRANCH).splitlines()
    assert changed == [".gitgen/x/0001-fix.json", "hello.py"]
    log = git(folder, "rev-parse", f"{BRANCH}:.gitgen/x/0001-fix.json")
    assert git(folder, "log", "-1", "--format=%B", BRANCH).strip() == (
        "Greet in French\n\nIn French\n\n"
        "Gitgen-Session: gitgen/x\nGitgen-Step: fix\nGitgen-Status: ok\nGitgen-Model: gpt-4o-2024-08-06\n"
        "Gitgen-Prompt-Tokens: 1834\nGitgen-Completion-Tokens: 567\nGitgen-Total-Tokens: 2401\n"
        f"Gitgen-Cached-Tokens: 1024\nGitgen-Usage: api\nGitgen-Log: {log}\nAssisted-by: gitgen:gpt-4o-2024-08-06"
    )


def test_the_chat_file_points_at_the_files_that_were_shown(folder: Path, world: Worlds) -> None:
    with endpoint(says(FRENCH)) as scripted:
        fixed(world(scripted))
        sent = scripted.requests[0]["messages"]
    chat = json.loads(git(folder, "show", f"{BRANCH}:.gitgen/x/0001-fix.json"))
    parts = chat["turns"][0]["messages"][1]["content"]
    assert {"path": "hello.py", "oid": git(folder, "rev-parse", "main:hello.py")} in parts
    assert HELLO not in json.dumps(chat), "no file is stored twice"
    assert f"hello.py\n```\n{HELLO}```" in sent[1]["content"]
    assert sent[1]["content"].endswith("(fix-diff)\n\nIn French")


def test_the_trailers_add_up_without_gitgen(folder: Path, world: Worlds) -> None:
    with endpoint(says(MISFIT, usage=(10, 1)), says(FRENCH, usage=(20, 2))) as scripted:
        fixed(world(scripted))
    numbers = git(folder, "log", "--format=%(trailers:key=Gitgen-Total-Tokens,valueonly)", BRANCH).split()
    assert sum(map(int, numbers)) == 33


def test_the_tree_is_a_function_of_the_log(folder: Path, world: Worlds) -> None:
    with endpoint(says(MISFIT), says(FRENCH)) as scripted:
        here = world(scripted)
        landed = fixed(here)
    session = load(here.repository, BRANCH)
    assert session is not None
    (commit,) = session.steps
    draft = Draft(here.repository.tree(commit.parent))
    for reply in chat_of(here.repository, commit).replies():
        draft = draft.read(reply)
    changes = {**draft.changes}
    again = here.repository.commit(commit.parent, "x", changes, here.repository.tree(commit.parent))
    ours = set(git(folder, "ls-tree", "-r", landed.oid).splitlines())
    assert {line for line in ours if "0001-fix.json" not in line} == set(
        git(folder, "ls-tree", "-r", again).splitlines()
    )


def test_what_does_not_fit_goes_back_with_the_real_lines_and_nothing_is_half_applied(
    folder: Path, world: Worlds
) -> None:
    with endpoint(says(MISFIT), says(FRENCH)) as scripted:
        assert fixed(world(scripted)).status == "ok"
    back = scripted.requests[1]["messages"]
    assert [message["role"] for message in back] == ["system", "user", "assistant", "user"]
    assert back[2]["content"] == MISFIT
    assert "hello.py" in back[3]["content"] and "return 'Hello ' + name" in back[3]["content"]


def test_after_the_last_round_the_reply_is_kept_and_no_file_changed(folder: Path, world: Worlds) -> None:
    both = MISFIT + "\n" + diff("README.md", "# Hello", "# Bonjour")
    with endpoint(*[says(both)] * 4) as scripted:
        here = world(scripted)
        first = started(here)
        landed = fixed(here)
        assert len(scripted.requests) == 4, "one request and three rounds"
    assert landed.status == "rejected"
    assert git(folder, "diff-tree", "-r", "--name-only", first, BRANCH).splitlines() == [".gitgen/x/0001-fix.json"]
    assert [refusal.path for refusal in landed.draft.refusals] == ["hello.py"]
    assert git(folder, "log", "-1", "--format=%s", BRANCH) == "Keep the rejected reply to: In French"


def test_what_fitted_is_kept_while_the_rest_is_asked_again_and_may_be_repeated(folder: Path, world: Worlds) -> None:
    title = diff("README.md", "# Hello", "# Bonjour")
    for name, second in (("x", FRENCH), ("y", FRENCH + "\n" + title)):
        with endpoint(says(MISFIT + "\n" + title), says(second)) as scripted:
            here = world(scripted)
            first = begin(here, f"gitgen/{name}", base=here.repository.resolve("main"), prompt="Greet", plan=())
            assert Run.start(here, f"gitgen/{name}", first, "fix", {"feedback": "In French"}).run().status == "ok"
        assert git(folder, "show", f"gitgen/{name}:README.md") == "# Bonjour"
        assert "Bonjour" in git(folder, "show", f"gitgen/{name}:hello.py")


def test_a_hunk_that_the_model_forgets_to_send_again_is_not_forgotten(folder: Path, world: Worlds) -> None:
    title = diff("README.md", "# Hello", "# Bonjour")
    with endpoint(says(MISFIT + "\n" + title), *[says(title)] * 3) as scripted:
        landed = fixed(world(scripted))
    assert landed.status == "rejected"
    assert git(folder, "show", f"{BRANCH}:README.md") == "# Hello"


@pytest.mark.parametrize("reply", ["", "I cannot help with that.", "```\nprint(1)\n```\n"])
def test_a_reply_without_files_is_rejected(folder: Path, world: Worlds, reply: str) -> None:
    with endpoint(*[says(reply)] * 4) as scripted:
        landed = fixed(world(scripted))
    assert landed.status == "rejected" and landed.draft.refusals


def test_a_reply_that_changes_nothing_is_no_change(folder: Path, world: Worlds) -> None:
    same = f"hello.py\n```python\n{HELLO}```\n"
    with endpoint(says(same)) as scripted:
        landed = fixed(world(scripted))
    assert landed.status == "no-change"
    assert git(folder, "diff", "--name-only", f"{BRANCH}^", BRANCH) == ".gitgen/x/0001-fix.json"


@pytest.mark.parametrize(
    ("answer", "reason"), [(says(FRENCH, finish_reason="length"), "length"), (says(FRENCH, cut=True), None)]
)
def test_a_reply_that_is_not_whole_is_kept_and_never_applied(
    folder: Path, world: Worlds, answer: Answer, reason: str | None
) -> None:
    with endpoint(answer, answer) as scripted:
        here = world(scripted)
        first = started(here)
        landed = fixed(here)
    assert landed.status == "partial"
    assert git(folder, "diff", "--name-only", first, BRANCH) == ".gitgen/x/0001-fix.json"
    kept = Chat.from_json(git(folder, "show", f"{BRANCH}:.gitgen/x/0001-fix.json"))
    assert [turn.reply.finish_reason for turn in kept.turns if turn.reply] == [reason] * len(scripted.requests)
    assert kept.turns[0].reply is not None and kept.turns[0].reply.content == FRENCH


def test_a_broken_stream_is_asked_again_and_both_replies_are_kept_and_counted(folder: Path, world: Worlds) -> None:
    with endpoint(says(FRENCH[:30], cut=True), says(FRENCH, usage=(7, 3))) as scripted:
        landed = fixed(world(scripted))
    assert landed.status == "ok"
    first, second = landed.chat.turns
    assert first.reply is not None and first.reply.content == FRENCH[:30] and first.usage is not None
    assert first.usage.source == "estimated" and second.usage is not None and second.usage.total_tokens == 10
    assert scripted.requests[0]["messages"] == scripted.requests[1]["messages"]


def a_person_commits(folder: Path) -> None:
    tip = git(folder, "commit-tree", "-p", BRANCH, "-m", "A person was here", f"{BRANCH}^{{tree}}")
    git(folder, "update-ref", f"refs/heads/{BRANCH}", tip)


def test_a_lost_race_loses_nothing_and_a_resume_is_free(folder: Path, world: Worlds) -> None:
    with endpoint(says(FRENCH, between=partial(a_person_commits, folder))) as scripted:
        here = world(scripted)
        with pytest.raises(GitgenError, match="moved meanwhile") as caught:
            fixed(here)
        assert f"gitgen resume {BRANCH}" in caught.value.mend
        assert git(folder, "log", "-1", "--format=%s", BRANCH) == "A person was here"
        (landed,) = go_on(here, BRANCH)
        assert len(scripted.requests) == 1
    assert landed.status == "ok"
    assert git(folder, "log", "--format=%s", "-2", BRANCH).splitlines() == ["Greet in French", "A person was here"]
    assert progress_of(here.repository, BRANCH) is None


def test_two_steps_at_once_on_one_session_do_not_overwrite_each_other(folder: Path, world: Worlds) -> None:
    with endpoint(says(FRENCH)) as other:
        second = world(other)

        def meanwhile() -> None:
            with pytest.raises(GitgenError, match="under way"):
                fixed(second, "Something else")

        with endpoint(says(FRENCH, between=meanwhile)) as scripted:
            assert fixed(world(scripted)).status == "ok"
        assert other.requests == []


def test_a_reply_that_was_overtaken_is_kept(folder: Path, world: Worlds) -> None:
    """Two processes resume one step: each asks, one stores its reply first."""

    def overtake() -> None:
        git(folder, "update-ref", "-d", "refs/gitgen/progress/x")

    with (
        endpoint(says(FRENCH, between=overtake)) as scripted,
        pytest.raises(GitgenError, match="kept as refs") as caught,
    ):
        fixed(world(scripted))
    kept = str(caught.value).rpartition(" ")[2]
    assert "Bonjour" in git(folder, "show", f"{kept}:.gitgen/x/0001-fix.json")


def test_a_reply_that_git_cannot_take_is_kept_outside(
    folder: Path, world: Worlds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def damage() -> None:
        (folder / ".git/config").write_text("[")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with endpoint(says(FRENCH, between=damage)) as scripted, pytest.raises(GitgenError, match="kept in ") as caught:
        fixed(world(scripted))
    chat = Chat.from_json(Path(str(caught.value).rpartition(" ")[2]).read_text())
    assert chat.replies() == (FRENCH,)


def test_a_reply_that_was_kept_outside_is_taken_later(
    folder: Path, gitgen: Gitgen, world: Worlds, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = (folder / ".git/config").read_text()

    def damage() -> None:
        (folder / ".git/config").write_text("[")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with endpoint(says(FRENCH, between=damage)) as scripted:
        with pytest.raises(GitgenError, match="kept in ") as caught:
            fixed(world(scripted))
        (folder / ".git/config").write_text(config)
        command = ["resume", "--kept", str(caught.value).rpartition(" ")[2], BRANCH]
        other = tmp_path / "other.json"
        other.write_text(Chat("fix").to_json())
        refused = gitgen("resume", "--kept", str(other), BRANCH, "--base-url", scripted.base_url)
        assert refused.code == 1 and "does not belong to the step under way" in refused.err
        done = gitgen(*command, "--base-url", scripted.base_url)
        assert done.code == 0, done.err
        assert len(scripted.requests) == 1 and "Bonjour" in git(folder, "show", f"{BRANCH}:hello.py")
        again = gitgen(*command, "--base-url", scripted.base_url)
        assert again.code == 1 and "No step is under way" in again.err


def test_secrets_are_taken_out_before_anything_is_stored(folder: Path, world: Worlds) -> None:
    token = "ghp_" + "a" * 36
    reply = f"The key is key-of-the-user.\n\nnotes.txt\n```\n{token}\n```\n"
    with endpoint(says(reply)) as scripted:
        landed = fixed(world(scripted), "Use hush-hush-hush")
    assert landed.status == "ok"
    command = ["git", "cat-file", "--batch-all-objects", "--batch", "--unordered"]
    everything = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.decode("utf-8", "replace")
    for secret in (token, "key-of-the-user", "hush-hush-hush"):
        assert secret not in everything
    assert "[REDACTED:A_SECRET]" in everything and "[REDACTED:github-token]" in everything


@pytest.mark.parametrize(
    ("reply", "notes"),
    [
        ("notes.txt\n```\n{0}\n```\n", ("notes.txt: [REDACTED:github-token] stands where the reply had a secret",)),
        (f"I found {{0}}.\n\n{FRENCH}", ()),
    ],
    ids=["file", "talk"],
)
def test_it_is_said_which_file_lacks_a_secret_of_the_reply(world: Worlds, reply: str, notes: tuple[str, ...]) -> None:
    with endpoint(says(reply.format("ghp_" + "a" * 36))) as scripted:
        here = world(scripted)
        landed = fixed(here)
    assert landed.status == "ok" and tuple(note.partition(";")[0] for note in landed.draft.notes) == notes
    assert [verdict.holds for verdict in verify(here.repository, BRANCH)] == [True]


def test_the_plan_is_run_to_its_end_and_each_step_sees_the_one_before(folder: Path, world: Worlds) -> None:
    with endpoint(says(PROGRAM), says(RUN_SH)) as scripted:
        here = world(scripted)
        started(here, "generate", "entrypoint")
        assert [(step.chat.step, step.status) for step in go_on(here, BRANCH)] == [
            ("generate", "ok"),
            ("entrypoint", "ok"),
        ]
        assert "name = input" in scripted.requests[1]["messages"][1]["content"]
        assert list(go_on(here, BRANCH)) == []
    session = load(here.repository, BRANCH)
    assert session is not None and session.left() == () and session.failed() is None


def test_a_failed_step_stops_the_plan_and_is_asked_again_by_a_resume(folder: Path, world: Worlds) -> None:
    with endpoint(says(PROGRAM, finish_reason="length"), says(PROGRAM), says(RUN_SH)) as scripted:
        here = world(scripted)
        started(here, "generate", "entrypoint")
        assert [step.status for step in go_on(here, BRANCH)] == ["partial"]
        assert [(step.chat.step, step.status) for step in go_on(here, BRANCH)] == [
            ("generate", "ok"),
            ("entrypoint", "ok"),
        ]


def test_a_failed_fix_is_asked_again_with_its_feedback(folder: Path, world: Worlds) -> None:
    with endpoint(says("", finish_reason="length"), says(FRENCH)) as scripted:
        here = world(scripted)
        assert fixed(here, "Speak French", files=["hello.py"]).status == "partial"
        assert [step.status for step in go_on(here, BRANCH)] == ["ok"]
    assert scripted.requests[1]["messages"] == scripted.requests[0]["messages"]


def test_what_was_asked_is_kept_when_the_endpoint_never_answers(folder: Path, world: Worlds) -> None:
    with endpoint(fails(401), says(FRENCH)) as scripted:
        here = world(scripted)
        with pytest.raises(GitgenError, match="refused the key"):
            fixed(here)
        kept = progress_of(here.repository, BRANCH)
        assert kept is not None and kept.chat.inputs["feedback"] == "In French" and kept.chat.turns[0].reply is None
        assert [step.status for step in go_on(here, BRANCH)] == ["ok"]
        assert len(load_steps(here)) == 1


def test_a_resume_of_what_is_answered_needs_no_model_and_no_preprompt(folder: Path, world: Worlds) -> None:
    def nothing(*_: str) -> NoReturn:
        raise AssertionError("asked for")

    with (
        endpoint(says(FRENCH, between=partial(a_person_commits, folder))) as scripted,
        pytest.raises(GitgenError, match="moved"),
    ):
        here = world(scripted)
        fixed(here)
    (landed,) = go_on(replace(here, model=nothing, preprompt=nothing), BRANCH)
    assert landed.status == "ok"


def test_recorded_rounds_are_all_read_whatever_is_set_today(folder: Path, world: Worlds) -> None:
    with endpoint(says(MISFIT), says(MISFIT), says(FRENCH, between=partial(a_person_commits, folder))) as scripted:
        here = world(scripted)
        with pytest.raises(GitgenError, match="moved"):
            fixed(here)
        (landed,) = go_on(replace(here, settings=Settings(rounds=0)), BRANCH)
        assert len(scripted.requests) == 3
    assert landed.status == "ok"


def test_an_error_of_the_endpoint_names_the_resume_too(folder: Path, gitgen: Gitgen) -> None:
    with endpoint(fails(401)) as scripted:
        ran = gitgen("fix", "In French", "--name", "x", GITGEN_BASE_URL=scripted.base_url)
    assert ran.code == 1
    assert ran.err.splitlines()[-1].endswith("; then: gitgen resume gitgen/x")


def load_steps(here: World) -> tuple[object, ...]:
    session = load(here.repository, BRANCH)
    assert session is not None
    return session.steps


def test_people_may_commit_anywhere_on_a_session(folder: Path, world: Worlds) -> None:
    with endpoint(says(FRENCH), says(diff("README.md", "# Hello", "# Salut"))) as scripted:
        here = world(scripted)
        fixed(here)
        git(folder, "switch", "-q", BRANCH)
        (folder / "README.md").write_text("# Hello\n\nBy hand.\n")
        git(folder, "commit", "-qam", "By hand")
        assert fixed(here, "Title in French").status == "ok"
    session = load(here.repository, BRANCH)
    assert session is not None
    assert [commit.step for commit in session.commits] == ["fix", "", "fix"]
    assert (folder / "README.md").read_text() == "# Salut\n\nBy hand.\n"
    assert git(folder, "status", "--porcelain") == ""
