"""What the commands that ask a model share: their options, and the world that a step runs in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gitgen import budget, resources, ui
from gitgen.ai import Model, Recorded
from gitgen.ai.choice import REPLAY, choose, open_model
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.models import profiles
from gitgen.progress import progress_of
from gitgen.record import ENDLESS, Chat, Ran
from gitgen.redact import redactor
from gitgen.render import recordings
from gitgen.repository import Repository
from gitgen.scanner import scanner
from gitgen.session import HOOK_REFUSES, Landed
from gitgen.settings import Settings, resolve
from gitgen.shelf import Shelf
from gitgen.state.absent import no_session
from gitgen.state.chats import chat_of
from gitgen.state.commits import DONE, PREFIX
from gitgen.state.log import load
from gitgen.world import World

if TYPE_CHECKING:
    from gitgen.hooks import Hooked
    from gitgen.running.process import Limits

F = TypeVar("F", bound=Callable[..., Any])

_LIMITS = (
    click.option("--sandbox", type=click.Choice(["bubblewrap", "none"]), help="What programs are run in (bubblewrap)."),
    click.option("--network", is_flag=True, help="Let programs reach the network."),
    click.option("--time-limit", type=float, metavar="SECONDS", help="How long a program may run (300)."),
    click.option("--memory", type=click.IntRange(0), metavar="MB", help="How much memory a program may have (4096)."),
)

_OPTIONS = (
    click.option(
        "--model",
        metavar="NAME[,NAME]",
        help="Model; several to fall back on (a bench: to compare); ENDPOINT/NAME; local; a GGUF file; replay:BRANCH.",
    ),
    click.option("--base-url", metavar="URL", help="Any OpenAI-compatible endpoint, by its address or its name."),
    click.option("--temperature", type=float, help="Sent to the model; left out unless given here or in its profile."),
    click.option("--rounds", type=click.IntRange(0), help="How often edits that do not fit go back to the model (3)."),
    click.option(
        "--continue",
        "continue",
        type=click.IntRange(0),
        metavar="N",
        help="How often the rest of a reply that was cut off is asked for (3).",
    ),
    click.option(
        "--max-tokens",
        type=click.IntRange(0),
        metavar="N",
        help="Ask nothing that could bring a step (a fleet: all of it) over N.",
    ),
    click.option(
        "--max-cost", type=click.FloatRange(0), metavar="USD", help="The same in money, where prices are known."
    ),
    click.option("--no-verify", is_flag=True, help="Run no pre-commit hook of yours; the commit says so."),
    click.option("--preprompts", metavar="DIR", help="Folder with preprompts of your own."),
    click.option("-q", "--quiet", is_flag=True, help="Do not show the reply as it comes."),
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
)


_RATES = (
    click.option(
        "--tokens-per-minute",
        type=click.IntRange(1),
        metavar="N",
        help="Of all jobs together, for each endpoint and key.",
    ),
    click.option("--requests-per-minute", type=click.IntRange(1), metavar="N", help="The same in requests."),
)


def asks_a_model(function: F) -> F:
    """Give a command the options of those that ask a model."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def runs_programs(function: F) -> F:
    """Give a command the options of those that run what was built."""
    for option in reversed(_LIMITS):
        function = option(function)
    return function


def asks_often(function: F) -> F:
    """Give a command the options of those that ask a model in many jobs at once."""
    for option in reversed(_RATES):
        function = option(function)
    return function


def hide_import(flags: Mapping[str, Any]) -> None:
    """Import the openai client in the background, where this run will need it."""
    if not str(flags.get("model") or os.environ.get("GITGEN_MODEL") or "").startswith(REPLAY):
        from gitgen.ai.endpoint import warm_up

        warm_up()


def settings_of(repository: Repository | None, flags: Mapping[str, Any]) -> Settings:
    """What the user chose, for a repository or, before there is one, for this folder."""
    config = (repository or Repository(Git(Path.cwd()), None)).config
    return resolve(flags, os.environ, config)


def shelf_of(repository: Repository | None, settings: Settings) -> Shelf:
    """All steps there are here; the user's folder is seen from the root of the work tree."""
    if settings.steps is None or repository is None or repository.top is None:
        return Shelf(settings.steps)
    return Shelf(repository.top / settings.steps)


@contextmanager
def world(
    repository: Repository,
    flags: Mapping[str, Any],
    *,
    sure_to_ask: bool = True,
    secrets: Iterable[str] = (),
    own_steps: bool = True,
    screen: ui.Quiet | None = None,
) -> Iterator[World]:
    """The world of a step; with `sure_to_ask` it is an error at once if there is no model to ask.

    `secrets` are kept out of chats as those of the environment are; without `own_steps` no code of the user's is run.
    `screen` is told what happens, where it is not the user's own.
    """
    settings = resolve(flags, os.environ, repository.config)
    if settings.preprompts:
        resources.check_preprompts(settings.preprompts)
    profiles.check(settings.profiles)
    if sure_to_ask and (choice := choose(settings)).kind != "replay":
        budget.require_prices(settings, choice.names)
    shelf = shelf_of(repository, settings) if own_steps else Shelf()
    verified = own_steps and not flags.get("no_verify")
    screen = screen or ui.screen(bool(flags.get("quiet") or flags.get("as_json")))
    with ExitStack() as stack:
        stack.callback(screen.close)
        stack.callback(repository.git.close)

        @cache
        def model() -> Model:
            return open_model(choose(settings), settings, lambda branch: _recorded(repository, branch), stack)

        yield World(
            repository=repository,
            model=model,
            settings=settings,
            listener=screen,
            redact=redactor(
                os.environ, settings.api_key, *repository.config.get("gitgen.apikey", ()), *secrets, scan=scanner()
            ),
            preprompt=lambda name: resources.preprompt(name, settings.preprompts, shelf.folder),
            shelf=shelf,
            person=ui.ask if ui.attended() else None,
            pre_commit=partial(_pre_commit, repository, settings, screen) if verified else None,
            execute=partial(_execute, repository, settings, bool(flags.get("network")), screen),
        )


