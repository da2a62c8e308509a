"""Limits that all jobs of a process share: requests and tokens a minute, and the pauses that an endpoint asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import pytest

from gitgen.ai import Busy, Request
from gitgen.ai.choice import choose, open_model
from gitgen.ai.endpoint import Endpoint
from gitgen.ai.pace import Pace, Paced, Rates
from gitgen.errors import GitgenError
from gitgen.settings import Settings, resolve
from tests.conftest import Gitgen
from tests.listening import Heard
from tests.scripted import endpoint, fails, says

QUESTION = Request(({"role": "user", "content": "Say hello"},), {"max_tokens": 20})


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


def paced(clock: Clock, base_url: str, **rates: int) -> Paced:
    pace = Pace(clock, clock.sleep)
    pace.hold(Rates(**rates))
    return Paced(Endpoint(base_url, "key", ("m",)), pace)


def in_threads(count: int, job: Callable[[], object]) -> None:
    threads = [threading.Thread(target=job) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_together_send_no_more_requests_than_a_minute_allows() -> None:
    clock, times = Clock(), list[float]()
    answer = says("hello", between=lambda: times.append(clock.now))
    with endpoint(*[answer] * 12) as running:
        model = paced(clock, running.base_url, requests=20)

        def job() -> None:
            for _ in range(3):
                model.complete(QUESTION, Heard())

        in_threads(4, job)
    assert len(times) == 12
    # Two at once, then one in three seconds.
    assert all(now >= 3 * (number - 2) for number, now in enumerate(sorted(times), 1))


def test_what_a_reply_has_really_used_counts_against_the_tokens_of_a_minute() -> None:
    clock, times = Clock(), list[float]()
    answer = says("hello", usage=(100, 20), between=lambda: times.append(clock.now))
    with endpoint(*[answer] * 6) as running:
        model = paced(clock, running.base_url, tokens=1200)
        for _ in range(6):
            model.complete(QUESTION, Heard())
    # 120 at once, then 20 in a second; the sixth goes when the debt of those before it is paid.
    assert times[-1] >= (5 * 120 - 120) / 20


def test_a_reply_that_was_shorter_than_reckoned_makes_room() -> None:
    clock, uncapped = Clock(), Request(QUESTION.messages, {})
    with endpoint(*[says("hello", usage=(10, 10))] * 10) as running:
        model = paced(clock, running.base_url, tokens=60_000)
        for _ in range(10):
            model.complete(uncapped, Heard())
    assert clock.now == 0


def test_tokens_are_estimated_where_the_endpoint_tells_none() -> None:
    clock = Clock()
    with endpoint(*[says("word " * 600, usage=None)] * 2) as running:
        model = paced(clock, running.base_url, tokens=600)
        for _ in range(2):
            model.complete(QUESTION, Heard())
    assert clock.now >= 50


def test_a_pause_that_one_job_is_asked_for_holds_all() -> None:
    clock, times, heard = Clock(), list[float](), Heard()
    answer = says("hello", between=lambda: times.append(clock.now))
    with endpoint(fails(429, "Slow down", headers={"retry-after": "30"}), *[answer] * 3) as running:
        model = paced(clock, running.base_url)
        with pytest.raises(Busy):
            model.complete(QUESTION, Heard())
        assert not times
        in_threads(3, partial(model.complete, QUESTION, heard))
    assert len(times) == 3 and min(times) >= 30
    assert heard.waits[0] == (30.0, "The endpoint is busy (429): Slow down")


def test_nobody_is_held_back_for_longer_than_a_person_would_wait() -> None:
    clock = Clock()
    with endpoint(fails(429, "Tomorrow", headers={"retry-after": "7200"}), says("hello")) as running:
        model = paced(clock, running.base_url)
        for _ in range(2):
            with pytest.raises(Busy) as raised:
                model.complete(QUESTION, Heard())
            assert raised.value.seconds == 7200
        assert len(running.requests) == 1


def test_a_long_request_is_not_overtaken_by_short_ones() -> None:
    here, slept, admitted = threading.get_ident(), threading.Event(), threading.Event()
    clock = Clock()

    def sleep(seconds: float) -> None:
        if threading.get_ident() != here:
            slept.set()
            admitted.wait(20)
        elif not slept.is_set():
            short.start()
            assert slept.wait(20), "the short one went first"
        clock.sleep(seconds)

    pace = Pace(clock, sleep)
    pace.hold(Rates(tokens=600))
    pace.admit(50, Heard())
    short = threading.Thread(target=pace.admit, args=(1, Heard()))
    pace.admit(60, Heard())
    admitted.set()
    short.join()


def test_a_job_that_is_interrupted_while_it_waits_leaves_the_queue() -> None:
    clock = Clock()

    def interrupted(seconds: float) -> None:
        clock.now += 60
        raise KeyboardInterrupt

    pace = Pace(clock, interrupted)
    pace.hold(Rates(requests=1))
    pace.admit(0, Heard())
    with pytest.raises(KeyboardInterrupt):
        pace.admit(0, Heard())
    pace.admit(0, Heard())


def test_one_endpoint_and_key_have_one_pace_and_the_tightest_limits() -> None:
    def opened(key: str, **rates: int) -> Pace:
        settings = Settings(("m",), "http://one.example/v1", key, **rates)  # type: ignore[arg-type]
        with ExitStack() as stack:
            model = open_model(choose(settings), settings, lambda branch: (), stack)
        assert isinstance(model, Paced)
        return model.pace

    first = opened("a", tokens_per_minute=100, requests_per_minute=5)
    assert opened("a", tokens_per_minute=200) is first
    heard = Heard()
    first.admit(10, heard)
    with pytest.raises(InterruptedError):
        first.admit(10, Ends())
    other = opened("b")
    assert other is not first
    other.admit(10_000, heard)
    assert heard.waits == []


class Ends(Heard):
    def waiting(self, seconds: float, why: str) -> None:
        assert why == "The limit of 5 requests and 100 tokens a minute is reached"
        raise InterruptedError


def test_limits_come_from_the_flag_the_environment_or_git() -> None:
    config = {"gitgen.tokensperminute": ("300",), "gitgen.requestsperminute": ("3",)}
    assert resolve({}, {}, config).tokens_per_minute == 300
    settings = resolve({"tokens_per_minute": 100}, {"GITGEN_REQUESTS_PER_MINUTE": "2"}, config)
    assert (settings.tokens_per_minute, settings.requests_per_minute) == (100, 2)
    with pytest.raises(GitgenError) as raised:
        resolve({}, {}, {"gitgen.tokensperminute": ("0",)})
    assert raised.value.what == "tokensPerMinute is not a whole number from 1: 0"


def test_a_limit_that_is_none_stops_a_step_before_anything_is_asked(in_process: Gitgen) -> None:
    with endpoint(says("hello")) as running:
        ran = in_process("fix", "x", "--base-url", running.base_url, "--model", "m", GITGEN_TOKENS_PER_MINUTE="many")
        assert ran.code == 1 and "tokensPerMinute is not a whole number" in ran.err
        assert running.requests == []
