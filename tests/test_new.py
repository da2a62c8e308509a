"""`gitgen new`, through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Gitgen, Ran, git, write
from tests.replies import PROGRAM, RUN_SH
from tests.screen import Screen
from tests.scripted import Endpoint, endpoint, says

BRANCH = "gitgen/greet-the-user"
BOLD = "\x1b[0;1m"
"""A question that is waiting for its answer is shown in bold; as the model's reply it was not."""


@pytest.fixture
def new(gitgen: Gitgen, tmp_path: Path) -> object:
    def run(scripted: Endpoint, *args: str, cwd: Path = tmp_path, stdin: str = "") -> Ran:
        return gitgen("new", "--steps=benchmark", *args, cwd=cwd, stdin=stdin, GITGEN_BASE_URL=scripted.base_url)

    return run


def test_a_new_program_is_a_repository_with_the_session_checked_out(new: Gitgen, tmp_path: Path) -> None:
    with endpoint(says(PROGRAM), says(RUN_SH)) as scripted:
        ran = new(scripted, "hello", "-m", "Greet the user")
    assert ran.code == 0, ran.err
    made = tmp_path / "hello"
    assert git(made, "branch", "--show-current") == BRANCH
    assert git(made, "status", "--porcelain") == ""
    assert (made / "hello.py").read_text().startswith("name = input")
    assert (made / "prompt").read_text() == "Greet the user\n"
    assert (made / "run.sh").stat().st_mode & 0o100, "run.sh can be run"
    assert git(made, "log", "--format=%s", "main").splitlines() == ["Add the prompt"]
    assert git(made, "log", "--format=%s").splitlines() == [
        "Add run.sh, which starts the program",
        "Generate the program from its prompt",
        f"Begin {BRANCH}: Greet the user",
        "Add the prompt",
    ]
    assert "prompt" not in scripted.requests[1]["messages"][-1]["content"], "the prompt is no file of the program"
    attributes = git(made, "check-attr", "linguist-generated", ".gitgen/greet-the-user/0001-generate.json")
    assert attributes.endswith(": true")


@pytest.mark.parametrize("place", ["hello", "."])
def test_what_is_new_is_run_wherever_its_path_is_seen_from(new: Gitgen, tmp_path: Path, place: str) -> None:
    (tmp_path / "here").mkdir()
    with endpoint(says("hello.py\n```python\nprint('Hello')\n```\n"), says(RUN_SH)) as scripted:
        options = ("--steps", "simple", "--sandbox", "none")
        ran = new(scripted, place, "-m", "Greet the user", *options, cwd=tmp_path / "here")
    assert ran.code == 0, ran.err
    assert "exit 0" in ran.out.splitlines()[-1]


