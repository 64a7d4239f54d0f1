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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_afterwards_a_signal_does_what_it_did(number):
    before = signal.getsignal(number)

    with Interrupts():
        assert signal.getsignal(number) != before

    assert signal.getsignal(number) == before


def test_who_takes_the_machine_back_stops_at_once():
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt, match="has to end"):
        os.kill(os.getpid(), signal.SIGTERM)

    assert not interrupts.asked


def test_a_handler_of_the_users_own_stays():
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append("heard"))
    try:
        with Interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert seen == ["heard"]


def test_in_another_thread_it_does_nothing():
    before, seen = signal.getsignal(signal.SIGINT), []

    def body():
        with Interrupts() as interrupts:
            seen.append((interrupts.asked, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()

    assert seen == [(False, before)]
