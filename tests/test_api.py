"""The public API from a script: conversations over real HTTP, a branch as a mapping, the example of the docs."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gitgen
from gitgen import (
    Chat,
    ChatModel,
    Conversation,
    GitgenError,
    Message,
    Rejected,
    Store,
    Usage,
    UsageLog,
    assistant,
    count_message_tokens,
    count_tokens,
    deserialize_messages,
    get_chat_model,
    get_chat_model_names,
    get_chat_models,
    open_store,
    parse_chat,
    serialize_messages,
    system,
    to_files,
    user,
)
from gitgen.ai.endpoint import Endpoint
from gitgen.edits import Patch
from gitgen.record import File
from gitgen.record.usage import COLUMNS
from gitgen.repository import Repository
from gitgen.settings import Settings
from tests.conftest import HELLO, ROOT, git, write
from tests.replies import FRENCH, MISFIT, PROGRAM
from tests.scripted import Endpoint as Scripted
from tests.scripted import endpoint, fails, says


def model_at(scripted: Scripted, *names: str, settings: Settings | None = None) -> ChatModel:
    return ChatModel(Endpoint(scripted.base_url, "key", names or ("m",)), settings or Settings(retries=1))


def test_every_public_name_is_there_and_only_imported_when_asked_for() -> None:
    for name in gitgen.__all__:
        assert getattr(gitgen, name) is not None
    code = "import sys, gitgen; print(sorted(name for name in sys.modules if name.startswith('gitgen')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "['gitgen']\n"
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = gitgen.nothing_such  # type: ignore[attr-defined]


def test_a_conversation_goes_on_and_leaves_what_was_before_as_it_was() -> None:
    begun = [system("Be brief"), user("Hello")]
    with endpoint(says("Hi"), says("Fine"), says("Well")) as scripted:
        first = model_at(scripted).start(*begun)
        second = first.next("How are you?")
        other = first.next("And you?")
        sent = [request["messages"] for request in scripted.requests]
    assert begun == [system("Be brief"), user("Hello")]
    assert (first.reply.content, second.reply.content, other.reply.content) == ("Hi", "Fine", "Well")
    assert first.messages == (*begun, assistant("Hi"))
    assert second.messages == (*first.messages, user("How are you?"), assistant("Fine"))
    assert [message["content"] for message in sent[1]] == ["Be brief", "Hello", "Hi", "How are you?"]
    assert [message["content"] for message in sent[2]] == ["Be brief", "Hello", "Hi", "And you?"]


def test_each_request_is_counted_once_and_by_its_step() -> None:
    with endpoint(says("a", usage=(10, 1), cached=4), says("b", usage=(20, 2))) as scripted:
        talk = model_at(scripted).start("One", step="outline").next("Two", step="write")
    assert talk.usage == Usage(30, 3, 33, 4)
    assert talk.log.steps == (("outline", Usage(10, 1, 11, 4)), ("write", Usage(20, 2, 22)))
    assert talk.log.total == talk.usage


def test_a_broken_stream_is_tried_again_counted_and_left_out_of_the_talk() -> None:
    with endpoint(says("Hel", cut=True), says("Hello", usage=(10, 1))) as scripted:
        talk = model_at(scripted).start("Greet", step="greet")
    assert talk.messages == (user("Greet"), assistant("Hello"))
    assert [step for step, _ in talk.log.steps] == ["greet", "greet"]
    assert talk.usage.source == "estimated" and talk.usage.prompt_tokens > 10


def test_the_reply_comes_in_pieces_to_whoever_wants_them() -> None:
    pieces: list[str] = []
    with endpoint(says("A reply that takes several pieces, each shown as it comes.")) as scripted:
        talk = model_at(scripted).start("Talk", on_text=pieces.append)
    assert len(pieces) > 2 and "".join(pieces) == talk.reply.content


def test_a_conversation_survives_its_json_and_goes_on_without_being_billed_again() -> None:
    with endpoint(says("a", usage=(10, 1)), says("b", usage=(20, 2))) as scripted:
        model = model_at(scripted)
        talk = model.start(system("Be brief"), "One", step="outline")
        again = Conversation(model, Chat.from_json(talk.chat.to_json()))
        assert (again, again.log) == (talk, talk.log)
        assert again.next("Two").usage.total_tokens == 33
        assert len(scripted.requests) == 2


def test_single_messages_can_be_sent() -> None:
    with endpoint(says("a"), says("b", model="other", usage=(5, 5))) as scripted:
        model = model_at(scripted)
        assert model.send_message("Hello") == "a"
        completion = model.send_messages([system("Be brief"), user("Hello")])
    assert (completion.reply.content, completion.reply.model, completion.usage) == ("b", "other", Usage(5, 5, 10))


def test_what_cannot_be_asked_is_an_error_that_can_be_mended() -> None:
    with endpoint(fails(401, "No")) as scripted:
        with pytest.raises(GitgenError, match="refused the key"):
            model_at(scripted).send_message("Hello")
        with pytest.raises(GitgenError, match=r"its limit is 10 tokens"):
            model_at(scripted, settings=Settings(max_tokens=10)).send_message("Hello")
        with pytest.raises(GitgenError, match="is a file of a repository"):
            model_at(scripted).start(user(File("a.py", "0" * 40)))
        with pytest.raises(GitgenError, match="no reply yet"):
            _ = Conversation(model_at(scripted), Chat("chat")).reply
        assert len(scripted.requests) == 1


def test_a_model_is_chosen_as_on_the_command_line(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.chdir(folder)
    with endpoint(fails(404, "no model first", code="model_not_found"), says("a"), models=("x", "y")) as scripted:
        git(folder, "config", "gitgen.baseUrl", scripted.base_url)
        with get_chat_model("first", "second", temperature=0.5) as model:
            assert model.send_message("Hello") == "a" and model.name == "second"
        assert scripted.requests[1]["temperature"] == 0.5
        assert set(get_chat_model_names()) >= {"x", "y"}
        assert [one.name for one in get_chat_models(scripted.base_url)][:2] == ["x", "y"]
    git(folder, "config", "--unset", "gitgen.baseUrl")
    with pytest.raises(GitgenError, match="no key for groq"):
        get_chat_model("groq/m", environ={})
    assert get_chat_model("groq/m", api_key="k", environ={}).settings.api_key == "k"


def test_tokens_of_texts_and_messages_are_counted() -> None:
    assert count_tokens("hello world", "gpt-4o") == 2
    messages = (system("hello world"), user("hello", "world"))
    assert count_message_tokens(messages, "gpt-4o") > 4


usages = st.builds(Usage, *[st.integers(0, 10**6)] * 3, st.none() | st.integers(0, 10**6))


@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs", "Cc"])), usages)).map(tuple))
def test_a_log_goes_to_csv_and_adds_up(steps: tuple[tuple[str, Usage], ...]) -> None:
    log = UsageLog(steps)
    header, *rows = csv.reader(io.StringIO(log.csv()))
    assert header == [column.replace(" ", "_") for column in COLUMNS]
    assert [row[0] for row in rows] == [step for step, _ in steps]
    if rows:
        total = (log.total.prompt_tokens, log.total.completion_tokens, log.total.total_tokens)
        assert tuple(map(int, rows[-1][-3:])) == total


def test_the_table_of_a_log_stands_in_columns() -> None:
    table = UsageLog((("outline", Usage(10, 1, 11, 4)), ("write", Usage(2000, 2, 2002)))).table()
    heading, outline, write = table.splitlines()
    assert len(heading) == len(outline) == len(write)
    assert outline.split() == ["outline", "10", "4", "1", "11", "10", "1", "11"]
    assert write.split() == ["write", "2000", "2", "2002", "2010", "3", "2013"]


@pytest.mark.parametrize("text", ["[1]", "{}", '[{"role": "user"}]', '[{"role": "x", "content": []}]', "[", "3"])
def test_what_are_no_messages_is_a_value_error(text: str) -> None:
    if text == "{}":
        assert deserialize_messages(text) == ()
        return
    with pytest.raises(ValueError):
        deserialize_messages(text)


def test_messages_go_to_json_and_back_from_any_sequence() -> None:
    messages: list[Message] = [system("a", "b"), user("c"), assistant("d")]
    assert deserialize_messages(serialize_messages(messages)) == tuple(messages)


def test_a_reply_is_read_without_a_repository() -> None:
    (edit,) = parse_chat(FRENCH).edits
    assert isinstance(edit, Patch) and edit.new == "b/hello.py"
    assert [edit.path for edit in parse_chat(PROGRAM).edits if not isinstance(edit, Patch)] == ["hello.py", "README.md"]


@pytest.fixture
def store(repository: Repository) -> Store:
    return Store(repository, "main")


def test_a_branch_reads_like_a_mapping(store: Store) -> None:
    assert store["hello.py"] == HELLO.encode() and store.get("none") is None
    assert "hello.py" in store and "none" not in store and set(store) == {"hello.py", "README.md"} and len(store) == 2
    with pytest.raises(KeyError):
        _ = store["none"]


def test_setting_stages_and_one_commit_writes(store: Store, folder: Path) -> None:
    before = git(folder, "rev-parse", "main")
    store["notes/a.txt"] = "one\n"
    store["hello.py"] = b"print('Hi')\n"
    del store["README.md"]
    assert store["notes/a.txt"] == b"one\n" and "README.md" not in store
    assert git(folder, "rev-parse", "main") == before and git(folder, "status", "--porcelain") == ""
    oid = store.commit("Say hi\n\nMore words.")
    assert git(folder, "log", "-1", "--format=%H %an %P", "main") == f"{oid} Ada {before}"
    assert git(folder, "log", "-1", "--format=%B", "main").strip() == "Say hi\n\nMore words."
    assert git(folder, "show", "--name-status", "--format=", "main").split() == [
        *("D", "README.md", "M", "hello.py", "A", "notes/a.txt")
    ]
    assert (folder / "notes/a.txt").read_text() == "one\n" and git(folder, "status", "--porcelain") == ""
    assert store.tip == oid and not store.staged and store["hello.py"] == b"print('Hi')\n"


def test_what_changes_nothing_makes_no_commit(store: Store) -> None:
    store["hello.py"] = HELLO
    assert store.commit("Nothing") == store.tip and not store.staged


def test_a_branch_that_moved_is_not_overwritten_and_nothing_staged_is_lost(store: Store, folder: Path) -> None:
    store["a.txt"] = "mine\n"
    write(folder, {"b.txt": "theirs\n"})
    git(folder, "add", "b.txt")
    git(folder, "commit", "-qm", "Theirs")
    with pytest.raises(GitgenError, match="has moved") as raised:
        store.commit("Mine")
    assert "reload()" in raised.value.mend and store["a.txt"] == b"mine\n"
    store.reload()
    store.commit("Mine")
    assert git(folder, "log", "--format=%s", "-2", "main").split() == ["Mine", "Theirs"]
    assert git(folder, "show", "main:b.txt") == "theirs"


def test_an_uncommitted_change_in_the_way_stops_the_commit(store: Store, folder: Path) -> None:
    before = git(folder, "rev-parse", "main")
    store["hello.py"] = "print('Hi')\n"
    write(folder, {"hello.py": "my own\n"})
    with pytest.raises(GitgenError, match="cannot take the commit"):
        store.commit("Say hi")
    assert (folder / "hello.py").read_text() == "my own\n" and git(folder, "rev-parse", "main") == before


@pytest.mark.parametrize("path", ["../x", "/x", ".git/hooks/post-commit", "a\\b", "hello.py/x", "", ".gitgen/x/prompt"])
def test_no_path_outside_the_tree_can_be_set(store: Store, path: str) -> None:
    with pytest.raises(GitgenError, match="cannot be written"):
        store[path] = b"x"
    assert not store.staged


def test_a_reply_is_staged_whole_or_not_at_all(store: Store, folder: Path) -> None:
    with pytest.raises(Rejected):
        to_files(MISFIT + "\nnew.txt\n```\nx\n```\n", store)
    assert not store.staged
    to_files(FRENCH + "\nrun.sh\n```sh\n#!/bin/sh\necho x\n```\n", store)
    store.commit("Greet in French")
    assert "Bonjour" in git(folder, "show", "main:hello.py")
    assert git(folder, "ls-tree", "main", "run.sh").startswith("100755")


def test_a_store_is_opened_by_branch_or_by_what_is_checked_out(folder: Path, tmp_path: Path) -> None:
    git(folder, "branch", "other")
    with open_store(folder=folder) as here, open_store("other", folder) as other:
        assert (here.branch, other.branch) == ("main", "other")
        other["x"] = "x"
        other.commit("Add x")
    assert not (folder / "x").exists() and git(folder, "show", "other:x") == "x"
    with pytest.raises(GitgenError, match="no branch none"):
        open_store("none", folder)
    with pytest.raises(GitgenError, match="no Git repository"):
        open_store(folder=tmp_path)


def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)\n```", (ROOT / "docs/api.md").read_text(), re.S)[:1]
    return str(code)


def test_the_example_in_the_docs_is_typed(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(example())
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "example.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_example_in_the_docs_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    whole = f"hello.py\n```python\n'''Greets.'''\n{HELLO}```\n"
    with endpoint(says(MISFIT, usage=(10, 1)), says(whole, model="gpt-x", usage=(20, 2))) as scripted:
        monkeypatch.setenv("GITGEN_BASE_URL", scripted.base_url)
        names: dict[str, object] = {}
        exec(compile(example(), "example.py", "exec"), names)
        add_docstrings = names["add_docstrings"]
        assert callable(add_docstrings)
        table = add_docstrings("hello.py", "main")
    assert [line.split()[0] for line in table.splitlines()] == ["step", "docstrings", "repair"]
    assert (folder / "hello.py").read_text() == f"'''Greets.'''\n{HELLO}"
    assert git(folder, "show", "main:NOTES.md") == "hello.py was described by gpt-x."
    assert capsys.readouterr().out == MISFIT


def test_the_docs_tell_of_every_public_name() -> None:
    docs = (ROOT / "docs/api.md").read_text()
    assert [name for name in gitgen.__all__ if name not in docs and name != "__version__"] == []
