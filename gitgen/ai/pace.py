"""How fast an endpoint is asked: one token bucket for each endpoint and key, over all threads of the process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from threading import Lock

from gitgen.ai import Busy, Completion, Listener, Model, Request
from gitgen.ai.retry import PATIENCE
from gitgen.models import tokens

_GLANCE = 0.25
"""Seconds between two looks at whether it is one's turn: a reply that was shorter than reckoned lets the next go."""
_BURST = 0.1
"""Minutes whose worth may go out at once: after a whole one, an endpoint that counts by the minute would see two."""


@dataclass(frozen=True)
class Rates:
    """What may be asked of an endpoint in a minute; None where there is no limit."""

    requests: int | None = None
    tokens: int | None = None

    def tighter(self, other: Rates) -> Rates:
        """The smaller of each two limits."""
        return Rates(_least(self.requests, other.requests), _least(self.tokens, other.tokens))


def _least(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


class _Bucket:
    """Fills evenly up to a burst; what costs more than that is let through full, and leaves a debt."""

    def __init__(self, now: float) -> None:
        self._level, self._at = 0.0, now
        self._per_minute: int | None = None

    def limit(self, per_minute: int | None, now: float) -> None:
        if self._per_minute is None and per_minute is not None:
            self._level, self._at = self._burst(per_minute), now
        self._per_minute = per_minute

    def missing(self, cost: float, now: float) -> float:
        """Seconds until so much may be taken."""
        if self._per_minute is None:
            return 0.0
        full, rate = self._burst(self._per_minute), self._per_minute / 60
        self._level, self._at = min(full, self._level + (now - self._at) * rate), now
        return max(0.0, (min(cost, full) - self._level) / rate)

    def take(self, cost: float) -> None:
        """Take so much; a negative number gives back."""
        self._level -= cost

    @staticmethod
    def _burst(per_minute: int) -> float:
        return max(1.0, per_minute * _BURST)


class Pace:
    """Lets requests go one after the other, as the limits allow, and none while the endpoint wants a pause."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._lock = Lock()
        self._waiting: deque[object] = deque()
        self._rates = Rates()
        self._requests, self._tokens = _Bucket(clock()), _Bucket(clock())
        self._pause_ends, self._why = 0.0, ""

    def hold(self, rates: Rates) -> None:
        """Keep to these limits as well, from now on."""
        with self._lock:
            self._rates = self._rates.tighter(rates)
            self._requests.limit(self._rates.requests, self._clock())
            self._tokens.limit(self._rates.tokens, self._clock())

    @property
    def counts_tokens(self) -> bool:
        """Whether it matters how long a request is."""
        return self._rates.tokens is not None

    def admit(self, cost: int, listener: Listener) -> None:
        """Return when a request that may come to `cost` tokens may go out; those who came before go first.

        Raises Busy if the endpoint wants a pause that is too long to be waited for.
        """
        me = object()
        with self._lock:
            self._waiting.append(me)
        try:
            while left := self._enter(me, cost):
                listener.waiting(*left)
                self._sleep(min(left[0], _GLANCE))
        finally:
            with self._lock:
                self._waiting.remove(me)

    def _enter(self, me: object, cost: int) -> tuple[float, str] | None:
        """Take what a request costs, if it may go; else how long it has at least to wait, and for what."""
        with self._lock:
            now = self._clock()
            pause = self._pause_ends - now
            if pause > PATIENCE:
                raise Busy(self._why, pause)
            if pause > 0:
                return pause, self._why
            wait = max(self._requests.missing(1, now), self._tokens.missing(cost, now))
            if wait or self._waiting[0] is not me:
                return wait or _GLANCE, f"The limit of {self._said()} a minute is reached"
            self._requests.take(1)
            self._tokens.take(cost)
        return None

    def _said(self) -> str:
        limits = ((self._rates.requests, "requests"), (self._rates.tokens, "tokens"))
        return " and ".join(f"{limit} {unit}" for limit, unit in limits if limit is not None)

    def settle(self, reckoned: int, used: int) -> None:
        """Correct what a request was reckoned to come to by what it did."""
        with self._lock:
            self._tokens.take(used - reckoned)

    def pause(self, seconds: float, why: str) -> None:
        """Let nobody ask for so long, as the endpoint has asked of one of us."""
        with self._lock:
            ends = self._clock() + seconds
            if ends > self._pause_ends:
                self._pause_ends, self._why = ends, why


class Paced:
    """A model that is asked at the pace that all share who ask its endpoint with its key."""

    def __init__(self, model: Model, pace: Pace) -> None:
        self.model = model
        self.pace = pace

    @property
    def name(self) -> str:
        return self.model.name

    def complete(self, request: Request, listener: Listener) -> Completion:
        """The model's completion, asked for when it is its turn; what it raises, a busy endpoint holds up all."""
        counted = self.pace.counts_tokens
        prompt = tokens.count([message["content"] for message in request.messages], self.name) if counted else 0
        reckoned, used = (prompt + request.longest_reply, 0) if counted else (0, 0)
        self.pace.admit(reckoned, listener)
        try:
            completion = self.model.complete(request, listener)
            if counted:
                usage, text = completion.usage, completion.reply.content
                used = usage.total_tokens if usage else prompt + tokens.count([text], self.name)
        except Busy as busy:
            if busy.seconds is not None:
                self.pace.pause(busy.seconds, busy.why)
            raise
        finally:
            self.pace.settle(reckoned, used)
        return completion


@cache
def pace_of(base_url: str, api_key: str) -> Pace:
    """The one pace of an endpoint and a key in this process."""
    return Pace()
