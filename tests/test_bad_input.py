"""What a person gets wrong: one line that says what, one that says what mends it, and nothing is spent or changed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitgen import __version__, cli
from gitgen.draft import Draft
from gitgen.paths import why_hostile
from tests.conftest import Gitgen, Ran, git, write
from tests.scripted import Endpoint, endpoint, says

FIXED = "hello.py\n```python\nprint('Salut')\n```\n"
NEW = ("new", ".", "--steps=benchmark", "-m", "Greet", "--name", "s")
FIX = ("fix", "Greet in French", "--name", "s")


@pytest.fixture
def gitgen(in_process: Gitgen) -> Gitgen:
    return in_process


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An endpoint with one good answer, which the environment names."""
    with endpoint(says(FIXED), models=("m",)) as here:
        monkeypatch.setenv("GITGEN_BASE_URL", here.base_url)
        monkeypatch.setenv("GITGEN_MODEL", "m")
        yield here


def kept(folder: Path) -> dict[str, object]:
    """All that must be as before: HEAD, refs, the index and every file of the work tree, byte for byte."""
    files = {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: content for name, content in files.items() if "/.git/" not in name or re.search(STATE, name)}


STATE = r"/\.git/(HEAD|index|packed-refs|refs/.*)$"


def complaint(ran: Ran, code: int = 1) -> tuple[str, str]:
    """The error and the hint, which are the last two lines and the only ones of their kind."""
    lines = ran.err.splitlines()
    assert ran.code == code, ran.err
    assert [line.partition(":")[0] for line in lines[-2:]] == ["error", "hint"], ran.err
    assert sum(line.startswith(("error:", "hint:")) for line in lines) == 2 and "Traceback" not in ran.err
    return lines[-2].removeprefix("error: "), lines[-1].removeprefix("hint: ")


# --- before anything is asked ---


def nothing(folder: Path) -> Path:
    return folder


def without_identity(folder: Path) -> Path:
    (folder.parent / "home" / ".gitconfig").write_text("")
    return folder


def without_repository(folder: Path) -> Path:
    path = folder.parent / "nowhere"
    path.mkdir()
    return path


def detached(folder: Path) -> Path:
    git(folder, "switch", "-q", "--detach")
    return folder


def unborn(folder: Path) -> Path:
    path = folder.parent / "unborn"
    git(folder.parent, "init", "-q", str(path))
    return path


def bare(folder: Path) -> Path:
    git(folder.parent, "clone", "-q", "--bare", str(folder), "bare")
    return folder.parent / "bare"


def inside_git(folder: Path) -> Path:
    return folder / ".git"


def taken(folder: Path) -> Path:
    git(folder, "branch", "gitgen/s")
    return folder


def blocked(folder: Path) -> Path:
    git(folder, "branch", "gitgen")
    return folder


def blocked_below(folder: Path) -> Path:
    git(folder, "branch", "gitgen/s/old")
    return folder


def with_files(folder: Path) -> Path:
    path = folder.parent / "full"
    write(path, {"notes.txt": "mine\n"})
    return path


def with_empty_prompt(folder: Path) -> Path:
    path = folder.parent / "fresh"
    write(path, {"prompt": " \n"})
    return path


def with_binary_prompt(folder: Path) -> Path:
    path = folder.parent / "fresh"
    write(path, {"prompt": b"\x00\x01\xff"})
    return path


def with_binary(folder: Path) -> Path:
    write(folder, {"logo.png": b"\x89PNG\x00\xff", "latin.txt": b"caf\xe9\n", "empty": ""})
    (folder / "link").symlink_to("hello.py")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Add a logo")
    return folder


def large(folder: Path) -> Path:
    write(folder, {"large.txt": "one two three\n" * 10_000})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Grow")
    return folder


def with_preprompts(folder: Path) -> Path:
    write(folder.parent, {"own/fix.txt": b"\xff\xfe", "own/notes": b"\xff"})
    return folder


