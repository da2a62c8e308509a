"""`gitgen bench`: tasks times configurations times models, each run a branch, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any

import click

from gitgen import budget, jobs, ui
from gitgen.ai.choice import choose
from gitgen.bench import runs, tasks
from gitgen.bench.exercism import import_exercises
from gitgen.bench.mirror import bring_all, offer
from gitgen.bench.results import FIELDS, Result, compare, read, selected
from gitgen.commands import _bench
from gitgen.commands._asking import hide_import, settings_of
from gitgen.commands._bench_show import say_comparison, say_csv, say_json, say_table, write_pages
from gitgen.commands._options import asks_a_model, runs_programs
from gitgen.commands._planning import check_programs, planned
from gitgen.errors import GitgenError, Interrupted
from gitgen.git import Git
from gitgen.repository import Repository
from gitgen.steps import CHECK

_RUN = "run"


class _Bench(click.Group):
    """A group whose command `run` need not be named: `gitgen bench DIR`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args.insert(0, _RUN)
        return super().parse_args(ctx, args)


@click.group(cls=_Bench, no_args_is_help=True)
def command() -> None:
    """Tasks times configurations of steps times models: each run a branch, and a table of what came of them.

    `gitgen bench DIR` is short for `gitgen bench run DIR`, whose --help tells all options.

    \b
    Example:
      gitgen bench benchmarks/tasks --model gpt-4.1,gpt-4.1-mini --steps benchmark,tdd --repeat 3
      gitgen bench compare model=gpt-4.1 model=gpt-4.1-mini --results tasks-results.git
    """


@command.command(_RUN)
@click.argument("suite", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--steps",
    default="benchmark",
    show_default=True,
    metavar="A,B",
    help="Configurations of steps; a list of steps is one with + between: spec+code.",
)
@click.option("--repeat", type=click.IntRange(1), default=1, metavar="N", help="How often each is done (1).")
@click.option("--task", "only", multiple=True, metavar="PATTERN", help="Only the tasks of such names; repeat for more.")
@click.option("--results", type=click.Path(path_type=Path), metavar="REPO", help="The repository of the runs.")
@click.option("--jobs", "at_once", type=click.IntRange(1), default=4, metavar="N", help="Runs at a time (4).")
@click.option("--dask", default="", metavar="ADDRESS", help="Have the workers of a Dask cluster do it; with --remote.")
@click.option("--remote", default="", metavar="URL", help="A repository that the runs are brought from and pushed to.")
@click.option("--dry-run", is_flag=True, help="Ask nothing: say what would be done, and what has come of the rest.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the runs as CSV.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page, and one for each run.")
@runs_programs
@asks_a_model
def run(suite: Path, steps: str, repeat: int, only: tuple[str, ...], **flags: Any) -> int:
    """Do every task of DIR with each configuration and each model (--model A,B), and say what came of it.

    A task is a folder with a `prompt`; it may have `files/` to start from, `feedback*` for later fixes, a script
    `check` that passes if it exits with 0, and `tests/` that are laid over the result before. Each run is a session in
    the results' repository, by default DIR-results.git in this folder. A run that has ended is never done again, and
    one that was interrupted goes on; exit code 1 tells that some have not ended.

    \b
    Example:
      gitgen bench benchmarks/tasks --model gpt-4.1,gpt-4.1-mini --steps benchmark,tdd --repeat 3 --html bench.html
      gitgen bench benchmarks/tasks --dask tcp://10.0.0.1:8786 --remote git@example.org:bench.git
    """
    if flags["dask"] and not flags["remote"]:
        raise click.UsageError("--dask needs --remote: a repository that all workers can reach")
    flags["no_verify"] = True
    repository = _repository(flags["results"] or Path(f"{suite.resolve().name}-results.git"))
    remote = _remote(flags["remote"])
    if remote:
        bring_all(repository, remote)
    wanted = list(_jobs(repository, suite, steps, repeat, only, flags))
    here = {result.branch: result for result in read(repository)}
    left = [job for job in wanted if job.run.branch not in here or not here[job.run.branch].final]
    failed: list[jobs.Done[_bench.Job, None]] = []
    if flags["dry_run"]:
        ui.note(f"{len(left)} of {len(wanted)} runs are to be done")
    elif left:
        if remote:
            offer(repository, remote)
        try:
            failed = _do(left, repository, remote, flags)
        except KeyboardInterrupt:
            raise Interrupted("Interrupted; what has arrived is kept", "the same command again goes on") from None
        finally:
            if remote:
                bring_all(repository, remote)
    return _tell(repository, {job.run.branch for job in wanted}, failed, flags)


