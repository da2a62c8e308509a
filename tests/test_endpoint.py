"""The openai client against real HTTP: what comes back, what is asked again, and what a person is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from gitgen.ai import Busy, Completion, NoModel, Request, Stopped, retry
from gitgen.ai.endpoint import Endpoint
from gitgen.errors import GitgenError, Interrupted
from gitgen.record import Usage
from tests.listening import Heard
from tests.scripted import Answer, endpoint, fails, says

QUESTION = Request(({"role": "user", "content": "Say hello"},), {})


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """An event that comes only when the test is over."""
    event = threading.Event()
    yield event
    event.set()


def ask(
    *script: Answer,
    models: tuple[str, ...] = ("scripted",),
    request: Request = QUESTION,
    timeout: float = 20.0,
    heard: Heard | None = None,
) -> Completion:
    with endpoint(*script) as running:
        return Endpoint(running.base_url, "key", models, timeout).complete(request, heard or Heard())


def refusal(*script: Answer, **more: Any) -> GitgenError:
    with pytest.raises(GitgenError) as raised:
        ask(*script, **more)
    assert "\n" not in raised.value.what + raised.value.mend
    return raised.value


def test_a_reply_arrives_in_pieces_with_its_model_end_and_usage() -> None:
    heard = Heard()
    completion = ask(says("Hello, how are you today?", model="scripted-2026", cached=64), heard=heard)
    assert completion.reply.content == "Hello, how are you today?"
    assert (completion.reply.finish_reason, completion.reply.model) == ("stop", "scripted-2026")
    assert completion.reply.id == "chatcmpl-1"
    assert completion.usage == Usage(100, 20, 120, 64, "api")
    assert len(heard.pieces) == 2 and "".join(heard.pieces) == completion.reply.content
    assert heard.asked == ["scripted"] and heard.answers == [completion] and heard.notes == []


def test_the_request_goes_out_as_it_is() -> None:
    parameters = {"temperature": 0.5, "seed": 1, "grammar": "root ::= 'a'"}
    with endpoint(says("a")) as running:
        Endpoint(running.base_url, "secret", ("m",)).complete(Request(QUESTION.messages, parameters), Heard())
        (sent,), (key,) = running.requests, running.keys
    assert key == "Bearer secret"
    assert sent == {
        "model": "m",
        "messages": list(QUESTION.messages),
        "stream": True,
        "stream_options": {"include_usage": True},
        **parameters,
    }


USAGE = '{"id": "1", "model": "m", "choices": %s, "usage": %s}'
NULL_CHOICES = USAGE % ("null", '{"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}')
NO_TOTAL = USAGE % ("[]", '{"prompt_tokens": 3, "completion_tokens": 4}')
ODD_TOTAL = USAGE % ("[]", '{"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 99}')
NO_COUNT = USAGE % ("[]", "{}")
GROWING = USAGE % ("[]", '{"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}')


@pytest.mark.parametrize(
    ("chunks", "usage"),
    [
        ((NULL_CHOICES,), Usage(3, 4, 7)),
        ((NO_TOTAL,), Usage(3, 4, 7)),
        ((ODD_TOTAL,), Usage(3, 4, 99)),
        ((GROWING, NULL_CHOICES), Usage(3, 4, 7)),
        ((NO_COUNT,), None),
        ((), None),
    ],
)
def test_usage_is_what_the_endpoint_reported(chunks: tuple[str, ...], usage: Usage | None) -> None:
    lines = tuple(f"data: {chunk}" for chunk in chunks)
    assert ask(says("Hello", lines=lines, usage=None)).usage == usage


@pytest.mark.parametrize(
    ("said", "cached"),
    [
        ('"prompt_tokens_details": {"cached_tokens": 64}', 64),
        ('"prompt_tokens_details": {"cached_tokens": 0}, "prompt_cache_hit_tokens": 5', 0),
        ('"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36', 64),
        ('"cache_read_input_tokens": 64, "cache_creation_input_tokens": 9', 64),
        ('"cached_tokens": 64', 64),
        ('"prompt_tokens_details": null, "prompt_cache_hit_tokens": 64', 64),
        ('"prompt_tokens_details": {}', None),
        ('"prompt_tokens_details": {"cached_tokens": "many"}', None),
        ('"prompt_cache_hit_tokens": null', None),
    ],
)
def test_cached_tokens_are_found_however_they_are_spelled(said: str, cached: int | None) -> None:
    line = USAGE % ("[]", f'{{"prompt_tokens": 100, "completion_tokens": 4, "total_tokens": 104, {said}}}')
    assert ask(says("Hello", lines=(f"data: {line}",), usage=None)).usage == Usage(100, 4, 104, cached)


def test_an_endpoint_without_usage_is_told_of_once_with_the_vocabulary_that_stands_in() -> None:
    heard = Heard()
    with endpoint(says("a", usage=None), says("b", usage=None)) as running:
        model = Endpoint(running.base_url, "key", ("scripted",))
        model.complete(QUESTION, heard)
        model.complete(QUESTION, heard)
    (note,) = heard.notes
    assert "estimated with o200k_base, for want of scripted's own" in note


def test_a_known_vocabulary_is_not_called_a_substitute() -> None:
    heard = Heard()
    ask(says("a", usage=None), models=("gpt-4",), heard=heard)
    assert heard.notes == ["The endpoint reports no usage: tokens are estimated with cl100k_base"]


@pytest.mark.parametrize("status", [400, 422])
def test_an_endpoint_that_refuses_stream_options_is_asked_without_them_from_then_on(status: int) -> None:
    with endpoint(fails(status, "Unknown parameter: stream_options"), says("a"), says("b")) as running:
        model = Endpoint(running.base_url, "key", ("scripted",))
        assert [model.complete(QUESTION, Heard()).reply.content for _ in "ab"] == ["a", "b"]
        assert ["stream_options" in request for request in running.requests] == [True, False, False]


@pytest.mark.parametrize("comment", [": keep-alive", 'event: ping\ndata: {"type": "ping"}'])
def test_what_keeps_a_stream_alive_is_no_part_of_the_reply(comment: str) -> None:
    completion = ask(says("Hello", lines=(comment, comment)))
    assert completion.reply.content == "Hello" and completion.reply.whole


def test_a_reply_that_is_too_long_says_so() -> None:
    reply = ask(says("Hello", finish_reason="length")).reply
    assert reply.finish_reason == "length" and not reply.whole


@pytest.mark.parametrize(
    "breaking",
    [
        {"cut": True},
        {"reset": True},
        {"lines": ("data: {nonsense",)},
        {"lines": ('data: {"choices": [{"delta": {"content": 5}}]}',)},
        {"lines": ('data: {"error": {"message": "The server is overloaded"}}',)},
    ],
    ids=["cut", "reset", "no JSON", "no text", "error"],
)
def test_a_stream_that_breaks_off_is_a_reply_without_an_end(breaking: dict[str, Any]) -> None:
    heard = Heard()
    completion = ask(says("Hello", **breaking), heard=heard)
    assert completion.reply.content == "Hello" and completion.reply.finish_reason is None
    assert completion.usage is None and heard.answers == [completion]


def test_what_the_endpoint_says_in_a_stream_is_passed_on() -> None:
    heard = Heard()
    ask(says("Hello", lines=('data: {"error": {"message": "The server is overloaded"}}',)), heard=heard)
    assert heard.notes == ["The endpoint reported an error: The server is overloaded"]


def test_an_end_that_came_counts_whatever_follows_it() -> None:
    ended = 'data: {"id": "1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'
    assert ask(says("Hello", lines=(ended,), reset=True)).reply.whole


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says("", cut=True), "ended its answer before it began"),
        (says("", reset=True), "was lost"),
        (says("", lines=("data: {nonsense",)), "no chat completion"),
        (says("", lines=("data: 5",)), "no chat completion"),
        (says("", lines=('data: {"choices": 4}',)), "no chat completion"),
        (says("", lines=("data: \udcff\udcfe".encode("utf-8", "surrogateescape").decode("latin-1"),)), "no chat"),
        (says("", lines=('data: {"error": {"message": "overloaded"}}',)), "reported an error: overloaded"),
        (fails(500, "boom"), r"busy \(500\): boom"),
        (Answer(status=502, body="<html><h1>Bad</h1></html>", content_type="text/html"), r"\(502\): Bad Gateway"),
        (Answer(status=503, body='{"detail": "Loading"}', content_type="application/json"), r"\(503\): Loading"),
        (Answer(status=529, body="", content_type="text/plain"), r"busy \(529\): no reason given"),
    ],
)
def test_a_failure_before_the_first_word_may_pass(answer: Answer, why: str) -> None:
    with pytest.raises(Busy, match=why) as busy:
        ask(answer)
    assert busy.value.seconds is None


def test_a_slow_first_byte_is_given_up(never: threading.Event) -> None:
    with pytest.raises(Busy, match=r"No answer from .* within 0\.2 s"):
        ask(says("late", between=lambda: never.wait(20) and None), timeout=0.2)


def test_a_pause_in_a_stream_is_given_up_and_what_came_is_kept(never: threading.Event) -> None:
    reply = ask(says("Hello", midway=lambda: never.wait(20) and None), timeout=0.2).reply
    assert (reply.content, reply.finish_reason) == ("Hello", None)


def test_an_address_that_takes_no_connection_is_given_up() -> None:
    # Where the queue of connections is full, Linux answers no further one.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address):
            model = Endpoint(f"http://127.0.0.1:{address[1]}/v1", "key", ("m",), timeout=0.2)
            with pytest.raises(Busy, match=r"within 0\.2 s"):
                model.complete(QUESTION, Heard())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{closed}/v1",
        "http://nowhere.invalid/v1",
        "localhost:8000/v1",
        "ftp://localhost/v1",
        "http://[",
    ],
)
def test_an_endpoint_that_cannot_be_reached_is_not_tried_again(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    where = url.replace("{closed}", str(closed))
    with pytest.raises(GitgenError, match="is not reachable") as raised:
        Endpoint(where, "key", ("m",), 5.0).complete(QUESTION, Heard())
    assert where in raised.value.what and "--base-url" in raised.value.mend


@pytest.mark.parametrize(
    ("answer", "what", "mend"),
    [
        (fails(401, "Incorrect key"), "refused the key (401): Incorrect key", "OPENAI_API_KEY"),
        (fails(403, "Not for you"), "may not use scripted (403): Not for you", "--model"),
        (fails(404, "The model `scripted` does not exist"), "has no model scripted", "gitgen models"),
        (fails(404, "nope", code="model_not_found"), "has no model scripted", "gitgen models"),
        (fails(403, "no access", code="model_not_found"), "has no model scripted", "gitgen models"),
        (fails(400, "scripted is not a valid model ID"), "has no model scripted", "gitgen models"),
        (fails(404, "Not Found"), "no chat endpoint", "--base-url"),
        (Answer(status=404, body="<html>404</html>", content_type="text/html"), "(404): Not Found", "/v1"),
        (fails(429, "Pay", code="insufficient_quota"), "nothing left to spend: Pay", "gitgen resume"),
        (fails(402, "Pay"), "nothing left to spend: Pay", "gitgen resume"),
        (fails(400, "Too long", code="context_length_exceeded"), "longer than the model's context", "--file"),
        (fails(400, "Too long", type="exceed_context_size_error"), "longer than the model's context", "--file"),
        (fails(400, "This model's maximum context length is 4096 tokens"), "longer than the model's", "--file"),
        (fails(400, "scripted takes no temperature"), "refused the request (400)", "--model"),
        (Answer(body="<html>Log in</html>", content_type="text/html"), "answered with text/html", "--base-url"),
        (Answer(body="{}", content_type="application/json"), "answered with application/json", "--base-url"),
    ],
)
def test_what_waiting_does_not_mend_is_told_with_what_does(answer: Answer, what: str, mend: str) -> None:
    error = refusal(answer)
    assert what in error.what and mend in error.mend


@pytest.mark.parametrize("code", ["context_length_exceeded", "insufficient_quota"])
def test_a_refusal_at_the_start_of_a_stream_is_not_taken_for_a_broken_one(code: str) -> None:
    chunk = json.dumps({"error": {"message": "No", "code": code}})
    assert "No" in refusal(says("", lines=(f"data: {chunk}",))).what


def test_a_lengthy_complaint_is_one_line() -> None:
    assert len(refusal(fails(400, "very\nlong " * 200)).what) < 400


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7.0, 7.0),
        ("0.5", 0.5, 0.5),
        ("-3", 0.0, 0.0),
        (formatdate(time() + 3600, usegmt=True), 3500.0, 3600.0),
        (formatdate(time() - 3600, usegmt=True), 0.0, 0.0),
    ],
    # Not named by their values: parallel workers collect them at different seconds.
    ids=["seconds", "half", "negative", "to-come", "past"],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(value: str, least: float, most: float) -> None:
    with pytest.raises(Busy) as busy:
        ask(fails(429, "Slow down", headers={"retry-after": value}))
    assert busy.value.seconds is not None and least <= busy.value.seconds <= most


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf"])
def test_a_retry_after_that_says_nothing_is_left_out(value: str) -> None:
    with pytest.raises(Busy) as busy:
        ask(fails(429, "Slow down", headers={"retry-after": value}))
    assert busy.value.seconds is None


def test_the_next_model_is_asked_where_the_first_is_unknown_and_from_then_on() -> None:
    heard = Heard()
    with endpoint(fails(404, "no", code="model_not_found"), says("a"), says("b")) as running:
        model = Endpoint(running.base_url, "key", ("first", "second", "third"))
        assert model.name == "first"
        replies = [model.complete(QUESTION, heard).reply for _ in "ab"]
        assert [request["model"] for request in running.requests] == ["first", "second", "second"]
    assert [reply.model for reply in replies] == ["second", "second"] and model.name == "second"
    (note,) = heard.notes
    assert "no model first" in note and "asking second instead" in note


def test_the_last_unknown_model_is_an_error() -> None:
    unknown = fails(404, "no", code="model_not_found")
    assert "no model second" in refusal(unknown, unknown, models=("first", "second")).what


def test_an_endpoint_names_its_models_and_a_single_one_is_taken() -> None:
    with endpoint(models=("b", "a")) as running:
        model = Endpoint(running.base_url, "", ())
        assert model.names() == ("a", "b")
        with pytest.raises(NoModel, match="offers 2 models: a, b"):
            model.take_only_model()
        running.models = ["only"]
        model.take_only_model()
        assert model.name == "only"
        running.models = []
        with pytest.raises(NoModel, match="offers 0 models"):
            model.take_only_model()


def test_an_address_without_models_is_told_like_one_without_chats() -> None:
    with endpoint() as running, pytest.raises(GitgenError, match=r"no chat endpoint .*\(404\)") as raised:
        Endpoint(running.base_url.removesuffix("/v1") + "/nowhere", "key", ()).names()
    assert type(raised.value) is GitgenError


class Impatient(Heard):
    """A user who presses Ctrl-C at the first piece."""

    def text(self, piece: str) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_in_a_stream_keeps_what_had_come() -> None:
    with pytest.raises(Stopped) as stopped:
        ask(says("Hello, how are you today?"), heard=Impatient())
    assert stopped.value.completion.reply.content == "Hello, how are y"
    assert stopped.value.completion.reply.finish_reason is None


def test_an_error_of_our_own_is_never_taken_for_one_of_the_endpoint() -> None:
    class Broken(Heard):
        def text(self, piece: str) -> None:
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        ask(says("Hello"), heard=Broken())


# --- asking again ---


class Persisted:
    """What `persist` made of a script: its result, what it kept, heard and slept."""

    def __init__(self, *script: Answer, retries: int = 2, heard: Heard | None = None) -> None:
        self.heard = heard or Heard()
        self.kept: list[Completion] = []
        self.slept: list[float] = []
        self.script = script
        self.retries = retries

    def run(self) -> Completion:
        with endpoint(*self.script) as running:
            model = Endpoint(running.base_url, "key", ("scripted",))
            return retry.persist(model, QUESTION, self.kept.append, self.heard, self.retries, self.slept.append)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_a_busy_endpoint_is_asked_again(status: int) -> None:
    tried = Persisted(fails(status, "Later"), says("Hello"))
    assert tried.run().reply.content == "Hello"
    assert len(tried.kept) == 1 and 0.5 <= sum(tried.slept) <= 1.0
    ((seconds, why),) = tried.heard.waits
    assert 0.5 <= seconds <= 1.0 and "Later" in why


def test_the_waits_grow_and_are_not_always_the_same() -> None:
    again = [Persisted(*[fails(500)] * 5, says("a"), retries=5) for _ in range(3)]
    for tried in again:
        tried.run()
    for tried in again:
        begun = [seconds for seconds, _ in _starts(tried.heard.waits)]
        assert all(2.0**n / 2 <= seconds <= 2.0**n for n, seconds in enumerate(begun))
        assert len(begun) == 5
    assert len({tuple(tried.slept) for tried in again}) > 1


def _starts(waits: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The first line of each countdown."""
    return [wait for before, wait in zip([(0.0, ""), *waits], waits, strict=False) if wait[0] > before[0] - 0.99]


