"""`gitgen fleet`: one change in many repositories."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

from gitgen import budget, jobs, preflight, ui
from gitgen.ai.choice import choose, shared
from gitgen.commands._asking import hide_import, settings_of
from gitgen.commands._fleet import Order, Outcome, spent, visit, visit_from_worker
from gitgen.commands._options import asks_a_model, asks_often, runs_programs
from gitgen.commands._planning import tested_by
from gitgen.commands.fix import feedback_of
from gitgen.commands.pr import offers
from gitgen.errors import GitgenError, Interrupted
from gitgen.git import Git
from gitgen.repository import Repository
from gitgen.roster import Member, members
from gitgen.settings import Settings
from gitgen.ui.board import Board

_COLOURS = {"published": "green", "finished": "green", "unchanged": "green", "new": None}


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("-m", "--message", metavar="CHANGE", help="What shall be changed; by default from standard input.")
@click.option("--test", metavar="CMD", help="A command that must pass; what fails goes back to the model.")
@click.option("--name", help="Name of the sessions; by default the first words of the change.")
@click.option(
    "--clones", type=click.Path(path_type=Path, file_okay=False), help="Where what is elsewhere is cloned to."
)
@click.option("--jobs", "at_once", type=click.IntRange(1), default=4, metavar="N", help="Repositories at a time (4).")
@click.option("--dask", default="", metavar="ADDRESS", help="Have the workers of a Dask cluster do it; with --clones.")
@click.option("--dry-run", is_flag=True, help="Ask, commit and push nothing: say where the change stands in each.")
@click.option("--no-push", is_flag=True, help="Leave the sessions here; the same again without it publishes them.")
@offers
@asks_often
@runs_programs
@asks_a_model
def command(file: Path, test: str | None, **flags: Any) -> int:
    """Make one change in all repositories that FILE lists, and open a pull request in each.

    FILE has a path or a URL on each line. What is a URL is cloned, by default into a folder named as FILE without its
    ending. In each a session begins from the newest commit of the branch that it is meant for; what the test passes is
    pushed and offered, as by `gitgen pr`. The same command again does only what is left: nothing that ended is asked
    for again. --max-tokens and --max-cost hold for all together, what was spent before included.

    \b
    Example:
      gitgen fleet repositories.txt -m 'Use the new name of the logger' --test 'make test' --dry-run
      gitgen fleet repositories.txt -m 'Use the new name of the logger' --test 'make test' --max-cost 5
    """
    listed = _members(file, flags["clones"])
    change = feedback_of(flags["message"], f"gitgen fleet {file} -m 'what shall be changed'")
    here = Repository(Git(Path.cwd()), None)
    order = Order(
        change,
        preflight.branch_named(here, flags["name"], change),
        tested_by(None, test, flags),
        # What one repository may spend is its own to say.
        {**flags, "max_tokens": None, "max_cost": None, "quiet": True},
    )
    if flags["dask"]:
        _check_for_cluster(listed, flags)
    elif not order.dry:
        hide_import(flags)
        _check_model(settings_of(None, flags))
    board = Board(bool(flags["quiet"]))
    job = partial(visit_from_worker, order) if flags["dask"] else _job(order, listed, flags, board)
    found = _visited(job, listed, flags, board)
    if flags["as_json"]:
        ui.say_json([_as_dict(order, member, found[member]) for member in listed])
    return _end(order, found)


def _members(file: Path, clones: Path | None) -> tuple[Member, ...]:
    """The repositories that a file lists, seen from its folder."""
    piped = str(file) == "-"
    if piped and clones is None:
        raise click.UsageError("--clones DIR is needed where the list comes from standard input")
    if not piped and not file.is_file():
        raise GitgenError(f"There is no file {file}", "a path or a URL of a repository on each line of it")
    content = sys.stdin.buffer.read() if piped else file.read_bytes()
    text = preflight.text_of(content, "Standard input" if piped else str(file), "a path or a URL on each line of it")
    folder = clones or (file.with_suffix("") if file.suffix else file.with_name(f"{file.name}-clones"))
    return members(text, Path.cwd() if piped else file.resolve().parent, folder.resolve())


def _check_model(settings: Settings) -> None:
    """GitgenError if there is no model to ask, or no price for a limit of costs."""
    choice = choose(settings)
    if choice.kind == "replay":
        raise GitgenError("A fleet asks a model, not a recorded session", "--model NAME")
    budget.require_prices(settings, choice.names)


def _check_for_cluster(listed: tuple[Member, ...], flags: Mapping[str, Any]) -> None:
    """GitgenError for a repository that only this machine has; UsageError for what holds in one process alone."""
    if flags["clones"] is None:
        raise click.UsageError("--dask needs --clones DIR: a folder that every worker can make")
    for name in ("max_tokens", "max_cost"):
        if flags[name] is not None:
            limit = f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{limit} does not go with --dask: workers do not know what others spend")
    if here := next((member for member in listed if not member.address), None):
        raise GitgenError(f"{here.name} is no URL, and other machines do not have it", "list the URL of its remote")


def _job(
    order: Order, listed: tuple[Member, ...], flags: Mapping[str, Any], board: Board
) -> Callable[[Member], Outcome]:
    """What is to be done with each repository: all ask one model, and what that has cost them so far counts."""
    settings = settings_of(None, flags)
    held = budget.of_a_fleet(flags["max_tokens"], flags["max_cost"])
    before = (spent(order, member, settings.profiles) for member in listed) if held else ()
    purse = budget.Purse(settings, held, sum(before, budget.Bill()))
    return partial(visit, order, lambda: purse.of(shared(settings)), board.row)


def _visited(
    job: Callable[[Member], Outcome], listed: tuple[Member, ...], flags: Mapping[str, Any], board: Board
) -> dict[Member, Outcome]:
    """Do the job in each repository, and print what has come of it when it has ended."""
    found: dict[Member, Outcome] = {}
    bugs: list[Exception] = []
    width = max(len(ui.printable(member.name)) for member in listed)

    def tell(progress: jobs.Progress) -> None:
        failed = sum(bool(outcome.error) for outcome in found.values())
        board.how_far = ui.how_far(progress, f"{failed} failed" if failed else "")

    def stopping(busy: int) -> None:
        ui.note(f"stopping; what {busy} have got so far is kept (Ctrl-C again does not wait for it)")

    try:
        with board.shown(), jobs.executor(flags["at_once"], flags["dask"], stopping) as pool:
            for done in jobs.run(pool, job, listed, tell):
                if isinstance(done.error, RuntimeError):
                    bugs.append(done.error)
                    continue
                outcome = done.result or _given_up(done.error)
                found[done.item] = outcome
                if not flags["as_json"]:
                    board.say("\n".join(_lines(done.item, outcome, width)))
    except KeyboardInterrupt:
        raise Interrupted("Interrupted; what has arrived is kept", "the same command again goes on") from None
    for bug in bugs:
        raise bug
    return found


def _given_up(error: Exception | None) -> Outcome:
    """The outcome of a job that its cluster has given up."""
    return Outcome("new", error=str(error), mend=getattr(error, "mend", ""))


def _lines(member: Member, outcome: Outcome, width: int) -> Iterator[str]:
    state = ui.styled(f"{outcome.state:<11}", fg=_COLOURS.get(outcome.state, "yellow"))
    about = ui.printable(outcome.url or outcome.reason)
    yield f"{ui.printable(member.name):<{width}}  {state}  {ui.tokens(outcome.tokens):>5}  {about}".rstrip()
    if outcome.error:
        yield ui.styled(f"  error: {ui.printable(outcome.error)}", fg="red")
        yield f"  hint: {ui.printable(outcome.mend)}"


def _as_dict(order: Order, member: Member, outcome: Outcome) -> dict[str, Any]:
    return {
        "repository": member.name,
        "folder": str(member.folder),
        "branch": order.branch,
        "state": outcome.state,
        "commit": outcome.commit or None,
        "total_tokens": outcome.tokens,
        "url": outcome.url or None,
        "reason": outcome.reason or None,
        "error": outcome.error or None,
        "hint": outcome.mend or None,
    }


def _end(order: Order, found: Mapping[Member, Outcome]) -> int:
    """Sum up on standard error; GitgenError if it failed anywhere."""
    states = [outcome.state for outcome in found.values()]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    ui.note(f"{order.branch}: {counts}; {ui.tokens(sum(each.tokens for each in found.values()))} tokens")
    failed = [member for member, outcome in found.items() if outcome.error]
    if failed:
        what = f"{len(failed)} of {len(found)} repositories failed" if len(found) > 1 else "It failed"
        raise GitgenError(what, "mend what is said of each, then the same command again: it does only what is left")
    return 0
