"""Running a command apart from the user's machine: what it can reach, and how it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import venv
from pathlib import Path
from uuid import uuid4

import pytest

from gitgen.errors import GitgenError
from gitgen.running.process import Limits
from gitgen.running.sandbox import Place, Sandbox, run
from gitgen.running.toolchains import elsewhere
from tests.boxed import needs_bubblewrap, running, wait_for
from tests.conftest import ROOT, Gitgen, write

MODES: list[object] = [pytest.param("bubblewrap", marks=needs_bubblewrap), "none"]
both = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(autouse=True)
def python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' own Python, wherever it is, is the `python` of PATH."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    work = tmp_path / "place"
    work.mkdir()
    return Place(work, work)


def unique_seconds() -> str:
    """An argument of sleep by which its process is told from all others."""
    return f"9{uuid4().int % 10**12}"


@both
def test_output_and_exit_code_are_told_and_the_output_comes_as_it_is_printed(place: Place, mode: Sandbox) -> None:
    heard: list[str] = []
    ran = run("echo out; echo err >&2; sleep 0.3; echo late; exit 3", place, mode=mode, echo=heard.append)
    assert (ran.exit_code, ran.output, ran.sandbox) == (3, "out\nerr\nlate\n", mode)
    assert "".join(heard) == ran.output
    assert heard[0].startswith("out") and "late" not in heard[0]


@both
def test_arguments_reach_the_command_as_they_are(place: Place, mode: Sandbox) -> None:
    ran = run('printf "<%s>" "$@"', place, mode=mode, arguments=("a b", "$(c)", "'"))
    assert ran.output == "<a b><$(c)><'>"


@both
@pytest.mark.parametrize(("command", "code"), [("kill -9 $$", 137), ("no-such-command", 127)])
def test_the_exit_code_is_the_one_a_shell_tells(place: Place, mode: Sandbox, command: str, code: int) -> None:
    assert run(command, place, mode=mode).exit_code == code


@both
def test_output_that_is_no_text_and_escape_sequences_become_plain_text(place: Place, mode: Sandbox) -> None:
    ran = run(r"printf '\377\033[31mred\033[0m 10%%\r100%%\r\n\303\244'", place, mode=mode)
    assert ran.output == "\ufffdred 10%\r100%\r\nä".replace("\ufffdred 10%\r100%\r\n", "100%\n")


@both
def test_of_much_output_the_beginning_and_the_end_are_kept(place: Place, mode: Sandbox) -> None:
    ran = run("seq 1000000", place, mode=mode, limits=Limits(output=1000))
    assert ran.output.startswith("1\n2\n") and ran.output.endswith("999999\n1000000\n")
    assert "characters are left out here]\n" in ran.output
    assert len(ran.output) < 1100


@both
def test_the_environment_of_the_user_is_not_passed_on(
    place: Place, mode: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    monkeypatch.setenv("DATABASE_URL", "postgres://me:secret@there/")
    monkeypatch.setenv("LANG", "C.UTF-8")
    output = run(
        "env; cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'" if mode == "bubblewrap" else "env", place, mode=mode
    ).output
    assert "sk-mine" not in output and "secret" not in output
    assert "LANG=C.UTF-8" in output.splitlines()


@both
def test_the_time_limit_ends_all_that_was_started_however_far_it_ran(place: Place, mode: Sandbox) -> None:
    seconds = unique_seconds()
    program = f"(setsid sh -c 'sleep {seconds} & sleep {seconds}' &); setsid sleep {seconds} & sleep {seconds}"
    heard: list[str] = []
    ran = run(f"{program}; echo never", place, mode=mode, limits=Limits(seconds=0.7), echo=heard.append)
    assert (ran.exit_code, ran.output) == (124, "")
    assert running(seconds) == []


@both
def test_what_a_command_leaves_behind_ends_with_it(place: Place, mode: Sandbox) -> None:
    seconds = unique_seconds()
    ran = run(f"(setsid sleep {seconds} &) ; sleep {seconds} & echo done", place, mode=mode)
    assert (ran.exit_code, ran.output) == (0, "done\n")
    assert running(seconds) == []


@both
def test_a_process_that_takes_too_much_memory_gets_none(place: Place, mode: Sandbox) -> None:
    ran = run("python -c 'x = bytearray(300 << 20)'", place, mode=mode, limits=Limits(memory=200))
    assert ran.exit_code == 1
    assert "MemoryError" in ran.output
    enough = run("python -c 'x = bytearray(300 << 20)'", place, mode=mode, limits=Limits(memory=900))
    assert enough.exit_code == 0, enough.output


@both
def test_when_nobody_takes_the_output_the_program_ends(place: Place, mode: Sandbox) -> None:
    seconds = unique_seconds()

    def gone(text: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        run(f"echo; sleep {seconds}", place, mode=mode, echo=gone)
    assert running(seconds) == []


@needs_bubblewrap
def test_files_in_memory_are_bounded_by_the_memory_limit(place: Place) -> None:
    ran = run("head -c 300M /dev/zero > /tmp/x", place, limits=Limits(memory=100))
    assert ran.exit_code == 1
    assert "No space left" in ran.output


@needs_bubblewrap
def test_there_is_no_network_unless_it_is_asked_for(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connect = f"python -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 5)'"
        assert "refused" in run(connect, place).output
        assert run(connect, place, network=True).exit_code == 0


@needs_bubblewrap
def test_a_server_can_be_tested_inside(place: Place) -> None:
    code = 'import socket; s = socket.create_server(("127.0.0.1", 0)); socket.create_connection(s.getsockname())'
    assert run(f"python -c '{code}'", place).exit_code == 0


@needs_bubblewrap
def test_the_home_and_what_lies_beside_the_folder_are_not_there(place: Place, sealed: Path, tmp_path: Path) -> None:
    write(sealed, {".ssh/id": "key"})
    write(tmp_path, {"other/secret": "key"})
    ran = run(f"cat {sealed}/.ssh/id {tmp_path}/other/secret; echo $HOME; ls -A ~; ls -A {tmp_path}", place)
    assert "key" not in ran.output
    assert ran.output.endswith("/tmp/home\nplace\n")


@needs_bubblewrap
def test_only_the_folder_can_be_written_to(place: Place, tmp_path: Path) -> None:
    ran = run("touch here; for d in / /etc /usr /dev /opt; do touch $d/x 2>/dev/null && echo $d; done", place)
    assert ran.output == ""
    assert (place.folder / "here").exists()


@needs_bubblewrap
def test_other_processes_are_neither_seen_nor_reached(place: Place) -> None:
    ran = run(f"kill -0 {os.getpid()}; ls /proc | grep -c '^[0-9]'", place)
    assert "No such process" in ran.output
    assert int(ran.output.split()[-1]) < 10


@needs_bubblewrap
def test_a_folder_can_be_seen_at_another_path_with_parts_of_it_only_to_be_read(tmp_path: Path) -> None:
    write(tmp_path, {"here/a": "1", "shown": "2"})
    where = Path("/home/ada/todo")
    place = Place(tmp_path / "here", where, ((tmp_path / "shown", where / "a"),))
    ran = run("pwd; cat a; echo 3 > a; echo 3 > b", place)
    assert ran.output.startswith("/home/ada/todo\n2")
    assert "a: Read-only file system" in ran.output
    assert (tmp_path / "here/b").read_text() == "3\n"
    assert (tmp_path / "here/a").read_text() == "1"


@needs_bubblewrap
def test_a_virtual_environment_in_the_home_works(place: Place, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(sealed / "tools" / "env", symlinks=True)
    monkeypatch.setenv("PATH", f"{sealed}/tools/env/bin{os.pathsep}{os.environ['PATH']}")
    ran = run("python -c 'import sys, ssl; print(sys.prefix)'; touch $(dirname $(command -v python))/x", place)
    assert ran.output.splitlines()[0] == f"{sealed}/tools/env"
    assert "Read-only" in ran.output


def test_of_the_tools_in_a_home_their_programs_and_libraries_are_shown_and_no_more(sealed: Path) -> None:
    write(
        sealed,
        {
            ".cargo/bin/cargo": "",
            ".cargo/credentials.toml": "token",
            ".local/bin/uv": "",
            ".local/lib/x": "",
            ".local/share/keyrings/login": "key",
            ".local/share/python/bin/python3": "",
            ".local/share/python/lib/os.py": "",
            ".pyenv/shims/python": "",
            ".pyenv/libexec/pyenv": "",
            "bin/mine": "",
            "elsewhere/script": "",
        },
    )
    (sealed / ".local/bin/python3").symlink_to(sealed / ".local/share/python/bin/python3")
    (sealed / "bin/script").symlink_to(sealed / "elsewhere/script")
    (sealed / "bin/broken").symlink_to(sealed / "nothing")
    names = (".cargo/bin", ".local/bin", ".pyenv/shims", "bin", "nowhere/bin")
    path = os.pathsep.join([*(str(sealed / name) for name in names), "relative/bin", "", "/usr/bin"])
    shown = {str(p.relative_to(sealed)) for p in elsewhere({"PATH": path})}
    assert shown == {
        ".cargo/bin",
        ".local/bin",
        ".local/lib",
        ".local/share/python/bin",
        ".local/share/python/lib",
        ".pyenv",
        "bin",
        "elsewhere/script",
    }


def test_a_variable_that_names_the_home_does_not_show_it(sealed: Path) -> None:
    assert elsewhere({"VIRTUAL_ENV": str(sealed), "JAVA_HOME": "/", "GOROOT": str(sealed.parent)}) == ()


@needs_bubblewrap
def test_an_environment_of_the_folders_own_is_not_hidden_by_the_users(tmp_path: Path) -> None:
    write(tmp_path, {"mine/.venv/bin/tool": "#!/bin/sh\necho mine\n", "run/.venv/bin/tool": "#!/bin/sh\necho own\n"})
    write(tmp_path, {"mine/.venv/pyvenv.cfg": "", "run/.venv/pyvenv.cfg": ""})
    for tool in tmp_path.glob("*/.venv/bin/tool"):
        tool.chmod(0o755)
    place = Place(tmp_path / "run", tmp_path / "mine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tmp_path}/mine/.venv/bin{os.pathsep}{os.environ['PATH']}")
        assert run("tool; touch .venv/new", place).output == "own\n"
        for file in sorted((tmp_path / "run/.venv").rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        ran = run("tool; touch .venv/new", place)
    assert ran.output.startswith("mine\n") and "Read-only" in ran.output


@pytest.mark.parametrize(
    ("bwrap", "what"),
    [
        (None, "bubblewrap (bwrap) is not installed"),
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "No permissions to create new namespace"),
    ],
)
def test_without_a_bubblewrap_that_works_nothing_runs_unasked(
    gitgen: Gitgen, folder: Path, tmp_path: Path, bwrap: str | None, what: str
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(subprocess.check_output(["which", "git"], text=True).strip())
    if bwrap:
        (tools / "bwrap").write_text(f"#!/bin/sh\n{bwrap}\n")
        (tools / "bwrap").chmod(0o755)
    gitgen("apply", "--name", "x", stdin="run.sh\n```sh\ntouch /tmp/gitgen-never; echo it ran\n```\n")
    ran = gitgen("run", "gitgen/x", PATH=str(tools))
    assert ran.code == 1
    assert what in ran.err and "apt-get install bubblewrap" in ran.err and "--sandbox none" in ran.err
    assert "it ran" not in ran.out
    assert gitgen("run", "gitgen/x", "--sandbox", "none", PATH=f"{tools}:/usr/bin:/bin").out == "it ran\n"


@needs_bubblewrap
def test_a_sandbox_that_cannot_be_set_up_is_told_from_a_program_that_fails(place: Place) -> None:
    broken = Place(place.folder, place.folder, ((place.folder / "missing", Path("/missing")),))
    with pytest.raises(GitgenError, match="could not be set up: bwrap: Can't find source path"):
        run("echo", broken)
    assert run("echo 'bwrap: no'; exit 1", place).exit_code == 1


def test_a_killed_gitgen_leaves_no_program_behind(place: Place) -> None:
    if needs_bubblewrap.args[0]:
        pytest.skip(str(needs_bubblewrap.kwargs["reason"]))
    seconds = unique_seconds()
    code = (
        "from pathlib import Path; from gitgen.running.sandbox import *;"
        f"run('echo up; (setsid sleep {seconds} &) ; sleep {seconds}', Place(*[Path({str(place.folder)!r})] * 2),"
        " echo=lambda text: print(text, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        wait_for(lambda: len(running(seconds)) >= 2)
        process.kill()
    wait_for(lambda: not running(seconds))
