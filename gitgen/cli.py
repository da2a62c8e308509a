"""The entry point: one handler for all errors, and the exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from errno import EACCES, EDQUOT, EIO, EMFILE, ENAMETOOLONG, ENOSPC, ENOTDIR, EPERM, EROFS
from io import TextIOWrapper

from gitgen import __version__

BUG, INTERRUPTED = 3, 130
_OF_THE_MACHINE = (EACCES, EDQUOT, EIO, EMFILE, ENAMETOOLONG, ENOSPC, ENOTDIR, EPERM, EROFS)
"""Failures of files and disks that are not gitgen's doing, and that a person can mend."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run gitgen; 0 done, 1 something a person can mend, 2 wrong usage, 3 a bug, 130 interrupted."""
    if argv is not None:
        import gc

        threshold = gc.get_threshold()
        try:
            return _main(list(argv))
        finally:
            # Who calls this as a function lives on, and what they leave is to be looked through as they have set it.
            gc.set_threshold(*threshold)
    return _main(sys.argv[1:])


def _main(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        sys.stdout.write(f"gitgen {__version__}\n")
        return 0
    # Imported after that answer: shells, editors and tests ask for it often, and it needs nothing else.
    from gitgen.errors import GitgenError

    try:
        return _run_hook(arguments) if _is_hook(arguments) else _run(arguments)
    except GitgenError as error:
        _complain(error.what, error.mend)
        return error.code
    except KeyboardInterrupt:
        _complain("Interrupted", "gitgen resume, if a step was under way; else the same again")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; nothing more can be said to it.
        _stop_writing()
        return 0
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            return _bug()
        if error.filename is None:
            _stop_writing()
        _complain(
            f"{error.filename or 'The output'}: {error.strerror}", "mend that, then the same again; or: gitgen resume"
        )
        return 1
    except Exception:
        return _bug()


def _is_hook(arguments: list[str]) -> bool:
    """Whether these are what git's own hooks call: no options, so that nothing has to be parsed."""
    return arguments[:2] == ["hook", "run"] and len(arguments) > 2 and not any(w.startswith("-") for w in arguments)


def _run_hook(arguments: list[str]) -> int:
    """`gitgen hook run` without click, whose import would be most of what git waits for at each commit."""
    from pathlib import Path

    from gitgen import content_hooks, message_hooks

    name, *given = arguments[2:]
    if name in (message_hooks.PREPARE, message_hooks.CHECK) and given and Path(given[0]).is_file():
        message_hooks.run(name, Path(given[0]), given[1:], os.environ)
    elif name in (content_hooks.COMMIT, content_hooks.PUSH):
        from gitgen.git import leave_hook

        _check_folder()
        leave_hook(os.environ)
        content_hooks.run(name, given, sys.stdin, os.environ)
    else:
        return _run(arguments)
    return 0


def _stop_writing() -> None:
    """Let what is still to be written to standard output, at the latest when Python ends, go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(what: str, mend: str) -> None:
    """What is wrong and what mends it, in a line each, whatever an endpoint or a file name put into them."""
    from gitgen.ui import printable

    for word, text in (("error", what), ("hint", mend)):
        sys.stderr.write(f"{word}: {printable(' '.join(text.split()))}\n")


def _run(arguments: list[str]) -> int:
    import gc
    import signal

    # Nearly all that a run makes lives until its end; looking among it for garbage every 700 objects takes a tenth.
    gc.set_threshold(50_000)

    import click

    from gitgen.commands import gitgen
    from gitgen.git import leave_hook

    if sys.stdout is None:  # Closed by whoever started us.
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    _check_folder()
    leave_hook(os.environ)
    for number in (signal.SIGTERM, signal.SIGHUP):
        # To be ended or hung up on is to be interrupted: what has arrived is kept. Under nohup it stays ignored.
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):
        # A file name need not be text, and a terminal need not know every letter.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        result = gitgen.main(arguments, "gitgen", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        raise KeyboardInterrupt from None
    except SystemExit:
        # The one reason for which click ends a process by itself.
        raise BrokenPipeError from None
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return result if isinstance(result, int) else 0


def _check_folder() -> None:
    """GitgenError if the folder that gitgen was started in has been deleted."""
    from pathlib import Path

    from gitgen.errors import GitgenError

    try:
        Path.cwd()
    except FileNotFoundError:
        raise GitgenError("The folder that gitgen was started in is gone", "cd to one that is there") from None


def _bug() -> int:
    import traceback
    from datetime import datetime

    from gitgen import user_cache
    from gitgen.redact import redactor

    log = user_cache.folder(f"bug-{datetime.now():%Y%m%d-%H%M%S}.log")
    # It is meant to be sent to somebody, and an exception may quote what it stumbled over.
    trace = redactor(os.environ)(f"gitgen {__version__}, Python {sys.version}\n{traceback.format_exc()}")
    try:
        user_cache.make("")
        log.write_text(trace, encoding="utf-8")
    except OSError:
        sys.stderr.write(trace)
    _complain("gitgen has a bug; nothing that was in Git is lost", f"report it with {log}")
    return BUG


if __name__ == "__main__":
    sys.exit(main())
