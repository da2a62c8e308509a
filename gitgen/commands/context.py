"""`gitgen context`: which files a model would be shown, and why."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gitgen import context, preflight, showing, ui
from gitgen.ai import NoModel
from gitgen.ai.choice import choose
from gitgen.commands._asking import settings_of
from gitgen.commands._naming import named_files, names_files
from gitgen.errors import GitgenError
from gitgen.models.profiles import Profile, profile_of
from gitgen.ranking import index
from gitgen.ranking.rank import cache_of
from gitgen.ranking.selection import Selection, Shown
from gitgen.repository import Repository
from gitgen.repository.tree import GitTree
from gitgen.settings import DEFAULT_MODEL, Settings
from gitgen.state.log import load
from gitgen.touched import touched

NAMED = 5


@click.command()
@click.argument("text", required=False)
@names_files
@click.option("--branch", help="The branch to look at; it need not be checked out.")
@click.option("--model", metavar="NAME", help="The model whose tokens are counted; by default the one that is asked.")
@click.option("--all", "all_ranked", is_flag=True, help="The whole ranking, not only what would be shown.")
@click.option("--status", is_flag=True, help="How much the cache holds.")
@click.option("--clear-cache", is_flag=True, help="Delete the cache; it is made anew when it is needed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    text: str | None,
    files: tuple[str, ...],
    read: tuple[str, ...],
    branch: str | None,
    all_ranked: bool,
    status: bool,
    clear_cache: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Which files `gitgen fix TEXT` would show to the model, and why.

    A small repository is shown as a whole. In a larger one the files are ranked by what they hold, define and are
    called, and by the commits that touched them; what the session has touched comes after them, and .gitgenignore names
    what is never to be shown. With --file only the named files are shown, with --read the named ones and the rest. TEXT
    is read from standard input if it is left out. Nothing is sent anywhere.

    \b
    Example:
      gitgen context 'Dates are printed in the wrong order'
      gitgen context --branch gitgen/todo --json 'Refuse empty items'
      gitgen context --read docs/format.md 'Write dates as the format says'
      gitgen context --status
    """
    repository = _repository()
    if clear_cache or status:
        return _cache(repository, clear_cache, as_json)
    query = text if text is not None else "" if sys.stdin.isatty() else sys.stdin.read()
    if not query.strip():
        raise GitgenError("There is no feedback to choose files for", "gitgen context 'what shall be changed'")
    name, tip = (branch, preflight.tip_of(repository, branch)) if branch else preflight.branch_of_head(repository)
    settings = settings_of(repository, flags)
    model = _model(settings)
    profile = profile_of(model, settings.profiles)
    given = _given(repository, repository.tree(tip), model, named_files(repository, files, read))
    if files:
        _say_named(name, given, as_json)
    elif not all_ranked and (whole := _whole(repository, tip, given, profile, model)) is not None:
        _say_whole(name, whole, as_json)
    else:
        budget = showing.room_for_files(profile)
        chosen = _chosen(repository, name, tip, query, given, budget, model)
        if as_json:
            ui.say_json({"branch": name, "budget": budget, **_as_dict(chosen, all_ranked)})
        else:
            _say(chosen, all_ranked, budget)
    return 0


def _whole(
    repository: Repository, tip: str, given: tuple[Shown, ...], profile: Profile, model: str
) -> list[str] | None:
    """The paths that are shown of a tree so small that all of it is; None where it is not."""
    hidden, room = {item.part.oid for item in given}, profile.room - sum(item.tokens for item in given)
    small = showing.small_tree(repository, tip, repository.tree(tip), hidden, room, model)
    return None if small is None else [*(item.part.path for item in given), *(file.path for file in small)]


def _chosen(
    repository: Repository, branch: str, tip: str, query: str, given: tuple[Shown, ...], budget: int, model: str
) -> Selection:
    """The named files, and what of the others ranks best, in the budget that the named ones leave."""
    session = load(repository, branch)
    before = touched(repository, session) if session else {}
    hidden, taken = {item.part.oid for item in given}, sum(item.tokens for item in given)
    left, tree = max(budget - taken, 0), repository.tree(tip)
    chosen = showing.choose(repository, tree, tip, query, left, model, hidden, before, progress=ui.reading)
    return replace(chosen, shown=(*given, *chosen.shown), tokens=chosen.tokens + taken)


