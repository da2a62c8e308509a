"""A past step asked again on a branch of its own, and the later ones done again: free where nothing has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gitgen.draft import Draft
from gitgen.errors import GitgenError
from gitgen.plan import go_on, heal
from gitgen.record import Chat, File, Message, Ran, Reply, Text
from gitgen.record.chat_text import Said
from gitgen.repository import Repository
from gitgen.rerun import asked_again, begin_again, talk_of
from gitgen.revert import redo, to_redo, undo
from gitgen.session import Landed, Run
from gitgen.settings import Settings
from gitgen.state.chats import chat_of
from gitgen.state.commits import DONE, Session
from gitgen.state.log import load, steps_before
from gitgen.world import World
from tests.conftest import HELLO, git
from tests.replies import FRENCH, ITALIAN, MISFIT, PROGRAM, RUN_SH, SHOUT, TITLE, diff
from tests.scripted import Answer, Endpoint, endpoint, says
from tests.test_steps import answers
from tests.worlds import BRANCH, started, world

NEW = "gitgen/x-rerun"
Edit = Callable[[tuple[Said, ...]], tuple[Said, ...]]


def session_of(here: World, branch: str) -> Session:
    session = load(here.repository, branch)
    assert session is not None
    return session


def fixed(here: World, feedback: str, **inputs: object) -> Landed:
    tip = here.repository.tip(BRANCH) or started(here)
    return Run.start(here, BRANCH, tip, "fix", {"feedback": feedback, "files": ["hello.py"], **inputs}).run()


def rerun(
    here: World, number: int, edit: Edit = lambda talk: talk, replay: bool = False, branch: str = NEW
) -> Iterator[Landed]:
    """What `gitgen rerun NUMBER` does, with `edit` for the editor."""
    session = session_of(here, BRANCH)
    commit = session.steps[number - 1]
    talk = edit(talk_of(chat_of(here.repository, commit)))
    first = begin_again(here, session, commit, branch, replay=replay)
    landed = Run.of(here, branch, first, asked_again(here, commit, talk, commit.oid)).run()
    yield landed
    if landed.status in DONE:
        yield from go_on(here, branch)


def says_instead(old: str, new: str) -> Edit:
    """An edit that replaces a text wherever it stands."""

    def in_message(message: Message) -> Message:
        parts = (Text(p.text.replace(old, new)) if isinstance(p, Text) else p for p in message.parts)
        return replace(message, parts=tuple(parts))

    return lambda talk: tuple(replace(said, messages=tuple(map(in_message, said.messages))) for said in talk)


def taken_back(here: World, number: int) -> None:
    """What `gitgen undo NUMBER` does."""
    session = session_of(here, BRANCH)
    undo(here.repository, session, session.tip, session.steps[number - 1], "again")


@contextmanager
def recorded(repository: Repository, *script: Answer, **more: Any) -> Iterator[tuple[World, Endpoint]]:
    with endpoint(*script) as scripted:
        yield world(repository, scripted, **more), scripted


def contents(request: dict[str, Any]) -> list[str]:
    return [message["content"] for message in request["messages"]]


def trailers(folder: Path, key: str, revisions: str) -> list[str]:
    return git(folder, "log", f"--format=%(trailers:key={key},valueonly,separator=%x20)", revisions).split("\n")


def verified(here: World, branch: str) -> None:
    """The tree of each step is what its replies make of its parent's."""
    for commit in session_of(here, branch).steps:
        draft, chat = Draft(here.repository.tree(commit.parent)), chat_of(here.repository, commit)
        for reply in chat.replies():
            draft = draft.read(reply)
        again = here.repository.commit(commit.parent, "x", draft.changes, draft.parent)  # type: ignore[arg-type]
        names = git(here.repository.git.folder, "diff-tree", "-r", "--name-only", again, commit.oid)
        assert names.endswith(f"-{commit.step}.json") and "\n" not in names


# --- the step ---


def test_the_step_is_asked_again_from_its_parent_on_a_session_of_its_own(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(ITALIAN)) as (here, scripted):
        fixed(here, "In French"), fixed(here, "Name it")
        before = git(folder, "rev-parse", BRANCH)
        (landed,) = rerun(here, 1)
        assert scripted.requests[2]["messages"] == scripted.requests[0]["messages"]
        session = session_of(here, NEW)
        verified(here, NEW)
    assert (landed.status, landed.subject) == ("ok", "Greet in Italian")
    assert git(folder, "rev-parse", BRANCH) == before
    assert git(folder, "rev-parse", f"{NEW}~2") == git(folder, "rev-parse", f"{BRANCH}~2")
    assert [commit.step for commit in session.steps] == ["fix"] and session.left() == ()
    assert session.source == session.steps[0].source == session_of(here, BRANCH).steps[0].oid
    assert git(folder, "show", f"{NEW}:hello.py") == HELLO.rstrip().replace("Hello", "Ciao")
    assert git(folder, "show", f"{NEW}:.gitgen/x-rerun/prompt") == git(folder, "show", f"{BRANCH}:.gitgen/x/prompt")
    assert git(folder, "status", "--porcelain") == ""