def test_in_a_repository_work_tree_and_index_stay_byte_for_byte(new: Gitgen, folder: Path) -> None:
    write(folder, {"hello.py": "mine, uncommitted\n", "untracked": "mine\n"})
    git(folder, "add", "untracked")
    git(folder, "stash", "push", "-q", "README.md", "--include-untracked")
    before = snapshot(folder)
    with endpoint(says(PROGRAM), says(RUN_SH)) as scripted:
        ran = new(scripted, ".", "-m", "Greet the user", cwd=folder)
    assert ran.code == 0, ran.err
    assert snapshot(folder) == before
    assert git(folder, "rev-parse", f"{BRANCH}~3") == git(folder, "rev-parse", "main")
    assert "name = input" in git(folder, "show", f"{BRANCH}:hello.py")


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every byte of the work tree, and of index, HEAD and stash."""
    files = [p for p in folder.rglob("*") if p.is_file() and ".git" not in p.relative_to(folder).parts[:1]]
    own = [folder / ".git" / name for name in ("index", "HEAD", "refs/stash", "refs/heads/main", "config")]
    return {str(p.relative_to(folder)): p.read_bytes() for p in (*files, *own) if p.exists()}


@pytest.mark.parametrize("way", ["file in the folder", "--prompt-file", "standard input", "- as file"])
def test_the_prompt_comes_from_wherever_it_is(new: Gitgen, tmp_path: Path, way: str) -> None:
    (tmp_path / "idea.md").write_text("Greet the user\r\n")
    args, stdin = ["hello"], ""
    if way == "file in the folder":
        write(tmp_path / "hello", {"prompt": "Greet the user\n"})
    elif way == "--prompt-file":
        args += ["--prompt-file", "idea.md"]
    else:
        stdin = "Greet the user\n"
        args += ["--prompt-file", "-"] if way == "- as file" else []
    with endpoint(says(PROGRAM), says(RUN_SH)) as scripted:
        ran = new(scripted, *args, stdin=stdin)
    assert ran.code == 0, ran.err
    assert git(tmp_path / "hello", "show", "HEAD:.gitgen/greet-the-user/prompt") == "Greet the user"
    assert git(tmp_path / "hello", "status", "--porcelain") == ""


def test_a_repository_without_a_commit_is_as_good_as_a_new_one(new: Gitgen, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "hello")
    with endpoint(says(PROGRAM), says(RUN_SH)) as scripted:
        assert new(scripted, "hello", "-m", "Greet the user").code == 0
    assert git(tmp_path / "hello", "branch", "--show-current") == BRANCH


def test_the_steps_and_the_name_can_be_chosen_and_the_result_read_by_a_machine(new: Gitgen, folder: Path) -> None:
    with endpoint(says(PROGRAM, usage=(5, 6))) as scripted:
        ran = new(scripted, ".", "-m", "Greet", "--name", "x", "--steps", "generate", "--json", cwd=folder)
    (step,) = json.loads(ran.out)
    assert step["branch"] == "gitgen/x" and step["step"] == "generate" and step["status"] == "ok"
    assert step["files"] == ["hello.py"] and step["total_tokens"] == 11
    assert step["commit"] == git(folder, "rev-parse", "gitgen/x")


def test_a_rejected_reply_is_kept_and_exits_with_1(new: Gitgen, folder: Path) -> None:
    with endpoint(*[says("../evil\n```\nx\n```\n")] * 4) as scripted:
        ran = new(scripted, ".", "-m", "Greet", "--name", "x", cwd=folder)
    assert ran.code == 1
    assert "error: The reply was rejected, no file was changed" in ran.err and "hint: gitgen resume gitgen/x" in ran.err
    assert git(folder, "diff", "--name-only", "gitgen/x^", "gitgen/x") == ".gitgen/x/0001-generate.json"


def test_an_index_without_a_commit_is_not_overwritten(new: Gitgen, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "fresh")
    write(tmp_path / "fresh", {"staged": "mine\n"})
    git(tmp_path / "fresh", "add", "staged")
    (tmp_path / "fresh/staged").unlink()
    with endpoint() as scripted:
        ran = new(scripted, "fresh", "-m", "Greet the user")
    assert ran.code == 1 and "staged files: staged" in ran.err, ran.err
    assert git(tmp_path / "fresh", "ls-files") == "staged"


@pytest.mark.parametrize("options", [(), ("--object-format=sha256",)], ids=["sha1", "sha256"])
def test_a_repository_without_a_commit_gets_its_first(new: Gitgen, tmp_path: Path, options: tuple[str, ...]) -> None:
    git(tmp_path, "init", "-q", *options, "fresh")
    with endpoint(says(PROGRAM), says(RUN_SH)) as scripted:
        ran = new(scripted, "fresh", "-m", "Greet the user")
    assert ran.code == 0, ran.err
    assert git(tmp_path / "fresh", "status", "--porcelain") == ""


@pytest.mark.parametrize("path", ["file/below/it", "dangling"])
def test_a_folder_that_cannot_be_made_is_told(new: Gitgen, tmp_path: Path, path: str) -> None:
    write(tmp_path, {"file": ""})
    (tmp_path / "dangling").symlink_to("nowhere/at-all")
    with endpoint() as scripted:
        ran = new(scripted, path, "-m", "Greet the user")
    assert ran.code == 1 and f"{path} cannot be made" in ran.err, ran.err


def test_killed_between_two_questions_a_resume_asks_the_second_again_and_pays_nothing_twice(
    gitgen: Gitgen, folder: Path
) -> None:
    replies = (says("In which language?"), says("Whom shall it greet?"), says("Nothing is unclear."), says(PROGRAM))
    with endpoint(*replies) as scripted:
        first = Screen(folder, scripted, "new", ".", "-m", "Greet", "--name", "x", "--steps", "clarify,generate")
        first.until(BOLD + " In which language?")
        first.type("Python\r")
        first.until(BOLD + " Whom shall it greet?")
        first.child.kill()
        first.end()
        second = Screen(folder, scripted, "resume", "gitgen/x")
        second.until(BOLD + " Whom shall it greet?")
        second.type("Ada\r")
        second.end()
        assert second.child.returncode == 0, second.seen
        assert "In which language?" not in second.seen
        assert len(scripted.requests) == 4
    chat = git(folder, "show", "gitgen/x:.gitgen/x/0001-clarify.json")
    assert '"answer 1": "Python"' in chat and '"answer 2": "Ada"' in chat


def test_the_review_is_asked_in_a_terminal_and_kept(gitgen: Gitgen, folder: Path) -> None:
    with endpoint() as scripted:
        screen = Screen(folder, scripted, "new", ".", "-m", "Greet", "--name", "x", "--steps", "review")
        for question in ("Did the program run?", "Does it do what you wanted?", "Is it perfect?"):
            screen.until(question)
            screen.type("\r")
        screen.until("Anything else?")
        screen.type("Fine\r")
        screen.end()
    assert screen.child.returncode == 0, screen.seen
    assert (
        git(folder, "log", "-1", "--format=%s", "gitgen/x") == "Review the program (ran: yes, works: yes, perfect: yes)"
    )


def test_what_a_configuration_needs_and_is_not_here_is_left_out_and_said(new: Gitgen, folder: Path) -> None:
    with endpoint() as scripted:
        ran = new(scripted, "--steps", "evaluate", ".", "-m", "Greet", "--name", "x", cwd=folder)
        assert "review is left out: The review asks you, and there is no terminal" in ran.err
        ran = new(scripted, "--steps", "review", ".", "-m", "Greet", "--name", "y", cwd=folder)
    assert ran.code == 1 and "there is no terminal" in ran.err and git(folder, "branch", "--list", "gitgen/y") == ""
