"""Asking until there is an answer: waits that grow, are jittered, are shown, and go as the endpoint says."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from gitgen.ai import Busy, Completion, Listener, Model, Request, Stopped
from gitgen.errors import GitgenError, Interrupted

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds; doubled at each try, then drawn at random from the upper half ("equal jitter")."""
PATIENCE = 600.0
"""Seconds; an endpoint that asks for a longer wait than this is not waited for."""


def persist(
    model: Model,
    request: Request,
    keep: Callable[[Completion], None],
    listener: Listener,
    retries: int,
    sleep: Callable[[float], None] = time.sleep,
) -> Completion:
    """The model's answer; each one, also a broken one, is given to `keep` before anything else is done with it.

    A stream that broke off and an endpoint that is busy are tried `retries` times again. Returns the last broken
    completion if none came whole. Raises GitgenError if the endpoint never answered, Interrupted on Ctrl-C.
    """
    tries = 0
    while True:
        tries += 1
        try:
            completion = model.complete(request, listener)
        except Stopped as stopped:
            keep(stopped.completion)
            raise Interrupted("Interrupted; what had arrived is kept", "gitgen resume") from None
        except Busy as busy:
            wait, why = busy.seconds, busy.why
            if tries > retries:
                raise GitgenError(f"{why}; tried {_times(tries)}", "gitgen resume") from None
            if wait is not None and wait > PATIENCE:
                raise GitgenError(why, f"wait {wait / 60:.0f} minutes, as it asks, then: gitgen resume") from None
        else:
            keep(completion)
            if completion.reply.finish_reason is not None or tries > retries:
                return completion
            wait, why = None, "The reply broke off in the middle"
        _count_down(_backoff(tries) if wait is None else wait, why, listener, sleep)


def _times(tries: int) -> str:
    return "once" if tries == 1 else f"{tries} times"


def _backoff(tries: int) -> float:
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (tries - 1))
    return random.uniform(longest / 2, longest)


def _count_down(seconds: float, why: str, listener: Listener, sleep: Callable[[float], None]) -> None:
    listener.waiting(seconds, why)
    while seconds > 0:
        sleep(min(1.0, seconds))
        seconds -= 1.0
        if seconds > 0:
            listener.waiting(seconds, why)