Setup = Callable[[Path], Path]
CASES: list[tuple[Setup, tuple[str, ...], str, str]] = [
    (without_identity, NEW, "Git does not know who you are", "git config --global user.name"),
    (without_identity, FIX, "Git does not know who you are", "git config --global user.name"),
    (without_repository, FIX, "no Git repository here", "git init"),
    (without_repository, ("log",), "no Git repository here", "git init"),
    (without_repository, ("resume",), "no Git repository here", "git init"),
    (detached, NEW, "HEAD is detached", "git switch"),
    (detached, FIX, "HEAD is detached", "git switch"),
    (unborn, FIX, "main has no commit yet", "git commit"),
    (bare, NEW, "repository is bare", "git clone"),
    (inside_git, NEW, "folder is Git's own", "cd to the work tree"),
    (inside_git, FIX, "folder is Git's own", "cd to the work tree"),
    (taken, NEW, "gitgen/s is there already", "--name"),
    (taken, FIX, "gitgen/s is there already", "--name"),
    (blocked, NEW, "The branch gitgen leaves no room for gitgen/s", "git branch -m gitgen"),
    (blocked, FIX, "The branch gitgen leaves no room for gitgen/s", "git branch -m gitgen"),
    (blocked_below, FIX, "The branch gitgen/s/old leaves no room for gitgen/s", "git branch -m gitgen/s/old"),
    (nothing, ("fix", "x", "--branch", "nope"), "no branch nope", "git branch --list"),
    (nothing, ("resume", "gitgen/nope"), "There is no branch gitgen/nope", "git branch --list"),
    (nothing, ("resume",), "No step is under way", "gitgen resume BRANCH"),
    (nothing, ("log",), "main is not a session", "gitgen sessions"),
    (nothing, ("new", ".", "-m", "x", "--name", "a b"), "'a b' cannot be the name", "--name"),
    (nothing, ("new", ".", "-m", "x", "--name", "../x"), "'../x' cannot be the name", "--name"),
    (nothing, ("new", ".", "-m", "x", "--name", "a.lock"), "'a.lock' cannot be the name", "--name"),
    (nothing, ("fix", "x", "--name", "-x"), "'-x' cannot be the name", "--name"),
    (nothing, ("new", ".", "-m", " \n"), "The prompt is empty", "gitgen new PATH -m"),
    (nothing, ("new", "."), "There is no prompt", "-m"),
    (nothing, ("fix",), "There is no feedback", "gitgen fix"),
    (nothing, ("fix", "  "), "There is no feedback", "gitgen fix"),
    (nothing, ("new", ".", "--prompt-file", "-"), "Standard input is empty", "-m"),
    (nothing, ("new", ".", "--prompt-file", "nope"), "nope cannot be read: No such file", "--prompt-file"),
    (nothing, ("new", ".", "--prompt-file", "."), "cannot be read: Is a directory", "--prompt-file"),
    (with_empty_prompt, ("new", "."), "prompt is empty", "-m"),
    (with_binary_prompt, ("new", "."), "prompt is not UTF-8 text", "plain text"),
    (with_files, NEW, "holds files that no repository keeps: notes.txt", "git init && git add -A"),
    (nothing, ("new", "sub", "-m", "x"), "sub lies inside the repository", "git init sub"),
    (nothing, (*NEW, "--steps", "generate,nope"), "There is no step nope", "generate"),
    (nothing, (*NEW, "--steps", ","), "There are no steps to run", "--steps"),
    (nothing, (*FIX, "--file", "nope.py"), "There is no file nope.py", "git ls-tree"),
    (nothing, (*FIX, "--file", "../outside.py"), "is outside the repository", "name a file under"),
    (with_binary, (*FIX, "--file", "logo.png"), "logo.png is not UTF-8 text", "--file"),
    (with_binary, (*FIX, "--file", "latin.txt"), "latin.txt is not UTF-8 text", "--file"),
    (with_binary, (*FIX, "--file", "link"), "There is no file link", "git ls-tree"),
    (large, (*FIX, "--model", "smollm2", "--file", "large.txt"), "smollm2 takes", "--file"),
    (nothing, (*NEW, "--preprompts", "nope"), "nope cannot be read: No such file", "--preprompts"),
    (nothing, (*FIX, "--preprompts", "hello.py"), "hello.py cannot be read: Not a directory", "--preprompts"),
    (with_preprompts, (*NEW, "--preprompts", "../own"), "own/fix.txt cannot be read: not UTF-8", "mend or restore"),
]


