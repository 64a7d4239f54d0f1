import subprocess
import sys

import pytest

WORKER = """
import os, sys, time
from tunewright.execution.guard import guard
guard(int(sys.argv[1]))
os.write(1, f"{os.getpid()}\\n".encode())
if sys.argv[2] == "hang":
    import ctypes
    ctypes.PyDLL(None).sleep(600)  # native code that holds the interpreter: no Python thread could do anything
time.sleep(600)
"""
COORDINATOR = f"""
import os, subprocess, sys, time
ours, theirs = os.pipe()
subprocess.Popen([sys.executable, "-c", {WORKER!r}, str(ours), sys.argv[1]], pass_fds=[ours], start_new_session=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", ["sleep", "hang"])
def test_a_worker_ends_with_its_coordinator_even_when_it_hangs(how, eventually, lives):
    coordinator = subprocess.Popen([sys.executable, "-c", COORDINATOR, how], stdout=subprocess.PIPE)
    worker = int(coordinator.stdout.readline())
    assert lives(worker)

    coordinator.kill()
    coordinator.wait()

    eventually(lambda: not lives(worker))
    assert coordinator.stdout.read() == b""  # nobody holds on to what it prints
    coordinator.stdout.close()
