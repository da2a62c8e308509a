"""`gitgen fix`, and reading what it did, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Gitgen, Ran, git, write
from tests.replies import FRENCH, MISFIT, PROGRAM, RUN_SH, diff
from tests.scripted import Endpoint, endpoint, says


@pytest.fixture
def fix(gitgen: Gitgen, folder: Path) -> object:
    def run(scripted: Endpoint, *args: str, stdin: str = "", cwd: Path = folder) -> Ran:
        return gitgen("fix", *args, stdin=stdin, cwd=cwd, GITGEN_BASE_URL=scripted.base_url)

    return run


def test_a_fix_on_any_branch_begins_a_session_and_leaves_that_branch(fix: Gitgen, folder: Path) -> None:
    write(folder, {"untracked": "mine", "README.md": "mine, uncommitted\n"})
    main = git(folder, "rev-parse", "main")
    with endpoint(says(MISFIT), says(FRENCH)) as scripted:
        ran = fix(scripted, "Greet in French")
    assert ran.code == 0, ran.err
    assert git(folder, "rev-parse", "main") == main and git(folder, "branch", "--show-current") == "main"
    assert git(folder, "diff", "--stat", "main...gitgen/greet-in-french", "--", "hello.py")
    assert "uncommitted changes on main are not seen" in ran.err
    assert git(folder, "status", "--porcelain").split() == ["M", "README.md", "??", "untracked"]


def test_a_fix_on_a_session_goes_on_top_and_its_work_tree_follows(fix: Gitgen, gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH), says(diff("README.md", "# Hello", "# Bonjour"))) as scripted:
        assert fix(scripted, "Greet in French", "--name", "x").code == 0
        git(folder, "switch", "-q", "gitgen/x")
        ran = fix(scripted, "The title too")
    assert ran.code == 0, ran.err
    assert (folder / "README.md").read_text() == "# Bonjour\n"
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "for-each-ref", "--format=%(refname)") == "refs/heads/gitgen/x\nrefs/heads/main"


def test_a_branch_need_not_be_checked_out(fix: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH), says(diff("README.md", "# Hello", "# Bonjour"))) as scripted:
        fix(scripted, "Greet in French", "--name", "x")
        ran = fix(scripted, "The title too", "--branch", "gitgen/x")
    assert ran.code == 0, ran.err
    assert git(folder, "show", "gitgen/x:README.md") == "# Bonjour"
    assert (folder / "README.md").read_text() == "# Hello\n"


def test_a_file_for_reference_is_shown_beside_the_rest_and_no_edit_of_it_lands(fix: Gitgen, folder: Path) -> None:
    title = diff("README.md", "# Hello", "# Bonjour")
    with endpoint(says(title + FRENCH), says("I leave README.md as it is.\n\n" + FRENCH)) as scripted:
        ran = fix(scripted, "Greet in French", "--read", "README.md", "--name", "x")
    assert ran.code == 0, ran.err
    sent, again = scripted.requests[0]["messages"][-1]["content"], scripted.requests[1]["messages"][-1]["content"]
    assert sent.index("for reference") < sent.index("README.md\n```") < sent.index("hello.py\n```")
    assert sent.count("README.md\n```") == 1
    assert "README.md" in again and "given for reference, and may not be changed" in again
    assert git(folder, "show", "--name-only", "--format=", "gitgen/x", "--", ":!.gitgen") == "hello.py"
    assert git(folder, "show", "gitgen/x:README.md") == "# Hello"


def test_a_reply_that_insists_on_a_file_for_reference_is_rejected_and_verified(
    fix: Gitgen, gitgen: Gitgen, folder: Path
) -> None:
    reply = says(diff("README.md", "# Hello", "# Bonjour"))
    with endpoint(reply, reply) as scripted:
        ran = fix(scripted, "Title", "--read", "README.md", "--rounds", "1", "--name", "x")
    assert ran.code == 1 and "README.md" in ran.err
    assert git(folder, "show", "gitgen/x:README.md") == "# Hello"
    assert gitgen("verify", "gitgen/x", cwd=folder).code == 0


def test_a_file_is_not_given_both_ways_and_no_token_is_spent_to_say_so(fix: Gitgen) -> None:
    with endpoint() as scripted:
        ran = fix(scripted, "Title", "--read", "README.md", "-f", "README.md")
    assert ran.code == 1 and "README.md is given with --file and with --read" in ran.err and not scripted.requests


def test_only_the_named_files_are_shown_seen_from_where_the_user_stands(fix: Gitgen, folder: Path) -> None:
    write(folder, {"src/a.py": "a = 1\n", "src/b.py": "b = 1\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "src")
    with endpoint(says(diff("src/a.py", "a = 1", "a = 2"))) as scripted:
        assert fix(scripted, "Two", "--file", "a.py", cwd=folder / "src").code == 0
        sent = scripted.requests[0]["messages"][1]["content"]
    assert "src/a.py\n```\na = 1\n```" in sent
    assert "b = 1" not in sent and "Hello" not in sent


def test_the_feedback_may_come_by_standard_input(fix: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH)) as scripted:
        assert fix(scripted, "--name", "x", stdin="Greet in French\n").code == 0
        assert scripted.requests[0]["messages"][1]["content"].endswith("Greet in French")


def test_small_models_are_asked_for_whole_files(fix: Gitgen, folder: Path) -> None:
    whole = "hello.py\n```python\nprint('Bonjour')\n```\n"
    with endpoint(says(whole), models=["qwen2.5-coder-0.5b"]) as scripted:
        assert fix(scripted, "Greet in French", "--name", "x", "--model", "qwen2.5-coder-0.5b").code == 0
    with endpoint(says(FRENCH)) as large:
        assert fix(large, "Greet in French", "--name", "y", "--model", "gpt-4.1").code == 0
    systems = [e.requests[0]["messages"][0]["content"] for e in (scripted, large)]
    assert "@@" not in systems[0] and "@@" in systems[1]
    assert git(folder, "show", "gitgen/x:hello.py") == "print('Bonjour')"


def test_a_model_that_is_best_asked_barely_is_told_nothing_of_the_form(fix: Gitgen, folder: Path) -> None:
    model, feedback = "qwen2.5-coder-0.5b-instruct-q4_k_m", "Greet in French, as docs/how.md says since 3.5"
    with endpoint(says("hello.py\n```\nprint(1)"), says("hello.py\n```\nprint('Bonjour')\n```\n")) as scripted:
        ran = fix(scripted, feedback, "--model", model, "--file", "hello.py", "--name", "x")
    assert ran.code == 0, ran.err
    (asked,) = scripted.requests[0]["messages"]
    assert asked["role"] == "user" and asked["content"].startswith("hello.py\n```\n")
    assert asked["content"].endswith(f"{feedback}\n\nWrite the changed files, whole.")
    for request in scripted.requests:
        assert request["grammar"].splitlines()[-1] == 'path ::= "hello.py" | "docs/how.md"'
    assert git(folder, "show", "gitgen/x:hello.py") == "print('Bonjour')"


def test_where_there_is_no_file_to_show_it_is_told_the_form_all_the_same(fix: Gitgen, folder: Path) -> None:
    git(folder, "rm", "-q", "hello.py", "README.md")
    git(folder, "commit", "-qm", "Begin anew")
    with endpoint(says("hello.py\n```\nprint(1)\n```\n")) as scripted:
        ran = fix(scripted, "Print 1", "--model", "qwen2.5-coder-0.5b-instruct-q4_k_m", "--name", "x")
    assert ran.code == 0, ran.err
    assert scripted.requests[0]["messages"][0]["role"] == "system" and "grammar" not in scripted.requests[0]


def test_uncommitted_changes_are_committed_first_when_asked_to(fix: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH), says(diff("README.md", "# Mine", "# Bonjour"))) as scripted:
        fix(scripted, "Greet in French", "--name", "x")
        git(folder, "switch", "-q", "gitgen/x")
        write(folder, {"README.md": "# Mine\n"})
        assert fix(scripted, "The title too").code == 1
        assert len(scripted.requests) == 1, "no token is spent on a dirty work tree"
        ran = fix(scripted, "The title too", "--commit-dirty")
    assert ran.code == 0, ran.err
    assert (folder / "README.md").read_text() == "# Bonjour\n"
    assert git(folder, "log", "--format=%s", "-3").splitlines()[1] == "Save work before gitgen goes on"


def test_a_session_can_be_read(fix: Gitgen, gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(MISFIT, usage=(10, 1)), says(FRENCH, usage=(20, 2), cached=8)) as scripted:
        fix(scripted, "Greet in French", "--name", "x")
    log = gitgen("log", "gitgen/x")
    assert log.code == 0 and "Greet in French" in log.out and " ok " in log.out
    (step,) = json.loads(gitgen("log", "x", "--json").out)
    assert step["total_tokens"] == 33 and step["commit"] == git(folder, "rev-parse", "gitgen/x")
    usage = json.loads(gitgen("usage", "gitgen/x", "--json").out)["total"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["cached_tokens"]) == (30, 3, 8)
    assert gitgen("usage", "gitgen/x", "--by", "model").out.splitlines()[-1].split() == ["total", "30", "8", "3", "33"]
    shown = gitgen("show", "--branch", "gitgen/x").out
    assert "[hello.py, " in shown and MISFIT.strip() in shown and FRENCH.strip() in shown
    request = json.loads(gitgen("show", "1", "--branch", "gitgen/x", "--request").out)
    assert request["messages"] == scripted.requests[1]["messages"]
    chat = gitgen("show", "--branch", "gitgen/x", "--json").out
    assert chat == git(folder, "show", "gitgen/x:.gitgen/x/0001-fix.json") + "\n"


def test_a_step_under_way_can_be_dropped_and_its_chat_stays(fix: Gitgen, gitgen: Gitgen, folder: Path) -> None:
    with endpoint() as scripted:
        assert fix(scripted, "Greet in French", "--name", "x").code == 1
    assert "under way" in fix(scripted, "Other", "--branch", "gitgen/x").err
    ran = gitgen("resume", "--drop", "--json")
    assert ran.code == 0, ran.err
    assert [step["status"] for step in json.loads(ran.out)] == ["partial"]
    assert git(folder, "for-each-ref", "refs/gitgen") == ""
    assert git(folder, "log", "-1", "--format=%s", "gitgen/x") == "Keep the partial reply to: Greet in French"


@pytest.mark.parametrize(
    ("clone", "what", "mend"),
    [
        (("--depth", "1", "--branch", "gitgen/x"), "This clone is shallow", "git fetch --unshallow"),
        ((), "only on a remote: origin/gitgen/x", "git branch gitgen/x origin/gitgen/x"),
    ],
    ids=["shallow", "remote"],
)
def test_what_a_clone_lacks_is_named(
    fix: Gitgen, gitgen: Gitgen, folder: Path, tmp_path: Path, clone: tuple[str, ...], what: str, mend: str
) -> None:
    with endpoint(says(FRENCH)) as scripted:
        fix(scripted, "Greet in French", "--name", "x")
    git(tmp_path, "clone", "-q", *clone, f"file://{folder}", "clone")
    for command in (("log", "gitgen/x"), ("resume", "gitgen/x"), ("fix", "More", "--branch", "gitgen/x")):
        ran = gitgen(*command, cwd=tmp_path / "clone", GITGEN_BASE_URL=scripted.base_url)
        assert ran.code == 1 and what in ran.err and mend in ran.err, ran.err
    if "shallow" in what:
        ran = gitgen("verify", "gitgen/x", cwd=tmp_path / "clone")
        assert ran.code == 1 and "the commit below it is not in this clone" in ran.out, ran.out
    git(tmp_path / "clone", *mend.split()[1:])
    assert gitgen("log", "gitgen/x", cwd=tmp_path / "clone").code == 0


def test_what_is_uncommitted_inside_a_submodule_stops_no_step(fix: Gitgen, folder: Path, tmp_path: Path) -> None:
    """It could be neither committed nor stashed from here."""
    with endpoint(says(FRENCH), says(diff("README.md", "# Hello", "# Bonjour"))) as scripted:
        git(tmp_path, "clone", "-q", str(folder), "other")
        git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "other"), "sub")
        git(folder, "commit", "-qm", "Add a submodule")
        fix(scripted, "Greet in French", "--name", "x")
        git(folder, "switch", "-q", "gitgen/x")
        write(folder, {"sub/hello.py": "mine\n"})
        ran = fix(scripted, "The title too")
    assert ran.code == 0, ran.err
    assert (folder / "README.md").read_text() == "# Bonjour\n" and (folder / "sub/hello.py").read_text() == "mine\n"


def test_feedback_is_text(fix: Gitgen, gitgen: Gitgen, folder: Path) -> None:
    with endpoint(says(FRENCH)) as scripted:
        assert "Standard input is not UTF-8 text" in fix(scripted, stdin="a\0b").err
        assert fix(scripted, "--name", "x", stdin="\ufeffGreet in\r\nFrench\r\n").code == 0
    assert json.loads(gitgen("show", "--json", "--branch", "gitgen/x").out)["inputs"]["feedback"] == "Greet in\nFrench"


def test_a_resume_works_in_a_fresh_clone(gitgen: Gitgen, folder: Path, tmp_path: Path) -> None:
    with endpoint(says(PROGRAM), says(RUN_SH, finish_reason="length"), says(RUN_SH)) as scripted:
        new = ("new", ".", "--steps=benchmark", "-m", "Greet", "--name", "x", "--continue", "0")
        ran = gitgen(*new, GITGEN_BASE_URL=scripted.base_url)
        assert ran.code == 1 and "cut off" in ran.err
        git(tmp_path, "clone", "-q", "--branch", "gitgen/x", str(folder), "clone")
        again = gitgen("resume", cwd=tmp_path / "clone", GITGEN_BASE_URL=scripted.base_url)
    assert again.code == 0, again.err
    assert (tmp_path / "clone" / "run.sh").exists()
    assert gitgen("resume", cwd=tmp_path / "clone").err == "nothing is left to do\n"
