import subprocess
import sys
import time

import psutil
import pytest

from tunewright.execution.executors import InlineExecutor, ProcessExecutor, run_installed
from tunewright.trial import Task


def test_inline_runs_at_once_and_keeps_the_exception_for_the_result():
    seen: list[int] = []
    future = InlineExecutor().submit(seen.append, 1)

    assert seen == [1]
    assert future.result() is None

    failing = InlineExecutor().submit(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        failing.result()


def test_inline_lets_ctrl_c_through():
    def press():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        InlineExecutor().submit(press)


def test_a_worker_does_not_outlive_its_coordinator(tmp_path):
    script = f"""
import os, pathlib, time
from tunewright.execution.executors import ProcessExecutor, run_installed
from tunewright.trial import Task

def objective(live):
    pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(os.getpid()))
    time.sleep(100)

ProcessExecutor(objective, 1).submit(run_installed, Task(0, 0, {{}}), ("loss",))
time.sleep(100)
"""
    coordinator = subprocess.Popen([sys.executable, "-c", script])
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    worker = psutil.Process(int((tmp_path / "pid").read_text()))

    coordinator.kill()
    coordinator.wait()

    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def wait_until(happened):
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end, "it did not happen within a minute"
        time.sleep(0.1)


def test_processes_hold_an_objective_that_closes_over_a_variable():
    factor = 3.0
    executor = ProcessExecutor(lambda live: factor * live["x"], 1)

    outcome = executor.submit(run_installed, Task(0, 0, {"x": 2.0}), ("loss",)).result(timeout=60)

    executor.end()
    assert outcome.values == {"loss": 6.0}
