import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tunewright.execution.crew import Crew
from tunewright.trial import Task


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


@pytest.mark.parametrize("workers", [1, 2])
def test_a_crew_runs_every_task_once(workers):
    with Crew(lambda live: live["x"] * 2, ("loss",), workers=workers) as crew:
        outcomes = everything(crew, [task(i, float(i)) for i in range(7)])

    assert {trial: outcome.values["loss"] for trial, outcome in outcomes.items()} == {i: 2.0 * i for i in range(7)}


def test_two_workers_are_two_other_processes():
    def objective(live):
        time.sleep(0.2)
        return {"loss": 0.0, "pid": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"]}

    with Crew(objective, ("loss",), workers=2) as crew:
        outcomes = everything(crew, [task(i) for i in range(4)])

    pids = {outcome.info["pid"] for outcome in outcomes.values()}
    assert os.getpid() not in pids
    assert len(pids) == 2
    assert {outcome.info["threads"] for outcome in outcomes.values()} == {"1"}


@pytest.mark.parametrize("death", ["exit", "signal"])
def test_the_death_of_a_worker_costs_one_task(death):
    def objective(live):
        if live.trial == 2:
            os._exit(1) if death == "exit" else os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.05)
        return live["x"]

    with Crew(objective, ("loss",), workers=2) as crew:
        outcomes = everything(crew, [task(i, float(i)) for i in range(6)])

    assert outcomes[2].failure.kind == "crash"
    assert {trial: outcome.values for trial, outcome in outcomes.items() if trial != 2} == {
        i: {"loss": float(i)} for i in (0, 1, 3, 4, 5)
    }


def test_what_cannot_come_back_from_a_worker_costs_one_task():
    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} {two}")

    def objective(live):
        if live.trial == 1:
            raise Odd("needs", "two arguments")
        return live["x"]

    with Crew(objective, ("loss",), workers=2) as crew:
        outcomes = everything(crew, [task(i) for i in range(3)])

    assert outcomes[1].failure.message == "Odd: needs two arguments"
    assert outcomes[0].values == outcomes[2].values == {"loss": 0.0}


def test_an_objective_that_cannot_travel_is_a_failure_that_says_so():
    lock = __import__("threading").Lock()

    with Crew(lambda _: lock.locked(), ("loss",), workers=2) as crew, pytest.raises(TypeError, match="pickle"):
        everything(crew, [task(0)])


def test_a_foreign_executor_is_used_and_left_open():
    with ThreadPoolExecutor(3) as pool:
        with Crew(lambda live: live["x"], ("loss",), workers=3, executor=pool) as crew:
            outcomes = everything(crew, [task(i, 1.0) for i in range(5)])

        assert len(outcomes) == 5
        assert pool.submit(int).result() == 0


def test_closing_ends_what_runs():
    start = time.monotonic()
    with Crew(lambda _: time.sleep(60), ("loss",), workers=2) as crew:
        crew.submit(task(0))
        crew.submit(task(1))
        assert crew.free == 0
        assert crew.wait(0.5) == []

    assert time.monotonic() - start < 30
    assert [task.trial for task in crew.tasks] == [0, 1]
