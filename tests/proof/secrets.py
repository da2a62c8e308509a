"""The key, and a forge's token, are nowhere: in no object, no file, no output, no process list; files go by the umask.

Every run has the key in its environment and in what it is told, and an endpoint that repeats it. Looked at are all the
objects of the repository, all other files below the home (a cache, crash files and temporary files included), what was
printed, and the arguments of every process that was started (strace sees each, however short its life).
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import HELLO, ROOT, git, write
from tests.proof import Scale, Table
from tests.proof.cases import BRANCH, BY_NAME, TOKEN, Replaying, forge_of
from tests.proof.looking import all_bytes
from tests.replies import FRENCH, MISFIT
from tests.scripted import Answer, fails, says

KEY = "proof-key-that-is-nowhere-0123456789"
TRACED = {
    "OPENAI_LOG": "debug",
    "GIT_TRACE": "1",
    "GIT_TRACE2_EVENT": "1",
    "GIT_TRACE_CURL": "1",
    "GIT_CURL_VERBOSE": "1",
}
"""All that git and the openai client can be told to tell."""
REPEATED = f"notes.txt\n```\n{KEY}\n```\n\nYour key is {KEY}.\n\n"
ERROR = f'data: {{"error": {{"message": "Incorrect API key provided: {KEY}", "code": 401}}}}'
HOOK = "#!/bin/sh\nenv | grep API_KEY\ntouch once && ! test -e ../never\n"


@dataclass(frozen=True)
class Case:
    """Commands that are run in turn, and what the endpoint answers."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    script: tuple[Answer, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    forge: bool = False
    hook: str = ""
    password: bool = False
    """Whether the address of the endpoint has the key in it as well, as a password."""


_FIX = ("fix", f"In French. (My key is {KEY}.)", "--name", "x", "--quiet")
_ON = ("fix", "Again", "--branch", BRANCH, "--quiet")
CASES = (
    Case("a key in the feedback, the reply and a file", (_FIX,), (says(MISFIT), says(REPEATED + FRENCH))),
    Case("the endpoint repeats a refused key", (_FIX, ("resume", BRANCH)), (fails(401, f"Bad key: {KEY}"),) * 2),
    Case("the endpoint repeats it when busy", (_FIX,), (fails(500, f"Bearer {KEY}"), says(FRENCH))),
    Case("the endpoint repeats it in a stream", (_FIX,), (says("", cut=True, lines=(ERROR,)), says(FRENCH))),
    Case("all tracing on", (_FIX,), (says(MISFIT), says(FRENCH)), TRACED),
    Case(
        "a test that prints its environment",
        ((*_FIX, "--sandbox", "none", "--test", "env; false", "--rounds", "0"),),
        (says(FRENCH),),
    ),
    Case("a hook that prints its environment", (_FIX,), (says(FRENCH),), hook=HOOK),
    Case(
        "what tells of a session",
        (
            _FIX,
            *((*words, BRANCH) for words in (("log", "--json"), ("usage", "--json"), ("verify",))),
            *(("show", "1", "--branch", BRANCH, *words) for words in ((), ("--raw",), ("--request",), ("--diff",))),
            *(("report", BRANCH, "--output", "report.html"), ("doctor", "--json"), ("sessions",), ("context", "Ada")),
        ),
        (says(REPEATED + FRENCH),),
    ),
    Case("a password in the address", (_FIX, ("doctor",)), (fails(404, "No"),), password=True),
    Case("a pull request, all tracing on", (_FIX, ("pr", BRANCH)), (says(FRENCH),), TRACED, forge=True),
)
SHORT = ("a key in the feedback, the reply and a file", "the endpoint repeats a refused key", "all tracing on")
MASKS = (0o000, 0o002, 0o022, 0o027, 0o077)


def forms(secret: str) -> re.Pattern[bytes]:
    """A secret as it is, and as it stands in Base64, whatever is before it."""
    coded = [b64encode(b"." * before + secret.encode())[4 if before else 0 : -4] for before in range(3)]
    return re.compile(b"|".join(map(re.escape, (secret.encode(), *coded))))


_SECRET = re.compile(b"|".join(forms(secret).pattern for secret in (KEY, TOKEN)))


def ground(home: Path, hook: str = "") -> Path:
    """A repository with one commit, in a home of its own."""
    folder = home / "work"
    folder.mkdir(parents=True)
    (home / "tmp").mkdir()
    git(folder, "init", "-q")
    write(folder, {"hello.py": HELLO})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Say hello")
    if hook:
        write(folder, {".git/hooks/pre-commit": hook})
        (folder / ".git/hooks/pre-commit").chmod(0o755)
    return folder


