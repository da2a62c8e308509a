"""Files and repositories that are hard to look through: a context and a fix in each neither crash nor stall."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import HELLO, ROOT, git, write
from tests.proof import Scale, Table
from tests.replies import FRENCH
from tests.scripted import endpoint, says

HEADS = ("what", "context: seconds", "MB", "again: seconds", "fix: seconds", "MB", "broken")
MOST_MB, MOST_SECONDS = 300, 60
ASKED = "In French, please: greet(name) in hello.py"
MILLION = 1_000_000


@dataclass(frozen=True)
class Hard:
    """Something hard: `make` makes it of a repository with a program, and returns where gitgen is to be run."""

    name: str
    make: Callable[[Path], Path]
    quick: bool = True


def huge_blob(root: Path) -> Path:
    with (root / "dump.sql").open("wb") as file:
        file.truncate(1000 * MILLION)
    return kept(root)


def long_line(root: Path) -> Path:
    (root / "data.js").write_bytes(b"greet(name);" * (50 * MILLION // 12))
    return kept(root)


def odd_names(root: Path) -> Path:
    for name in (b"caf\xe9.py", "ünï.py".encode(), "ホ.py".encode("euc-jp"), b"a\nb.py", b'"q".py', b"\xff\xfe.py"):
        Path(os.fsdecode(os.fsencode(root) + b"/" + name)).write_text("greet = 1\n")
    return kept(root)


def full_folder(root: Path) -> Path:
    for number in range(10_000):
        write(root, {f"many/file{number}.py": f"def greet_{number}(name):\n    return {number}\n"})
    return kept(root)


def link_loop(root: Path) -> Path:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    (root / "here").symlink_to(".")
    return kept(root)


def sparse(root: Path) -> Path:
    write(root, {"docs/greet.md": "greet\n"})
    kept(root)
    git(root, "sparse-checkout", "set", "--no-cone", "/docs/")
    return root


def bare(root: Path) -> Path:
    git(root.parent, "clone", "-q", "--bare", str(root), "bare.git")
    return root.parent / "bare.git"


def submodule(root: Path) -> Path:
    git(root.parent, "clone", "-q", str(root), "other")
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(root.parent / "other"), "sub")
    return kept(root)


def partial(root: Path) -> Path:
    write(root, {f"part/{number}.py": f"part_{number} = 1\n" for number in range(200)})
    kept(root)
    git(root, "config", "uploadpack.allowFilter", "true")
    git(root.parent, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{root}", "partial")
    return root.parent / "partial"


def broken_cache(root: Path) -> Path:
    (root / ".git/gitgen").mkdir()
    (root / ".git/gitgen/cache.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    return root


HARD = (
    Hard("a blob of 1 GB", huge_blob, quick=False),
    Hard("a file that is one line of 50 MB", long_line, quick=False),
    Hard("names in every encoding", odd_names),
    Hard("10,000 files in one folder", full_folder, quick=False),
    Hard("links that loop", link_loop),
    Hard("a sparse checkout", sparse),
    Hard("a bare repository", bare),
    Hard("a submodule", submodule),
    Hard("a partial clone", partial),
    Hard("a broken cache", broken_cache),
)


def kept(root: Path) -> Path:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Add what is hard")
    return root


def meet(hard: Hard, folder: Path) -> tuple[Sequence[object], list[str]]:
    """A context, the same again, and a fix where this is: the row, and what is wrong."""
    root = folder / "work"
    root.mkdir(parents=True)
    git(root, "init", "-q")
    write(root, {"hello.py": HELLO})
    here = hard.make(kept(root))
    before = fetched(here)
    with endpoint(says(FRENCH)) as scripted:
        asks = ("--base-url", scripted.base_url, "--model", "scripted")
        first, again = run(here, ("context", ASKED)), run(here, ("context", ASKED))
        blobs = fetched(here) - before
        fix = run(here, ("fix", ASKED, "--name", "x", "-q", *asks))
    wrong = [f"{hard.name}: exit {one.code}: {one.printed}" for one in (first, again, fix) if one.code]
    wrong += [f"{hard.name}: {one}" for one in (first, again, fix) if one.seconds > MOST_SECONDS or one.mb > MOST_MB]
    wrong += [f"{hard.name}: hello.py is not shown: {first.printed}"] if "hello.py" not in first.printed else []
    # The program's: it alone is shown.
    wrong += [f"{hard.name}: {blobs} blobs were fetched"] if blobs > 1 else []
    seconds = (first.seconds, again.seconds, fix.seconds)
    shown = [f"{one:.1f}" for one in seconds]
    return (hard.name, shown[0], first.mb, shown[1], shown[2], fix.mb, len(wrong)), wrong


def fetched(here: Path) -> int:
    """How many blobs a repository has: in a partial clone one is fetched when it is asked for."""
    listed = git(here, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)")
    return listed.count("blob") if (here / ".git/config").is_file() and "partial" in here.name else 0


@dataclass(frozen=True)
class Ran:
    """A run of gitgen, how long it took, and the most memory that it or a git of it had."""

    code: int
    printed: str
    seconds: float
    mb: int


def run(here: Path, args: Sequence[str]) -> Ran:
    began = time.monotonic()
    weighed = (sys.executable, "-S", str(ROOT / "benchmarks/weigh.py"), sys.executable, "-m", "gitgen", *args)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(weighed, cwd=here, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    *lines, most = (said.stderr + said.stdout).decode("utf-8", "replace").splitlines(keepends=True)
    return Ran(said.returncode, "".join(lines), time.monotonic() - began, int(most) // 1024)


def at_once(folder: Path, processes: int) -> tuple[Sequence[object], list[str]]:
    """So many processes that make one cache in the same moment."""
    root = folder / "work"
    root.mkdir(parents=True)
    git(root, "init", "-q")
    write(root, {f"part/{number}.py": f"def part_{number}():\n    greet()\n" for number in range(500)})
    write(root, {"hello.py": HELLO})
    kept(root)
    began = time.monotonic()
    command = [sys.executable, "-m", "gitgen", "context", ASKED]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(command, cwd=root, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(processes)
    ]
    said = [process.communicate()[0] for process in started]
    seconds = time.monotonic() - began
    wrong = [f"at once: {words}" for process, words in zip(started, said, strict=True) if process.returncode]
    again = run(root, ("context", ASKED))
    wrong += [f"at once: they differ: {words}" for words in said if words.split("\n")[0] != said[0].split("\n")[0]]
    row = (
        f"{processes} processes, one cache",
        f"{seconds:.1f}",
        "-",
        f"{again.seconds:.1f}",
        "-",
        again.mb,
        len(wrong),
    )
    return row, wrong


def prove(scale: Scale) -> Table:
    """Each of them, then many at once."""
    table = Table("Hard to look through: what there is, and what a context and a fix take", HEADS)
    chosen = [hard for hard in HARD if scale.long or hard.quick]
    found = [meet(hard, scale.folder / str(number)) for number, hard in enumerate(chosen)]
    for row, wrong in (*found, at_once(scale.folder / "at-once", 8 if scale.long else 3)):
        table.rows.append(row)
        table.broken += wrong
    return table
