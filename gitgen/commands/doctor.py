"""`gitgen doctor`: what is missing here, and the command that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from gitgen import checkup, leftovers, ui
from gitgen.checkup import Finding
from gitgen.commands._asking import settings_of
from gitgen.git import Git
from gitgen.ranking import index
from gitgen.ranking.rank import cache_of
from gitgen.repository import Repository


@click.command()
@click.option("--model", metavar="NAME", help="The model that would be asked.")
@click.option("--base-url", metavar="URL", help="The endpoint that would be asked, by its address or its name.")
@click.option("--offline", is_flag=True, help="Do not ask the endpoint whether it answers.")
@click.option("--clean", is_flag=True, help="Remove what killed commands left that nobody can miss.")
@click.option("--clear-cache", is_flag=True, help="Delete the cache; it is made anew when it is needed.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(offline: bool, clean: bool, clear_cache: bool, as_json: bool, **flags: str | None) -> int:
    """What gitgen needs and whether it is here: Git, who you are, a model and its endpoint, the sandbox, and so on.

    A line for each: ok; no, where a step would fail; or --, where something could be there and is not. The latter two
    come with the command that mends them, and a no with exit code 1. The endpoint is asked for the list of its models,
    which costs nothing. No key is shown.

    \b
    Example:
      gitgen doctor
      gitgen doctor --offline --json
      gitgen doctor --clean
    """
    found = Repository.find(Path.cwd())
    repository = found or Repository(Git(Path.cwd()), None)
    findings = list(checkup.look_at(repository, lambda: settings_of(repository, flags), offline=offline))
    findings.append(Finding("cache", _cache(found, clear_cache)))
    findings += _leftovers(found, clean)
    if as_json:
        ui.say_json([_as_dict(finding) for finding in findings])
    else:
        for finding in findings:
            sign = "ok" if finding.ok else "no" if finding.needed else "--"
            # A folder's name may have a newline in it.
            said = finding.said.replace("\n", " ")
            ui.say(ui.printable(f"{sign:<4}{finding.name:<11}{said}"))
            if finding.mend:
                ui.say(ui.printable(f"{'':<15}-> {finding.mend}"))
    return 0 if all(finding.ok or not finding.needed for finding in findings) else 1


def _as_dict(finding: Finding) -> Mapping[str, object]:
    return {**asdict(finding), "ok": finding.ok}


def _leftovers(repository: Repository | None, clean: bool) -> list[Finding]:
    found = list(checkup.left(repository))
    if not clean:
        return [finding for finding, _ in found]
    removed = leftovers.clean(leftover for _, leftover in found if leftover)
    rest = [finding for finding, leftover in found if leftover and not leftover.garbage]
    return [Finding("leftovers", f"{removed} removed"), *rest]


def _cache(repository: Repository | None, clear: bool) -> str:
    if repository is None:
        return "none: this is no repository"
    path = cache_of(repository.git)
    held = index.held(path)
    if not held["bytes"]:
        return f"{path}: not made yet"
    if clear:
        index.clear(path)
    what = f"{held['blobs']} files, {held['commits']} commits, {held['bytes'] / 1e6:.1f} MB"
    return f"{path}: {what}{', deleted' if clear else ''}"
