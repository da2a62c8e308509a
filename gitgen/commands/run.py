"""`gitgen run`: the program of a session, in a sandbox."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at
from gitgen.errors import GitgenError, Interrupted
from gitgen.record import Ran
from gitgen.repository import Repository
from gitgen.repository.checkout import checked_out, in_place
from gitgen.repository.worktree import worktrees
from gitgen.running import sandbox
from gitgen.running.process import TIMED_OUT, Limits
from gitgen.running.sandbox import Place
from gitgen.settings import resolve
from gitgen.state.commits import Session
from gitgen.ui.terminal import Drawing, Terminal
from gitgen.values import EXECUTABLE

ENTRYPOINT = "run.sh"


class _WithArguments(click.Command):
    """Keeps what stands after `--` for the program, in the context's `obj`; click would take it for BRANCH."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        ctx.obj = tuple(args[end + 1 :])
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- ARGUMENTS]"]


@click.command(cls=_WithArguments)
@click.argument("branch", required=False)
@click.option("--command", "given", metavar="CMD", help=f"Run this, by the shell, instead of {ENTRYPOINT}.")
@click.option("--network", is_flag=True, help="Let it reach the network.")
@click.option("--sandbox", type=click.Choice(["bubblewrap", "none"]), help="What it is run in (bubblewrap).")
@click.option("--time-limit", type=float, metavar="S", help="Seconds until it is ended (300; in a terminal never).")
@click.option("--memory", type=int, metavar="MB", help="Memory that each of its processes may have (4096).")
@click.option("--json", "as_json", is_flag=True, help="Print how it ended, and its output, as JSON.")
@click.pass_obj
def command(
    arguments: tuple[str, ...], /, branch: str | None, given: str | None, network: bool, as_json: bool, **flags: Any
) -> int:
    """Run the program of a session in a sandbox.

    BRANCH is the session that is checked out if it is left out. What stands after -- goes to the program.

    It runs in the work tree that has the branch checked out, if nothing there is uncommitted, else in one of its own.
    It reaches no network, no home, nothing of your environment, and can only read what is Git's. In a terminal it has
    the keyboard; Ctrl-C three times in a row ends it, whatever it does.

    \b
    Example:
      gitgen run
      gitgen run gitgen/todo -- add 'Buy milk'
      gitgen run --command 'python -m pytest -q' --time-limit 60
    """
    repository = preflight.repository_at(Path.cwd())
    session = session_at(repository, branch)
    settings = resolve(flags, os.environ, repository.config)
    line = given or _entrypoint(repository, session)
    if arguments and "$@" not in line:
        line += ' "$@"'
    interactive = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    endless = interactive and flags["time_limit"] is None
    limits = Limits(None if endless else settings.time_limit, settings.memory)
    if settings.sandbox == "bubblewrap":
        sandbox.check_bubblewrap()
    with _place(repository, session) as place, _keyboard(interactive) as (stdin, echo):
        ran = sandbox.run(
            line,
            place,
            arguments=arguments,
            limits=limits,
            mode=settings.sandbox,
            network=network,
            echo=(lambda text: None) if as_json else echo,
            stdin=stdin,
        )
    if as_json:
        ui.say_json({"branch": session.branch, "commit": session.tip, **vars(ran), "arguments": list(arguments)})
    if ran.exit_code:
        raise _failure(ran, session, limits)
    return 0


def _entrypoint(repository: Repository, session: Session) -> str:
    entry = repository.tree(session.tip).entry(ENTRYPOINT)
    if entry is None:
        mend = "gitgen run --command CMD, or: gitgen fix 'Add run.sh, which starts the program'"
        raise GitgenError(f"{session.branch} has no {ENTRYPOINT}", mend)
    # A shell that stayed beside the program would end of its own at Ctrl-C, however the program takes it.
    return f"exec ./{ENTRYPOINT}" if entry.mode == EXECUTABLE else f"exec sh {ENTRYPOINT}"


@contextmanager
def _place(repository: Repository, session: Session) -> Iterator[Place]:
    """Where the user has the session before their eyes, if that is all of it; else apart from them."""
    for worktree, branch in worktrees(repository):
        if branch == session.branch and not worktree.dirty():
            yield in_place(worktree.top)
            return
    with checked_out(repository, session.name, session.tip) as place:
        yield place


@contextmanager
def _keyboard(interactive: bool) -> Iterator[tuple[int | Terminal, Callable[[str], None]]]:
    """What the program reads, and what shows its output: a terminal is lent to it, a pipe or a file passed on."""
    if interactive:
        with Terminal() as terminal:
            yield terminal, terminal.show
    else:
        drawing = Drawing()
        # Whoever sends the output elsewhere would not see what it asks at the keyboard.
        stdin = sandbox.NO_INPUT if sys.stdin.isatty() else 0
        yield stdin, lambda text: ui.pass_on(drawing.passes(text))


def _failure(ran: Ran, session: Session, limits: Limits) -> GitgenError:
    fix = f"gitgen fix --branch {session.branch} 'what is wrong'"
    if ran.exit_code == TIMED_OUT and limits.seconds and ran.seconds >= limits.seconds:
        return GitgenError(f"The program was ended after {limits.seconds:g} s", f"--time-limit SECONDS, or: {fix}")
    if ran.exit_code == 128 + signal.SIGINT:
        return Interrupted("The program was interrupted", "gitgen run")
    return GitgenError(f"The program ended with exit code {ran.exit_code}", fix)
