import os
import subprocess
import sys

import pytest

from tunewright.execution import tree

FAMILY = """
import subprocess, sys, time
hold = bytearray(80_000_000)
same = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(same.pid, other.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def family():
    """A leader that holds 80 MB, with a child in its session and one in a session of its own: (leader, child, other child)."""
    leader = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True)
    pids = [leader.pid, *map(int, leader.stdout.readline().split())]
    yield pids
    tree.end(leader.pid)
    leader.stdout.close()
    leader.wait()


def test_a_leader_with_all_that_it_started_can_be_counted_and_ended(family, lives):
    leader, same, other = family

    assert tree.members(leader) == {leader, same}
    assert 80e6 < tree.memory(leader, float("inf")) < 200e6
    assert tree.resident(leader) > 80e6

    tree.end(leader)

    assert not any(map(lives, (leader, same, other)))


def test_shared_memory_counts_once():
    leader = subprocess.Popen(
        [sys.executable, "-c", "import os, time\nx = bytearray(100_000_000)\nos.fork()\nprint(flush=True)\ntime.sleep(600)"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        for _ in range(2):
            leader.stdout.readline()

        assert tree.memory(leader.pid, float("inf")) > 200e6  # good enough when there is no limit near
        assert 100e6 < tree.memory(leader.pid, 1e6) < 140e6
    finally:
        tree.end(leader.pid)
        leader.stdout.close()
        leader.wait()


def test_what_is_not_there_holds_nothing(lives):
    process = subprocess.Popen([sys.executable, "-c", "pass"], start_new_session=True)
    process.wait()

    assert tree.resident(process.pid) == tree.memory(process.pid, 0) == 0
    tree.end(process.pid)
    assert lives(os.getpid())
