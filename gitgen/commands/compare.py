"""`gitgen compare`: two steps or sessions beside each other."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at, step_at
from gitgen.errors import GitgenError
from gitgen.history.comparison import Side, changed, differences, session_side, step_side
from gitgen.repository import HEADS, Repository
from gitgen.state.commits import PREFIX
from gitgen.state.log import history
from gitgen.ui.pager import pager_for

_NARROW, _WIDE, _LABEL = 60, 100, 9
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}

Paint = Callable[..., str]


@click.command()
@click.argument("a")
@click.argument("b")
@click.option("--branch", help="The session that numbers of steps are of; by default the one that is checked out.")
@click.option("--diff", is_flag=True, help="The difference of the files line by line.")
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def command(a: str, b: str, branch: str | None, diff: bool, as_json: bool) -> int:
    """Two steps or two sessions beside each other: what was asked and answered, the files, tokens, model and test.

    A and B are each a session, a commit of a step of any session, or the number of a step. Of messages and replies
    only what differs is shown, as git shows differences.

    \b
    Example:
      gitgen compare 2 3
      gitgen compare todo todo-with-another-model --diff
    """
    repository = preflight.repository_at(Path.cwd())
    one, other = (_side(repository, named, branch) for named in (a, b))
    if as_json:
        ui.say_json(_as_dict(repository, one, other))
        return 0
    pager = pager_for(repository, "diff")
    paint = ui.styled if pager.colour else lambda text, **_: text
    width = max(_NARROW, min(shutil.get_terminal_size((80, 24)).columns, _WIDE))
    options = () if diff else (f"--stat={width}",)
    files = changed(repository, one.after, other.after, *options).splitlines()
    pager.show(
        [
            "\n".join(_facts(repository, one, other, width, paint)),
            *_section("asked", differences(one.requests(), other.requests()), paint),
            *_section("answered", differences(one.replies(), other.replies()), paint),
            *_section("files", files, paint),
        ]
    )
    return 0


def _side(repository: Repository, named: str, branch: str | None) -> Side:
    branches = {HEADS + named, HEADS + PREFIX + named}
    if branches & repository.refs(*branches).keys():
        return session_side(repository, session_at(repository, named))
    if re.fullmatch(r"[0-9]{1,6}", named):
        return step_side(repository, step_at(session_at(repository, branch), named, repository))
    oid = repository.resolve(named)
    commit = next(history(repository, "--max-count=1", oid), None) if oid else None
    if commit is None or not commit.step:
        raise GitgenError(f"{named} is no step and no session", "gitgen log and gitgen sessions list them")
    return step_side(repository, commit)


def _facts(repository: Repository, a: Side, b: Side, width: int, paint: Paint) -> Iterator[str]:
    column = (width - _LABEL - 4) // 2
    of_a, of_b = (_rows(repository, side) for side in (a, b))
    for label in of_a:
        cells = [_fitting(ui.printable(rows[label]), column) for rows in (of_a, of_b)]
        first = label == next(iter(of_a))
        same = of_a[label] == of_b[label]
        line = f"{'' if first else label:<{_LABEL}}  {cells[0]:<{column}}  {cells[1]}".rstrip()
        yield paint(line, bold=True) if first else paint(line, dim=True) if same else line


def _rows(repository: Repository, side: Side) -> dict[str, str]:
    usage = side.usage
    spent = f"{usage.total_tokens} ({usage.prompt_tokens} + {usage.completion_tokens})"
    ran = side.ran
    return {
        "name": side.name,
        "asked": side.asked,
        "steps": ", ".join(step.step for step in side.steps) if len(side.steps) < 6 else str(len(side.steps)),
        "status": side.status,
        "model": ", ".join(side.models) or "-",
        "tokens": spent + (", estimated" if usage.source == "estimated" else ""),
        "time": f"{side.seconds:.1f} s",
        "test": f"exit {ran.exit_code}, {ran.seconds:.1f} s: {ran.command}" if ran else "-",
        "changed": _count(_numbers(repository, side.before, side.after)),
    }


def _fitting(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _section(name: str, lines: Sequence[str], paint: Paint) -> Iterator[str]:
    yield f"\n{paint(f'--- {name} ---', bold=True)}"
    if not lines:
        yield paint("the same", dim=True)
    for line in map(ui.printable, lines):
        colour = None if line.startswith(("+++ ", "--- ")) else _COLOURS.get(line[:1])
        yield paint(line, fg=colour) if colour else line


def _as_dict(repository: Repository, a: Side, b: Side) -> dict[str, object]:
    return {
        "a": _side_dict(a),
        "b": _side_dict(b),
        "asked": differences(a.requests(), b.requests()),
        "answered": differences(a.replies(), b.replies()),
        "files": [
            {"path": path, "insertions": i, "deletions": d} for path, i, d in _numbers(repository, a.after, b.after)
        ],
    }


def _side_dict(side: Side) -> dict[str, object]:
    usage = side.usage
    return {
        "name": side.name,
        "commit": side.after,
        "asked": side.asked,
        "steps": [step.oid for step in side.steps],
        "status": side.status,
        "models": list(side.models),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "seconds": side.seconds,
        "ran": vars(side.ran) if side.ran else None,
    }


def _numbers(repository: Repository, old: str, new: str) -> list[tuple[str, int | None, int | None]]:
    """Each path that differs, with the lines that are added and deleted; None of a binary file."""
    listed = changed(repository, old, new, "--numstat", "-z", "--no-renames").split("\0")
    words = (line.split("\t", 2) for line in listed if line)
    return [(path, int(i) if i.isdigit() else None, int(d) if d.isdigit() else None) for i, d, path in words]


def _count(numbers: list[tuple[str, int | None, int | None]]) -> str:
    files = "1 file" if len(numbers) == 1 else f"{len(numbers)} files"
    return f"{files} +{sum(i or 0 for _, i, _ in numbers)} -{sum(d or 0 for _, _, d in numbers)}" if numbers else "-"
