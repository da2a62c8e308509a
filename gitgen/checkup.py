"""What gitgen needs and whether it is here; each look ends in a finding, with the command for what is missing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec

from gitgen import leftovers
from gitgen.ai import local, weights
from gitgen.ai.choice import Choice, choose
from gitgen.ai.failures import without_password
from gitgen.api.catalog import is_called
from gitgen.errors import GitgenError
from gitgen.models import tokens
from gitgen.repository import Repository
from gitgen.running.sandbox import check_bubblewrap
from gitgen.settings import Settings

OLDEST_GIT = (2, 36)
"""The first with `git hook run`, and with `git worktree list -z`."""
EXTRAS = {
    "github": "github",
    "gitlab": "gitlab",
    "redact": "pybetterleaks",
    "local": "xllamacpp",
    "dask": "distributed",
}
"""The module that an extra of gitgen's brings."""
PATIENCE = 15.0
"""Seconds for the endpoint to answer."""


@dataclass(frozen=True)
class Finding:
    """What was looked at and what there is; `mend` is the command for what is not as it could be."""

    name: str
    said: str
    mend: str = ""
    needed: bool = True
    """Whether a step fails without it."""

    @property
    def ok(self) -> bool:
        return not self.mend


def look_at(repository: Repository, settings: Callable[[], Settings], *, offline: bool) -> Iterator[Finding]:
    """The findings, one after the other; the endpoint is asked for its models unless `offline`."""
    yield _finding("git", lambda: _git(repository))
    yield _finding("identity", lambda: repository.identity[0].rpartition(" <")[0])
    try:
        chosen = settings()
        choice = choose(chosen)
    except GitgenError as error:
        yield Finding("model", error.what, error.mend)
        model = ""
    else:
        model = choice.names[0] if choice.names else ""
        names = ", ".join(choice.names) or "the one model that the endpoint offers"
        yield Finding("model", f"{names} at {without_password(choice.place)}")
        if choice.kind == "endpoint":
            yield Finding("key", f"{chosen.key_variable} is set" if chosen.api_key else "none is set, and none is sent")
            yield _finding("endpoint", lambda: _endpoint(choice, chosen, offline))
    yield replace(_finding("local", _local), needed=False)
    yield replace(_finding("sandbox", _sandbox), needed=False)
    yield _finding("tokenizer", lambda: _tokenizer(model))
    missing = [name for name, module in EXTRAS.items() if find_spec(module) is None]
    here = ", ".join(name for name in EXTRAS if name not in missing) or "none"
    mend = f"pip install 'gitgen[{','.join(missing)}]'" if missing else ""
    yield Finding("extras", here + (f"; not here: {', '.join(missing)}" if missing else ""), mend, needed=False)


def left(repository: Repository | None) -> Iterator[tuple[Finding, leftovers.Leftover | None]]:
    """A finding for each leftover, or one that there is none."""
    found = [*(leftovers.of_repository(repository) if repository else ()), *leftovers.of_machine()]
    for leftover in found:
        yield Finding("leftovers", leftover.what, leftover.mend, needed=False), leftover
    if not found:
        yield Finding("leftovers", "none"), None


def _finding(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, look())
    except GitgenError as error:
        return Finding(name, error.what, error.mend)


def _git(repository: Repository) -> str:
    version = repository.git.text("version").removeprefix("git version ")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST_GIT:
        raise GitgenError(f"{version} is too old", f"install git {'.'.join(map(str, OLDEST_GIT))} or later")
    return version


def _endpoint(choice: Choice, settings: Settings, offline: bool) -> str:
    """Whether the endpoint answers, and offers what would be asked."""
    from gitgen.ai.endpoint import Endpoint

    where = without_password(choice.place)
    if offline:
        return f"{where}, not asked"
    names, seconds = choice.names or ("",), min(settings.timeout, PATIENCE)
    offered = Endpoint(choice.place, settings.api_key, names, seconds, settings.key_variable).listed()
    asked = settings.models or choice.names
    lacking = [name for name in asked if not any(is_called(name, known) for known in offered)]
    if lacking and len(lacking) == len(asked):
        what = f"{where} answers, but does not offer {', '.join(lacking)}"
        raise GitgenError(what, "gitgen models lists what it offers; then: --model NAME")
    return f"{where} answers, and offers {len(offered)} model{'s' * (len(offered) != 1)}"


def _local() -> str:
    files, missing = weights.files(), local.missing()
    if missing:
        what, _, mend = missing.partition(": ")
        raise GitgenError(what, mend)
    if not files:
        raise GitgenError("no model file", "gitgen models pull")
    return ", ".join(file.stem for file in files) + f" in {weights.folder(os.environ)}"


def _sandbox() -> str:
    check_bubblewrap()
    return "bubblewrap works"


def _tokenizer(model: str) -> str:
    vocabulary, known = tokens.vocabulary_of(model)
    tokens.count(["one two"], model)
    instead = f", for want of {model}'s own" if model and not known else ""
    return f"{vocabulary}, without a network{instead}"
