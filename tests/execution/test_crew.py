import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from tunewright.errors import StudyError
from tunewright.execution.crew import Crew
from tunewright.execution.fence import Fence
from tunewright.trial import Outcome, Report, Task


def task(number, x=0.0):
    return Task(number, 0, {"x": x})


def everything(crew, tasks):
    """Run all tasks and return the outcomes by trial."""
    waiting, outcomes = list(tasks), {}
    while waiting or crew.tasks:
        while waiting and crew.free:
            crew.submit(waiting.pop(0))
        outcomes.update({task.trial: outcome for task, outcome in crew.wait(60)})
    return outcomes


@pytest.mark.parametrize(("workers", "isolation"), [(1, "none"), (3, "none"), (2, "process")])
def test_a_crew_runs_every_task_once(workers, isolation):
    with Crew(lambda live: live["x"] * 2, ("loss",), workers=workers, fence=Fence(isolation)) as crew:
        outcomes = everything(crew, [task(i, float(i)) for i in range(7)])

    assert {trial: outcome.values["loss"] for trial, outcome in outcomes.items()} == {i: 2.0 * i for i in range(7)}


def test_two_workers_are_two_other_processes():
    def objective(_):
        time.sleep(0.3)
        return {"loss": 0.0, "pid": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"]}

    with Crew(objective, ("loss",), workers=2, fence=Fence(threads=3)) as crew:
        outcomes = everything(crew, [task(i) for i in range(4)])

    pids = {outcome.info["pid"] for outcome in outcomes.values()}
    assert os.getpid() not in pids
    assert len(pids) == 2
    assert {outcome.info["threads"] for outcome in outcomes.values()} == {os.environ.get("OMP_NUM_THREADS", "3")}


def test_the_death_of_a_worker_costs_one_task_and_what_runs_beside_it_goes_on():
    def objective(live):
        if live.trial == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.5 if live.trial == 0 else 0.0)
        return {"loss": live["x"], "pid": os.getpid()}

    with Crew(objective, ("loss",), workers=2) as crew:
        outcomes = everything(crew, [task(i, float(i)) for i in range(4)])

    assert outcomes[1].failure.kind == "crash"
    assert {trial: outcome.values for trial, outcome in outcomes.items() if trial != 1} == {
        i: {"loss": float(i)} for i in (0, 2, 3)
    }
    assert outcomes[0].seconds < 60  # it ran once, beside the death


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_reports_are_on_the_board_while_the_task_runs_and_the_last_come_with_its_outcome(isolation, tmp_path):
    def objective(live):
        live.report(1, loss=0.5)
        while not gate.exists():
            time.sleep(0.01)
        live.report(2, loss=0.25)
        return 1.0

    gate = tmp_path / "gate"
    with Crew(objective, ("loss",), workers=2, fence=Fence(isolation)) as crew:
        crew.submit(task(0))
        while not (reports := crew.board.take()):
            assert crew.wait(0.05) == []
        gate.touch()
        ((_, outcome),) = crew.wait(60)

    assert reports == {(0, 0): [Report(1.0, {"loss": 0.5})]}
    assert outcome.reports == (Report(2.0, {"loss": 0.25}),)


def test_a_task_is_asked_to_stop_and_no_other():
    def objective(live):
        while live.trial == 0:
            time.sleep(0.01)
            live.report(1, loss=0.0)
        return 1.0

    with Crew(objective, ("loss",), workers=2) as crew:
        crew.submit(task(0))
        crew.ask_to_stop(task(0), "enough")
        outcomes = everything(crew, [task(1)])

    assert outcomes[0].failure.kind == "stopped"
    assert outcomes[1].values == {"loss": 1.0}


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_a_foreign_executor_is_used_and_left_open(pool):
    with pool(2) as executor:
        with Crew(lambda live: live["x"], ("loss",), workers=3, executor=executor) as crew:
            outcomes = everything(crew, [task(i, 1.0) for i in range(5)])

        assert [outcome.values for outcome in outcomes.values()] == [{"loss": 1.0}] * 5
        assert executor.submit(int).result() == 0


def test_a_foreign_pool_that_breaks_costs_the_tasks_in_flight():
    with ProcessPoolExecutor(1) as pool, Crew(lambda _: os._exit(1), ("loss",), executor=pool) as crew:
        outcomes = everything(crew, [task(0)])

    assert outcomes[0].failure.kind == "crash"
    assert "BrokenProcessPool" in outcomes[0].failure.message


def test_an_executor_that_is_shut_down_is_refused():
    pool = ThreadPoolExecutor(1)
    pool.shutdown()

    with pytest.raises(StudyError, match=r"takes no tasks .* Is it shut down"):
        Crew(lambda _: 1.0, ("loss",), executor=pool)


def test_what_is_no_executor_is_refused():
    with pytest.raises(StudyError, match=r"executor must be a concurrent\.futures\.Executor, got 4\..* workers=4"):
        Crew(lambda _: 1.0, ("loss",), executor=4)


def test_an_objective_that_cannot_travel_is_refused_where_it_would_have_to():
    lock = threading.Lock()

    def objective(_):
        return float(lock.locked())

    with pytest.raises(StudyError, match="cannot be sent to another process"):
        Crew(objective, ("loss",), workers=2)
    with Crew(objective, ("loss",), workers=2, fence=Fence("none")) as crew:
        assert everything(crew, [task(0)])[0].values == {"loss": 0.0}


