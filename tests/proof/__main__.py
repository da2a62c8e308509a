"""`python -m tests.proof [--short] [NAME ...]`: a table for each promise of docs/trust.md; 1 if one is broken."""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.proof import PROMISES, Scale, seal


def main() -> int:
    """Prove the promises that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(PROMISES)}; all if left out")
    parser.add_argument("--short", action="store_true", help="as much as the tests do")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--seed", type=int, default=8, help="of what is left to chance (8)")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(PROMISES):
        parser.error(f"there is no promise {', '.join(sorted(unknown))}; there are {', '.join(PROMISES)}")
    broken = False
    for name in chosen.names or PROMISES:
        with TemporaryDirectory(prefix="proof-") as folder:
            seal(Path(folder) / "home")
            began = time.monotonic()
            scale = Scale(Path(folder), not chosen.short, chosen.jobs, chosen.seed)
            table = import_module(f"tests.proof.{name}").prove(scale)
        sys.stdout.write(f"{table}\n({time.monotonic() - began:.0f} s)\n\n")
        sys.stdout.flush()
        broken = broken or bool(table.broken)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
