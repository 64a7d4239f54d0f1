import os
import signal
import threading

import pytest

from tunewright.cli.signals import Ears
from tunewright.execution.interrupts import Interrupts


def test_ctrl_c_is_heard_also_when_another_handles_it() -> None:
    with Ears() as ears:
        before = ears.interrupted
        with Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupts.asked
        assert ears.interrupted

    assert not before
    assert ears.interrupted


@pytest.mark.parametrize("shown", [True, False])
def test_where_the_progress_says_it_nobody_else_does(shown: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with Ears(shown=shown), Interrupts():
        os.kill(os.getpid(), signal.SIGINT)
    with Interrupts():
        os.kill(os.getpid(), signal.SIGINT)

    assert capsys.readouterr().err.count("interrupted") == (1 if shown else 2)


def test_silence_is_no_ctrl_c() -> None:
    with Ears() as ears:
        assert not ears.interrupted

    assert not ears.interrupted


def test_other_signals_are_none() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with Ears() as ears:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not ears.interrupted
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_listened_before_listens_again() -> None:
    with Ears() as outer:
        with Ears() as inner:
            pass
        with Interrupts():
            os.kill(os.getpid(), signal.SIGINT)

        assert outer.interrupted
        assert not inner.interrupted


def test_outside_the_main_thread_it_is_deaf_and_harmless() -> None:
    heard: list[bool] = []

    def listen() -> None:
        with Ears() as ears:
            heard.append(ears.interrupted)

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()

    assert heard == [False]
