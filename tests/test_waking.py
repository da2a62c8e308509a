import os
import signal
import threading
import time

import pytest

from gitgen.ai.waking import waking


def test_a_signal_that_does_not_end_the_wait_is_heeded_all_the_same() -> None:
    nothing, other = os.pipe()

    def interrupt() -> None:
        # To this thread: Python notes the signal, and the main thread's wait goes on.
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        over.wait(20)
        os.write(other, b".")

    over = threading.Event()
    thread = threading.Thread(target=interrupt)
    thread.start()
    try:
        with pytest.raises(KeyboardInterrupt), waking():
            os.read(nothing, 1)
        assert thread.is_alive()
    finally:
        over.set()
        thread.join()
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_another_thread_and_another_s_timer_are_left_alone() -> None:
    seen = []

    def wait() -> None:
        with waking():
            seen.append(signal.getitimer(signal.ITIMER_REAL))

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    try:
        wait()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert seen == [(0.0, 0.0)] * 2
