"""Which files of a tree a text is about, and the cache that makes the answer quick."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gitgen
from gitgen.errors import GitgenError
from gitgen.git import Git
from gitgen.ranking import reading
from gitgen.ranking.bm25 import MOST_POSTINGS, Documents, shares
from gitgen.ranking.definitions import defined_names
from gitgen.ranking.kinds import WEIGHT, kind_of, left_out, weights_for
from gitgen.ranking.order import TOP, by_worth
from gitgen.ranking.rank import Ranking, cache_of, rank
from gitgen.ranking.terms import stem, terms
from tests.conftest import git, write

SHOP = {
    "shop/basket.py": "class Basket:\n    def add_item(self, item):\n        self.items.append(item)\n",
    "shop/prices.py": "def discount(total, percent):\n    return total * (100 - percent) / 100\n",
    "shop/mail.py": "def send_receipt(address, basket):\n    connect().send(address, str(basket))\n",
    "tests/test_prices.py": "def test_discount():\n    assert discount(100, 10) == 90\n",
    "docs/prices.md": "# Prices\n\nThe discount is a percentage of the total.\n",
}


def commit(folder: Path, message: str, files: dict[str, str | bytes]) -> str:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def shop(folder: Path) -> Path:
    commit(folder, "Open the shop", dict(SHOP))
    return folder


def ranked(folder: Path, query: str, treeish: str = "HEAD") -> list[str]:
    return list(gitgen.rank_files(folder, treeish, query))


def ranking(folder: Path, query: str = "discount", until: float | None = None) -> Ranking:
    door = Git(folder)
    try:
        return rank(door, "HEAD", query, until=until)
    finally:
        door.close()


def test_an_identifier_is_found_by_its_words_and_as_a_whole() -> None:
    assert dict(terms(b"parseHTTPDate")) == {"pars": 1, "http": 1, "dat": 1, "=parsehttpdate": 1}
    assert dict(terms(b"max_retries = 404")) == {"max": 1, "retry": 1, "=max_retries": 1, "404": 1}
    assert not terms(b"the and of if " + b"x" * 100)


@pytest.mark.parametrize(
    ("one", "other"), [("resolved", "resolve"), ("running", "run"), ("queries", "query"), ("typing", "types")]
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@given(st.binary())
def test_any_bytes_have_terms(text: bytes) -> None:
    assert all(count > 0 and term for term, count in terms(text).items())


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"async def fetch(url):", b"fetch"),
        (b"func (c *Context) Bind(x any) error {", b"Bind"),
        (b"pub fn walk(path: &Path) -> Walk {", b"walk"),
        (b"static int dictResize(dict *d) {", b"dictResize"),
        (b"  public String toJson(Object src) {", b"toJson"),
        (b"app.use = function use(fn) {", b"use"),
        (b"#define HZ 100", b"HZ"),
        (b"export const ref = <T>(value: T) => 1", b"ref"),
    ],
)
def test_a_definition_is_seen_in_many_languages(line: bytes, name: bytes) -> None:
    assert name in set(defined_names(line))


def test_a_path_tells_its_kind() -> None:
    assert [kind_of(path) for path in SHOP] == ["source", "source", "source", "test", "docs"]
    assert [kind_of(path) for path in ("a/b.spec.ts", "go/x_test.go", "setup.py", ".github/ci.yml")] == [
        *("test", "test", "settings", "settings")
    ]
    assert [left_out(path) for path in ("yarn.lock", "a.min.js", "vendor/x.go", "logo.PNG", "lib/vendor.py")] == [
        *("a lock file", "minified", "vendored", "binary", None)
    ]


@pytest.mark.parametrize(
    ("line", "spoken_of"),
    [
        ("Test the discount of nothing", {"test"}),
        ("docs: mention the README", {"docs"}),
        ("Bump dependencies in CI", {"settings"}),
        ("Attest the latest configuration of documents", set()),
    ],
)
def test_a_kind_that_the_first_line_speaks_of_counts_more(line: str, spoken_of: set[str]) -> None:
    assert {kind for kind, weight in weights_for(line).items() if weight > WEIGHT[kind]} == spoken_of


def test_what_is_asked_of_the_documentation_counts_more_there(shop: Path) -> None:
    def score(query: str) -> float:
        return {file.path: file.score for file in rank(Git(shop), "HEAD", query).files}["docs/prices.md"]

    # No file has the word "typo", so the kind is all that it changes.
    assert score("Percentage, typo") == pytest.approx(score("Percentage") * 0.7 / 0.4)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    postings = {"rare": ([1], b"\1"), "common": ([2, 3, 4], b"\1\1\1")}
    scores = Documents(dict.fromkeys(range(1, 6), 10)).scores({"rare": 1, "common": 1}, postings.__getitem__)
    assert scores[1] > scores[2] == scores[3] > 0
    assert shares(scores)[1] == 1.0


def test_what_else_is_in_the_cache_does_not_change_a_score() -> None:
    documents, others = Documents({1: 10, 2: 10}), range(3, MOST_POSTINGS + 3)

    def scores(*stale: int) -> dict[int, float]:
        return documents.scores({"word": 1}, lambda _: ([1, *stale], bytes([1]) * (1 + len(stale))))

    assert scores(*others) == scores() and scores()[1] > 0


def offered(*files: tuple[str, float, int]) -> list[str]:
    return [name for name, _, _ in by_worth(files, score=lambda file: file[1], cost=lambda file: file[2])]


def test_the_best_file_comes_first_whatever_it_costs() -> None:
    assert offered(("large", 2.0, 100_000), ("small", 1.9, 10))[0] == "large"


def test_far_down_a_cheap_file_comes_before_a_large_one_of_much_the_same_score() -> None:
    top = [(str(n), 3.0, 1000) for n in range(TOP)]
    assert offered(*top, ("large", 1.0, 50_000), ("small", 0.9, 1000)) == [*"01234", "small", "large"]
    assert offered(*top, ("large", 1.0, 50_000), ("poor", 0.1, 1000)) == [*"01234", "large", "poor"]


def test_a_cheap_file_from_far_down_drives_none_out_of_the_top() -> None:
    top = [(str(n), 1.0, 100_000) for n in range(TOP)]
    assert offered(*top, ("cheap", 0.99, 1))[-1] == "cheap"


@given(st.lists(st.tuples(st.text(), st.floats(0, 8), st.integers(-1, 10**6)), max_size=30))
def test_all_files_are_offered_once(files: list[tuple[str, float, int]]) -> None:
    assert sorted(offered(*files)) == sorted(name for name, _, _ in files)


def test_a_ranking_offers_small_files_before_a_large_one_of_much_the_same_score(shop: Path) -> None:
    top = {f"shop/discount{n}.py": "def discount():\n    return discount\n" * 9 for n in range(TOP)}
    words = "".join(f"word{n} = {n}\n" for n in range(2000))
    commit(shop, "Grow", {**top, "shop/long.py": "discount = 1\n" * 400 + words, "shop/short.py": "discount = 1\n"})
    places = {file.path: (place, file.score) for place, file in enumerate(ranking(shop, "discount").files)}
    assert places["shop/short.py"][0] < places["shop/long.py"][0]
    assert places["shop/short.py"][1] < places["shop/long.py"][1]


def test_what_a_text_is_about_comes_first_and_its_test_soon_after(shop: Path) -> None:
    found = ranked(shop, "The discount is wrong for a percentage over 50")
    assert found[0] == "shop/prices.py"
    assert set(found[1:3]) == {"tests/test_prices.py", "docs/prices.md"}


@pytest.mark.parametrize(
    "query",
    [
        "it fails in shop/mail.py",
        "mail.py fails",
        "import shop.mail fails",
        '  File "/home/ada/project/shop/mail.py", line 2, in send',
        r"shop\mail.py fails",
    ],
)
def test_a_file_that_the_text_names_comes_first(shop: Path, query: str) -> None:
    assert ranked(shop, query)[0] == "shop/mail.py"


def test_the_messages_of_commits_speak_for_the_files_they_touched(shop: Path) -> None:
    commit(shop, "Round half a cent up", {"shop/prices.py": SHOP["shop/prices.py"] + "\n# exactly\n"})
    assert ranked(shop, "wrong cents after the rounding")[0] == "shop/prices.py"


def test_files_that_no_model_is_shown_are_not_ranked(shop: Path) -> None:
    text = "discount = 1\n"
    commit(shop, "Add", {"vendor/discount.py": text, "discount.min.js": text, "poetry.lock": text})
    assert not {"vendor/discount.py", "discount.min.js", "poetry.lock"} & set(ranked(shop, "discount"))


def test_a_warm_ranking_is_that_of_a_cold_one_whichever_trees_came_before(shop: Path) -> None:
    first = git(shop, "rev-parse", "HEAD")
    ranked(shop, "discount", first)
    commit(shop, "Move", {"shop/basket.py": "def discount(): pass\n", "new/deep/file.py": "discount = 3\n"})
    git(shop, "rm", "-q", "shop/mail.py")
    last = commit(shop, "Remove", {})
    warm = [ranked(shop, "discount basket", treeish) for treeish in (last, first)]
    cache_of(Git(shop)).unlink()
    assert warm == [ranked(shop, "discount basket", treeish) for treeish in (last, first)]


def test_a_commit_of_one_file_costs_the_reading_of_one(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranked(shop, "discount")
    commit(shop, "Change", {"shop/mail.py": "def discount(): pass\n"})
    read: list[int] = []
    real = reading._texts
    monkeypatch.setattr(reading, "_texts", lambda door, batch: read.append(len(batch)) or real(door, batch))  # type: ignore[func-returns-value]
    assert ranked(shop, "mail discount")[0] == "shop/mail.py"
    assert read == [1]


def test_without_time_it_ranks_with_what_there_is_and_says_so(shop: Path) -> None:
    found = ranking(shop, "prices", until=time.monotonic())
    assert (found.read, found.total) == (0, 7)
    assert found.files[0].path == "shop/prices.py"
    assert ranking(shop).read == 7


def test_ctrl_c_loses_no_more_than_a_batch(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_BATCH", 1)

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    door = Git(shop)
    with pytest.raises(KeyboardInterrupt):
        rank(door, "HEAD", "discount", progress=interrupt)
    assert ranking(shop, until=time.monotonic()).read == 3


@pytest.mark.parametrize("junk", [b"", b"no database at all" * 100])
def test_a_broken_cache_is_made_anew(shop: Path, junk: bytes) -> None:
    expected = ranked(shop, "discount")
    cache_of(Git(shop)).write_bytes(junk)
    assert ranked(shop, "discount") == expected


def test_a_cache_that_is_broken_further_in_is_made_anew(shop: Path) -> None:
    expected = ranked(shop, "discount")
    cache = cache_of(Git(shop))
    content = bytearray(cache.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    cache.write_bytes(content)
    assert ranked(shop, "discount") == expected


def test_a_cache_of_another_version_is_made_anew(shop: Path) -> None:
    expected = ranked(shop, "discount")
    with sqlite3.connect(cache_of(Git(shop))) as database:
        database.execute("PRAGMA user_version = 99")
        database.execute("DROP TABLE blob")
    assert ranked(shop, "discount") == expected


def test_the_cache_is_written_by_its_owner_alone(shop: Path) -> None:
    before = os.umask(0)
    try:
        ranked(shop, "discount")
    finally:
        os.umask(before)
    cache = cache_of(Git(shop))
    assert cache == shop / ".git/gitgen/cache.sqlite"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (cache, cache.parent)] == [0o644, 0o755]


def test_a_folder_that_cannot_be_written_only_costs_time(shop: Path) -> None:
    (shop / ".git/gitgen").write_text("a file where the folder should be")
    assert ranked(shop, "discount")[0] == "shop/prices.py"


def test_many_at_once_make_one_cache(shop: Path) -> None:
    commit(shop, "Grow", {f"part/file{number}.py": f"def discount_{number}(): pass\n" for number in range(300)})
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: ranked(shop, "discount 7"), range(6)))
    assert found[0] == ranked(shop, "discount 7") and all(each == found[0] for each in found)
    with sqlite3.connect(cache_of(Git(shop))) as database:
        ids = b"".join(row[0] for row in database.execute("SELECT documents FROM posting WHERE term = 'discount'"))
        assert len(ids) // 4 == len({ids[at : at + 4] for at in range(0, len(ids), 4)})


def test_many_small_segments_become_one(shop: Path) -> None:
    for number in range(30):
        commit(shop, "Change", {"shop/mail.py": f"discount = {number}\n"})
        ranked(shop, "discount")
    with sqlite3.connect(cache_of(Git(shop))) as database:
        assert database.execute("SELECT count(*) FROM segment").fetchone()[0] < 30
    assert set(ranked(shop, "discount")[:2]) == {"shop/mail.py", "shop/prices.py"}


def test_it_works_in_a_bare_repository_on_a_tree_on_a_branch_and_with_sha256(shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(shop), "bare")
    assert ranked(tmp_path / "bare", "discount", "main^{tree}")[0] == "shop/prices.py"
    git(tmp_path, "init", "-q", "--object-format=sha256", "other")
    commit(tmp_path / "other", "Open", dict(SHOP))
    assert ranked(tmp_path / "other", "discount", "main")[0] == "shop/prices.py"


def test_all_work_trees_share_one_cache(shop: Path, tmp_path: Path) -> None:
    git(shop, "worktree", "add", "-q", str(tmp_path / "second"))
    ranked(tmp_path / "second", "discount")
    assert cache_of(Git(tmp_path / "second")) == cache_of(Git(shop))
    assert cache_of(Git(shop)).exists()


def test_a_partial_clone_fetches_nothing(shop: Path, tmp_path: Path) -> None:
    git(shop, "config", "uploadpack.allowFilter", "true")
    origin = f"file://{shop}"
    git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", origin, "partial")
    partial = tmp_path / "partial"
    shop.rename(tmp_path / "unreachable")
    found = ranking(partial, "prices of the shop")
    assert (found.read, found.total) == (0, 7)
    assert found.files[0].path == "shop/prices.py"


def test_a_clone_without_trees_does_without_its_history(shop: Path, tmp_path: Path) -> None:
    git(shop, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=tree:0", f"file://{shop}", "partial")
    shop.rename(tmp_path / "unreachable")
    assert ranked(tmp_path / "partial", "discount")[0] == "shop/prices.py"


def test_odd_trees_are_ranked_without_a_stall(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to(".")
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    name = os.fsdecode(b"caf\xe9-discount.py")
    write(folder, {name: "discount = 1\n", "line\nbreak.py": "discount = 2\n", "ж.py": "скидка = 1\n"})
    write(folder, {"one-line.js": b"discount " * 200_000, "huge.bin": b"\0" * 2_000_000, "nul.py": b"discount\0"})
    commit(folder, "Odd", {})
    found = ranked(folder, "discount")
    assert {name, "line\nbreak.py"} <= set(found[:3])
    assert not {"loop", "up", "module"} & set(ranked(folder, "loop up module discount"))
    assert ranked(folder, "скидка")[0] == "ж.py"


def test_there_is_no_ranking_of_what_is_no_tree(folder: Path) -> None:
    with pytest.raises(GitgenError, match="there is no"):
        ranked(folder, "hello", "no-such-branch")


def test_an_empty_query_and_an_empty_tree_are_no_error(folder: Path) -> None:
    assert set(ranked(folder, "")) <= {"hello.py", "README.md"}
    assert ranked(folder, "hello", git(folder, "mktree", stdin="")) == []
