"""Waiting for a network in such a way that no signal waits with it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 0.5


@contextmanager
def waking() -> Iterator[None]:
    """Wake every wait of the main thread again and again, so that a Ctrl-C is heeded within half a second.

    Python notes a signal and raises at the next instruction. One that arrives after the last instruction but
    before the system call that waits does not end that call, and would wait for the next byte of the stream.
    Nothing happens in another thread, which no signal reaches, or where somebody else uses the timer.
    """
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    if not ours:
        yield
        return
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