def test_what_was_edited_is_what_is_asked_and_what_the_commit_says(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(ITALIAN.partition("\n\n")[2])) as (here, scripted):
        fixed(here, "In French")
        (landed,) = rerun(here, 1, says_instead("In French", "In Italian"))
        assert contents(scripted.requests[1])[-1].endswith("(fix-diff)\n\nIn Italian")
    assert landed.subject == "In Italian"
    assert landed.chat.inputs["feedback"] == "In Italian"


def test_a_file_that_was_put_in_is_shown(repository: Repository) -> None:
    with recorded(repository, says(FRENCH), says(TITLE)) as (here, scripted):
        fixed(here, "In French")
        entry = here.repository.tree(BRANCH).entry("README.md")
        assert entry is not None

        def put_in(talk: tuple[Said, ...]) -> tuple[Said, ...]:
            *others, last = talk[0].messages
            return (Said((*others, replace(last, parts=(File("README.md", entry.oid), *last.parts)))),)

        list(rerun(here, 1, put_in))
        assert "README.md\n```\n# Hello\n```\n\nhello.py\n" in contents(scripted.requests[1])[-1]


def test_secrets_that_were_typed_in_are_taken_out(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(ITALIAN)) as (here, scripted):
        fixed(here, "In French")
        (landed,) = rerun(here, 1, says_instead("In French", "Use hush-hush-hush"))
        assert "hush-hush" not in str(scripted.requests)
    assert "hush-hush" not in git(folder, "show", "--format=%B", landed.oid)


def test_rounds_about_the_old_reply_are_no_part_of_what_is_asked(repository: Repository) -> None:
    with recorded(repository, says(MISFIT), says(FRENCH), says(MISFIT), says(ITALIAN)) as (here, scripted):
        fixed(here, "In French")
        (landed,) = rerun(here, 1)
        assert len(scripted.requests) == 4
        assert contents(scripted.requests[2]) == contents(scripted.requests[0])
        assert contents(scripted.requests[3])[:-1] == contents(scripted.requests[1])[:-1]
    assert (landed.status, len(landed.chat.turns)) == ("ok", 2)


def test_a_rejected_one_is_asked_again_as_it_was_edited(repository: Repository) -> None:
    with recorded(repository, says(FRENCH), *[says(MISFIT)] * 4, says(ITALIAN)) as (here, scripted):
        fixed(here, "In French")
        assert [step.status for step in rerun(here, 1, says_instead("(fix-diff)", "Mind the diff."))] == ["rejected"]
        assert [step.status for step in go_on(here, NEW)] == ["ok"]
        assert contents(scripted.requests[5]) == contents(scripted.requests[1])
        assert "Mind the diff." in contents(scripted.requests[5])[-1]


def test_a_step_that_asked_nothing_is_told() -> None:
    with pytest.raises(GitgenError, match="The step execute has asked no model"):
        talk_of(Chat("execute"))


# --- a step that talks ---


def clarified(repository: Repository, *more: Answer) -> Any:
    """A session whose first step asked two questions, and wrote down its assumptions."""
    script = (says("Which language?"), says("Which greeting?"), says("I assume a terminal."), *more)
    return recorded(repository, *script, person=answers("Python", "c", "later", "c"))


def test_the_last_request_of_a_talk_is_asked_and_what_was_said_before_it_stands(repository: Repository) -> None:
    with clarified(repository, says("I assume a window.")) as (here, scripted):
        started(here, "clarify")
        list(go_on(here, BRANCH))
        (landed,) = rerun(here, 1)
        assert scripted.requests[3]["messages"] == scripted.requests[2]["messages"]
    assert [turn.usage.total_tokens for turn in landed.chat.turns if turn.usage] == [0, 0, 120]
    assert landed.chat.usage.source == "api"
    assert landed.chat.inputs["answer 1"] == "Python"