@pytest.mark.parametrize(
    ("setup", "args", "what", "mend"),
    CASES,
    ids=[f"{args[0]} {setup.__name__} {what[:24]}" for setup, args, what, _ in CASES],
)
def test_it_is_told_before_a_token_is_spent(
    gitgen: Gitgen, running: Endpoint, folder: Path, setup: Setup, args: tuple[str, ...], what: str, mend: str
) -> None:
    here = setup(folder)
    before = kept(here)
    ran = gitgen(*args, cwd=here)
    told = complaint(ran)
    assert what in told[0] and mend in told[1], told
    assert len(ran.err.splitlines()) == 2 and ran.out == ""
    assert running.requests == []
    assert kept(here) == before


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("rounds", "many"),
        ("rounds", "-1"),
        ("rounds", "2.5"),
        ("timeout", "soon"),
        ("timeout", "0"),
        ("timeout", "nan"),
        ("retries", "x"),
        ("temperature", "warm"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "config"])
def test_a_bad_setting_is_told_with_its_place(
    gitgen: Gitgen, running: Endpoint, folder: Path, setting: str, value: str, place: str
) -> None:
    variable = f"GITGEN_{setting.upper()}"
    if place == "config":
        git(folder, "config", f"gitgen.{setting}", value)
    before = kept(folder)
    what, mend = complaint(gitgen(*FIX, **({variable: value} if place == "environment" else {})))
    assert what.startswith(f"{setting} is not a") and what.endswith(value)
    assert mend.startswith(f"export {variable}=" if place == "environment" else f"git config gitgen.{setting} ")
    assert running.requests == [] and kept(folder) == before


@pytest.mark.parametrize(
    "args",
    [
        ("nope",),
        ("fix", "--nope"),
        ("fix", "a", "b"),
        ("new",),
        ("new", "hello.py", "-m", "x"),
        ("fix", "x", "--rounds", "many"),
        ("fix", "x", "--rounds", "-1"),
        ("fix", "x", "--temperature", "warm"),
        ("usage", "--by", "colour"),
    ],
)
def test_wrong_usage_exits_with_2(gitgen: Gitgen, running: Endpoint, folder: Path, args: tuple[str, ...]) -> None:
    before = kept(folder)
    ran = gitgen(*args)
    assert ran.code == 2 and "Usage:" in ran.err and ran.out == ""
    assert running.requests == [] and kept(folder) == before


@pytest.mark.parametrize("args", [NEW, FIX])
def test_without_a_key_and_a_local_model_both_ways_are_named(
    gitgen: Gitgen, folder: Path, args: tuple[str, ...]
) -> None:
    before = kept(folder)
    _, mend = complaint(gitgen(*args))
    assert "OPENAI_API_KEY" in mend and "gitgen[local]" in mend and "gitgen models pull" in mend
    assert kept(folder) == before


def test_without_a_model_no_repository_is_made(gitgen: Gitgen, tmp_path: Path) -> None:
    complaint(gitgen("new", str(tmp_path / "fresh"), "-m", "Greet", cwd=tmp_path))
    assert not (tmp_path / "fresh").exists()


@pytest.mark.parametrize(
    ("model", "what", "mend"),
    [
        ("gpt-4o", "no key for gpt-4o", "OPENAI_API_KEY"),
        ("nope.gguf", "no model file nope.gguf", "--model"),
        ("replay:nope", "There is no branch nope", "git branch --list"),
    ],
)
def test_a_model_that_cannot_be_opened_is_told(gitgen: Gitgen, folder: Path, model: str, what: str, mend: str) -> None:
    before = kept(folder)
    told = complaint(gitgen(*FIX, "--model", model))
    assert what in told[0] and mend in told[1]
    assert kept(folder) == before


def test_a_new_program_may_begin_in_a_repository_without_a_commit(
    gitgen: Gitgen, running: Endpoint, folder: Path
) -> None:
    here = unborn(folder)
    ran = gitgen(*NEW, "--steps", "generate", cwd=here)
    assert ran.code == 0, ran.err
    assert git(here, "symbolic-ref", "--short", "HEAD") == "gitgen/s" and (here / "hello.py").exists()


