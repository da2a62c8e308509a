"""`python -m benchmarks.ranking`: what each part of the ranking adds to finding the files that a change was made in.

Cases are commits of this repository, or those of a file: a JSON object a line with `repo` (OWNER/NAME),
`parent_commit`, `query`, `files_changed_nontest` and `set`; `--mirrors` has the repositories as OWNER+NAME.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

from benchmarks.ground import ROOT
from gitgen.git import Git
from gitgen.ranking.kinds import kind_of, weights_for
from gitgen.ranking.rank import PARTS, Ranked, in_order, rank

FIRST, BUDGET, BYTES = 5, 32_000, 4
"""Of the first files, and of what fits into so many tokens of so many bytes, is asked which wanted ones are there."""
FIGURES = ("recall@5", "MRR", "within 32k")
OWN_COMMITS = 100
WHOLE = "all of it"


@dataclass(frozen=True)
class Case:
    """A change that was made: where it was to be made, what was said of it, and the files it touched."""

    repository: Path
    commit: str
    query: str
    files: frozenset[str]
    kind: str


Order = Callable[[str, Sequence[Ranked]], Iterable[str]]
"""The paths of ranked files, best first, for a query."""


def given(file: Path, mirrors: Path) -> Iterator[Case]:
    """The cases of a file whose repositories are there."""
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
        for case in map(json.loads, lines):
            folder = mirrors / case["repo"].replace("/", "+")
            folder = folder / "repo" if (folder / "repo").is_dir() else folder
            if folder.is_dir():
                files = frozenset(case["files_changed_nontest"] or ())
                yield Case(folder, case["parent_commit"], case["query"], files, case["set"])


def own() -> Iterator[Case]:
    """The last commits of this repository, each to be found from its message at its parent."""
    git = Git(ROOT)
    for oid in git.text("rev-list", "--no-merges", f"--max-count={OWN_COMMITS}", "--min-parents=1", "HEAD").split():
        changed = git.text("diff-tree", "--no-commit-id", "--name-only", "-r", "-z", "--diff-filter=MD", oid).split(
            "\0"
        )
        files = frozenset(path for path in changed if path and kind_of(path) != "test")
        yield Case(ROOT, f"{oid}^", git.text("log", "-1", "--format=%B", oid), files, "commit")


def orders() -> dict[str, Order]:
    """The ranking as it is, and without each thing that it is made of."""
    found: dict[str, Order] = {WHOLE: partial(_order, PARTS)}
    for part in PARTS:
        found[part] = partial(_order, {name: weight for name, weight in PARTS.items() if name != part})
    found["kinds of files"] = partial(_order, PARTS, kinds=False)
    found["worth for cost"] = _by_score
    return found


def _order(weights: Mapping[str, float], query: str, files: Sequence[Ranked], kinds: bool = True) -> Iterator[str]:
    weight = weights_for(query.strip().partition("\n")[0])
    scored = []
    for file in files:
        score = sum(weights.get(name, 0.0) * share for name, share in file.parts.items())
        if score:
            scored.append(replace(file, score=score * (weight[kind_of(file.path)] if kinds else 1.0)))
    return (file.path for file in in_order(scored))


def _by_score(query: str, files: Sequence[Ranked]) -> Iterator[str]:
    return (file.path for file in sorted(files, key=lambda file: (-file.score, file.path)))


def figures(case: Case, paths: Sequence[str], sizes: Mapping[str, int]) -> tuple[float, float, float]:
    """FIGURES of one ranking: a file that does not fit into the budget is passed over."""
    wanted = case.files & sizes.keys()
    place = {path: number for number, path in enumerate(paths)}
    found = [place[path] for path in wanted if path in place]
    left, shown = BUDGET * BYTES, set[str]()
    for path in paths:
        if sizes[path] <= left:
            left -= sizes[path]
            shown.add(path)
    recall = sum(number < FIRST for number in found) / len(wanted)
    return recall, max((1 / (1 + number) for number in found), default=0.0), len(wanted & shown) / len(wanted)


def sizes_of(git: Git, treeish: str) -> dict[str, int]:
    """The bytes of each file of a tree."""
    sizes = {}
    for row in git.run("ls-tree", "-r", "-l", "-z", treeish).decode("utf-8", "surrogateescape").split("\0")[:-1]:
        about, path = row.split("\t", 1)
        size = about.split()[3]
        sizes[path] = int(size) if size.isdigit() else 0
    return sizes


def measured(cases: Iterable[Case]) -> Iterator[tuple[str, Mapping[str, tuple[float, float, float]]]]:
    """Of each case that can be judged, its kind and the figures of each order."""
    every = orders()
    for case in cases:
        git = Git(case.repository)
        try:
            sizes = sizes_of(git, case.commit)
            if not case.files & sizes.keys():
                continue
            files = rank(git, case.commit, case.query).files
        finally:
            git.close()
        yield case.kind, {name: figures(case, list(order(case.query, files)), sizes) for name, order in every.items()}


def table(found: Iterable[tuple[str, Mapping[str, tuple[float, float, float]]]]) -> Iterator[str]:
    """What each thing adds, in points of a hundred with its standard error, for each kind of case."""
    by_kind = defaultdict(list)
    for kind, each in found:
        by_kind[kind].append(each)
    for kind, cases in sorted(by_kind.items()):
        whole = [f"{100 * mean(case[WHOLE][number] for case in cases):.1f}" for number in range(len(FIGURES))]
        yield f"{kind}, {len(cases)} cases: " + ", ".join(map(" ".join, zip(FIGURES, whole, strict=True)))
        yield f"{'what it adds':<18}" + "".join(f"{name:>16}" for name in FIGURES)
        for name in cases[0]:
            if name != WHOLE:
                yield f"{name:<18}" + "".join(f"{_added(cases, name, number):>16}" for number in range(len(FIGURES)))
        yield ""


def _added(cases: Sequence[Mapping[str, tuple[float, float, float]]], name: str, number: int) -> str:
    differences = [100 * (case[WHOLE][number] - case[name][number]) for case in cases]
    error = stdev(differences) / sqrt(len(differences)) if len(differences) > 1 else 0.0
    return f"{mean(differences):+.1f} ± {error:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking", description=__doc__)
    parser.add_argument("--cases", type=Path, metavar="FILE", help="cases; by default commits of this repository")
    parser.add_argument("--mirrors", type=Path, metavar="DIR", help="where the repositories of the cases are")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N cases")
    chosen = parser.parse_args()
    if bool(chosen.cases) != bool(chosen.mirrors):
        parser.error("--cases and --mirrors go together")
    cases = given(chosen.cases, chosen.mirrors) if chosen.cases else own()
    for line in table(measured(islice(cases, chosen.limit))):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
