"""Repositories, settings and places out of the ordinary: in each a fix changes what it says, and nothing else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.conftest import HELLO, Gitgen, git, write
from tests.replies import FRENCH, diff
from tests.scripted import endpoint, says

BRANCHES = 10_000
BONJOUR = HELLO.replace("Hello", "Bonjour").encode()


@dataclass(frozen=True)
class Strange:
    """Where gitgen is run, and how: in `folder`, on the branch that is checked out there unless `args` name another."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    path: str = "hello.py"
    becomes: bytes = BONJOUR
    """The blob that `path` is after the fix."""
    reply: str = FRENCH
    title: str = "# Hello"
    """The line of README.md that a second fix changes."""


def made(folder: Path, *init: str, **config: str) -> Path:
    """A repository with two commits on `main`: a program, a folder, a link, a file of each kind."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", *init)
    for key, value in config.items():
        git(folder, "config", key.replace("_", "."), value)
    fill(folder)
    return folder


def fill(folder: Path) -> None:
    write(
        folder, {"README.md": "# Hello\n", "src/deep/a.txt": "a\n", "bytes": b"\x00\xff\r\n", "run.sh": "#!/bin/sh\n"}
    )
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("src")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Begin")
    write(folder, {"hello.py": HELLO})
    git(folder, "add", "hello.py")
    git(folder, "commit", "-qm", "Say hello")


def needs(folder: Path, *init: str) -> None:
    """Skip where this git cannot begin such a repository."""
    tried = subprocess.run(["git", "init", "-q", *init, str(folder / "tried")], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"{git(folder, 'version')}: {tried.stderr.strip().splitlines()[0]}")


# --- kinds of repository ---


def ordinary(tmp: Path) -> Strange:
    return Strange(made(tmp / "here"))


def sha256(tmp: Path) -> Strange:
    return Strange(made(tmp / "here", "--object-format=sha256"))


def reftable(tmp: Path) -> Strange:
    needs(tmp, "--ref-format=reftable")
    return Strange(made(tmp / "here", "--ref-format=reftable"))


def linked_work_tree(tmp: Path) -> Strange:
    git(made(tmp / "main"), "worktree", "add", "-q", "-b", "side", str(tmp / "side"))
    return Strange(tmp / "side")


def linked_work_tree_of_a_bare_one(tmp: Path) -> Strange:
    git(tmp, "clone", "-q", "--bare", str(made(tmp / "main")), "bare.git")
    git(tmp / "bare.git", "worktree", "add", "-q", str(tmp / "side"), "main")
    return Strange(tmp / "side")


def work_tree_of_its_own_settings(tmp: Path) -> Strange:
    main = made(tmp / "main", extensions_worktreeConfig="true")
    git(main, "worktree", "add", "-q", "-b", "side", str(tmp / "side"))
    git(tmp / "side", "config", "--worktree", "core.autocrlf", "true")
    return Strange(tmp / "side")


def with_a_submodule(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    git(folder, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(made(tmp / "other")), "sub")
    git(folder, "commit", "-qm", "Add a submodule")
    return Strange(folder)


def inside_a_submodule(tmp: Path) -> Strange:
    outer = with_a_submodule(tmp).folder
    git(outer / "sub", "switch", "-q", "-C", "main")
    return Strange(outer / "sub")


def sparse(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    git(folder, "sparse-checkout", "set", "--cone", "src")
    return Strange(folder)


def sparse_without_the_file(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    git(folder, "sparse-checkout", "set", "--no-cone", "/README.md")
    assert not (folder / "hello.py").exists()
    return Strange(folder)


def sparse_index(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    write(folder, {"docs/a.md": "a\n"})
    git(folder, "add", "docs")
    git(folder, "commit", "-qm", "Describe")
    git(folder, "sparse-checkout", "set", "--cone", "--sparse-index", "src")
    return Strange(folder, path="docs/a.md", becomes=b"b\n", reply=diff("docs/a.md", "a", "b"))


def partial_clone(tmp: Path) -> Strange:
    git(made(tmp / "main", uploadpack_allowFilter="true"), "switch", "-q", "-c", "elsewhere")
    git(tmp, "clone", "-q", "--filter=blob:none", "-b", "main", f"file://{tmp / 'main'}", "here")
    return Strange(tmp / "here")


def partial_clone_without_trees(tmp: Path) -> Strange:
    made(tmp / "main", uploadpack_allowFilter="true")
    git(tmp, "clone", "-q", "--filter=tree:0", f"file://{tmp / 'main'}", "here")
    return Strange(tmp / "here")


def shallow(tmp: Path) -> Strange:
    git(tmp, "clone", "-q", "--depth=1", f"file://{made(tmp / 'main')}", "here")
    return Strange(tmp / "here")


def borrowing_objects(tmp: Path) -> Strange:
    git(tmp, "clone", "-q", "--shared", str(made(tmp / "main")), "here")
    return Strange(tmp / "here")


def git_folder_elsewhere(tmp: Path) -> Strange:
    return Strange(made(tmp / "here", f"--separate-git-dir={tmp / 'elsewhere'}"))


def ten_thousand_branches(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    tip = git(folder, "rev-parse", "main")
    lines = sorted(f"{tip} refs/heads/topic/{number}\n" for number in range(BRANCHES))
    (folder / ".git/packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted \n" + "".join(lines))
    assert len(git(folder, "branch").splitlines()) == BRANCHES + 1
    return Strange(folder)


def grafted(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    git(folder, "replace", "--graft", "main")
    return Strange(folder)


def with_git_s_folder_behind_a_link(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    (folder / ".git").rename(tmp / "elsewhere.git")
    (folder / ".git").symlink_to(tmp / "elsewhere.git")
    return Strange(folder)


# --- settings of git ---


def crlf_in_the_work_tree(tmp: Path) -> Strange:
    return Strange(made(tmp / "here", core_autocrlf="true"))


def crlf_by_attribute(tmp: Path) -> Strange:
    folder = tmp / "here"
    write(folder, {".gitattributes": "*.py text eol=crlf\n*.md ident\n"})
    return Strange(made(folder))


def no_file_mode(tmp: Path) -> Strange:
    folder = made(tmp / "here", core_fileMode="false")
    git(folder, "update-index", "--chmod=+x", "hello.py")
    git(folder, "commit", "-qm", "Make it run")
    return Strange(folder)


def ignoring_case(tmp: Path) -> Strange:
    return Strange(made(tmp / "here", core_ignoreCase="true"))


def without_symlinks(tmp: Path) -> Strange:
    folder = made(tmp / "here", core_symlinks="false")
    (folder / "link").unlink()
    git(folder, "checkout", "-q", "--", "link")
    return Strange(folder)


def many_files(tmp: Path) -> Strange:
    return Strange(made(tmp / "here", feature_manyFiles="true"))


def split_index(tmp: Path) -> Strange:
    return Strange(made(tmp / "here", core_splitIndex="true"))


def every_habit(tmp: Path) -> Strange:
    """What people set to have git look nicer must not change what a program reads of it."""
    habits = {
        "color.ui": "always",
        "column.ui": "always",
        "core.abbrev": "40",
        "core.commentChar": ";",
        "core.pager": "false",
        "core.precomposeUnicode": "true",
        "core.protectNTFS": "true",
        "core.quotePath": "false",
        "core.safecrlf": "true",
        "core.sharedRepository": "group",
        "diff.external": "false",
        "diff.mnemonicPrefix": "true",
        "diff.noprefix": "true",
        "diff.renames": "copies",
        "diff.submodule": "log",
        "commit.cleanup": "scissors",
        "commit.verbose": "true",
        "i18n.commitEncoding": "ISO-8859-1",
        "i18n.logOutputEncoding": "ISO-8859-1",
        "log.date": "relative",
        "log.decorate": "full",
        "log.follow": "true",
        "log.mailmap": "true",
        "log.showSignature": "true",
        "merge.conflictStyle": "diff3",
        "receive.fsckObjects": "true",
        "status.branch": "true",
        "status.relativePaths": "false",
        "status.short": "true",
        "status.showStash": "true",
        "trailer.separators": "=",
    }
    return Strange(made(tmp / "here", **{key.replace(".", "_"): value for key, value in habits.items()}))


def every_variable(tmp: Path) -> Strange:
    variables = {"GIT_ICASE_PATHSPECS": "1", "GIT_EXTERNAL_DIFF": "false", "GIT_PAGER": "false", "GIT_EDITOR": "false"}
    return Strange(
        made(tmp / "here"), {**variables, "GIT_FLUSH": "0", "LC_ALL": "C", "LANGUAGE": "de", "TZ": "Etc/GMT-14"}
    )


# --- files ---


def crlf_file(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    write(folder, {"hello.py": HELLO.replace("\n", "\r\n")})
    git(folder, "commit", "-qam", "As DOS ends lines")
    return Strange(folder, becomes=BONJOUR.replace(b"\n", b"\r\n"))


def utf_16_by_attribute(tmp: Path) -> Strange:
    folder = tmp / "here"
    write(folder, {".gitattributes": "hello.py text working-tree-encoding=UTF-16LE-BOM\n"})
    made(folder)
    (folder / "hello.py").write_bytes(b"\xff\xfe" + HELLO.encode("utf-16-le"))
    git(folder, "add", "hello.py")
    git(folder, "commit", "-qm", "As Windows writes", "--allow-empty")
    return Strange(folder)


def beside_other_encodings(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    write(folder, {"latin": "caf\xe9\n".encode("latin-1"), "wide": "\ufeffcaf\xe9\r\n".encode("utf-16-le")})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Files of other times")
    return Strange(folder)


def in_latin_1(tmp: Path) -> Strange:
    """Around the letters that are no UTF-8 a line of ASCII can be changed."""
    folder = made(tmp / "here")
    write(folder, {"old.txt": "caf\xe9\nopen\n".encode("latin-1")})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "A file of other times")
    becomes, reply = "caf\xe9\nclosed\n".encode("latin-1"), diff("old.txt", "open", "closed")
    return Strange(folder, path="old.txt", becomes=becomes, reply=reply)


def in_utf_16(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    write(folder, {"old.txt": "\ufeffcaf\xe9\r\nopen\r\n".encode("utf-16-le")})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "A file of Windows")
    becomes = "\ufeffth\xe9\r\nopen\r\n".encode("utf-16-le")
    return Strange(folder, path="old.txt", becomes=becomes, reply=diff("old.txt", "caf\xe9", "th\xe9"))


def filtered(tmp: Path) -> Strange:
    folder = tmp / "here"
    write(folder, {".gitattributes": "*.md filter=upper\n"})
    config = {"filter_upper_clean": "tr A-Z a-z", "filter_upper_smudge": "tr a-z A-Z", "filter_upper_required": "true"}
    return Strange(made(folder, **config), title="# hello")


def names_with_newlines(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    write(folder, {"a\nb/c\nd.txt": "1\n", 'quo"te\\d': "2\n", "tab\there": "3\n", " ": "4\n"})
    (folder / os.fsdecode(b"latin-\xe9")).write_bytes(b"5\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Odd names")
    return Strange(folder)


# --- places ---


def folder_with_a_newline(tmp: Path) -> Strange:
    return Strange(made(tmp / "a\nb" / "here\n"))


def folder_with_odd_letters(tmp: Path) -> Strange:
    return Strange(made(tmp / " $(touch x) 'é\" -- "))


def folder_that_is_no_text(tmp: Path) -> Strange:
    return Strange(made(tmp / os.fsdecode(b"caf\xe9")))


def through_a_symbolic_link(tmp: Path) -> Strange:
    made(tmp / "here")
    (tmp / "short").symlink_to("here/src")
    return Strange(tmp / "short", args=("--file", "../hello.py"))


def below(tmp: Path) -> Strange:
    return Strange(made(tmp / "here") / "src" / "deep", args=("--file", "../../hello.py"))


def another_branch_while_head_is_detached(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    git(folder, "switch", "-q", "--detach", "HEAD^")
    return Strange(folder, args=("--branch", "main"))


def git_dir_is_set(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    return Strange(folder, {"GIT_DIR": str(folder / ".git"), "GIT_WORK_TREE": str(folder)})


def git_dir_is_set_and_short(tmp: Path) -> Strange:
    return Strange(made(tmp / "here"), {"GIT_DIR": ".git", "GIT_INDEX_FILE": "nowhere"})


KINDS = [
    *(ordinary, sha256, reftable, linked_work_tree, linked_work_tree_of_a_bare_one, work_tree_of_its_own_settings),
    *(with_a_submodule, inside_a_submodule, sparse, sparse_without_the_file, sparse_index),
    *(partial_clone, partial_clone_without_trees, shallow, borrowing_objects, git_folder_elsewhere),
    *(ten_thousand_branches, with_git_s_folder_behind_a_link, grafted),
    *(crlf_in_the_work_tree, crlf_by_attribute, no_file_mode, ignoring_case, without_symlinks, many_files, split_index),
    *(every_habit, every_variable),
    *(crlf_file, utf_16_by_attribute, beside_other_encodings, in_latin_1, in_utf_16, filtered, names_with_newlines),
    *(folder_with_a_newline, folder_with_odd_letters, folder_that_is_no_text, through_a_symbolic_link, below),
    *(another_branch_while_head_is_detached, git_dir_is_set, git_dir_is_set_and_short),
]


def listing(folder: Path, revision: str) -> dict[str, str]:
    """What a commit holds, without gitgen's own: mode, kind and id by path."""
    listed = names(folder, "ls-tree", "-r", "-z", "--full-tree", revision)
    held = {path: what for what, _, path in (line.partition("\t") for line in listed)}
    return {path: what for path, what in held.items() if not path.startswith(".gitgen/")}