def _execute(
    repository: Repository, settings: Settings, network: bool, screen: ui.Quiet, branch: str, commit: str, command: str
) -> Ran:
    """Run a command on the files of a commit, in a work tree of its own."""
    from gitgen.repository import checkout
    from gitgen.running import sandbox

    screen.running(command)
    with checkout.checked_out(repository, branch.removeprefix(PREFIX), commit) as place:
        return sandbox.run(
            command, place, limits=limits(settings), mode=settings.sandbox, network=network, echo=screen.output
        )


def _pre_commit(
    repository: Repository, settings: Settings, screen: ui.Quiet, parent: str, commit: Callable[[], str]
) -> Hooked | None:
    """Run the user's hook, if there is one, on the files of a commit."""
    from gitgen import hooks

    if not hooks.has_hook(repository, hooks.PRE_COMMIT):
        return None
    screen.running(f"your {hooks.PRE_COMMIT} hook")
    return hooks.pre_commit(repository, parent, commit(), limits(settings), screen.output)


def limits(settings: Settings) -> Limits:
    """What a program may use here."""
    from gitgen.running.process import Limits

    return Limits(settings.time_limit, settings.memory)


def _recorded(repository: Repository, branch: str) -> tuple[Recorded, ...]:
    session = load(repository, branch)
    if session is None:
        raise no_session(repository, branch)
    return recordings(repository, [chat_of(repository, commit) for commit in session.steps])


def report(repository: Repository, branch: str, landed: Iterable[Landed], as_json: bool) -> int:
    """Print each step as it lands, or all as JSON at the end; 0. Raises GitgenError at one that failed."""
    done: list[Landed] = []
    try:
        for step in landed:
            done.append(step)
            if not as_json:
                ui.say(line_of(step))
    except GitgenError as error:
        if as_json and done:
            ui.say_json([as_dict(step) for step in done])
        if "gitgen resume" not in error.mend and progress_of(repository, branch) is not None:
            error.mend += f"; then: gitgen resume {branch}"
        head = repository.head_branch() or ""
        if head.startswith(PREFIX) and head != branch and branch not in error.mend:
            # By itself it would go on with the session that is checked out.
            error.mend = error.mend.replace("gitgen resume", f"gitgen resume {branch}")
        raise
    if as_json:
        ui.say_json([as_dict(step) for step in done])
    elif not done:
        ui.note("nothing is left to do")
    if done and done[-1].status not in DONE:
        raise failure(done[-1])
    return 0


def line_of(landed: Landed) -> str:
    """A step in one line, with what was noted about its edits in lines below."""
    usage = landed.chat.usage
    count = "1 file" if len(landed.changes) == 1 else f"{len(landed.changes)} files"
    spent = f"{ui.tokens(usage.total_tokens)} tokens" + (f" ({usage.source})" if usage.source != "api" else "")
    ran = landed.chat.ran
    exited = f"exit {ran.exit_code}  " if ran else ""
    first = f"{landed.oid[:10]}  {landed.chat.step:<10}  {landed.status:<9}  {count}  {spent}  {exited}{landed.subject}"
    notes = [*landed.draft.notes]
    if landed.hooked:
        notes.append(f"your hook changed {', '.join(landed.hooked)}; that is a commit of its own")
    return "\n".join((ui.printable(first), *(f"  note: {ui.printable(line)}" for line in notes)))


def as_dict(landed: Landed) -> dict[str, Any]:
    """A step as JSON has it."""
    return {
        "branch": landed.branch,
        "commit": landed.oid,
        "step": landed.chat.step,
        "status": landed.status,
        "files": sorted(landed.changes),
        "notes": list(landed.draft.notes),
        "changed_by_hook": list(landed.hooked),
        "refused": [str(refusal) for refusal in landed.draft.refusals],
        **({"test": landed.chat.ran.command, "exit_code": landed.chat.ran.exit_code} if landed.chat.ran else {}),
        **usage_dict(landed.chat),
    }


def usage_dict(chat: Chat) -> dict[str, Any]:
    """The model and the tokens of a chat as JSON has them."""
    usage = chat.usage
    return {
        "model": ", ".join(chat.models),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "usage": usage.source,
    }


def failure(landed: Landed) -> GitgenError:
    """Why a step that landed did not do what it was asked."""
    # Nobody can be asked again for a reply that was pasted.
    asked = not landed.chat.turns or any(turn.messages for turn in landed.chat.turns)
    again = f"gitgen resume {landed.branch} asks again" if asked else "gitgen apply takes another"
    again += f"; gitgen show {landed.oid[:10]} shows the reply"
    if landed.status == "rejected":
        if landed.draft.refusals[0].kind == HOOK_REFUSES:
            again = f"gitgen reparse {landed.oid[:10]} --no-verify takes it all the same; gitgen resume {landed.branch}"
        reasons = "; ".join(map(str, landed.draft.refusals[:3]))
        more = f" (and {len(landed.draft.refusals) - 3} more)" if len(landed.draft.refusals) > 3 else ""
        return GitgenError(ui.printable(f"The reply was rejected, no file was changed: {reasons}{more}"), again)
    why = landed.reply.finish_reason if landed.reply else None
    cut = {
        "length": "was cut off at its longest length",
        "content_filter": "was stopped by a content filter",
        ENDLESS: "had no end and was given up",
    }
    return GitgenError(f"The reply {cut.get(why or '', 'broke off')}; it is kept and was not applied", again)
