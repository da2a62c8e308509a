"""`gitgen report`: what is in the page, and where it is put."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitgen.record import Chat, File, Ran, Reply, Turn, Usage, assistant, system, user
from gitgen.report.chart import HEIGHT, bars, sums
from gitgen.report.code import Colours, block
from gitgen.report.markdown import markdown
from gitgen.report.plain import visible
from gitgen.report.reading import read
from gitgen.report.values import Entry, FileDiff, Hunk, Opening, Passage, Repeat, Report, Row, ShownFile
from gitgen.repository import Repository
from gitgen.state.commits import Commit
from gitgen.state.log import load
from tests.conftest import HELLO, Gitgen, git
from tests.sessions import BRANCH, Making


@pytest.fixture
def making(repository: Repository) -> Making:
    return Making(repository)


def report(making: Making) -> Report:
    session = load(making.repository, BRANCH)
    assert session is not None
    return read(making.repository, session)


# What the reader makes of a session.


def test_steps_are_numbered_and_commits_of_people_stand_between_them(making: Making) -> None:
    making.step()
    making.by_hand("By hand", {"hello.py": b"x\n"})
    making.step()
    shown = report(making)
    assert [entry.number for entry in shown.entries] == [1, 0, 2]
    assert (shown.entries[1].status, shown.entries[1].added) == ("human", 1)
    assert shown.prompt == "Count." and shown.usage.total_tokens == 240


def test_what_is_sent_again_is_told_by_its_place(making: Making) -> None:
    rules, files = "Rules. " * 60, File("hello.py", making.repository.blob_id(HELLO.encode(), "0" * 40))
    for number in range(2):
        making.step(messages=(system("Be brief."), user("An example"), assistant("x"), user(files, rules, str(number))))
    making.step(messages=(system("Be brief."), user(rules)))
    one, two, three = (step.turns[0] for step in report(making).steps)
    assert isinstance(one.opening, Opening) and len(one.opening.messages) == 3
    assert two.opening == Repeat(one.opening.anchor, 1) and isinstance(three.opening, Opening)
    assert one.asked and two.asked
    shown, text, last = one.asked.parts
    assert shown == ShownFile("hello.py", len(HELLO)) and last == Passage("0")
    assert isinstance(text, Passage) and two.asked.parts == (shown, Repeat(text.anchor, 1), Passage("1"))


def test_what_a_person_answered_is_told_beside_the_feedback(making: Making) -> None:
    inputs = {"feedback": "Go on", "works": "yes", "comments": " ", "assume": True, "files": ["a"]}
    making.chat(Chat("review", inputs), subject="Review the program")
    (step,) = report(making).steps
    assert (step.feedback, step.answers, step.turns) == ("Go on", (("works", "yes"),), ())


def test_a_rejected_step_says_what_did_not_fit(making: Making) -> None:
    making.step("```diff\n--- a/hello.py\n+++ b/hello.py\n@@ ... @@\n-nothing like it\n+x\n```\n", status="rejected")
    (step,) = report(making).steps
    assert [refusal.path for refusal in step.refusals] == ["hello.py"]


def test_a_chat_that_cannot_be_read_costs_only_itself(making: Making) -> None:
    making.step(files={"a": b"1\n"})
    broken = Chat("fix", {}, (Turn({}, (), reply=Reply("x", "stop", "m")),))
    making.chat(replace(broken, inputs={"files": [1]}), {"a": b"2\n"}, subject="Broken")
    first, second = report(making).steps
    assert first.turns and not second.turns
    assert "cannot be read" in second.problem and second.files[0].path == "a"


def test_a_file_whose_blob_is_not_there_has_no_size(making: Making) -> None:
    making.step(messages=(user(File("gone", "1" * 40), File("odd", "HEAD:hello.py")),))
    asked = report(making).steps[0].turns[0].asked
    assert asked and asked.parts == (ShownFile("gone", None), ShownFile("odd", None))


# The chart.


def steps(*usages: Usage) -> list[Entry]:
    keys = ("Prompt", "Completion", "Total", "Cached")
    made = []
    for number, usage in enumerate(usages, 1):
        counts = (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens, usage.cached_tokens or 0)
        trailers = {f"Gitgen-{key}-Tokens": str(count) for key, count in zip(keys, counts, strict=True)}
        made.append(Entry(number, Commit("0" * 40, "", "Ada", 0, "x", {"Gitgen-Step": "fix", **trailers})))
    return made


def heights(path: str) -> list[float]:
    """From a path of bars, how high each is."""
    return [float(low) - float(high) for low, high in re.findall(r"M\S+ (\S+?)V(\S+?)h\S+?V\S+?z", path)]


def test_bars_are_as_high_as_their_tokens() -> None:
    chart = bars(steps(Usage(100, 50, 150, 40), Usage(200, 0, 200)))
    assert [tick.label for tick in chart.ticks] == ["50", "100", "150", "200"]
    per_token = HEIGHT / 200
    paths = dict(chart.paths)
    assert heights(paths["cached"]) == [40 * per_token]
    assert heights(paths["prompt"]) == [60 * per_token, 200 * per_token]
    assert heights(paths["completion"]) == [50 * per_token]


def test_sums_end_at_the_total() -> None:
    chart = sums(steps(*[Usage(100, 100, 200)] * 5))
    assert [tick.label for tick in chart.ticks] == ["500", "1k"]
    assert dict(chart.paths)["completion"].startswith("M0 100V80h1V60h1V40h1V20h1V0h1")


@given(st.lists(st.integers(0, 10**15), max_size=5))
def test_a_chart_has_few_round_lines_for_any_number(counts: list[int]) -> None:
    for chart in (bars, sums):
        ticks = chart(steps(*(Usage(count, 0, count) for count in counts))).ticks
        assert 1 <= len(ticks) <= 4 and ticks[-1].y == 0


# What a text can put into the page.

OURS = {
    *("a", "blockquote", "br", "code", "del", "details", "em", "h4", "h5", "h6", "hr", "i", "li", "ol", "p", "pre"),
    *("s", "strong", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}


class Seen(HTMLParser):
    """The tags of a text and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.words = ""
        # As plain text: Markup would escape what the parser takes out of it.
        self.feed(str(html))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {(name, value or "") for name, value in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


MARKS = st.sampled_from(
    [*"<>&\"'`*_[]()!#~|\\\n -+=/:", "```", "http://", "javascript:", "<script>", "onload=", "a", "\r"]
)
WILD = st.one_of(st.text(), st.lists(MARKS).map("".join))


@given(WILD)
def test_markdown_makes_no_other_elements_than_ours(text: str) -> None:
    seen = Seen(markdown(text))
    assert seen.tags <= OURS
    for name, value in seen.attributes:
        allowed = {
            "href": r"(?i)(https?://|mailto:).*",
            "rel": "noopener noreferrer nofollow",
            "class": "code|.",
            "start": r"\d+",
        }
        assert name == "title" or re.fullmatch(allowed.get(name, "(?!)"), value, re.DOTALL), (name, value)


@given(WILD, st.sampled_from(["python", "html", "diff", "<script>", ""]))
def test_coloured_code_is_the_code(text: str, language: str) -> None:
    seen = Seen(block(text, language))
    assert seen.tags <= {"i"} and {name for name, _ in seen.attributes} <= {"class"}
    assert seen.words == visible(text)


@given(st.text(), st.sampled_from(["a.py", "a.html", "a"]))
def test_a_row_is_its_text_whatever_the_blob_says(text: str, path: str) -> None:
    row = Row("+", 1, text.replace("\n", ""))
    file = FileDiff(path, path, "changed", "", "", "1" * 40, False, (), 1, 0, 0)
    seen = Seen(Colours(lambda _: b"print('another')\n").rows(file, Hunk("", (row,))))
    assert seen.tags <= {"ins", "br"} and seen.words == visible(row.text)


def test_a_file_is_coloured_as_a_whole() -> None:
    content = b'"""One\n\nif two else three\n"""\nx = 1\n'
    file = FileDiff("a.py", "a.py", "changed", "", "", "1" * 40, False, (), 1, 0, 0)
    html = Colours(lambda _: content).rows(file, Hunk("", (Row(" ", 3, "if two else three"), Row("+", 5, "x = 1"))))
    assert '<span data-n="3"><i class=s>if two else three</i>' in html, "inside a string, `if` is no keyword"
    assert '<ins data-n="5">x = <i class=n>1</i>' in html


def test_what_the_eye_cannot_see_is_named() -> None:
    assert visible("a\u202eb\x00c\ud800\td\r\ne") == "a⟨U+202E⟩b⟨U+0000⟩c⟨U+D800⟩\td\ne"


# The command.


def test_the_page_goes_to_a_file_named_after_the_session(gitgen: Gitgen, making: Making, folder: Path) -> None:
    making.step("It **counts** now.", {"hello.py": b"print(1)\n"})
    ran = gitgen("report", BRANCH)
    assert (ran.code, ran.out, ran.err) == (0, "made-report.html\n", "")
    page = (folder / "made-report.html").read_text()
    assert page.startswith("<!doctype html>") and "It <strong>counts</strong> now." in page
    assert git(folder, "status", "--porcelain") == "?? made-report.html"


def test_the_same_session_makes_the_same_bytes(in_process: Gitgen, making: Making) -> None:
    making.step()
    one, two = in_process("report", BRANCH, "-o", "-"), in_process("report", BRANCH, "-o", "-")
    assert one.code == 0 and one.out == two.out


def test_a_report_is_replaced_and_any_other_file_is_left_alone(
    in_process: Gitgen, making: Making, folder: Path
) -> None:
    making.step()
    assert in_process("report", BRANCH, "-o", "hello.html").code == 0
    before = (folder / "hello.html").read_text()
    making.step()
    assert in_process("report", BRANCH, "-o", "hello.html").code == 0
    assert (folder / "hello.html").read_text() != before
    ran = in_process("report", BRANCH, "-o", "hello.py")
    assert ran.code == 1 and "no report of gitgen" in ran.err and "hint: -o OTHER" in ran.err
    assert (folder / "hello.py").read_text() == HELLO
    assert sorted(path.name for path in folder.iterdir()) == [".git", "README.md", "hello.html", "hello.py"]


@pytest.mark.parametrize(
    ("target", "said"), [("no/where.html", "There is no folder no"), (".", ". is a folder"), ("sub", "sub is a folder")]
)
def test_a_place_that_takes_no_file_is_told_first(
    in_process: Gitgen, making: Making, folder: Path, target: str, said: str
) -> None:
    making.step()
    (folder / "sub").mkdir()
    ran = in_process("report", BRANCH, "-o", target)
    assert ran.code == 1 and said in ran.err


def test_standard_output_gets_the_page_alone(gitgen: Gitgen, making: Making, folder: Path) -> None:
    making.step("Grüße 🎉")
    ran = gitgen("report", BRANCH, "-o", "-", PYTHONUTF8="0", LC_ALL="C")
    assert ran.code == 0 and ran.out.startswith("<!doctype html>") and "Grüße 🎉" in ran.out
    assert git(folder, "status", "--porcelain") == ""
    assert gitgen("report", BRANCH, "-o", "-", "--json").code == 2


def test_json_tells_where_the_page_is(in_process: Gitgen, making: Making, folder: Path) -> None:
    making.step()
    told = json.loads(in_process("report", BRANCH, "--json").out)
    page = folder / "made-report.html"
    assert told == {
        "path": str(page),
        "branch": BRANCH,
        "tip": making.tip,
        "steps": 1,
        "bytes": page.stat().st_size,
    }


def test_a_session_without_a_step_has_a_page_too(in_process: Gitgen, repository: Repository) -> None:
    Making(repository, plan="generate")
    ran = in_process("report", BRANCH, "-o", "-")
    assert (
        ran.code == 0 and "This session has no step yet" in ran.out and "Still to do of its plan: generate" in ran.out
    )


def test_a_branch_that_is_no_session_has_no_report(in_process: Gitgen, folder: Path) -> None:
    ran = in_process("report", "main")
    assert ran.code == 1 and "is not a session" in ran.err and not list(folder.glob("*.html"))


def test_a_failed_test_run_and_a_broken_stream_are_shown(in_process: Gitgen, making: Making) -> None:
    turn = Turn({}, (user("Go"),), reply=Reply("Half of", None, "m"), usage=Usage(1, 1, 2))
    chat = Chat("fix", {"feedback": "Go"}, (turn,), Ran("make test", 2, "1 failed\n", "none", 0.5))
    making.chat(chat, status="partial", subject="Keep the partial reply")
    page = in_process("report", BRANCH, "-o", "-").out
    for shown in (
        "The stream broke off here.",
        "test failed",
        "$ make test",
        "exit 2",
        "without a sandbox",
        "1 failed",
    ):
        assert shown in page