def _given(repository: Repository, tree: GitTree, model: str, named: Mapping[str, list[str]]) -> tuple[Shown, ...]:
    """The files that the user named, those to be read only first, as `showing.shown` has them."""
    found = []
    for option, paths in (("--read", named.get("read", [])), ("--file", named["files"])):
        for item in context.named(paths, tree, tree.entry):
            count = showing.tokens_of(repository, model, [item])
            found.append(Shown(item.file, 0.0, count, (f"given with {option}",)))
    return tuple(found)


def _repository() -> Repository:
    """The repository here, a bare one too."""
    repository = Repository.find(Path.cwd())
    return repository if repository is not None else preflight.repository_at(Path.cwd())


def _model(settings: Settings) -> str:
    try:
        return choose(settings).names[0]
    except NoModel:
        return settings.models[0] if settings.models else DEFAULT_MODEL


def _cache(repository: Repository, clear: bool, as_json: bool) -> int:
    path = cache_of(repository.git)
    held = index.held(path)
    if clear:
        index.clear(path)
    if as_json:
        ui.say_json({"path": str(path), "cleared": clear, **held})
    elif not held["bytes"]:
        ui.say(f"{path}: there is no cache")
    else:
        what = f"{held['blobs']} files, {held['commits']} commits, {held['bytes'] / 1e6:.1f} MB"
        ui.say(f"{path}: {what}{', deleted' if clear else ''}")
    return 0


def _say_whole(branch: str, paths: list[str], as_json: bool) -> None:
    if as_json:
        ui.say_json({"branch": branch, "whole": True, "files": [{"path": path} for path in paths]})
        return
    for path in paths:
        ui.say(ui.printable(path))
    ui.note(f"{branch} is small: all its text files are shown")


def _say_named(branch: str, given: tuple[Shown, ...], as_json: bool) -> None:
    tokens = sum(item.tokens for item in given)
    if as_json:
        ui.say_json(
            {"branch": branch, "whole": False, "tokens": tokens, "files": [_shown_dict(item) for item in given]}
        )
        return
    for item in given:
        ui.say(_line(item))
    ui.note(f"shown: the named files alone, {tokens} tokens")


def _say(chosen: Selection, all_ranked: bool, budget: int) -> None:
    if all_ranked:
        for file in chosen.ranking.files:
            ui.say(ui.printable(f"{file.score:6.2f}  {file.path}"))
        return
    for item in chosen.shown:
        ui.say(_line(item))
    reasons = dict[str, list[str]]()
    for path, why in chosen.left_out:
        reasons.setdefault(why, []).append(path)
    for why, paths in reasons.items():
        rest = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        ui.note(ui.printable(f"left out, {why}: {', '.join(paths[:NAMED])}{rest}"))
    ui.note(showing.summary(chosen, "not in this clone, and ranked by their paths", budget))


def _line(item: Shown) -> str:
    return ui.printable(f"{item.score:6.2f} {item.tokens:>7} {item.form:<8} {item.part.path}  ({', '.join(item.why)})")


def _as_dict(chosen: Selection, all_ranked: bool) -> dict[str, Any]:
    ranking = chosen.ranking
    ranked = [{"path": file.path, "score": round(file.score, 4), "parts": dict(file.parts)} for file in ranking.files]
    return {
        "whole": False,
        "tokens": chosen.tokens,
        "read": ranking.read,
        "total": ranking.total,
        "files": [_shown_dict(item) for item in chosen.shown],
        "left_out": [{"path": path, "why": why} for path, why in chosen.left_out],
        "map": chosen.map,
        **({"ranking": ranked} if all_ranked else {}),
    }


def _shown_dict(item: Shown) -> dict[str, Any]:
    return {
        "path": item.part.path,
        "form": item.form,
        "score": round(item.score, 4),
        "tokens": item.tokens,
        "why": list(item.why),
    }