def test_cut_off_at_its_end_a_talk_goes_on_from_there_with_new_answers(repository: Repository) -> None:
    with clarified(repository, says("Which colour?"), says("Nothing is unclear.")) as (here, scripted):
        started(here, "clarify")
        list(go_on(here, BRANCH))

        def shorter(talk: tuple[Said, ...]) -> tuple[Said, ...]:
            assert [said.reply for said in talk] == ["Which language?", "Which greeting?", None]
            return (Said(talk[0].messages, "Which tongue?"), Said(talk[1].messages))

        (landed,) = rerun(here, 1, lambda talk: says_instead("Python", "Perl")(shorter(talk)))
        assert contents(scripted.requests[3])[-2:] == ["Which tongue?", "Perl\n\n(clarify-ask)"]
        assert contents(scripted.requests[4])[-2:] == ["Which colour?", "later\n\n(clarify-ask)"]
    assert {name: landed.chat.inputs[name] for name in ("answer 1", "answer 2")} == {
        "answer 1": "Perl",
        "answer 2": "later",
    }
    assert landed.chat.models == ("edited", "scripted")


# --- a replay ---


def test_where_the_request_is_as_it_was_the_recorded_reply_is_taken_and_not_counted(
    repository: Repository, folder: Path
) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(SHOUT), says(ITALIAN), says(SHOUT)) as (
        here,
        model,
    ):
        fixed(here, "In French")
        fixed(here, "Name it", files=["README.md"])
        fixed(here, "Loud")
        landed = list(rerun(here, 1, says_instead("In French", "In Italian"), replay=True))
        assert not model.script and len(model.requests) == 5, "two were asked anew"
        assert [step.chat.usage.total_tokens for step in landed] == [120, 0, 120]
        assert list(go_on(here, NEW)) == []
        verified(here, NEW)
    assert trailers(folder, "Gitgen-Usage", f"{NEW}~3..{NEW}") == ["api", "recorded", "api"]
    ours, theirs = session_of(here, NEW).steps, session_of(here, BRANCH).steps
    assert [commit.source for commit in ours] == [commit.oid for commit in theirs]
    assert git(folder, "show", f"{NEW}:README.md") == "# Greeter"
    assert git(folder, "show", f"{NEW}:hello.py").endswith("print(greet('Ada').upper())")


def test_the_step_itself_is_asked_though_nothing_of_it_changed(repository: Repository) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(FRENCH)) as (here, model):
        fixed(here, "In French")
        fixed(here, "Name it", files=["README.md"])
        landed = list(rerun(here, 1, replay=True))
        assert len(model.requests) == 3
    assert [step.chat.usage.source for step in landed] == ["api", "recorded"]


def test_later_steps_see_what_was_said_before_the_branch(repository: Repository) -> None:
    script = [says("It greets."), says("T\n```python\n```"), says(PROGRAM), says(PROGRAM)]
    with recorded(repository, *script) as (here, model):
        started(here, "spec", "unit_tests", "code")
        model.script[1] = says("test_hello.py\n```python\nimport hello\n```\n")
        model.script.insert(3, says("test_hello.py\n```python\nimport hello as h\n```\n"))
        list(go_on(here, BRANCH))
        assert [step.status for step in rerun(here, 2, replay=True)] == ["ok", "ok"]
        assert not model.script
        assert "It greets." in contents(model.requests[4])[-1]


def test_what_people_committed_in_between_comes_over_with_its_author(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(SHOUT), says(ITALIAN), says(SHOUT)) as (here, _):
        fixed(here, "In French")
        git(folder, "switch", "-q", BRANCH)
        (folder / "README.md").write_text("# Greetings\n")
        (folder / ".gitgen/x/prompt").write_text("Greet politely\n")
        git(folder, "commit", "-qam", "Word it better", "--author", "Bob <bob@example.org>", "--date", "@1700000000")
        git(folder, "switch", "-q", "main")
        fixed(here, "Loud")
        assert len(list(rerun(here, 1, replay=True))) == 2
    assert git(folder, "log", "--format=%an %at %s", f"{NEW}~3..{NEW}~1") == (
        "Bob 1700000000 Word it better\n" + git(folder, "log", "-1", "--format=%an %at %s", f"{NEW}~2")
    )
    assert git(folder, "show", f"{NEW}:README.md") == "# Greetings"
    assert git(folder, "show", f"{NEW}:.gitgen/x-rerun/prompt") == "Greet politely"