def test_a_wait_is_as_long_as_asked_for_and_counted_down() -> None:
    tried = Persisted(fails(429, "Slow", headers={"retry-after": "3"}), says("a"))
    tried.run()
    assert tried.slept == [1.0, 1.0, 1.0]
    assert [seconds for seconds, _ in tried.heard.waits] == [3.0, 2.0, 1.0]


def test_no_wait_at_all_is_still_said() -> None:
    tried = Persisted(fails(429, "Slow", headers={"retry-after": "0"}), says("a"))
    tried.run()
    assert tried.slept == [] and [seconds for seconds, _ in tried.heard.waits] == [0.0]


def test_no_one_waits_for_an_hour() -> None:
    tried = Persisted(fails(429, "Slow", headers={"retry-after": "3600"}), says("a"))
    with pytest.raises(GitgenError) as raised:
        tried.run()
    assert "60 minutes" in raised.value.mend and tried.slept == []


def test_the_tries_come_to_an_end() -> None:
    tried = Persisted(*[fails(503, "Later")] * 3, says("too late"))
    with pytest.raises(GitgenError, match="Later; tried 3 times") as raised:
        tried.run()
    assert raised.value.mend == "gitgen resume" and tried.kept == []


def test_what_cannot_be_mended_is_not_tried_again() -> None:
    tried = Persisted(fails(401, "No"), says("too late"))
    with pytest.raises(GitgenError, match="401"):
        tried.run()
    assert tried.slept == []


def test_a_broken_reply_is_kept_and_asked_for_again() -> None:
    tried = Persisted(says("Hel", cut=True), says("Hello"))
    assert tried.run().reply.content == "Hello"
    assert [completion.reply.content for completion in tried.kept] == ["Hel", "Hello"]
    assert "broke off" in tried.heard.waits[0][1]


def test_the_last_broken_reply_is_what_is_left() -> None:
    tried = Persisted(says("a", cut=True), says("b", cut=True), retries=1)
    assert tried.run().reply.content == "b" and len(tried.kept) == 2


def test_a_reply_of_full_length_is_not_asked_for_again() -> None:
    tried = Persisted(says("Hel", finish_reason="length"), says("Hello"))
    assert tried.run().reply.content == "Hel" and tried.slept == []


def test_ctrl_c_keeps_the_piece_and_ends() -> None:
    tried = Persisted(says("Hello"), heard=Impatient())
    with pytest.raises(Interrupted) as raised:
        tried.run()
    assert raised.value.code == 130 and [completion.reply.content for completion in tried.kept] == ["Hello"]
