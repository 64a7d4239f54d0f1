"""Who is alive."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tunewright.processes import alive, machine, started

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="read from /proc")


def test_a_process_is_alive_until_it_ends() -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    assert alive(other.pid, started(other.pid))
    other.communicate(b"\n")
    assert not alive(other.pid, 0)


@linux
def test_a_process_that_ended_but_was_not_waited_for_is_dead() -> None:
    other = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.read()  # until its end
    for _ in range(1000):
        if not alive(other.pid, 0):
            break
        os.sched_yield()

    assert not alive(other.pid, 0)
    other.communicate()


@linux
def test_a_process_number_that_was_given_again_is_another_process() -> None:
    assert started(os.getpid()) > 0
    assert alive(os.getpid(), started(os.getpid()))
    assert not alive(os.getpid(), started(os.getpid()) - 1)


@linux
def test_a_machine_is_named_by_host_boot_and_process_numbers() -> None:
    assert machine().count("/") == 2
    assert machine() == machine()


def test_what_cannot_be_known_is_nothing() -> None:
    assert started(2**22 + 1) == 0.0