def test_where_it_does_not_apply_the_replay_stops_and_goes_on_once_a_person_has_picked_it(
    repository: Repository, folder: Path
) -> None:
    with recorded(repository, says(FRENCH), says(SHOUT), says(ITALIAN), says(SHOUT)) as (here, model):
        fixed(here, "In French")
        git(folder, "switch", "-q", BRANCH)
        (folder / "hello.py").write_text((folder / "hello.py").read_text().replace("Bonjour", "Salut"))
        git(folder, "commit", "-qam", "Less formal")
        short = git(folder, "rev-parse", BRANCH)[:10]
        git(folder, "switch", "-q", "main")
        fixed(here, "Loud")
        with pytest.raises(GitgenError, match=f"{short} of Ada does not apply on {NEW}: hello.py is not") as stopped:
            list(rerun(here, 1, replay=True))
        assert f"git switch {NEW} && git cherry-pick {short}" in stopped.value.mend
        git(folder, "switch", "-q", NEW)
        (folder / "hello.py").write_text((folder / "hello.py").read_text().replace("Ciao", "Salve"))
        git(folder, "commit", "-qa", "-C", short)
        assert [step.subject for step in go_on(here, NEW)] == ["Shout"]
        assert not model.script
    assert "Salve" in (folder / "hello.py").read_text() and "upper" in (folder / "hello.py").read_text()


def test_a_pasted_reply_is_read_again(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(ITALIAN)) as (here, _):
        landed = fixed(here, "In French")
        Run.pasted(here, BRANCH, landed.oid, Reply(SHOUT, "stop", "pasted"), {"subject": "Shout"}).run()
        assert [step.chat.step for step in rerun(here, 1, replay=True)] == ["fix", "apply"]
    assert git(folder, "show", f"{NEW}:hello.py").endswith("print(greet('Ada').upper())")


def test_rejected_steps_and_reviews_are_left_out_and_programs_run_again(repository: Repository) -> None:
    ran: list[str] = []

    def execute(branch: str, commit: str, command: str) -> Ran:
        ran.append(branch)
        return Ran(command, 0, "", "none", 0.1)

    script = [says(PROGRAM), says(RUN_SH), *[says(MISFIT)] * 4, says(PROGRAM + "\nx.py\n```\n1\n```\n"), says(RUN_SH)]
    person = answers("yes", "yes", "yes", "")
    with recorded(repository, *script, person=person, execute=execute) as (here, model):
        started(here, "generate", "entrypoint", "execute", "review")
        list(go_on(here, BRANCH))
        fixed(here, "In French")
        assert [step.chat.step for step in rerun(here, 1, replay=True)] == ["generate", "entrypoint", "execute"]
        assert not model.script and list(go_on(here, NEW)) == []
    assert ran == [BRANCH, NEW]


def test_a_test_calls_for_rounds_of_its_own_and_these_are_free_too_where_they_ask_the_same(
    repository: Repository, folder: Path
) -> None:
    failing = "    return 'Hallo ' + name"

    def execute(branch: str, commit: str, command: str) -> Ran:
        code = int("return 'Hallo" in git(folder, "show", f"{commit}:hello.py"))
        return Ran(command, code, "Error: wrong\n" * code, "none", 0.1)

    german = diff("hello.py", "    return 'Hello ' + name", failing)
    mended = diff("hello.py", failing, "    return 'Bonjour ' + name")
    with recorded(repository, says(german), says(mended), says(german), execute=execute) as (here, model):
        fixed(here, "In French", test="check")
        assert [step.status for step in heal(here, BRANCH)] == ["ok"]
        landed = list(rerun(here, 1, replay=True))
        assert not model.script
    assert [(step.chat.step, step.chat.usage.source) for step in landed] == [("fix", "api"), ("self_heal", "recorded")]


def test_without_what_it_repeats_a_replay_says_what_is_missing(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(ITALIAN)) as (here, _):
        fixed(here, "In French")
        fixed(here, "Name it")
        next(rerun(here, 1, replay=True))
        git(folder, "branch", "-qD", BRANCH)
        git(folder, "reflog", "expire", "--expire=now", "--all")
        git(folder, "gc", "-q", "--prune=now")
        here.repository.git.close()
        with pytest.raises(GitgenError, match="is not in this clone"):
            list(go_on(here, NEW))


def test_a_rerun_can_be_rerun(repository: Repository) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(ITALIAN), says(SHOUT)) as (here, _):
        fixed(here, "In French")
        fixed(here, "Name it", files=["README.md"])
        list(rerun(here, 1, replay=True))
        session = session_of(here, NEW)
        commit = session.steps[0]
        first = begin_again(here, session, commit, "gitgen/y", replay=True)
        chat = asked_again(here, commit, talk_of(chat_of(here.repository, commit)), commit.oid)
        Run.of(here, "gitgen/y", first, chat).run()
        assert [step.chat.usage.source for step in go_on(here, "gitgen/y")] == ["recorded"]
        assert steps_before(here.repository, session_of(here, "gitgen/y")) == ()


