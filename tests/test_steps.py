"""Every step and every configuration, from the plan to the commits, with kills and words from a person in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest

from gitgen.errors import FailsAlike, GitgenError, StillFails
from gitgen.plan import go_on, heal, run_all
from gitgen.progress import progress_of
from gitgen.record import Ran
from gitgen.repository import Repository
from gitgen.session import Run
from gitgen.settings import Settings
from gitgen.shelf import CONFIGURATIONS, Shelf
from gitgen.state.chats import chat_of
from gitgen.state.log import load
from tests.conftest import git, write
from tests.replies import FRENCH, PROGRAM, RUN_SH, diff
from tests.scripted import Answer, endpoint, says
from tests.worlds import BRANCH, started, world

TESTS = "test_hello.py\n```python\nimport hello\n```\n"
REPLIES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "clarify": ("In which language?", "Nothing is unclear."),
        "generate": (PROGRAM,),
        "spec": ("It greets.",),
        "respec": ("Whom?", "It greets Ada."),
        "unit_tests": (TESTS,),
        "code": (PROGRAM,),
        "fix_code": (diff("hello.py", "print('Hello', name)", "print('Hello,', name)"),),
        "entrypoint": (RUN_SH,),
        "fix": (FRENCH,),
    }
)
"""What the scripted model answers to each step."""


def script(*steps: str) -> tuple[Answer, ...]:
    return tuple(says(reply) for step in steps for reply in REPLIES.get(step, ()))


def passes(branch: str, commit: str, command: str) -> Ran:
    return Ran(command, 0, "Hello Ada\n", "none", 0.1)


def answers(*told: str) -> Callable[[str, tuple[str, ...]], str]:
    """A person who gives these answers, in order."""
    left = list(told)
    return lambda question, choices: left.pop(0)


def steps_of(repository: Repository) -> list[tuple[str, str]]:
    session = load(repository, BRANCH)
    assert session is not None
    return [(commit.step, commit.status) for commit in session.steps]


@pytest.mark.parametrize("name", sorted(CONFIGURATIONS))
def test_a_configuration_runs_from_end_to_end(name: str, repository: Repository) -> None:
    plan = CONFIGURATIONS[name]
    words = ["Python"] * ("clarify" in plan) + ["yes", "yes", "no", "The greeting is dull"] * ("review" in plan)
    with endpoint(*script(*plan)) as scripted:
        here = world(repository, scripted, person=answers(*words), execute=passes)
        started(here, *plan)
        landed = list(go_on(here, BRANCH))
        assert not scripted.script, "every reply was asked for"
    assert [(step.chat.step, step.status) for step in landed] == [(step, "ok") for step in plan]
    assert list(go_on(here, BRANCH)) == [], "nothing is left to do"


def test_the_plan_of_a_list_is_checked_before_anything_is_asked() -> None:
    assert Shelf().plan(" spec, code ,") == ("spec", "code")
    assert Shelf().plan("tdd") == CONFIGURATIONS["tdd"]
    for wanted, told in ((",", "no steps"), ("spec,dance", "no step dance"), ("apply", "a command of its own")):
        with pytest.raises(GitgenError, match=told):
            Shelf().plan(wanted)


def test_every_step_says_what_it_does_in_a_line() -> None:
    for name in Shelf().names():
        assert (Shelf().load(name).__doc__ or "").partition("\n")[0].endswith("."), name


# --- clarify ---


def test_one_question_is_asked_at_a_time_until_nothing_is_unclear(repository: Repository) -> None:
    asked: list[str] = []

    def person(question: str, choices: tuple[str, ...]) -> str:
        asked.append(question)
        return f"answer {len(asked)}"

    with endpoint(
        says("Which language?"), says("Which greeting?"), says("Nothing is unclear."), says(PROGRAM)
    ) as model:
        here = world(repository, model, person=person)
        started(here, "clarify", "generate")
        assert [step.status for step in go_on(here, BRANCH)] == ["ok", "ok"]
        assert asked == ["Which language? (c: enough)", "Which greeting? (c: enough)"]
        assert [m["content"] for m in model.requests[1]["messages"]][-2:] == [
            "Which language?",
            "answer 1\n\n(clarify-ask)",
        ]
        shown = model.requests[3]["messages"][-1]["content"]
    assert shown == "(generate)\n\nGreet\n\nWhich language?\nanswer 1\n\nWhich greeting?\nanswer 2"


@pytest.mark.parametrize("enough", ["c", ""])
def test_enough_is_enough_and_the_model_states_its_assumptions(repository: Repository, enough: str) -> None:
    with endpoint(says("Which language?"), says("I assume Python."), says(PROGRAM)) as model:
        here = world(repository, model, person=answers(enough))
        started(here, "clarify", "generate")
        assert [step.status for step in go_on(here, BRANCH)] == ["ok", "ok"]
        assert model.requests[1]["messages"][-1]["content"] == "(clarify-assume)"
        assert model.requests[2]["messages"][-1]["content"] == "(generate)\n\nGreet\n\nI assume Python."


def test_where_nobody_can_be_asked_the_model_states_its_assumptions_at_once(repository: Repository) -> None:
    with endpoint(says("I assume Python.")) as model:
        here = world(repository, model)
        started(here, "clarify")
        assert [step.status for step in go_on(here, BRANCH)] == ["ok"]
        assert model.requests[0]["messages"][-1]["content"].endswith("(clarify-assume)")


def test_a_question_about_nothing_is_a_question(repository: Repository) -> None:
    with endpoint(says("If nothing is unclear about the rest: which language?"), says("Nothing is unclear.")) as model:
        here = world(repository, model, person=answers("Python"))
        started(here, "clarify")
        assert [step.status for step in go_on(here, BRANCH)] == ["ok"]
        assert len(model.requests) == 2


def test_every_answer_survives_and_no_question_is_asked_twice(repository: Repository) -> None:
    """Interrupted at the second question, the first answer and both replies are there; also where nobody is left."""
    replies = (says("Which language?"), says("Which greeting?"), says("Nothing is unclear."))

    def interrupted(question: str, choices: tuple[str, ...]) -> str:
        if question.startswith("Which greeting?"):
            raise KeyboardInterrupt
        return "Python"

    with endpoint(*replies) as model:
        here = world(repository, model, person=interrupted)
        started(here, "clarify")
        with pytest.raises(KeyboardInterrupt):
            list(go_on(here, BRANCH))
        under_way = progress_of(repository, BRANCH)
        assert under_way is not None and under_way.chat.inputs["answer 1"] == "Python"
        again = world(repository, model, person=answers("Hi"))
        assert [step.status for step in go_on(again, BRANCH)] == ["ok"]
        assert len(model.requests) == 3
        assert "Python" in model.requests[1]["messages"][-1]["content"]
        assert "Hi" in model.requests[2]["messages"][-1]["content"]


def test_secrets_in_an_answer_do_not_reach_git(repository: Repository, folder: Path) -> None:
    with endpoint(says("Which key?"), says("Nothing is unclear.")) as model:
        here = world(repository, model, person=answers("hush-hush-hush"))
        started(here, "clarify")
        list(go_on(here, BRANCH))
    assert "hush-hush" not in git(folder, "show", f"{BRANCH}:.gitgen/x/0001-clarify.json")


# --- the specification and what is made of it ---


def test_tests_and_code_are_written_to_the_last_specification(repository: Repository) -> None:
    plan = ("spec", "respec", "unit_tests", "code")
    with endpoint(*script(*plan)) as model:
        here = world(repository, model)
        started(here, *plan)
        list(go_on(here, BRANCH))
        tests, code = (request["messages"][-1]["content"] for request in model.requests[-2:])
    assert "It greets Ada." in tests and "It greets." not in tests
    assert "It greets Ada." in code and "test_hello.py" in code


# --- running it ---


def test_what_the_program_printed_is_kept_with_the_step(repository: Repository) -> None:
    with endpoint() as model:
        here = world(repository, model, execute=lambda b, c, command: Ran(command, 3, "hush-hush-hush\n", "none", 0.1))
        started(here, "execute")
        (landed,) = go_on(here, BRANCH)
    assert landed.status == "ok" and landed.changes == {}
    session = load(repository, BRANCH)
    assert session is not None and session.steps[0].trailers["Gitgen-Exit-Code"] == "3"
    ran = chat_of(repository, session.steps[0]).ran
    assert ran is not None and ran.output == "[REDACTED:A_SECRET]\n"


def test_the_review_keeps_the_answers(repository: Repository) -> None:
    with endpoint() as model:
        here = world(repository, model, person=answers("yes", "unsure", "no", "Dull"))
        started(here, "review")
        (landed,) = go_on(here, BRANCH)
        assert not model.requests
    assert {key: landed.chat.inputs[key] for key in ("ran", "works", "perfect", "comments")} == {
        "ran": "yes",
        "works": "unsure",
        "perfect": "no",
        "comments": "Dull",
    }
    assert landed.subject == "Review the program (ran: yes, works: unsure, perfect: no)"


def machine(repository: Repository, *outputs: str) -> Callable[[str, str, str], Ran]:
    """Runs that pass once hello.py says Bonjour, and fail with these outputs, in order, until then."""
    left = list(outputs)

    def execute(branch: str, commit: str, command: str) -> Ran:
        fine = b"Bonjour" in repository.tree(commit)["hello.py"]
        return Ran(command, 0 if fine else 1, "fine\n" if fine else left.pop(0), "none", 0.1)

    return execute


HALLO = diff("hello.py", "    return 'Hello ' + name", "    return 'Hallo ' + name")
BONJOUR = diff("hello.py", "    return 'Hallo ' + name", "    return 'Bonjour ' + name")


def test_a_failing_test_goes_back_round_by_round_each_a_commit(repository: Repository) -> None:
    with endpoint(says(HALLO), says(BONJOUR)) as model:
        here = world(repository, model, execute=machine(repository, "E   Hallo is not French\n"))
        first = started(here)
        fix = Run.start(here, BRANCH, first, "fix", {"feedback": "In French", "files": [], "test": "check"})
        landed = [fix.run(), *heal(here, BRANCH)]
        told = model.requests[1]["messages"][-1]["content"]
    assert [(step.chat.step, step.chat.ran.exit_code) for step in landed if step.chat.ran] == [
        ("fix", 1),
        ("self_heal", 0),
    ]
    assert "(self_heal)" in told and told.endswith("$ check\nE   Hallo is not French\n(exit code 1)")
    assert list(heal(here, BRANCH)) == []


def test_a_test_that_fails_as_before_ends_the_rounds(repository: Repository) -> None:
    again = diff("hello.py", "print(greet('Ada'))", "print(greet('Eve'))")
    with endpoint(says(HALLO), says(again)) as model:
        here = world(repository, model, execute=machine(repository, "bad, 0.1 s\n", "bad, 0.2 s\n"))
        first = started(here)
        Run.start(here, BRANCH, first, "fix", {"feedback": "x", "files": [], "test": "check"}).run()
        with pytest.raises(FailsAlike):
            list(heal(here, BRANCH))
        with pytest.raises(FailsAlike):
            list(go_on(here, BRANCH))
        assert len(model.requests) == 2


def test_the_rounds_are_counted_on_the_branch_and_more_can_be_had(repository: Repository) -> None:
    names = ("Ada", "Bob", "Cyd", "Dan")
    edits = [diff("hello.py", f"print(greet('{a}'))", f"print(greet('{b}'))") for a, b in pairwise(names)]
    with endpoint(says(HALLO), *map(says, edits), says(BONJOUR)) as model:
        execute = machine(repository, *(f"bad {name}\n" for name in names))
        few = world(repository, model, settings=Settings(rounds=2), execute=execute)
        first = started(few)
        Run.start(few, BRANCH, first, "fix", {"feedback": "x", "files": [], "test": "check"}).run()
        with pytest.raises(StillFails, match="after 2 rounds"):
            list(heal(few, BRANCH))
        assert len(model.requests) == 3
        more = world(repository, model, settings=Settings(rounds=4), execute=execute)
        assert [step.chat.ran.exit_code for step in go_on(more, BRANCH) if step.chat.ran] == [1, 0]


def test_a_program_that_runs_is_not_healed(repository: Repository) -> None:
    with endpoint() as model:
        here = world(repository, model, execute=passes)
        started(here, "self_heal")
        (landed,) = go_on(here, BRANCH)
        assert not model.requests
    assert landed.chat.ran is not None and landed.chat.ran.command == "sh run.sh"


def test_the_test_of_a_new_session_must_pass_after_its_plan(repository: Repository) -> None:
    with endpoint(says(HALLO), says(BONJOUR)) as model:
        here = world(repository, model, execute=machine(repository, "not French\n", "still not French\n"))
        started(here, "fix", "self_heal", test="check")
        landed = list(go_on(here, BRANCH))
    assert [step.chat.step for step in landed] == ["fix", "self_heal"]
    assert landed[-1].chat.ran is not None and landed[-1].chat.ran.exit_code == 0


def test_more_steps_can_be_run_on_a_session(repository: Repository) -> None:
    with endpoint() as model:
        here = world(repository, model, person=answers("yes", "yes", "yes", ""), execute=passes)
        started(here)
        list(run_all(here, BRANCH, CONFIGURATIONS["evaluate"]))
    assert steps_of(repository) == [("execute", "ok"), ("review", "ok")]


# --- replies that are cut off ---


def test_the_rest_of_a_cut_reply_is_asked_for_and_the_pieces_are_joined(repository: Repository, folder: Path) -> None:
    cut = FRENCH.index("name\n+")
    with endpoint(says(FRENCH[:cut], finish_reason="length"), says(FRENCH[cut:])) as model:
        here = world(repository, model, settings=Settings(continues=1))
        first = started(here)
        landed = Run.start(here, BRANCH, first, "fix", {"feedback": "In French", "files": []}).run()
        last = model.requests[1]["messages"][-2:]
    assert [message["content"] for message in last] == [FRENCH[:cut], "(continue)"]
    assert landed.status == "ok" and landed.subject == "Greet in French"
    assert landed.chat.usage.total_tokens == 240
    assert "Bonjour" in git(folder, "show", f"{BRANCH}:hello.py")


def test_a_reply_that_never_ends_is_given_up_and_kept(repository: Repository) -> None:
    with endpoint(*[says("a b c ", finish_reason="length")] * 3) as model:
        here = world(repository, model, settings=Settings(continues=2))
        first = started(here)
        landed = Run.start(here, BRANCH, first, "fix", {"feedback": "x", "files": []}).run()
        assert len(model.requests) == 3
    assert landed.status == "partial" and len(landed.chat.turns) == 3


def test_of_the_examples_of_a_format_those_are_shown_that_do_what_the_step_does(repository: Repository) -> None:
    form = "Files.\n=== user\n(generate) one\n=== assistant\n1\n=== user\n(entrypoint) two\n=== assistant\n2\n"
    with endpoint(says(PROGRAM), says(RUN_SH), says(PROGRAM)) as model:
        texts = {"format-whole": form}
        here = replace(world(repository, model), preprompt=lambda name: texts.get(name, f"({name})"))
        started(here, "generate", "entrypoint", "code")
        list(go_on(here, BRANCH))
    asked = [[each["content"] for each in request["messages"]][1:-1] for request in model.requests]
    assert asked == [["(generate) one", "1"], ["(entrypoint) two", "2"], ["(generate) one", "1"]]


# --- the user's own steps ---

OWN = '''"""Greet the reader in NOTES.md."""

from gitgen.record import user


def subject(inputs):
    return "Add notes"


def run(brief):
    brief.edits(*brief.opening("whole"), user(brief.preprompt("notes")))
'''


def test_a_step_of_the_users_own_runs_like_any_other(repository: Repository, folder: Path, tmp_path: Path) -> None:
    write(tmp_path, {"own/notes.py": OWN})
    with endpoint(says("NOTES.md\n```\nHello\n```\n")) as model:
        here = world(repository, model, steps=tmp_path / "own")
        assert here.shelf.plan("notes") == ("notes",)
        started(here, "notes")
        (landed,) = go_on(here, BRANCH)
        assert model.requests[0]["messages"][-1]["content"] == "(notes)"
    assert landed.subject == "Add notes" and git(folder, "show", f"{BRANCH}:NOTES.md") == "Hello"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"own/bad.py": "import nothing_like_it"}, "cannot be loaded"),
        ({"own/bad.py": "def subject(inputs): pass"}, "has no function `run`"),
    ],
)
def test_a_step_that_is_none_is_told(tmp_path: Path, files: dict[str, str | bytes], told: str) -> None:
    write(tmp_path, files)
    with pytest.raises(GitgenError, match=told):
        Shelf(tmp_path / "own").plan("bad")
    with pytest.raises(GitgenError, match="no folder of steps"):
        Shelf(tmp_path / "elsewhere").names()
