"""`gitgen doctor`: what is missing here, and the command that mends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from gitgen import ui
from gitgen.ai.choice import choose
from gitgen.commands._asking import settings_of
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.ranking import index
from gitgen.ranking.rank import cache_of
from gitgen.repository import Repository


@dataclass(frozen=True)
class Finding:
    """What was looked at and what there is; `mend` is the command for what is not as it has to be."""

    name: str
    said: str
    mend: str = ""

    @property
    def ok(self) -> bool:
        return not self.mend


@click.command()
@click.option("--model", metavar="NAME", help="The model that would be asked.")
@click.option("--base-url", metavar="URL", help="The endpoint that would be asked, by its address or its name.")
@click.option("--clear-cache", is_flag=True, help="Delete the cache; it is made anew when it is needed.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(clear_cache: bool, as_json: bool, **flags: str | None) -> int:
    """What gitgen needs and whether it is here: Git, who you are, a model to ask, its cache.

    A line for each; where something is missing, the command that mends it, and exit code 1. Nothing is sent anywhere,
    and no key is shown.

    \b
    Example:
      gitgen doctor
      gitgen doctor --clear-cache
    """
    found = Repository.find(Path.cwd())
    repository = found or Repository(Git(Path.cwd()), None)
    checks: tuple[tuple[str, Callable[[], str]], ...] = (
        ("git", lambda: repository.git.text("version").removeprefix("git version ")),
        ("identity", lambda: repository.identity[0].rpartition(" <")[0]),
        ("model", lambda: _model(repository, flags)),
        ("cache", lambda: _cache(repository, clear_cache) if found else "none: this is no repository"),
    )
    findings = [_finding(name, look) for name, look in checks]
    if as_json:
        ui.say_json([{**asdict(finding), "ok": finding.ok} for finding in findings])
    else:
        for finding in findings:
            ui.say(ui.printable(f"{'ok' if finding.ok else 'no':<4}{finding.name:<10}{finding.said}"))
            if finding.mend:
                ui.say(ui.printable(f"{'':<14}-> {finding.mend}"))
    return 0 if all(finding.ok for finding in findings) else 1


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, look())
    except GitgenError as error:
        return Finding(name, error.what, error.mend)


def _model(repository: Repository, flags: dict[str, str | None]) -> str:
    """What would be asked; whether there is a key, but never the key."""
    settings = settings_of(repository, flags)
    choice = choose(settings)
    key = "" if choice.kind != "endpoint" else ", with a key" if settings.api_key else ", without a key"
    return f"{', '.join(choice.names) or 'the model that the endpoint takes'} at {choice.place}{key}"


def _cache(repository: Repository, clear: bool) -> str:
    path = cache_of(repository.git)
    held = index.held(path)
    if not held["bytes"]:
        return f"{path}: not made yet"
    if clear:
        index.clear(path)
    what = f"{held['blobs']} files, {held['commits']} commits, {held['bytes'] / 1e6:.1f} MB"
    return f"{path}: {what}{', deleted' if clear else ''}"