def test_a_test_that_failed_to_the_end_does_not_keep_from_what_was_done_about_it(repository: Repository) -> None:
    def execute(branch: str, commit: str, command: str) -> Ran:
        return Ran(command, 1, "Error: wrong\n", "none", 0.1)

    never = Settings(retries=1, continues=0, rounds=0)
    script = [says(FRENCH), says(TITLE), says(ITALIAN)]
    with recorded(repository, *script, execute=execute, settings=never) as (here, _):
        fixed(here, "In French", test="check")
        fixed(here, "Name it", files=["README.md"])
        assert [step.subject for step in rerun(here, 1, replay=True)] == ["Greet in Italian", "Name the program"]


def test_a_recorded_reply_is_taken_over_every_limit(repository: Repository) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(ITALIAN)) as (here, _):
        fixed(here, "In French")
        fixed(here, "Name it", files=["README.md"])
        next(rerun(here, 1, replay=True))
        poor = replace(here, settings=replace(here.settings, max_tokens=1))
        assert [step.chat.usage.source for step in go_on(poor, NEW)] == ["recorded"]


def test_what_was_taken_back_stays_so_and_is_not_asked_again(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(SHOUT), says(ITALIAN), says(SHOUT)) as (here, model):
        fixed(here, "In French")
        fixed(here, "Name it", files=["README.md"])
        taken_back(here, 2)
        fixed(here, "Loud")
        assert [step.subject for step in rerun(here, 1, replay=True)] == ["Greet in Italian", "Shout"]
        assert not model.script and list(go_on(here, NEW)) == []
        verified(here, NEW)
    assert git(folder, "show", f"{NEW}:README.md") == "# Hello"
    assert [commit.step for commit in session_of(here, NEW).commits] == ["fix", "fix"]


def test_what_was_taken_back_and_brought_again_is_done_where_it_was(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(SHOUT), says(ITALIAN), says(SHOUT)) as (here, model):
        fixed(here, "In French")
        fixed(here, "Name it", files=["README.md"])
        taken_back(here, 2)
        fixed(here, "Loud")
        session = session_of(here, BRANCH)
        redo(here.repository, BRANCH, session.tip, to_redo(session), "again")
        subjects = [step.subject for step in rerun(here, 1, replay=True)]
        assert subjects == ["Greet in Italian", "Name the program", "Shout"] and not model.script
    assert git(folder, "show", f"{NEW}:README.md") == "# Greeter"


def test_a_step_that_was_taken_back_can_be_asked_again(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(TITLE), says(ITALIAN)) as (here, model):
        fixed(here, "In French")
        taken_back(here, 1)
        fixed(here, "Name it", files=["README.md"])
        assert [step.subject for step in rerun(here, 1, replay=True)] == ["Greet in Italian", "Name the program"]
        assert not model.script
    assert "Ciao" in git(folder, "show", f"{NEW}:hello.py")


def test_what_takes_back_a_step_before_the_one_asked_again_comes_over(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(TITLE), says(FRENCH), says(SHOUT), says(ITALIAN), says(SHOUT)) as (here, model):
        fixed(here, "Name it", files=["README.md"])
        fixed(here, "In French")
        taken_back(here, 1)
        fixed(here, "Loud")
        assert [step.subject for step in rerun(here, 2, replay=True)] == ["Greet in Italian", "Shout"]
        assert not model.script
    assert git(folder, "show", f"{NEW}:README.md") == "# Hello"
    assert git(folder, "log", "-1", "--format=%s", f"{NEW}~1") == 'Revert "Name the program"'


def test_a_merge_of_a_person_stays_a_merge(repository: Repository, folder: Path) -> None:
    with recorded(repository, says(FRENCH), says(ITALIAN)) as (here, _):
        fixed(here, "In French")
        (folder / "LICENSE").write_text("MIT\n")
        git(folder, "add", "-A")
        git(folder, "commit", "-qm", "License it")
        git(folder, "switch", "-q", BRANCH)
        git(folder, "merge", "-q", "-m", "Merge main", "main")
        git(folder, "switch", "-q", "main")
        list(rerun(here, 1, replay=True))
    assert git(folder, "log", "-1", "--format=%s", NEW) == "Merge main"
    assert git(folder, "rev-parse", f"{NEW}^2") == git(folder, "rev-parse", "main")
    assert git(folder, "show", f"{NEW}:LICENSE") == "MIT"
    assert "Ciao" in git(folder, "show", f"{NEW}:hello.py")