# --- a session that is checked out, and changed ---


@pytest.fixture
def session(gitgen: Gitgen, running: Endpoint, folder: Path) -> Path:
    """A session with one step, checked out."""
    assert gitgen(*FIX).code == 0
    git(folder, "switch", "-q", "gitgen/s")
    running.requests.clear()
    running.script.append(says("README.md\n```\n# Salut\n```\n"))
    return folder


@pytest.mark.parametrize("command", [("fix", "More"), ("resume",)])
def test_uncommitted_changes_stop_a_step(
    gitgen: Gitgen, running: Endpoint, session: Path, command: tuple[str, ...]
) -> None:
    write(session, {"hello.py": "print('mine')\n", "untracked": "mine\n"})
    before = kept(session)
    what, mend = complaint(gitgen(*command))
    assert "gitgen/s is checked out at" in what and "uncommitted changes: hello.py" in what
    assert ("--commit-dirty" in mend) == (command == ("fix", "More"))
    assert running.requests == [] and kept(session) == before


def test_uncommitted_changes_are_committed_on_request(gitgen: Gitgen, running: Endpoint, session: Path) -> None:
    write(session, {"hello.py": "print('mine')\n"})
    ran = gitgen("fix", "More", "--commit-dirty")
    assert ran.code == 0, ran.err
    assert (session / "hello.py").read_text() == "print('mine')\n"
    assert (session / "README.md").read_text() == "# Salut\n"
    assert git(session, "log", "-1", "--format=%s", "HEAD^") == "Save work before gitgen goes on"
    assert git(session, "status", "--porcelain") == ""


# --- what the endpoint or the model gets wrong ---


@pytest.mark.parametrize("args", [NEW, FIX])
def test_an_endpoint_that_cannot_be_reached_costs_nothing_and_can_be_tried_again(
    gitgen: Gitgen, running: Endpoint, folder: Path, args: tuple[str, ...]
) -> None:
    before = kept(folder)
    what, mend = complaint(gitgen(*args, "--base-url", "http://127.0.0.1:9/v1"))
    assert "http://127.0.0.1:9/v1 is not reachable" in what and "--base-url" in mend
    assert before.items() <= kept(folder).items()
    running.script.append(says("run.sh\n```sh\npython3 hello.py\n```\n"))
    assert gitgen("resume", "gitgen/s").code == 0
    assert git(folder, "show", "gitgen/s:hello.py") == "print('Salut')"


@pytest.mark.parametrize("reply", ["", " \n", "Sorry, I cannot do that.", "```python\nprint()\n```\n"])
def test_a_reply_without_files_changes_none(gitgen: Gitgen, running: Endpoint, folder: Path, reply: str) -> None:
    running.script[:] = [says(reply)]
    before = kept(folder)
    what, mend = complaint(gitgen(*FIX, "--rounds", "0"))
    assert "The reply was rejected, no file was changed" in what and "gitgen resume gitgen/s" in mend
    assert before.items() <= kept(folder).items()
    assert changed(folder) == [] and trailer(folder, "Status") == "rejected"


HOSTILE = [
    "/etc/passwd",
    "~/.bashrc",
    "../outside.py",
    "src/../../outside.py",
    "src/./a.py",
    "src//a.py",
    "src/..",
    "C:/windows/a.py",
    "c:a.py",
    "src\\a.py",
    "..\\outside.py",
    "\\\\server\\share\\a.py",
    ".git/config",
    ".git/hooks/pre-commit",
    ".GIT/config",
    ".Git/hooks/post-checkout",
    "src/.git/config",
    ".git ",
    ".git /config",
    ".git./config",
    ".git. . /config",
    ".git::$INDEX_ALLOCATION/config",
    "git~1/config",
    "GIT~1/config",
    "git~2/config",
    ".g\u200cit/config",
    ".gi\u200dt/config",
    "\u200e.git/config",
    ".git\ufeff/config",
    "\uff0egit/config",
    ".g\u202eit/config",
    ".gitmodules",
    ".GITMODULES",
    ".gitmodules ",
    "gitmod~1",
    "GI7EBA~1",
    ".gitgen/s/prompt",
    ".gitgen/.gitattributes",
    ".GitGen/s/0001-fix.json",
    "gitgen~1/s/prompt",
    "a\x00b.py",
    "a\x1b[31m.py",
    "a\x07.py",
    "a\x7f.py",
    "a\u2028b.py",
    "a" * 300,
    "/".join(["long"] * 1000),
    "link/escaped.py",
]


