import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

import tunewright as tw
from tunewright.ahead import spares
from tunewright.events import Asked, Released
from tunewright.pace import Pace
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Resume, Scheduler, Start
from tunewright.storage import connect


class Slow(Sampler):
    """Thinks for 60 ms, by the trials that are done."""

    def propose(self, space, history, rng):
        time.sleep(0.06)
        return {"x": (rng.random() + history.finished) / 100 % 1}


class Sequel(Scheduler):
    """Lets a trial go on once, if it is done."""

    learns = True

    def decide(self, space, history, rng):
        for trial in range(len(history)):
            if history.states[trial] == 1 and history.sent(trial) == 1:
                return Resume(trial)
        return Start()


def pace_of(task, asked):
    pace = Pace()
    if task is not None:
        pace.took(task)
    pace.asked_for(asked)
    return pace


def study_of(tmp_path, **settings):
    return tw.Study({"x": tw.Float(0, 1)}, seed=5, storage=f"sqlite:///{tmp_path / 'runs.db'}", name="ahead", **settings)


def entries_of(study):
    storage = connect(study.storage.url)
    entries = list(storage.read(storage.open("ahead").id))
    storage.close()
    return entries


@pytest.mark.parametrize(
    ("task", "asked", "count"),
    [
        (1.0, 0.005, 0),  # nobody minds
        (0.1, 0.005, 4),
        (60.0, 0.03, 0),
        (60.0, 0.05, 1),
        (60.0, 0.2, 2),
        (6.0, 0.2, 4),
        (0.5, 0.1, 7),
        (0.1, 1.0, 8),  # who thinks longer than the workers work cannot keep up
        (None, 0.2, 2),
        (None, 0.01, 0),
    ],
)
def test_as_many_wait_as_are_taken_up_while_the_next_is_asked_for(task, asked, count):
    assert spares(pace_of(task, asked), 8, 100) == count
    assert spares(pace_of(task, asked), 1, 100) == 0


@pytest.mark.parametrize(("workers", "task", "asked"), [(4, 4.0, 0.15), (8, 4.0, 0.15), (8, 1.0, 0.05), (32, 4.0, 0.1)])
def test_a_worker_seldom_finds_nothing_that_waits(workers, task, asked):
    # a million times, each worker becomes free, or not, while two tasks are asked for; more than 1,200 of them: chance < 1e-6 at 1e-3
    free = np.random.default_rng(0).binomial(workers, 2 * asked / task, size=1_000_000)

    count = spares(pace_of(task, asked), workers, 100)

    assert (free > count).sum() < 1_200
    assert count == 1 or (free > count - 1).sum() > 800  # and not one more than that takes


@pytest.mark.parametrize(("task", "asked", "count"), [(60.0, 1.0, 0), (4.0, 0.15, 0), (4.0, 0.25, 5), (None, 0.2, 0)])
def test_few_wait_while_every_result_counts(task, asked, count):
    assert spares(pace_of(task, asked), 8, 99) == count


def test_nothing_is_asked_ahead_before_anything_is_known():
    assert spares(Pace(), 8, 100) == 0


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_tasks_wait_for_workers_where_the_sampler_thinks_long(isolation, tmp_path):
    study, side = study_of(tmp_path, sampler=Slow()), tmp_path / "side"

    def objective(live):
        with side.open("a") as file:
            file.write(f"{live.trial}\n")
        time.sleep(0.3)
        return live["x"]

    study.optimize(objective, trials=24, workers=3, isolation=isolation)

    waiting = most = 0
    for entry in entries_of(study):
        waiting += {"Asked": 1, "Told": -1}.get(type(entry.event).__name__, 0)
        most = max(most, waiting)
    asked = [entry.event for entry in entries_of(study) if isinstance(entry.event, Asked)]
    assert most > 3  # more than are at work
    assert len(asked) == len(side.read_text().split()) == 24  # the goal is met, and not one more begun
    assert all(one.basis < two.basis for one, two in pairwise(asked))
    assert study.replay().same
    assert study.replay().checked == 24
    assert not any(isinstance(entry.event, Released) for entry in entries_of(study))
    study.storage.close()


def test_an_executor_of_somebody_elses_gets_no_more_than_it_has_workers(tmp_path):
    study, lock, at_work, most = study_of(tmp_path, sampler=Slow()), threading.Lock(), [0], [0]

    def objective(live):
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        time.sleep(0.3)
        with lock:
            at_work[0] -= 1
        return live["x"]

    with ThreadPoolExecutor(8) as executor:
        study.optimize(objective, trials=12, workers=3, executor=executor)

    assert most == [3]
    assert study.history.completed == 12
    assert study.replay().same
    study.storage.close()


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_what_has_not_begun_when_the_time_is_up_is_given_back_and_taken_up_first(isolation, tmp_path):
    study, side = study_of(tmp_path, sampler=Slow()), tmp_path / "side"

    def objective(live):
        with side.open("a") as file:
            file.write(f"{live.trial}\n")
        time.sleep(0.2)
        return live["x"]

    study.optimize(objective, seconds=1.5, workers=3, isolation=isolation)

    begun = {int(trial) for trial in side.read_text().split()}
    given_back = {entry.trial for entry in entries_of(study) if isinstance(entry.event, Released)}
    assert given_back
    assert given_back.isdisjoint(begun)
    assert given_back == set(range(len(study.history))) - begun
    assert len(study.history.released) == len(given_back)

    study.optimize(objective, more=3, workers=1, isolation=isolation)

    assert study.history.running == 0
    assert study.replay().same
    study.storage.close()


def test_how_a_trial_goes_on_is_not_decided_ahead(tmp_path):
    study = study_of(tmp_path, sampler=Slow(), scheduler=Sequel())

    study.optimize(lambda live: time.sleep(0.1) or live["x"], trials=6, workers=2, isolation="none")

    held, most = 0, 0
    for entry in entries_of(study):
        kind = type(entry.event).__name__
        held += {"Asked": 1, "Sent": 1, "Told": -1}.get(kind, 0)
        if kind == "Sent":
            most = max(most, held)
    assert most == 2  # as many as there are workers
    study.storage.close()
