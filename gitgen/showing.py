"""What a step's model is shown: the files that the user named, all of a small tree, or those that rank best."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import Any

from gitgen import context
from gitgen.models import tokens
from gitgen.models.profiles import Profile
from gitgen.ranking.counts import Counts
from gitgen.ranking.rank import cache_of, rank
from gitgen.ranking.reading import Progress, missing, silent
from gitgen.ranking.rules import Rules
from gitgen.ranking.selection import BUDGET, Selection, forms, select, text_of
from gitgen.record import FOLDER, File, Part, Text
from gitgen.repository import Repository
from gitgen.repository.tree import GitTree
from gitgen.world import World

PATIENCE = 1.5
"""Seconds that a step may spend on reading files that are not in the cache."""
SHARE = 0.75
"""The part of a request's room that files may take; the rest is for what is said about them."""
WHOLE = 100_000
"""Tokens; a larger tree is not shown as a whole, though some models would take it: each step would pay for it."""


def shown(
    world: World,
    tip: str,
    tree: GitTree,
    inputs: Mapping[str, Any],
    prompt: File,
    profile: Profile,
    model: str,
    touched: Callable[[], Mapping[str, str]],
) -> tuple[Part, ...]:
    """The parts of a message that show files; GitgenError for a file that was named and cannot be shown.

    `touched` is asked only where files have to be chosen.
    """
    reference = context.named(inputs.get("read", ()), tree, tree.entry)
    aside: tuple[Part, ...] = ()
    if reference:
        aside = (Text(world.preprompt("reference")), *(item.file for item in reference))
    if inputs.get("files"):
        return (*aside, *(item.file for item in context.named(inputs["files"], tree, tree.entry)))
    taken = tokens_of(world.repository, model, reference) if reference else 0
    hidden = {prompt.oid, *(item.file.oid for item in reference)}
    small = small_tree(world.repository, tip, tree, hidden, profile.room - taken, model)
    if small is not None:
        return (*aside, *small)
    query = "\n".join(str(inputs[name]) for name in ("feedback", "failure") if inputs.get(name))
    query = query or (context.as_text(tree[prompt.path]) or "")
    budget, until = max(room_for_files(profile) - taken, 0), time.monotonic() + PATIENCE
    chosen = choose(world.repository, tree, tip, query, budget, model, hidden, touched(), until)
    world.listener.note(summary(chosen, "not looked into yet, gitgen context does that", budget))
    return (*aside, Text(world.preprompt("context")), Text(chosen.map), *(item.part for item in chosen.shown))


def small_tree(
    repository: Repository, tip: str, tree: GitTree, hidden: Collection[str], room: int, model: str
) -> tuple[File, ...] | None:
    """All text files of a tree that fits as a whole, but for the blobs `hidden` and what `.gitgenignore` names.

    None too where a partial clone has not all of them: to find out how long they are each would have to be fetched.
    """
    if missing(repository.git, tip + "^{tree}"):
        return None
    room, rules = min(room, WHOLE), Rules(tree)
    # A copy of the session's own prompt is no file of the program; shown, it argues against the feedback.
    found = context.small_tree(
        (entry for entry in tree.walk() if entry.oid not in hidden and not rules.ignored(entry.path)),
        tree.start_of,
        lambda texts: tokens.fits(texts, room, model),
        room,
    )
    return None if found is None else tuple(item.file for item in found)


def room_for_files(profile: Profile) -> int:
    """The tokens that files may take of a request."""
    return min(BUDGET, int(profile.room * SHARE))


def choose(
    repository: Repository,
    tree: GitTree,
    commit: str,
    query: str,
    budget: int,
    model: str,
    hidden: Collection[str] = (),
    touched: Mapping[str, str] = MappingProxyType({}),
    until: float | None = None,
    progress: Progress = silent,
) -> Selection:
    """The files of a commit that a query is about, then those that the session touched, within a budget of tokens."""
    ranking = rank(repository.git, commit, query, until=until, progress=progress)
    absent = missing(repository.git, commit + "^{tree}")
    with closing(counts_of(repository, model)) as counts:
        return select(tree, ranking, budget, counts, hidden, touched, absent)


def counts_of(repository: Repository, model: str) -> Counts:
    """What counts the tokens of a repository's blobs; it is to be closed."""
    return Counts(cache_of(repository.git), model, lambda text: tokens.counter(model)(text))


def tokens_of(repository: Repository, model: str, files: Iterable[context.Shown]) -> int:
    """The tokens of files that are shown whole."""
    with closing(counts_of(repository, model)) as counts:
        return sum(counts.of(one.file.oid, "whole", context.render(one.file.path, one.text)) for one in files)


def summary(chosen: Selection, rest: str, budget: int) -> str:
    """What was chosen of a budget, in a line; `rest` says of files that are not looked into how that comes."""
    ranking = chosen.ranking
    outlines = sum(item.form == "outline" for item in chosen.shown)
    count = f"{len(chosen.shown)} of {ranking.total} files" + (f", {outlines} in outline" if outlines else "")
    unread = ranking.total - ranking.read
    return f"shown: {count}, {chosen.tokens} tokens of {budget}" + (f"; {unread} files are {rest}" if unread else "")


def more(tree: GitTree, paths: tuple[str, ...], budget: int, counts: Counts) -> tuple[Part, ...]:
    """Parts that show files which the model asked for, and say of each that cannot be shown why."""
    rules, parts = Rules(tree), list[Part]()
    for path in paths:
        entry = tree.entry(path)
        if entry is None or not entry.mode.startswith("10") or path.startswith(FOLDER + "/"):
            parts.append(Text(f"There is no file {path}."))
            continue
        text, why = text_of(tree, rules, path)
        form = next(forms(path, entry.oid, text, budget, counts), None) if text is not None else None
        if form is None:
            parts.append(Text(f"{path} cannot be shown: {why or 'it is too long'}."))
        else:
            parts.append(form[0])
            budget -= form[1]
    return tuple(parts)
