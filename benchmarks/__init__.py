"""What gitgen costs beside the model: `python -m benchmarks`, which needs nothing but gitgen and git."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scale:
    """How much is measured; `root` is the folder that the repositories are made in."""

    root: Path
    quick: bool

    @property
    def runs(self) -> int:
        """How often each contender runs, at least."""
        return 1 if self.quick else 5

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers of files of the repositories."""
        return (20,) if self.quick else (20, 100_000)