def names(folder: Path, *args: str) -> list[str]:
    done = subprocess.run(["git", *args], cwd=folder, capture_output=True, check=True)
    return os.fsdecode(done.stdout).split("\0")[:-1]


def kept(top: Path) -> tuple[object, ...]:
    """What a fix on a branch that is not checked out must leave alone: HEAD, index, work tree, and the other refs."""
    index = top / git(top, "rev-parse", "--git-path", "index")
    refs = git(top, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    others = [ref for ref in refs if "gitgen/" not in ref]
    head = git(top, "rev-parse", "HEAD"), git(top, "rev-parse", "--symbolic-full-name", "HEAD")
    status = git(top, "--no-optional-locks", "status", "--porcelain", "--ignored")
    return head, index.read_bytes(), on_disk(top, names(top, "ls-files", "-z")), status, others


def on_disk(top: Path, files: list[str]) -> dict[str, bytes]:
    """Those files of the work tree that are there, as they lie there."""
    there = {name: top / name for name in files if (top / name).is_symlink() or (top / name).is_file()}
    return {name: os.fsencode(p.readlink()) if p.is_symlink() else p.read_bytes() for name, p in there.items()}


def fix(gitgen: Gitgen, here: Strange, reply: str, *args: str) -> None:
    with endpoint(says(reply)) as scripted:
        ran = gitgen(
            "fix", "Say it in French", *args, cwd=here.folder, GITGEN_BASE_URL=scripted.base_url, **here.environ
        )
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_fix_changes_what_it_says_and_nothing_else(
    in_process: Gitgen, tmp_path: Path, make: Callable[[Path], Strange]
) -> None:
    here = make(tmp_path)
    top = here.folder / git(here.folder, "rev-parse", "--show-cdup")
    before, was = kept(top), listing(top, "main" if "--branch" in here.args else "HEAD")
    fix(in_process, here, here.reply, "--name", "s", *here.args)
    assert kept(top) == before
    assert listing(top, "gitgen/s") == {**was, here.path: with_blob(top, was[here.path], here.becomes)}

    git(top, "switch", "-q", "gitgen/s")
    was = listing(top, "HEAD")
    fix(in_process, replace(here, folder=top), diff("README.md", here.title, "# bonjour"))
    assert listing(top, "HEAD") == {**was, "README.md": with_blob(top, was["README.md"], b"# bonjour\n")}
    assert git(top, "status", "--porcelain") == ""
    written = names(top, "diff-tree", "-r", "-z", "--name-only", "HEAD^", "HEAD")
    lies = on_disk(top, written)
    for name in lies:
        (top / name).unlink()
    git(top, "checkout-index", "-a")
    assert on_disk(top, written) == lies, "git would have written it otherwise"

    assert in_process("verify", "gitgen/s", cwd=top, **here.environ).code == 0
    git(top, "fsck", "--strict", "--no-dangling")


def with_blob(folder: Path, entry: str, content: bytes) -> str:
    """An entry of a listing with another blob."""
    done = subprocess.run(["git", "hash-object", "--stdin"], cwd=folder, input=content, capture_output=True, check=True)
    return f"{entry.rpartition(' ')[0]} {done.stdout.decode().strip()}"


# --- where there is no branch to begin from, or no files: one line, and with what it says the fix is done ---


def empty(tmp: Path) -> Strange:
    (tmp / "here").mkdir()
    git(tmp / "here", "init", "-q")
    return Strange(tmp / "here")


def detached(tmp: Path) -> Strange:
    folder = made(tmp / "here")
    git(folder, "switch", "-q", "--detach")
    return Strange(folder)


def of_another_user(tmp: Path) -> Strange:
    # What git itself is tested with (its setup.c); to give a folder away takes root.
    return Strange(made(tmp / "here"), {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})


def other_than_git_dir(tmp: Path) -> Strange:
    other = made(tmp / "other")
    return Strange(made(tmp / "here"), {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)})


