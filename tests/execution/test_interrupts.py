import os
import signal
import threading

import pytest

from tunewright.execution.interrupts import Interrupts


def test_the_first_ctrl_c_asks_and_the_second_stops():
    with Interrupts() as interrupts:
        assert not interrupts.asked

        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.asked

        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_afterwards_ctrl_c_is_what_it_was():
    before = signal.getsignal(signal.SIGINT)

    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before

    assert signal.getsignal(signal.SIGINT) == before


def test_in_another_thread_it_does_nothing():
    before, seen = signal.getsignal(signal.SIGINT), []

    def body():
        with Interrupts() as interrupts:
            seen.append((interrupts.asked, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()

    assert seen == [(False, before)]
