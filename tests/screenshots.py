"""`python -m tests.screenshots`: the pictures of a report that the README shows, of the session of tests/todo.py."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.ground import gitgen, run, seal
from tests import todo
from tests.browser import MISSING, Browser, browser
from tests.conftest import ROOT

DOCS = ROOT / "docs"
UNFOLD = """
document.querySelector('#step-3 > details').open = true;
document.querySelector(arguments[0]).scrollIntoView();
"""


def main() -> None:
    """Make the session, its report, and a picture of it on a desk and on a phone."""
    if MISSING:
        sys.exit(f"no pictures can be taken: {MISSING}")
    with TemporaryDirectory(prefix="gitgen-") as name, browser() as window:
        folder = Path(name)
        seal(folder / "home")
        for who in ("AUTHOR", "COMMITTER"):
            os.environ |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.org"}
        work = todo.make(folder)
        run(work, *gitgen(), "report", "-o", folder / "report.html")
        DOCS.mkdir(exist_ok=True)
        window.view(1180, 1250)
        _take(window, folder / "report.html", DOCS / "report.png", "body")
        window.view(390, 900, dark=True, scale=2)
        _take(window, folder / "report.html", DOCS / "report-phone.png", ".tools")


def _take(window: Browser, page: Path, picture: Path, top: str) -> None:
    window.open(page)
    window.run(UNFOLD, top)
    picture.write_bytes(base64.b64decode(window.devtools("Page.captureScreenshot", format="png")["data"]))
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--ext", ".png", "--speed", "1", "--strip", "128", picture], check=True)
    sys.stdout.write(f"{picture.relative_to(ROOT)}: {picture.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
