"""A run of changed rows laid along a file: whether it can only mean one place there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class Run:
    """A run of changed rows between context rows."""

    above: int | None = None
    lost_above: bool = False
    lost_below: bool = False
    """Whether the context row on that side is in the file, but not there."""
    added: list[str] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """What the removed rows say."""
    mixed: bool = False
    """Whether a removed row follows a new one."""
    altered: set[str] = field(default_factory=set)
    """The file's lines on which the context rows beside the run stand though they read otherwise."""

    @property
    def empty(self) -> bool:
        return not self.added and not self.removed

    def has_one_place(
        self, below: int | None, at_end: bool, keys: Sequence[str], only_here: Callable[[int], bool]
    ) -> bool:
        """Whether the run, followed by a row on line `below`, can go to one place only."""
        if self.removed:
            return self._holds_together(keys, only_here) and not self._doubles(below, keys)
        if not self.added:
            return True
        if any(len(line) > 3 and line in self.strangers(below, keys) for line in self.added):
            return False
        if self.above is not None and below is not None:
            blank = not any(keys[self.above + 1 : below])
            return below == self.above + 1 or (blank and not (self.added[0] and self.added[-1]))
        if self.above is not None:
            return not self.lost_above and not self.lost_below and (at_end or keys[self.above] != "")
        return below is not None and not self.lost_above

    def _holds_together(self, keys: Sequence[str], only_here: Callable[[int], bool]) -> bool:
        """Whether the removed lines touch, or leave out one line between them that is plainly to stay.

        The new lines then follow the last removed one, as they do in the hunk.
        """
        between = set(range(self.removed[0], self.removed[-1])) - set(self.removed)
        if not between:
            return True
        left_out = keys[min(between)]
        return len(between) == 1 and not self.mixed and left_out not in self.added and all(map(only_here, self.removed))

    def _doubles(self, below: int | None, keys: Sequence[str]) -> bool:
        """Whether a new line would stand right beside its like, a line of the file that the hunk skips."""
        above, after = self.removed[0] - 1, self.removed[-1] + 1
        skipped = [keys[above] if above >= 0 and above != self.above else ""]
        skipped.append(keys[after] if after < len(keys) and after != below else "")
        edges = self.added[:1] + self.added[-1:]
        return any(len(mine) > 3 and mine == theirs for mine, theirs in zip(edges, skipped, strict=False))

    def strangers(self, below: int | None, keys: Sequence[str]) -> set[str]:
        """The file's lines beside the run that its context does not know: to add one of them is a mistake."""
        beside = set(self.altered)
        if below is None and self.above is not None and self.above + 1 < len(keys):
            beside.add(keys[self.above + 1])
        return beside