def _do(
    left: list[_bench.Job], repository: Repository, remote: str, flags: dict[str, Any]
) -> list[jobs.Done[_bench.Job, None]]:
    """Do what is left, and tell how far it is; the jobs that failed."""
    if not flags["dask"]:
        hide_import(flags)
    kept = {name: value for name, value in flags.items() if value is not None and not isinstance(value, Path)}
    do = partial(_bench.do, _bench.Place(str(repository.git.folder), remote), kept)
    failed: list[jobs.Done[_bench.Job, None]] = []

    def tell(progress: jobs.Progress) -> None:
        ui.progress(progress, f"{len(failed)} failed" if failed else "")

    def stopping(busy: int) -> None:
        ui.note(f"stopping; what {busy} runs have got so far is kept (Ctrl-C again does not wait for it)")

    with jobs.executor(flags["at_once"], flags["dask"], stopping) as pool:
        for done in jobs.run(pool, do, left, tell):
            if done.error is not None:
                failed.append(done)
    return failed


def _jobs(
    repository: Repository, suite: Path, steps: str, repeat: int, only: tuple[str, ...], flags: Mapping[str, Any]
) -> Iterator[_bench.Job]:
    """All runs that are asked for; GitgenError, before anything is paid, for what cannot be done here."""
    names = [name.strip() for name in str(flags["model"] or "").split(",") if name.strip()]
    models = names or list(settings_of(None, flags).models[:1]) or [""]
    for model in () if flags["dry_run"] or flags["dask"] else models:
        settings = settings_of(None, {**flags, "model": model})
        budget.require_prices(settings, choose(settings).names)
    plans = {name: planned(None, name.replace("+", ","), None, flags) for name in _names(steps)}
    for plan in plans.values():
        for line in plan.left_out:
            ui.note(line)
    folders = [folder for folder in tasks.folders(suite) if not only or any(fnmatch(folder.name, one) for one in only)]
    if not folders:
        raise GitgenError(f"No task of {suite} has such a name", f"ls {suite}")
    _ = repository.identity
    known = [tasks.keep(repository, folder) for folder in folders]
    by_label = {runs.label_of(model) or "default": model for model in models}
    # Nobody is there to review a run.
    by_name = {name: tuple(step for step in plan.steps if step != "review") for name, plan in plans.items()}
    for each in runs.matrix(known, by_name, tuple(by_label), repeat):
        if CHECK in each.plan and not flags["dask"]:
            check_programs(repository, flags)
        yield _bench.Job(each, by_label[each.model])


def _tell(
    repository: Repository, branches: set[str], failed: list[jobs.Done[_bench.Job, None]], flags: Mapping[str, Any]
) -> int:
    """Print what has come of these runs; GitgenError if some could not be brought to their end."""
    found = tuple(result for result in read(repository, settings_of(None, flags).profiles) if result.branch in branches)
    if flags["html"]:
        write_pages(repository, found, flags["html"])
    if flags["as_json"]:
        say_json(found)
    elif flags["as_csv"]:
        say_csv(found)
    else:
        say_table(found, len(branches))
    for done in failed:
        if isinstance(done.error, RuntimeError):
            raise done.error
    if failed:
        what = f"{len(failed)} of {len(branches)} runs did not end, the first because: {failed[0].error}"
        mend = failed[0].error.mend if isinstance(failed[0].error, GitgenError) else ""
        raise GitgenError(what, mend if "again" in mend else f"{mend}; then the same command again")
    return 0


