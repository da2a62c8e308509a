"""`gitgen new`: a program from a prompt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.beginning import begin, begin_branch
from gitgen.commands._asking import hide_import, world
from gitgen.commands._landed import report
from gitgen.commands._options import asks_a_model, runs_programs
from gitgen.commands._planning import Plan, planned
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.plan import go_on
from gitgen.progress import branch_taken
from gitgen.repository import LostRace, Repository
from gitgen.repository.advance import begin_checked_out
from gitgen.repository.worktree import worktree_of
from gitgen.values import Blob
from gitgen.world import World


@click.command()
@click.argument("path", type=click.Path(path_type=Path, file_okay=False))
@click.option("-m", "--message", metavar="PROMPT", help="The prompt.")
@click.option("--prompt-file", metavar="FILE", help="A file with the prompt; - for standard input.")
@click.option("--name", help="Name of the session; by default the first words of the prompt.")
@click.option(
    "--steps",
    default="default",
    show_default=True,
    metavar="NAME|A,B",
    help="The steps to run, by the name of a configuration or as a list; `gitgen steps` shows them.",
)
@click.option("--test", metavar="CMD", help="A command that must pass; what fails goes back to the model.")
@runs_programs
@asks_a_model
def command(path: Path, steps: str, test: str | None, **flags: Any) -> int:
    """Scaffold a program from a prompt, on a new branch gitgen/NAME.

    The prompt is that of -m or --prompt-file, else the file PATH/prompt, else standard input, else it is asked for.
    If PATH is no repository yet, it becomes one, with the new branch checked out. In a repository the branch starts
    from HEAD, and neither the work tree nor the index is touched.

    \b
    Example:
      gitgen new todo -m 'A to-do list for the terminal, kept in a JSON file'
      gitgen new . --prompt-file docs/idea.md --name idea --steps tdd --test 'pytest -q'
    """
    hide_import(flags)
    repository = _existing(path)
    plan = planned(repository, steps, test, flags)
    prompt = _prompt(path, flags["message"], flags["prompt_file"])
    if repository is None or repository.resolve("HEAD") is None:
        return _in_new_repository(path, repository, prompt, plan, flags)
    _, base = preflight.branch_of_head(repository)
    branch = preflight.branch_for(repository, flags["name"], prompt)
    _ = repository.identity
    with world(repository, flags) as here:
        begin_branch(repository, branch, begin(here, branch, base=base, prompt=prompt, plan=plan.steps, test=plan.test))
        return _run(here, branch, plan, flags)


def _run(here: World, branch: str, plan: Plan, flags: dict[str, Any]) -> int:
    for line in plan.left_out:
        ui.note(line)
    code = report(here.repository, branch, go_on(here, branch), flags["as_json"])
    if not flags["as_json"]:
        worktree = worktree_of(here.repository, branch)
        ui.note(f"on {branch}" + (f", checked out at {worktree.top}" if worktree else f": git switch {branch}"))
    return code


def _existing(path: Path) -> Repository | None:
    """The repository whose root is PATH, or None if there is to be a new one."""
    inside = path
    while not inside.is_dir():
        inside = inside.parent
    repository = Repository.find(inside)
    if repository is None:
        return None
    top = preflight.with_work_tree(repository)
    if path.is_dir() and top.resolve() == path.resolve():
        return repository
    raise GitgenError(
        f"{path} lies inside the repository {top}",
        f"gitgen new {top}, or for a repository of its own: git init {path}",
    )


def _prompt(path: Path, message: str | None, file: str | None) -> str:
    if message is not None:
        return preflight.text_of(message.encode("utf-8", "surrogateescape"), "The prompt")
    if file == "-":
        return preflight.text_of(sys.stdin.buffer.read(), "Standard input")
    source = Path(file) if file else path / "prompt"
    if file or source.is_file():
        try:
            return preflight.text_of(source.read_bytes(), str(source))
        except OSError as error:
            raise GitgenError(
                f"{source} cannot be read: {error.strerror}", "--prompt-file FILE, or -m PROMPT"
            ) from None
    if not sys.stdin.isatty():
        content = sys.stdin.buffer.read()
        if content.strip():
            return preflight.text_of(content, "Standard input")
    answer = ui.ask("What shall the program do?")
    if answer is None:
        raise GitgenError("There is no prompt", f"gitgen new {path} -m 'what the program shall do'")
    return preflight.text_of(answer.encode(), "The prompt")


def _in_new_repository(path: Path, unborn: Repository | None, prompt: str, plan: Plan, flags: dict[str, Any]) -> int:
    """Make a repository whose first commit is the prompt, with the session's branch checked out."""
    preflight.nothing_unkept(path)
    if unborn:
        preflight.nothing_staged(unborn)
    made = not path.exists()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GitgenError(f"{path} cannot be made: {error.strerror}", "gitgen new with another PATH") from None
    path = path.resolve()  # As git names it: what runs the program there is found by that name again.
    here = Repository(Git(path), path)
    try:
        _ = here.identity
        branch = preflight.branch_for(here, flags["name"], prompt) if unborn else ""
        with world(here, flags) as at:
            if unborn is None:
                here.git.run("init", "--quiet")
            branch = branch or preflight.branch_for(here, flags["name"], prompt)
            main = here.head_branch() or "main"
            blob = Blob(at.redact(prompt).strip().encode() + b"\n")
            first = here.commit(None, "Add the prompt\n", {"prompt": blob}, here.tree(None))
            begun = begin(at, branch, base=first, prompt=prompt, plan=plan.steps, test=plan.test)
            try:
                kept = begin_checked_out(here, main, first, branch, begun)
            except LostRace:
                raise branch_taken(branch) from None
            if kept:
                ui.note(kept)
            return _run(at, branch, plan, flags)
    except GitgenError:
        if made and not any(path.iterdir()):
            path.rmdir()
        raise
