"""From a ranking to what a model is shown within a budget of tokens, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType

from gitgen import context
from gitgen.paths import tellable
from gitgen.ranking.counts import Counts
from gitgen.ranking.kinds import left_out
from gitgen.ranking.outline import outline
from gitgen.ranking.rank import PARTS, Ranked, Ranking
from gitgen.ranking.reading import LARGEST_BLOB
from gitgen.ranking.rules import Rules
from gitgen.record import FOLDER, File, Outline
from gitgen.repository.tree import GitTree
from gitgen.values import DIRECTORY

BUDGET = 32_000
"""Tokens of files that a request shows unless the model takes less: more costs more and is read less well."""
MOST_CONSIDERED = 60
MOST_IN_VAIN = 3
WORTH = 0.2
"""A file with less than this part of the score of the best one, of those not named, is not worth its tokens."""
LONGEST_LINE = 10_000
LARGEST_SHARE = 0.5
"""A file that takes more of the budget than this would show the model little else; it gets its outline."""
TOUCHED_SHARE = 0.125
"""What the ranking leaves of the budget to files that it does not name, but the session touched."""
MAP_LINES, MAP_WIDTH = 40, 100
BYTES_OF_NAMES = 3
"""Bytes of a map that a token holds, or more."""

_WHY = {
    "mentioned": "the feedback names it",
    "text": "its text",
    "subject": "its text",
    "names": "names it defines",
    "named": "names it defines",
    "path": "its path",
    "folder": "its folder",
    "commits": "commits that touched it",
    "history": "commits that touched it",
    "recent": "changed lately",
}


@dataclass(frozen=True)
class Shown:
    """A file that the model is shown, whole or in outline."""

    part: File | Outline
    score: float
    tokens: int
    why: tuple[str, ...]

    @property
    def form(self) -> str:
        return "outline" if isinstance(self.part, Outline) else "whole"


@dataclass(frozen=True)
class Selection:
    """What the model is shown, best first; `left_out` says of files that ranked as high why they are not."""

    shown: tuple[Shown, ...]
    left_out: tuple[tuple[str, str], ...]
    map: str
    tokens: int
    """Of the files and the map."""
    ranking: Ranking


def select(
    tree: GitTree,
    ranking: Ranking,
    budget: int,
    counts: Counts,
    hidden: Collection[str] = (),
    touched: Mapping[str, str] = MappingProxyType({}),
    absent: Collection[str] = (),
) -> Selection:
    """Choose from a ranking, then from the paths `touched`, each with how; blobs with a `hidden` id are passed over.

    The map is always there. Blobs with an `absent` id have to be fetched to be shown, and only then is known whether
    they fit: after MOST_IN_VAIN that did not, no more are.
    """
    project = map_of(tree)
    left = budget - len(project) // BYTES_OF_NAMES
    rules, shown, in_vain = Rules(tree), list[Shown](), 0
    least = WORTH * max((file.score for file in ranking.files if not file.parts.get("mentioned")), default=0.0)
    passed = [
        (file.path, left_out(file.path) or "")
        for file in ranking.left_out
        if file.score >= least or file.parts.get("mentioned")
    ]
    worthy = list(_worthy(ranking, least))
    late = _late(ranking, worthy, touched)
    reserved = int(TOUCHED_SHARE * budget) if late else 0
    for file in (*worthy, *late):
        entry = tree.entry(file.path)
        if entry is None or not entry.mode.startswith("10") or entry.oid in hidden:
            continue
        if entry.oid in absent and in_vain == MOST_IN_VAIN:
            passed.append((file.path, "not in this clone"))
            continue
        text, why = text_of(tree, rules, file.path)
        room = left if file in late else left - reserved
        most_of_it = min(room, int(LARGEST_SHARE * budget))
        form = next(forms(file.path, entry.oid, text, most_of_it, counts), None) if text is not None else None
        if form is None:
            passed.append((file.path, why or "does not fit any more"))
            in_vain += text is not None and entry.oid in absent
        else:
            because = (*reasons(file), *filter(None, [touched.get(file.path)]))
            shown.append(Shown(form[0], file.score, form[1], because))
            left -= form[1]
    return Selection(tuple(shown), tuple(passed), project, budget - left, ranking)


def _worthy(ranking: Ranking, least: float) -> Iterator[Ranked]:
    """The files that a text names, then those that have at least this score, but for gitgen's own."""
    files = sorted(ranking.files, key=lambda file: file.parts.get("mentioned", 0.0) < 1.0)
    for file in islice(files, MOST_CONSIDERED):
        worth = file.score >= least or file.parts.get("mentioned")
        if worth and not file.path.startswith(FOLDER + "/"):
            yield file


def _late(ranking: Ranking, worthy: Collection[Ranked], touched: Mapping[str, str]) -> list[Ranked]:
    """The files that only the session speaks for."""
    first = {file.path for file in worthy}
    scores = {file.path: file.score for file in ranking.files} if touched else {}
    paths = [path for path in touched if path not in first and not left_out(path)]
    return [Ranked(path, scores.get(path, 0.0), {}) for path in paths]


def text_of(tree: GitTree, rules: Rules, path: str) -> tuple[str | None, str]:
    """The text of a file, or why it is not to be shown."""
    why = rules.left_out(path) if tellable(path) else "its name is not UTF-8, or has control characters"
    if why:
        return None, why
    content = tree.start_of(path, LARGEST_BLOB + 1)
    if len(content) > LARGEST_BLOB:
        return None, f"larger than {LARGEST_BLOB // 1_000_000} MB"
    text = context.as_text(content)
    if text is None:
        return None, "binary, or not UTF-8"
    if max(map(len, text.split("\n"))) > LONGEST_LINE:
        return None, "minified"
    return text, ""


def forms(path: str, oid: str, text: str, left: int, counts: Counts) -> Iterator[tuple[File | Outline, int]]:
    """The forms of a file that fit into what is left, the fullest first, each with its tokens."""
    # A token is at least one byte, and few texts have more than eight bytes a token.
    if len(text) <= context.BYTES_PER_TOKEN * left:
        whole = counts.of(oid, "whole", context.render(path, text))
        if whole <= left:
            yield File(path, oid), whole
    spans = outline(path, text)
    if spans:
        short = counts.of(oid, "outline", context.render_outline(path, text, spans))
        if short <= left:
            yield Outline(path, oid, spans), short


def reasons(file: Ranked) -> tuple[str, ...]:
    """What in a text speaks for a file, the strongest first, three at most."""
    parts = sorted(file.parts, key=lambda name: -PARTS[name] * file.parts[name])
    strong = [name for name in parts if PARTS[name] * file.parts[name] > 0.1]
    return tuple(dict.fromkeys(_WHY[name] for name in strong or parts[:1]))[:3]


def map_of(tree: GitTree) -> str:
    """The topmost folders and files of a tree, and what is in those folders, in a few hundred tokens."""
    lines = []
    entries = [entry for entry in tree.children() if entry.path != FOLDER and tellable(entry.path)]
    for entry in entries[:MAP_LINES]:
        if entry.mode != DIRECTORY:
            lines.append(entry.path)
            continue
        children = (child for child in tree.children(entry.path) if tellable(child.path))
        inner = (child.path.rpartition("/")[2] + "/" * (child.mode == DIRECTORY) for child in children)
        line = f"{entry.path}/: {' '.join(islice(inner, MAP_WIDTH))}"
        lines.append(line if len(line) <= MAP_WIDTH else line[:MAP_WIDTH].rpartition(" ")[0] + " ...")
    return "\n".join(lines) + ("\n..." if len(entries) > MAP_LINES else "")