@command.command("compare")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@click.option("--results", type=click.Path(path_type=Path), metavar="REPO", help="The repository that A and B are in.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def compare_command(one: str, other: str, results: Path | None, as_json: bool) -> int:
    """Say what differs between two sets of runs beyond noise.

    A and B are repositories of results, or choose runs of one: model=M, configuration=C, repeat=N, several with commas
    between, behind REPO: or with --results. Runs of the same task are compared in pairs: passed or failed by McNemar's
    exact test, tokens by the sign test.

    \b
    Example:
      gitgen bench compare before.git after.git
      gitgen bench compare model=gpt-4.1 model=gpt-4.1-mini --results tasks-results.git
    """
    sides = compare(_results(one, results), _results(other, results))
    if not sides.pairs:
        raise GitgenError("No task was done on both sides in the same form", "gitgen bench DIR --dry-run shows each")
    say_comparison(one, other, sides, as_json)
    return 0


@command.command("import")
@click.argument("source", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--to", type=click.Path(path_type=Path), metavar="DIR", help="Where the tasks are written.")
@click.option("--check", default="", metavar="CMD", help="What runs the tests; {} in it stands for their files.")
def import_command(source: Path, to: Path | None, check: str) -> int:
    """Make tasks of exercises in Exercism's layout: a track, a folder of exercises, or one exercise.

    They are written below --to, by default DIR-tasks in this folder. A task that is there already stays as it is.

    \b
    Example:
      gitgen bench import ../python --to tasks
      gitgen bench import ../go/exercises/practice --check 'go test ./...'
    """
    target = to or Path(f"{source.resolve().name}-tasks")
    imported = list(import_exercises(source, target, check))
    for one in imported:
        ui.say(ui.printable(f"{target / one.name}{'' if one.new else '  was there'}"))
    ui.note(f"gitgen bench {quote(str(target))} --dry-run shows what they come to")
    return 0


def _names(steps: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in steps.split(",") if name.strip()))


def _repository(folder: Path) -> Repository:
    """The results' repository, made if there is none; GitgenError where another one stands."""
    if folder.exists() and not (folder / "HEAD").is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise GitgenError(f"{folder} is there, and is no bare repository", "another one: --results DIR")
    if not folder.exists() or not any(folder.iterdir()):
        folder.mkdir(parents=True, exist_ok=True)
        Git(folder).run("init", "-q", "--bare")
    return Repository(Git(folder.resolve()), None)


def _remote(named: str) -> str:
    """The remote as a worker in another folder would name it."""
    return str(Path(named).resolve()) if named and Path(named).is_dir() else named


def _results(named: str, folder: Path | None) -> Iterator[Result]:
    """The results that an argument of `compare` names: those of a repository, or some of them (`model=M,task=T`)."""
    where, _, given = named.rpartition(":") if "=" in named else (named, "", "")
    wanted = dict(word.partition("=")[::2] for word in given.split(",") if word)
    if unknown := set(wanted) - set(FIELDS):
        raise GitgenError(f"There is no {sorted(unknown)[0]} to choose by", f"choose by {', '.join(FIELDS)}")
    at = Path(where) if where else folder
    if at is None:
        raise GitgenError(f"{named} names no repository", f"RESULTS:{named}, or: --results RESULTS")
    if not (at / "HEAD").is_file():
        raise GitgenError(f"{at} is no repository of results", "gitgen bench DIR makes one")
    found = list(selected(read(Repository(Git(at.resolve()), None)), wanted))
    if not found:
        raise GitgenError(f"{named} holds no run", f"git -C {at} branch --list lists them")
    yield from found