def run(folder: Path, args: tuple[str, ...], url: str, log: Path | None = None, **environ: str) -> bytes:
    """Run a command as a person would; what it printed. `log` gets the arguments of each process it started."""
    traced = ("strace", "-qq", "-f", "-s", "100000", "-e", "trace=execve", "-o", str(log)) if log else ()
    home = folder.parent
    told = {"GITGEN_BASE_URL": url, "GITGEN_API_KEY": KEY, "GITGEN_MODEL": "scripted", "GITGEN_RETRIES": "1"}
    told |= {"TMPDIR": str(home / "tmp"), "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*traced, sys.executable, "-m", "gitgen", *args],
        cwd=folder,
        env={**os.environ, **told, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert done.returncode in (0, 1, 4), done.stderr
    return done.stdout + done.stderr


def seen(case: Case, home: Path) -> tuple[dict[str, int], list[str]]:
    """How much was looked at of each kind for a case, and where a secret was seen."""
    folder = ground(home, case.hook)
    log = home.with_suffix(".execve") if shutil.which("strace") else None
    printed, arguments = b"", b""
    with (
        Replaying(list(case.script)) as endpoint,
        forge_of(BY_NAME["pr" if case.forge else "fix"], folder, home) as forge,
    ):
        token = {"GITHUB_TOKEN": TOKEN, "GITHUB_SERVER_URL": forge.url} if forge else {}
        url = endpoint.base_url.replace("//", f"//ada:{KEY}@") if case.password else endpoint.base_url
        for command in case.commands:
            printed += run(folder, command, url, log, **case.environ, **token)
            arguments += _arguments(log) if log else b""
    files = {path: path.read_bytes() for path in _files(home)}
    objects = all_bytes(folder)
    where = [str(path.relative_to(home)) for path, content in files.items() if _SECRET.search(content)]
    where += [what for what, content in (("an object", objects), ("printed", printed)) if _SECRET.search(content)]
    where += ["the process list"] if _SECRET.search(arguments) else []
    count = {"objects": len(git(folder, "cat-file", "--batch-all-objects", "--batch-check").splitlines())}
    return {**count, "files": len(files), "processes": arguments.count(b"execve("), "printed": len(printed)}, where


def _arguments(log: Path) -> bytes:
    """What processes were started with, but for the commands as they were given: what a person types is theirs."""
    lines = [line for line in log.read_bytes().splitlines(keepends=True) if b"execve(" in line]
    return b"".join(line for line in lines if b'"-m", "gitgen"' not in line)


def _files(home: Path) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.name != "forge.py":
            yield path


def modes(mask: int, home: Path) -> list[str]:
    """Files and folders that a umask should have kept others from, and those of the cache that a group may write to."""
    before = os.umask(mask)
    try:
        folder = ground(home)
        with Replaying([says(FRENCH), says(FRENCH)]) as endpoint:
            said = run(folder, (*_FIX, "--sandbox", "none", "--test", "true"), endpoint.base_url)
            run(folder, ("report", BRANCH, "--output", "report.html"), endpoint.base_url)
    finally:
        os.umask(before)
    assert git(folder, "rev-parse", BRANCH) and (folder / "report.html").is_file(), said
    wrong = []
    for path in home.rglob("*"):
        rights = stat.S_IMODE(path.lstat().st_mode)
        cache = path.is_relative_to(home / "cache/gitgen") or path.is_relative_to(folder / ".git/gitgen")
        closed = any(up.is_relative_to(home) and not stat.S_IMODE(up.stat().st_mode) & 0o011 for up in path.parents)
        if not path.is_symlink() and (rights & mask or (cache and rights & 0o022 and not closed)):
            wrong.append(f"umask {mask:03o}: {path.relative_to(home)} is {rights:03o}")
    return wrong


def prove(scale: Scale) -> Table:
    """All cases, and all umasks."""
    table = Table(
        "Secrets: what was looked at, and where a key was seen",
        ("run", "objects", "files", "processes", "bytes printed", "seen"),
    )
    for number, case in enumerate(CASES):
        if scale.long or case.name in SHORT:
            count, where = seen(case, scale.folder / f"case-{number}")
            table.rows.append((case.name, *count.values(), len(where)))
            table.broken += [f"{case.name}: {place}" for place in where]
    for mask in MASKS if scale.long else MASKS[::4]:
        with TemporaryDirectory(dir=scale.folder) as home:
            wrong = modes(mask, Path(home) / "home")
        table.rows.append((f"umask {mask:03o}: rights beyond it", "-", "-", "-", "-", len(wrong)))
        table.broken += wrong
    return table
