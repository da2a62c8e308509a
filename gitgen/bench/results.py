"""What the runs of a bench came to: a reading of the branches of its repository, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal, TypeAlias

from gitgen.bench.runs import CONFIGURATION, MODEL, REPEAT, TASK, TASK_TREE, is_final
from gitgen.bench.statistics import signs, two_sided, wilson
from gitgen.history.sessions import every
from gitgen.models import prices
from gitgen.record import Chat, Usage
from gitgen.record.trailers import whole_number
from gitgen.repository import Repository
from gitgen.state.commits import Session
from gitgen.steps import CHECK

State: TypeAlias = Literal["passed", "failed", "unchecked", "unfinished"]
"""How a run stands: its check passed; that or a step failed; it has no check; it has not come to its end."""
FIELDS = ("task", "configuration", "model", "repeat")


@dataclass(frozen=True)
class Result:
    """One run."""

    branch: str
    task: str
    tree: str
    """The id of the task's folder, as it stood when the run began."""
    configuration: str
    model: str
    repeat: int
    state: State
    usage: Usage
    cost: float | None
    """USD, at today's price; None where it is not known."""
    seconds: float
    """How long its replies took."""
    why: str
    """What failed: a step, or the check with its exit code."""

    @property
    def final(self) -> bool:
        return self.state != "unfinished"


@dataclass(frozen=True)
class Row:
    """The runs of one configuration on one model."""

    configuration: str
    model: str
    results: tuple[Result, ...]

    @property
    def name(self) -> str:
        return f"{self.configuration} {self.model}"

    @property
    def final(self) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.final)

    @property
    def checked(self) -> int:
        """How many can have passed."""
        return sum(result.state in ("passed", "failed") for result in self.results)

    @property
    def passed(self) -> int:
        return sum(result.state == "passed" for result in self.results)

    @property
    def rate(self) -> float | None:
        return self.passed / self.checked if self.checked else None

    @property
    def interval(self) -> tuple[float, float]:
        """The bounds of the rate, with 95 % confidence."""
        return wilson(self.passed, self.checked)

    @property
    def tokens(self) -> int:
        return sum(result.usage.total_tokens for result in self.results)

    @property
    def cost(self) -> float | None:
        """USD; None where the price of one is not known."""
        known = [result.cost for result in self.results if result.cost is not None]
        return sum(known) if len(known) == len(self.results) else None

    @property
    def seconds(self) -> float:
        """Of a run, in the middle."""
        return median([result.seconds for result in self.final] or [0.0])


@dataclass(frozen=True)
class Comparison:
    """Two sets of runs, pair by pair: the same task, done the one way and the other."""

    pairs: tuple[tuple[Result, Result], ...]

    @property
    def decided(self) -> tuple[tuple[Result, Result], ...]:
        """The pairs of which both passed or failed."""
        return tuple(pair for pair in self.pairs if all(result.state in ("passed", "failed") for result in pair))

    @property
    def passed(self) -> tuple[int, int]:
        """How many of the pairs passed, on either side."""
        first, second = (sum(pair[side].state == "passed" for pair in self.decided) for side in (0, 1))
        return first, second

    @property
    def only(self) -> tuple[int, int]:
        """How many passed on one side alone."""
        first, second = (
            sum(pair[side].state == "passed" != pair[1 - side].state for pair in self.decided) for side in (0, 1)
        )
        return first, second

    @property
    def p_passed(self) -> float:
        """McNemar's exact test."""
        return two_sided(*self.only)

    @property
    def tokens(self) -> tuple[float, float]:
        """Of a run, in the middle, on either side."""
        first, second = (median([pair[side].usage.total_tokens for pair in self.pairs] or [0]) for side in (0, 1))
        return first, second

    @property
    def fewer(self) -> tuple[int, int]:
        """In how many pairs the one side took fewer tokens, and the other."""
        return signs((one.usage.total_tokens, other.usage.total_tokens) for one, other in self.pairs)

    @property
    def p_tokens(self) -> float:
        """The sign test."""
        return two_sided(*self.fewer)


def read(repository: Repository, own: Path | None = None) -> tuple[Result, ...]:
    """All runs of a repository, by task, configuration, model and repeat; `own` is the user's file of profiles."""
    sessions = [session for session in every(repository) if TASK in session.first.trailers]
    chats = repository.git.read_all(commit.log for session in sessions for commit in session.steps)
    seconds = {log: _seconds(content) for log, (_, content) in chats.items()}
    results = (_result(repository, session, seconds, own) for session in sessions)
    return tuple(sorted(results, key=lambda result: tuple(getattr(result, field) for field in FIELDS)))


def rows(results: Iterable[Result]) -> tuple[Row, ...]:
    """The results by configuration and model."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        found.setdefault((result.configuration, result.model), []).append(result)
    return tuple(Row(*key, tuple(each)) for key, each in sorted(found.items()))


def compare(one: Iterable[Result], other: Iterable[Result]) -> Comparison:
    """Two sets of final runs in pairs: alike in all but that in which each set is of one kind.

    A task that has changed in between is another task.
    """
    first, second = ([result for result in each if result.final] for each in (one, other))
    alike = [field for field in FIELDS if not (_single(first, field) and _single(second, field))]

    def key(result: Result) -> tuple[object, ...]:
        return (result.task, result.tree, *(getattr(result, field) for field in alike))

    there = {key(result): result for result in second}
    return Comparison(tuple((result, there[key(result)]) for result in first if key(result) in there))


def selected(results: Iterable[Result], wanted: Mapping[str, str]) -> Iterator[Result]:
    """The results that have these values in `FIELDS`."""
    for result in results:
        if all(str(getattr(result, field)) == value for field, value in wanted.items()):
            yield result


def _single(results: Iterable[Result], field: str) -> bool:
    return len({getattr(result, field) for result in results}) <= 1


def _result(repository: Repository, session: Session, seconds: Mapping[str, float], own: Path | None) -> Result:
    trailers = session.first.trailers
    costs = [prices.cost(commit.usage, commit.model, own) for commit in session.steps if commit.model]
    known = [cost for cost in costs if cost is not None]
    state, why = _state(repository, session)
    return Result(
        session.branch,
        trailers[TASK],
        trailers.get(TASK_TREE, ""),
        trailers.get(CONFIGURATION, ""),
        trailers.get(MODEL, ""),
        whole_number(trailers.get(REPEAT, "")),
        state,
        sum((commit.usage for commit in session.steps), Usage()),
        sum(known) if len(known) == len(costs) else None,
        sum(seconds.get(commit.log, 0.0) for commit in session.steps),
        why,
    )


def _state(repository: Repository, session: Session) -> tuple[State, str]:
    if not is_final(repository, session):
        return "unfinished", ""
    last = session.steps[-1] if session.steps else None
    if last is not None and last.step == CHECK:
        code = last.trailers.get("Gitgen-Exit-Code", "")
        return ("passed", "") if code == "0" else ("failed", f"the check ended with {code}")
    failed = session.failed()
    return ("failed", f"{failed.step} was {failed.status}") if failed else ("unchecked", "")


def _seconds(content: bytes) -> float:
    try:
        return sum(turn.seconds for turn in Chat.from_json(content).turns)
    except ValueError:
        return 0.0
