"""The list of a fleet: what each line names, and where clones stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.errors import GitgenError
from gitgen.roster import Member, members
from tests.conftest import git

AROUND, CLONES = Path("/lists"), Path("/lists/clones")


def one(line: str) -> Member:
    (member,) = members(line, AROUND, CLONES)
    return member


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("https://github.com/ada/hello.git", "github.com/ada/hello"),
        ("https://ada:secret@git.example.org:8443/team/sub/hello", "git.example.org-8443/team/sub/hello"),
        ("git@github.com:ada/hello.git", "github.com/ada/hello"),
        ("github.com:ada/hello", "github.com/ada/hello"),
        ("ssh://git@example.org:2222/~ada/hello.git", "example.org/~ada/hello"),
        ("file:///srv/git/hello.git", "srv/git/hello"),
    ],
)
def test_a_url_has_its_clone_by_host_and_path(address: str, folder: str) -> None:
    assert one(address) == Member(address, CLONES / folder, address)


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("api", "/lists/api"),
        ("./sub/../api", "/lists/api"),
        ("/srv/api", "/srv/api"),
    ],
)
def test_a_folder_is_worked_on_where_it_is(line: str, folder: str) -> None:
    assert one(line) == Member(line, Path(folder))


def test_a_bare_repository_is_cloned(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "hello.git")
    (member,) = members("hello.git", tmp_path, CLONES)
    place = tmp_path / "hello.git"
    assert member == Member("hello.git", CLONES.joinpath(*place.with_suffix("").parts[1:]), str(place))


def test_comments_and_empty_lines_are_none_and_what_is_listed_twice_is_one() -> None:
    listed = members("# all of ours\n\n  api  \n./api\nweb\n", AROUND, CLONES)
    assert [member.name for member in listed] == ["api", "web"]


@pytest.mark.parametrize(
    "line",
    [
        "https://example.org/../../etc",
        "git@example.org:../etc",
        "https://",
        "https://example.org/x/.GIT",
        "file:///../x",
    ],
)
def test_an_address_whose_clone_would_stand_elsewhere_is_refused(line: str) -> None:
    with pytest.raises(GitgenError, match="is no address of a repository"):
        members(line, AROUND, CLONES)


@given(st.text(), st.sampled_from(["", "https://", "ssh://git@", "file://", "git@host:"]))
def test_no_clone_stands_outside_its_folder(text: str, scheme: str) -> None:
    try:
        listed = members(scheme + text, AROUND, CLONES)
    except GitgenError:
        return
    for member in listed:
        assert not member.address or (CLONES in member.folder.parents and ".." not in member.folder.parts)


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n \n"])
def test_a_list_that_names_nothing_is_an_error(text: str) -> None:
    with pytest.raises(GitgenError, match="names no repository"):
        members(text, AROUND, CLONES)