def test_closing_ends_what_runs():
    start = time.monotonic()
    with Crew(lambda _: time.sleep(600), ("loss",), workers=2) as crew:
        crew.submit(task(0))
        crew.submit(task(1))
        assert crew.free == 0
        assert crew.wait(0.5) == []

    assert time.monotonic() - start < 60
    assert [task.trial for task in crew.tasks] == [0, 1]


@pytest.mark.parametrize("last", [0, 1])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), StudyError("not to be loaded")])
def test_what_came_back_beside_an_interruption_is_told_first(error, last):
    whole: Future[Outcome] = Future()
    broken: Future[Outcome] = Future()
    with ThreadPoolExecutor(1) as pool, Crew(lambda _: 0.0, ("loss",), executor=pool) as crew:
        crew._flying = {broken: task(last), whole: task(1 - last)}
        whole.set_result(Outcome({"loss": 1.0}))
        broken.set_exception(error)

        ((first, outcome),) = crew.wait(60)
        assert (first.trial, outcome.values) == (1 - last, {"loss": 1.0})
        with pytest.raises(type(error)):
            crew.wait(60)


@pytest.mark.parametrize("error", [ImportError("no msgspec"), RuntimeError("\x1b[36mray::call()\x1b[39m (pid=1)\n  File")])
def test_what_an_executor_raises_is_one_line_or_the_end(error):
    future: Future[Outcome] = Future()
    future.set_exception(error)
    with ThreadPoolExecutor(1) as pool, Crew(lambda _: 0.0, ("loss",), executor=pool) as crew:
        crew._flying = {future: task(0)}
        if isinstance(error, ImportError):
            with pytest.raises(
                StudyError, match=r"Tunewright cannot be loaded on a worker of the executor \(ImportError: no msgspec\)"
            ):
                crew.wait(60)
        else:
            ((_, outcome),) = crew.wait(60)
            assert outcome.failure.message == "The executor lost the task: RuntimeError: ray::call() (pid=1)"
            assert "\x1b" not in outcome.failure.traceback


def test_an_objective_that_cannot_be_loaded_there_ends_the_search_at_once():
    class Unloadable:
        def __call__(self, _):
            return 0.0

        def __reduce__(self):
            return _no_such_library, ()

    with (
        ProcessPoolExecutor(1) as pool,
        Crew(Unloadable(), ("loss",), executor=pool) as crew,
        pytest.raises(StudyError, match=r"cannot be loaded in a worker process\. ImportError: no torch on this node"),
    ):
        everything(crew, [task(0)])


def test_ctrl_c_in_a_pool_is_not_for_its_tasks():
    def objective(live):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)
        if live.trial == 1:
            raise KeyboardInterrupt
        return live["x"]

    with ProcessPoolExecutor(1) as pool, Crew(objective, ("loss",), executor=pool) as crew:
        outcomes = everything(crew, [task(i, 1.5) for i in range(3)])

    assert [outcomes[i].values for i in (0, 2)] == [{"loss": 1.5}] * 2
    assert outcomes[1].failure.message == "KeyboardInterrupt"


def test_a_broken_pool_says_how_to_go_on():
    with (
        ProcessPoolExecutor(1) as pool,
        Crew(lambda _: os._exit(3), ("loss",), executor=pool) as crew,
        pytest.raises(StudyError, match=r"takes no tasks any more .BrokenProcessPool.*isolation"),
    ):
        everything(crew, [task(i) for i in range(3)])


def _no_such_library():
    raise ImportError("no torch on this node")


def test_ctrl_c_that_breaks_a_pool_gives_the_running_tasks_back():
    """Of a pool's processes an idle one that never ran a task dies of Ctrl-C, and takes the pool with it."""
    code = """
import os, signal, threading, time, tunewright as tw
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

def slow(live):
    time.sleep(1.5)
    return live["x"]

if __name__ == "__main__":
    with ProcessPoolExecutor(2) as pool:
        study = tw.Study({"x": tw.Float(0, 1)}, sampler=tw.samplers.Random())

        def press():
            time.sleep(0.7)
            signal.raise_signal(signal.SIGINT)
            for process in list(pool._processes.values()):
                process.kill()

        threading.Thread(target=press, daemon=True).start()
        try:
            study.optimize(slow, trials=6, workers=2, executor=pool)
        except tw.errors.StudyError as error:
            print(error)
        history = study.history
        print(history.failed, history.running)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)

    assert done.stdout.splitlines()[-1] == "0 2", done.stderr


class Wrong(Executor):
    """Returns something else than futures, or futures of something else."""

    def __init__(self, given):
        self.given = given

    def submit(self, fn, /, *args, **kwargs):
        return self.given


def test_what_an_executor_returns_must_be_futures():
    for given in (None, 7):
        with pytest.raises(StudyError, match=rf"returned a {type(given).__name__}, which is no concurrent.futures.Future"):
            Crew(lambda _: 0.0, ("loss",), executor=Wrong(given))


def test_what_its_futures_hold_must_be_what_was_returned():
    future: Future[str] = Future()
    future.set_result("done")
    with Crew(lambda _: 0.0, ("loss",), executor=Wrong(future)) as crew:
        crew.submit(task(0))

        with pytest.raises(StudyError, match="gave a str for a task, and not what the function"):
            crew.wait(1)
