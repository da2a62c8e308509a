"""`python -m benchmarks [--quick] [NAME ...]`: one table of medians, ratios and targets."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import Scale
from benchmarks.ground import ROOT, seal
from benchmarks.measure import Row

NAMES = ("startup", "fix", "commit", "context", "reply", "shapes", "report", "read")
WIDTH = 50


def main() -> None:
    """Run the benchmarks that were named, or all, and print each figure when it is there."""
    beside = "aider is measured beside gitgen if it is on PATH, or where the variable AIDER says"
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=beside)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(NAMES)}; all if left out")
    parser.add_argument("--quick", action="store_true", help="small and few: shows that all runs, not how fast")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if chosen.quick:
        with TemporaryDirectory() as folder:
            _print(chosen.names or NAMES, Scale(Path(folder), quick=True))
    else:
        _print(chosen.names or NAMES, Scale(ROOT / ".cache" / "benchmarks", quick=False))


def _print(names: tuple[str, ...], scale: Scale) -> None:
    seal(scale.root / "home")
    _say(f"{'median':<{WIDTH}}{'ms':>10}{'ratio':>10}   target")
    for name in names:
        for row in import_module(f"benchmarks.{name}").rows(scale):
            _say(_line(row, judged=not scale.quick) if isinstance(row, Row) else row)


def _line(row: Row, judged: bool) -> str:
    figures = f"{row.contender.name:<{WIDTH}}{row.seconds * 1000:>10.1f}{row.ratio:>10.2f}"
    return f"{figures}   {row.verdict}".rstrip() if judged else figures


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
