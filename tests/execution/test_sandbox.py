import ctypes
import importlib
import math
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from tunewright.errors import StudyError
from tunewright.execution.channel import Board, BoardChannel, Channel
from tunewright.execution.fence import Fence
from tunewright.execution.parcel import pack
from tunewright.execution.sandbox import Sandbox, Work
from tunewright.trial import Report, Task


def sandbox_of(objective, seconds=math.inf, memory=math.inf):
    return Sandbox(Work(pack(objective), ("loss",), None), Fence(seconds=seconds, memory=memory))


def do(what, number=0):
    return Task(number, 0, {"what": what})


def hang():
    ctypes.PyDLL(None).sleep(600)  # holds the interpreter: no signal handler and no thread of Python runs


def grow():
    held = []
    while True:
        held.append(np.ones(2_500_000))  # 20 MB
        time.sleep(0.005)


def note(path, text):
    with path.open("a", encoding="ascii") as file:
        file.write(text)


def grow_in_a_child(started):
    hog = "import time\nheld = []\nwhile True: held.append(bytearray(20_000_000)); time.sleep(0.005)"
    process = subprocess.Popen([sys.executable, "-c", hog])
    note(started, f"{process.pid}\n")
    process.wait()


def breed(started):
    code = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); print(p.pid, flush=True); p.wait()"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    grandchild = process.stdout.readline()
    note(started, f"{process.pid}\n{grandchild}")
    time.sleep(600)


@pytest.fixture(scope="module")
def fenced(tmp_path_factory):
    """Sandboxes by limit for tasks that do what their parameter says: 1 s, 400 MB; and the file of what they start."""
    started = tmp_path_factory.mktemp("sandbox") / "started"
    deeds = {
        "exit": lambda: os._exit(3),
        "segfault": lambda: ctypes.string_at(0),
        "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "sys.exit": lambda: sys.exit("enough"),
        "hang": hang,
        "sleep": lambda: time.sleep(600),
        "grow": grow,
        "grow in a child": lambda: grow_in_a_child(started),
        "breed": lambda: breed(started),
        "exhaust": lambda: np.ones(10**15),
        "fork": lambda: os.fork() * 0 + 1.0,
        "pid": lambda: {"loss": 1.0, "pid": os.getpid()},
    }

    def objective(live):
        return deeds[live["what"]]()

    sandboxes = {"time": sandbox_of(objective, seconds=1.0), "memory": sandbox_of(objective, memory=400e6)}
    yield sandboxes, started
    for sandbox in sandboxes.values():
        sandbox.end()


@pytest.mark.parametrize(
    ("limit", "what", "kind", "says"),
    [
        ("memory", "exit", "crash", "died: exit code 3"),
        ("memory", "segfault", "crash", "SIGSEGV, a crash in native code"),
        ("memory", "kill", "crash", "SIGKILL, killed from outside"),
        ("memory", "sys.exit", "exception", "SystemExit: enough"),
        ("memory", "exhaust", "memory", "Unable to allocate"),
        ("memory", "grow", "memory", "more than 400 MB"),
        ("memory", "grow in a child", "memory", "more than 400 MB"),
        ("time", "sleep", "timeout", "longer than 1 s"),
        ("time", "hang", "timeout", "longer than 1 s"),
    ],
)
def test_whatever_a_task_does_costs_its_own_outcome_and_no_other(fenced, limit, what, kind, says):
    sandbox = fenced[0][limit]

    outcome = sandbox.run(do(what), Channel())
    after = sandbox.run(do("pid"), Channel())

    assert outcome.failure.kind == kind
    assert says in outcome.failure.message
    assert after.values == {"loss": 1.0}


def test_what_a_task_started_ends_with_it(fenced, written, lives, eventually):
    sandboxes, started = fenced

    assert sandboxes["time"].run(do("breed"), Channel()).failure.kind == "timeout"

    pids = written(started)[-2:]
    assert len(pids) == 2
    eventually(lambda: not any(map(lives, pids)))


def test_the_child_stays_warm_and_is_not_doubled_by_a_fork(fenced):
    sandbox = fenced[0]["memory"]

    first = sandbox.run(do("pid"), Channel()).info["pid"]
    forked = sandbox.run(do("fork"), Channel())
    second = sandbox.run(do("pid"), Channel()).info["pid"]

    assert forked.values == {"loss": 1.0}
    assert first == second != os.getpid()


