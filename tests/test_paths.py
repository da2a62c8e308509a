"""No name that a model gives may lead out of the repository or into Git's own files."""

import pytest

from gitgen.paths import why_hostile


@pytest.mark.parametrize(
    "path",
    [
        "a.py",
        "src/deep/er/a b (1).py",
        ".gitignore",
        ".github/workflows/ci.yml",
        ".gitattributes",
        "docs/.gitkeep",
        "git/x",
        "x/.gitgen/y",
        "näme/日本.txt",
        "...x",
        "C/x",
    ],
)
def test_ordinary_names_pass(path: str) -> None:
    assert why_hostile(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "~/x",
        "../x",
        "a/../../x",
        "a//b",
        "./a",
        "a/.",
        "a/",
        "C:/x",
        "c:x",
        "a\\b",
        "..\\x",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "a\udcffb",
        ".. /x",
        "a/.../b",
        "x" * 300,
    ],
)
def test_names_that_are_no_plain_relative_path_do_not(path: str) -> None:
    assert why_hostile(path)


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".GIT/hooks/pre-commit",
        "sub/.git/config",
        "git~1/config",
        "GIT~2/x",
        ".git./x",
        ".git /x",
        ".git::$INDEX_ALLOCATION/x",
        ".g\u200cit/x",
        "\ufeff.git/x",
        ".gitmodules",
        "sub/.GitModules",
        "gitmod~1",
        "GITMOD~4",
        "gi7eba~1",
        ".gitmodules. ",
        ".gitgen/log.json",
        ".GITGEN/x",
        ".gitgen",
        ".git\u200dgen/x",
        "gitgen~1/x",
    ],
)
def test_the_files_of_git_and_gitgen_are_out_of_reach_in_any_spelling(path: str) -> None:
    assert why_hostile(path)