def diff_of(path: str) -> str:
    return f"```diff\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+owned\n```\n"


FORMS = ("{}\n```\nowned\n```\n", "```python {}\nowned\n```\n", "```diff\n--- a/{0}\n+++ b/{0}\n@@ @@\n+owned\n```\n")


@pytest.mark.parametrize("path", HOSTILE, ids=[f"{n}" for n in range(len(HOSTILE))])
def test_a_hostile_path_is_never_written(gitgen: Gitgen, running: Endpoint, folder: Path, path: str) -> None:
    (folder / "link").symlink_to(folder.parent)
    git(folder, "add", "link")
    git(folder, "commit", "-qm", "Link out")
    before = kept(folder.parent)
    # Beside it stands a good edit, which must not be applied either.
    running.script[:] = [says(FIXED + diff_of(path))] * 2
    what, _ = complaint(gitgen(*FIX, "--rounds", "1"))
    assert "The reply was rejected, no file was changed" in what
    assert before.items() <= kept(folder.parent).items()
    assert changed(folder) == [] and trailer(folder, "Status") == "rejected"
    told = running.requests[1]["messages"][-1]["content"]
    assert what.rpartition(": ")[2] in told


@pytest.mark.parametrize("form", FORMS, ids=["whole", "info", "patch"])
def test_no_form_of_a_reply_reaches_a_hostile_path(form: str) -> None:
    for path in HOSTILE[:-1]:  # The last one is hostile only where the link stands.
        changes = Draft({"hello.py": b"print()\n"}).read(FIXED + form.format(path)).changes
        assert all(why_hostile(written) is None for written in changes), path


def changed(folder: Path) -> list[str]:
    """The files that the session changed, without gitgen's own."""
    names = git(folder, "diff", "--name-only", "main", "gitgen/s").splitlines()
    return [name for name in names if not name.startswith(".gitgen/")]


def trailer(folder: Path, key: str) -> str:
    return git(folder, "log", "-1", f"--format=%(trailers:key=Gitgen-{key},valueonly)", "gitgen/s").strip()


# --- the handler itself ---


@pytest.mark.parametrize("unsafe", ["\x1b[31mred", "two\nlines", "bell\x07"])
def test_an_error_is_one_line_of_harmless_characters(
    gitgen: Gitgen, running: Endpoint, folder: Path, unsafe: str
) -> None:
    what, _ = complaint(gitgen("fix", "x", "--branch", unsafe))
    assert what.startswith("There is no branch") and not re.search(r"[\x00-\x1f\x7f]", what)


@pytest.mark.parametrize("writable", [True, False])
def test_a_bug_is_told_as_one_and_its_trace_is_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, writable: bool
) -> None:
    if not writable:
        (tmp_path / "cache").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "the-key-of-somebody")
    try:
        raise RuntimeError("unheard of: Bearer the-key-of-somebody")
    except RuntimeError:
        assert cli._bug() == 3
    lines = capsys.readouterr().err.splitlines()
    assert lines[-2].startswith("error: gitgen has a bug") and "report it with" in lines[-1]
    trace = Path(lines[-1].rpartition(" ")[2]).read_text() if writable else "\n".join(lines)
    assert "RuntimeError: unheard of" in trace and __version__ in trace and "the-key-of-somebody" not in trace


def test_a_reader_that_has_gone_away_is_no_error(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        ran = subprocess.run([sys.executable, "-m", "gitgen", "--help"], stdout=nobody, stderr=subprocess.PIPE)
    assert (ran.returncode, ran.stderr) == (0, b"")