def test_reports_arrive_before_a_crash():
    def objective(live):
        for step in range(100):
            live.report(step, loss=float(step))
        os._exit(1)

    sandbox, board = sandbox_of(objective), Board()
    outcome = sandbox.run(do(""), BoardChannel(board, (0, 0)))
    sandbox.end()

    assert outcome.failure.kind == "crash"
    assert board.take() == {(0, 0): [Report(float(step), {"loss": float(step)}) for step in range(100)]}


def test_a_task_that_is_asked_to_stop_hears_it_and_the_next_one_does_not():
    def objective(live):
        if live["what"] == "short":
            live.report(1, loss=0.0)
            return 2.0
        while True:
            time.sleep(0.01)
            live.report(1, loss=0.0)

    sandbox, board = sandbox_of(objective), Board()
    threading.Timer(0.2, board.ask, [(0, 0), "enough"]).start()
    outcome = sandbox.run(do("long"), BoardChannel(board, (0, 0)))
    after = sandbox.run(do("short", 1), BoardChannel(board, (1, 0)))
    sandbox.end()

    assert (outcome.failure.kind, outcome.failure.message) == ("stopped", "Stopped: enough")
    assert after.values == {"loss": 2.0}


def test_what_a_task_left_in_memory_is_not_the_next_ones_fault():
    def objective(live):
        kept.append(bytearray(live["what"]))
        return {"loss": 1.0, "pid": os.getpid()}

    kept: list[bytearray] = []
    sandbox = sandbox_of(objective, memory=300e6)
    first, second = (sandbox.run(do(180_000_000, number), Channel()) for number in range(2))
    sandbox.end()

    assert first.failure is second.failure is None
    assert first.info["pid"] != second.info["pid"]


def test_ending_ends_a_running_task_from_another_thread(lives):
    sandbox = sandbox_of(lambda _: time.sleep(600))
    sandbox.start()
    pid = sandbox._child.process.pid
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(sandbox.run(do(""), Channel())))
    thread.start()
    time.sleep(0.2)

    sandbox.end()
    thread.join(30)

    assert outcomes[0].failure.kind == "crash"
    assert not lives(pid)
    with pytest.raises(StudyError, match="have been ended"):
        sandbox.run(do(""), Channel())


def test_an_idle_child_says_farewell(tmp_path):
    def objective(_):
        import atexit

        atexit.register(lambda: (tmp_path / "farewell").touch())
        return 1.0

    sandbox = sandbox_of(objective)
    sandbox.run(do(""), Channel())

    sandbox.dismiss()
    sandbox.end()

    assert (tmp_path / "farewell").exists()


def test_an_objective_that_cannot_be_loaded_there_says_so():
    class Refuses:
        def __reduce__(self):
            return (__import__, ("no_such_module",))

        def __call__(self, _): ...

    sandbox = sandbox_of(Refuses())

    with pytest.raises(
        StudyError, match=r"cannot be loaded in a worker process\. ModuleNotFoundError: No module named 'no_such_module'"
    ):
        sandbox.start()


def test_the_child_finds_what_this_process_finds(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def objective(live):\n    return 4.0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    sandbox = sandbox_of(importlib.import_module("only_here").objective)
    outcome = sandbox.run(do(""), Channel())
    sandbox.end()

    assert outcome.values == {"loss": 4.0}


def test_a_thread_that_reports_after_its_task_disturbs_no_other():
    def objective(live):
        def talks():
            while True:
                live.report(0, who=live.trial)
                time.sleep(0.001)

        threading.Thread(target=talks, daemon=True).start()
        time.sleep(0.1)
        return 1.0

    sandbox = Sandbox(Work(pack(objective), ("loss",), None), Fence())
    try:
        for number in range(6):
            channel = Channel()
            outcome = sandbox.run(Task(number, 0, {}), channel)
            assert outcome.values == {"loss": 1.0}
            assert {report.values["who"] for report in channel.rest()} == {float(number)}
    finally:
        sandbox.end()


def test_an_objective_finds_its_script_and_its_arguments(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import multiprocessing, sys, tunewright as tw

def main(x):
    return 2 * x

def train(live):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return {"loss": sum(pool.map(main, [live["x"]] * 2)), "said": sys.argv[1]}

study = tw.Study({"x": tw.Float(0, 1)}, tw.Metric("loss"), sampler=tw.samplers.Random())
study.optimize(train, trials=2, workers=2)
print(study, study.best.measurements[0].info)
""")
    done = subprocess.run([sys.executable, script, "--fast"], capture_output=True, text=True, timeout=120, check=False)

    assert "2 completed, 0 failed" in done.stdout, done.stderr
    assert "'said': '--fast'" in done.stdout