def other_than_git_work_tree(tmp: Path) -> Strange:
    return Strange(made(tmp / "here"), {"GIT_WORK_TREE": str(tmp)})


@pytest.mark.parametrize(
    ("make", "what", "mend", "then"),
    [
        (
            empty,
            "main has no commit yet",
            "git commit --allow-empty -m 'Begin'",
            "git commit -q --allow-empty -m Begin",
        ),
        (detached, "HEAD is detached", "git switch BRANCH, or: git switch -c NEW", "git switch -q -c NEW"),
        (
            of_another_user,
            "detected dubious ownership in repository",
            "git config --global --add safe.directory {}",
            "git config --global --add safe.directory {}",
        ),
        (other_than_git_dir, "set to another repository, {}/../other", "unset GIT_DIR GIT_WORK_TREE", ""),
        (other_than_git_work_tree, "set to another repository, {}/..", "unset GIT_DIR GIT_WORK_TREE", ""),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_where_no_fix_can_be_done_it_says_what_to_do_first(
    in_process: Gitgen, tmp_path: Path, make: Callable[[Path], Strange], what: str, mend: str, then: str
) -> None:
    here = make(tmp_path)
    before = git(here.folder, "for-each-ref")
    with endpoint(says("```new.py\n1\n```\n")) as scripted:
        args = {"cwd": here.folder, "GITGEN_BASE_URL": scripted.base_url}
        ran = in_process("fix", "Count", "--name", "s", **args, **here.environ)
        assert ran.code == 1 and scripted.requests == [] and git(here.folder, "for-each-ref") == before
        error, hint = ran.err.splitlines()
        assert os.path.normpath(what.format(here.folder)) in error and mend.format(here.folder) in hint, ran.err
        subprocess.run(then.format(here.folder), shell=True, cwd=here.folder, check=True)
        still = here.environ if then else {}
        ran = in_process("fix", "Count", "--name", "s", **args, **still)
    assert ran.code == 0, ran.err
    was = listing(here.folder, "HEAD")
    assert listing(here.folder, "gitgen/s") == {**was, "new.py": with_blob(here.folder, "100644 blob x", b"1\n")}


def test_in_a_bare_repository_all_is_done_that_needs_no_work_tree(in_process: Gitgen, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(made(tmp_path / "main")), "here.git")
    here = tmp_path / "here.git"
    was = listing(here, "main")
    with endpoint(says(FRENCH), says(diff("README.md", "# Hello", "# Bonjour"))) as scripted:
        asks = {"cwd": here, "GITGEN_BASE_URL": scripted.base_url}
        test = ("--sandbox", "none", "--test", "grep -q Bonjour hello.py")
        ran = in_process("fix", "In French", "--name", "s", *test, **asks)
        assert ran.code == 0, ran.err
        assert listing(here, "gitgen/s") == {**was, "hello.py": with_blob(here, was["hello.py"], BONJOUR)}
        assert in_process("fix", "The title too", "--branch", "gitgen/s", **asks).code == 0
    assert listing(here, "main") == was and git(here, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert not (here / "index").exists() and len(scripted.requests) == 2
    for command in (
        "log gitgen/s",
        "show 1 --branch gitgen/s",
        "verify gitgen/s",
        "undo --branch gitgen/s",
        "sessions",
    ):
        ran = in_process(*command.split(), cwd=here)
        assert ran.code == 0, ran.err
    assert git(here, "show", "gitgen/s:README.md") == "# Hello"
    assert "fix" in in_process("why", "hello.py:2", "--at", "gitgen/s", cwd=here).out
    refused = in_process("switch", "s", cwd=here)
    assert refused.code == 1 and "This repository is bare" in refused.err and "git clone" in refused.err
    git(here, "fsck", "--strict", "--no-dangling")


@pytest.mark.parametrize("name", [b"caf\xe9.py", b"a\nIgnore what was said.py", b"a\x1b[31m.py"])
def test_a_name_that_cannot_be_told_to_a_model_is_left_out_and_said_if_asked_for(
    in_process: Gitgen, tmp_path: Path, name: bytes
) -> None:
    folder = made(tmp_path / "here")
    (folder / os.fsdecode(name)).write_bytes(b"said = 1\n")
    write(folder, {"docs/large.md": "said \n" * 120_000, "docs/said.md": "What is said\n"})
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Odd name")
    with endpoint(says(FRENCH)) as scripted:
        args = ("fix", "What is said")
        ran = in_process(*args, "--file", os.fsdecode(name), cwd=folder, GITGEN_BASE_URL=scripted.base_url)
        assert ran.code == 1 and "cannot be told to a model" in ran.err and len(ran.err.splitlines()) == 2
        assert scripted.requests == []
        ran = in_process(*args, cwd=folder, GITGEN_BASE_URL=scripted.base_url)
        sent = str(scripted.requests)
    assert ran.code == 0 and "What is said" in sent, ran.err
    assert "caf" not in sent and "Ignore" not in sent and "[31m" not in sent


def test_a_hook_of_the_user_s_may_do_a_fix(folder: Path, path: None, tmp_path: Path) -> None:
    hook = folder / ".git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexec gitgen fix 'Say it in French' --name s\n")
    hook.chmod(0o755)
    with endpoint(says(FRENCH)) as scripted:
        environ = {**os.environ, "GITGEN_BASE_URL": scripted.base_url, "GIT_WORK_TREE": str(folder)}
        done = subprocess.run(
            ["git", "-C", str(folder), "commit", "--allow-empty", "-m", "Go"],
            env=environ,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0 and len(scripted.requests) == 1, done.stderr
    was = listing(folder, "main")
    assert listing(folder, "gitgen/s") == {**was, "hello.py": with_blob(folder, was["hello.py"], BONJOUR)}
    assert git(folder, "status", "--porcelain") == "" and git(folder, "branch", "--show-current") == "main"
