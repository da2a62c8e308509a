"""Many sessions in one process: memory, open files, threads and children stay as they are; nothing is left behind.

The sessions are worked on by the commands, called in the process, and by the Python API. In the kills of a test under
way, gitgen dies while a command of the user's runs in a work tree of its own.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.conftest import HELLO, ROOT, git, write
from tests.proof import Scale, Table
from tests.proof.concurrency import Writing
from tests.replies import FRENCH
from tests.scripted import Endpoint, says

HEADS = ("what", "sessions", "steps", "MB early", "MB late", "files", "threads", "children", "left behind")
EARLY = 0.25
"""The share of the sessions after which everything has been loaded that ever is."""
GROWTH = 1.05
"""Memory may be so many times what it was: an allocator does not give back to the byte."""
ENOUGH = 100
"""So many sessions tell what memory does; it settles in the first ten."""
SLEEPS = "python3 -c 'import time; time.sleep(30)'"


def held() -> tuple[float, int, int, int]:
    """Memory in MB, open files, threads and children of this process, zombies among them."""
    time.sleep(0.5)  # A thread that has done its work is gone a moment later.
    tasks = list(Path("/proc/self/task").iterdir())
    children = [child for task in tasks for child in (task / "children").read_text().split()]
    # The folder is open itself while it is read.
    files = len(list(Path("/proc/self/fd").iterdir())) - 1
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20, files, len(tasks), len(children)


def by_commands(folder: Path, number: int, url: str) -> int:
    """A session of four steps by the commands; how many steps that were."""
    from gitgen.cli import main

    branch = f"gitgen/s{number}"
    commands: list[tuple[str, ...]] = [("fix", f"write a{number}", "--name", f"s{number}")]
    commands += [("fix", f"write b{number}", "--branch", branch), ("undo", "--branch", branch)]
    commands += [("fix", f"write c{number}", "--branch", branch)]
    for command in (*commands, ("log", branch), ("verify", branch)):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = main([*command, "-q"] if command[0] == "fix" else list(command))
        assert code == 0, (command, printed.getvalue())
    return len(commands)


def by_api(folder: Path, number: int, url: str) -> int:
    """A session of two replies by the Python API; how many that were."""
    from gitgen import get_chat_model, open_store, rank_files, to_files

    branch = f"gitgen/s{number}"
    git(folder, "branch", branch, "main")
    with get_chat_model("scripted", base_url=url, api_key="none-at-all") as model, open_store(branch) as store:
        talk = model.start(f"write a{number}")
        to_files(talk.reply.content, store)
        store.commit("One")
        talk = talk.next(f"write b{number}")
        to_files(talk.reply.content, store)
        store.commit("Two")
    assert rank_files(folder, branch, "greet")
    return 2


WAYS: dict[str, Callable[[Path, int, str], int]] = {"by the commands": by_commands, "by the Python API": by_api}


def walk(folder: Path, way: str, sessions: int, url: str) -> dict[str, object]:
    """Work on so many sessions in this process; what was held early and late."""
    os.environ.update(GITGEN_BASE_URL=url, GITGEN_API_KEY="none-at-all", GITGEN_MODEL="scripted")
    os.chdir(folder)
    steps, early = 0, held()
    for number in range(sessions):
        steps += WAYS[way](folder, number, url)
        if number + 1 == max(1, round(sessions * EARLY)):
            early = held()
    return {"steps": steps, "early": early, "late": held()}


def many(folder: Path, way: str, sessions: int) -> tuple[Sequence[object], list[str]]:
    """So many sessions in one process: the row, and what grew."""
    ground(folder)
    temporary = folder.with_name(f"{folder.name}.tmp")
    temporary.mkdir()
    endpoint = Writing()
    endpoint.start()
    command = [sys.executable, "-m", "tests.proof.leaks", str(folder), way, str(sessions), endpoint.base_url]
    try:
        environ = {**os.environ, "TMPDIR": str(temporary)}
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    finally:
        endpoint.stop()
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    (memory, files, threads, children), late = told["early"], told["late"]
    left = [path.name for path in temporary.iterdir()]
    row = (
        f"sessions {way}", sessions, told["steps"], round(memory), round(late[0]),
        f"{files} / {late[1]}", f"{threads} / {late[2]}", f"{children} / {late[3]}", len(left),
    )  # fmt: skip
    # A pool starts a thread of its own when it first has work for it.
    wrong = [f"{way}: threads: {threads} / {late[2]}"] if late[2] > threads + 1 else []
    wrong += [f"{way}: open files: {files} / {late[1]}"] if late[1] > files else []
    wrong += [f"{way}: children: {children} / {late[3]}"] if late[3] > children else []
    grew = sessions >= ENOUGH and late[0] > memory * GROWTH
    wrong += [f"{way}: memory grew: {memory} MB to {late[0]} MB"] if grew else []
    return row, wrong + ([f"{way}: left behind: {left}"] if left else [])


def killed(folder: Path, times: int) -> tuple[Sequence[object], list[str]]:
    """Kill gitgen while a test of the user's runs, so many times; what is left after `gitgen doctor --clean`."""
    ground(folder)
    temporary = folder.with_name(f"{folder.name}.tmp")
    temporary.mkdir()
    endpoint, wrong = Endpoint([says(FRENCH)] * times), []
    endpoint.start()
    environ = {**os.environ, "TMPDIR": str(temporary), "GITGEN_BASE_URL": endpoint.base_url}
    environ |= {"GITGEN_API_KEY": "none-at-all", "GITGEN_MODEL": "scripted"}
    runs = Path(environ["XDG_CACHE_HOME"]) / "gitgen/run"
    gitgen = [sys.executable, "-m", "gitgen"]
    for number in range(times):
        args = ["fix", "In French", "--name", f"k{number}", "--sandbox", "none", "--test", SLEEPS, "-q"]
        process = subprocess.Popen(
            [*gitgen, *args], cwd=folder, env=environ, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + 30
        while time.monotonic() < until and not list(runs.glob(f"*/*k{number}/tree/hello.py")):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    endpoint.stop()
    subprocess.run([*gitgen, "doctor", "--clean", "--offline"], cwd=folder, env=environ, capture_output=True)
    listed = git(folder, "worktree", "list", "--porcelain").count("worktree ")
    wrong += [f"git lists {listed} work trees"] if listed != 1 else []
    wrong += [f"left in the temporary folder: {left}"] if (left := [path.name for path in temporary.iterdir()]) else []
    shutil.rmtree(folder)
    subprocess.run([*gitgen, "doctor", "--clean", "--offline"], cwd=ROOT, env=environ, capture_output=True)
    over = list(runs.glob("*/*"))
    wrong += [f"kept for a repository that is gone: {over}"] if over else []
    return ("killed while a test ran", times, times, "-", "-", "-", "-", "-", len(left) + len(over)), wrong


def ground(folder: Path) -> None:
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    write(folder, {"hello.py": HELLO})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say hello")


def prove(scale: Scale) -> Table:
    """Both ways, then kills."""
    sessions, kills = (200, 20) if scale.long else (16, 2)
    table = Table("Leaks: many sessions in one process, early / late, and what is left of kills", HEADS)
    found = [many(scale.folder / way.replace(" ", "-"), way, sessions) for way in WAYS]
    for row, wrong in (*found, killed(scale.folder / "killed", kills)):
        table.rows.append(row)
        table.broken += wrong
    return table


if __name__ == "__main__":
    folder, way, sessions, url = sys.argv[1:]
    sys.stdout.write(json.dumps(walk(Path(folder), way, int(sessions), url)) + "\n")
