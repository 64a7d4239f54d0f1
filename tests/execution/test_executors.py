import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import psutil
import pytest

from tunewright.execution.channel import Channel
from tunewright.execution.executors import InlineExecutor, Sandboxes, run_fenced, run_here
from tunewright.execution.fence import Fence
from tunewright.execution.parcel import pack
from tunewright.execution.sandbox import Work
from tunewright.trial import Report, Task


def work(objective):
    return Work(pack(objective), ("loss",), None)


def task(number=0, **params):
    return Task(number, 0, params)


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


def test_sandboxes_work_at_the_same_time_and_each_keeps_its_place(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def objective(_):
        time.sleep(0.3)
        return {"loss": 0.0, "pid": os.getpid(), "device": os.environ["CUDA_VISIBLE_DEVICES"]}

    sandboxes = Sandboxes(work(objective), Fence(devices=("0", "1")), 2)
    futures = [sandboxes.submit(task(number), Channel()) for number in range(4)]
    infos = [future.result(60).info for future in futures]
    sandboxes.end()

    assert len({(info["pid"], info["device"]) for info in infos}) == 2
    assert {info["device"] for info in infos} == {"0", "1"}


def test_sandboxes_end_what_runs_and_what_waits():
    sandboxes = Sandboxes(work(lambda _: time.sleep(600)), Fence(), 1)
    running, waiting = (sandboxes.submit(task(number), Channel()) for number in range(2))
    while not running.running():
        time.sleep(0.01)

    sandboxes.end()

    assert waiting.cancelled()
    assert running.done()


def test_in_somebody_elses_process_a_task_can_be_fenced_in():
    def objective(live):
        live.report(1, loss=0.5)
        if live["x"] == 1:
            time.sleep(600)
        return {"loss": 0.0, "pid": os.getpid(), "parent": os.getppid()}

    sent, fence = work(objective), Fence(seconds=2.0)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        here = pool.submit(run_here, sent, task(x=0)).result(60).outcome
        fenced, late, again = (pool.submit(run_fenced, sent, fence, task(x=x)).result(60).outcome for x in (0, 1, 0))

    assert fenced.info["parent"] == here.info["pid"] != os.getpid()
    assert late.failure.kind == "timeout"
    assert late.reports == (Report(1.0, {"loss": 0.5}),)
    assert again.info["pid"] != fenced.info["pid"]


def test_a_sandbox_in_somebody_elses_process_does_not_stay_for_ever(lives, eventually):
    sent = work(lambda _: {"loss": 0.0, "pid": os.getpid()})

    pid = run_fenced(sent, Fence(), task(), linger=0.2).outcome.info["pid"]

    eventually(lambda: not lives(pid))


@pytest.mark.parametrize("stopped", ["sandbox", "guard"])
def test_a_pool_that_leaves_leaves_no_sandbox_behind_not_even_a_stopped_one(stopped, lives, eventually):
    sent = work(lambda _: {"loss": 0.0, "pid": os.getpid()})

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        pid = pool.submit(run_fenced, sent, Fence(), task()).result(60).outcome.info["pid"]
        (guard,) = (child.pid for child in psutil.Process(pid).children())
        os.kill(pid if stopped == "sandbox" else guard, signal.SIGSTOP)

    try:
        eventually(lambda: not lives(pid))
        eventually(lambda: not lives(guard))
    finally:
        for each in (pid, guard):
            if lives(each):
                os.kill(each, signal.SIGKILL)


def test_the_workers_of_a_killed_coordinator_end_with_it(tmp_path, eventually, lives, written):
    script = f"""
import os, pathlib, time
from tunewright.execution.executors import Sandboxes
from tunewright.execution.channel import Channel
from tunewright.execution.fence import Fence
from tunewright.execution.parcel import pack
from tunewright.execution.sandbox import Work
from tunewright.trial import Task

def objective(live):
    pathlib.Path({str(tmp_path / "pid")!r}).write_text(f"{{os.getpid()}}\\n")
    time.sleep(100)

Sandboxes(Work(pack(objective), ("loss",), None), Fence(), 1).submit(Task(0, 0, {{}}), Channel())
time.sleep(100)
"""
    coordinator = subprocess.Popen([sys.executable, "-c", script])
    eventually(lambda: written(tmp_path / "pid"))
    (worker,) = written(tmp_path / "pid")

    coordinator.kill()
    coordinator.wait()

    eventually(lambda: not lives(worker))
