"""`gitgen report`: a session as one HTML page."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from gitgen import preflight, ui
from gitgen.commands._reading import session_at
from gitgen.errors import GitgenError
from gitgen.report import MARK, report_of
from gitgen.state.commits import Session

_NEAR = 500
"""So many bytes into a report, `MARK` has been read."""


@click.command()
@click.argument("branch", required=False)
@click.option("-o", "--output", metavar="FILE", help="Where to write the page; - is standard output.")
@click.option("--json", "as_json", is_flag=True, help="Print the path and what is in the page as JSON.")
def command(branch: str | None, output: str | None, as_json: bool) -> int:
    """A session as one HTML page: its steps, chats, diffs and tokens.

    The page holds all it needs, loads nothing, and runs nothing that a model wrote: send it, keep it with a build, open
    it from disk. The file is NAME-report.html in this folder unless -o says otherwise. A report that is there is
    replaced; any other file is left alone.

    BRANCH is the one that is checked out if it is left out.

    \b
    Example:
      gitgen report
      gitgen report gitgen/todo -o build/todo.html
    """
    if as_json and output == "-":
        raise click.UsageError("--json and -o - both want standard output")
    repository = preflight.repository_at(Path.cwd())
    session = session_at(repository, branch)
    target = None if output == "-" else Path(output or f"{session.name.replace('/', '-')}-report.html")
    if target is not None:
        _check(target)
    content = report_of(repository, session).encode()
    if target is None:
        click.echo(content, nl=False)
        return 0
    _write(target, content)
    _tell(target, session, len(content), as_json)
    return 0


def _check(target: Path) -> None:
    """GitgenError, before anything is read, if the file cannot be there or is somebody's own."""
    if not target.parent.is_dir():
        raise GitgenError(f"There is no folder {target.parent}", f"mkdir -p {target.parent}")
    if target.is_dir():
        raise GitgenError(f"{target} is a folder", f"-o {target / 'report.html'}")
    if target.is_file() and target.stat().st_size:
        with target.open("rb") as file:
            if MARK.encode() not in file.read(_NEAR):
                raise GitgenError(f"{target} is there, and is no report of gitgen", f"-o OTHER; or: rm {target}")


def _write(target: Path, content: bytes) -> None:
    """Put the page in place whole, or leave what was there; a device or a pipe is written to as it is."""
    if target.exists() and not target.is_file():
        target.write_bytes(content)
        return
    target = target.resolve()
    handle, passing = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(passing).chmod(0o666 & ~mask)
        Path(passing).replace(target)
    except BaseException:
        Path(passing).unlink(missing_ok=True)
        raise


def _tell(target: Path, session: Session, size: int, as_json: bool) -> None:
    """The path alone on standard output, so that a script can go on with it."""
    if as_json:
        about = {"branch": session.branch, "tip": session.tip, "steps": len(session.steps), "bytes": size}
        ui.say_json({"path": str(target.resolve()), **about})
        return
    ui.say(ui.printable(str(target)))
