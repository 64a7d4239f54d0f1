import io
import os
import signal
import subprocess
import sys
import threading

import pytest

from tunewright.execution.interrupts import Interrupts
from tunewright.storage import Memory


def test_the_first_ctrl_c_asks_and_the_second_stops():
    with Interrupts() as interrupts:
        assert not interrupts.asked

        os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.asked

        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_first_ctrl_c_says_what_is_waited_for_and_how_to_end_at_once(capsys):
    with Interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        first = capsys.readouterr()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

    assert first.out == ""
    assert first.err.startswith("tunewright: interrupted; what runs is finished")
    assert "Ctrl-C again ends it at once" in first.err
    assert first.err.count("\n") == 1
    assert capsys.readouterr().err == ""


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, closed()], ids=["none", "closed"])
def test_without_a_standard_error_it_is_heard_all_the_same(monkeypatch, stream):
    monkeypatch.setattr(sys, "stderr", stream)

    with Interrupts() as interrupts:
        os.kill(os.getpid(), signal.SIGINT)

        assert interrupts.asked


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


class Hasty(Memory):
    """Notes when it is told to hurry."""

    def __init__(self):
        super().__init__()
        self.told = []

    def hurry(self, *, on):
        self.told.append(on)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_storage_hurries_from_the_signal_that_stops_until_the_end(number):
    storage = Hasty()
    with Interrupts(storage):
        if number == signal.SIGINT:
            os.kill(os.getpid(), number)
        assert storage.told == []

        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        assert storage.told == [True]

    assert storage.told == [True, False]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_forked_child_has_the_handlers_of_before(number):
    before = signal.getsignal(number)
    with Interrupts(), Interrupts():
        pid = os.fork()
        if not pid:
            os._exit(0 if signal.getsignal(number) == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert signal.getsignal(number) != before

    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_meets_a_child_in_its_first_moment_is_not_lost(number):
    """Sent by the first hook that the child calls, when its handlers are not yet those of before."""
    code = f"""
import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), {int(number)}))
from tunewright.execution.interrupts import Interrupts

with Interrupts():
    pid = os.fork()
    if not pid:
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr) == (f"{-number}\n", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_meets_the_parent_while_it_forks_is_heard_when_that_is_over(number):
    """Sent by the last hook before the fork."""
    code = f"""
import os, signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
os.register_at_fork(before=lambda: os.kill(os.getpid(), {int(number)}))
from tunewright.execution.interrupts import Interrupts

try:
    with Interrupts() as interrupts:
        interrupts.asked = True  # so that one more raises
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        time.sleep(30)
except KeyboardInterrupt as error:
    print("heard", *error.args)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)

    said = " SIGTERM: this process has to end" if number == signal.SIGTERM else ""
    assert (done.stdout, done.stderr) == (f"heard{said}\n", "")


def test_the_signals_that_were_blocked_before_a_fork_are_blocked_after_it():
    with Interrupts():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        pid = os.fork()
        now = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        if not pid:
            os._exit(0 if now == before else 1)

        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert now == before


def test_a_pool_inside_an_objective_ends_in_silence():
    code = """
import multiprocessing, os, tunewright as tw

def train(live):
    with multiprocessing.get_context("fork").Pool(3) as pool:
        return sum(pool.map(abs, [live["x"]] * 3))

study = tw.Study({"x": tw.Float(0, 1)}, sampler=tw.samplers.Random())
study.optimize(train, trials=8)
print(study.history.completed)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)

    assert (done.stdout, done.stderr) == ("8\n", "")
