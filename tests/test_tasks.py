import time

import numpy as np

from tunewright.events import Asked, Sent, Told
from tunewright.metric import Metric
from tunewright.tasks import TaskTable
from tunewright.trial import Failure, Measurement, Report, Task

LOSS = (Metric("loss"),)


def table_of(*, trials=1, folds=1):
    table = TaskTable(LOSS)
    for trial in range(trials):
        table.add(trial, 0, Asked({}, "test", 0, worker=4, fold=0))
    for trial in range(trials):
        for fold in range(1, folds):
            table.send(trial, fold, Sent(fold, worker=4, fold=fold))
    return table


def test_a_task_is_found_by_trial_and_index():
    table = table_of(trials=3, folds=2)

    assert table.find(2, 1) is not None
    assert table.trial(table.find(2, 1)) == 2
    assert table.find(3, 0) is None
    assert table.find(0, 2) is None
    assert table.find(-1, 0) is None


def test_a_task_goes_out_as_it_was_sent():
    table = table_of(folds=2)

    assert table.record(table.find(0, 1), {"x": 1}) == Task(0, 1, {"x": 1}, budget=None, fold=1, seed=0)
    assert table.worker(table.find(0, 1)) == 4


def test_the_first_result_of_a_task_stands():
    table = table_of()

    task = table.end(0, 0, 2.0)
    table.told(task, Told({"loss": 0.5}, info={"note": "first"}))

    assert table.end(0, 0, 9.0) is None
    assert table.measurements(0) == (Measurement(0, None, 0, 0, {"loss": 0.5}, 2.0, {"note": "first"}),)


def test_a_task_given_back_is_sent_again_with_a_higher_attempt():
    table = table_of()

    table.give_back(0, 0, wanted=True)
    assert list(table.released) == [0]
    assert list(table.open) == []

    assert not table.send(0, 0, Sent(0, worker=5, attempt=2, fold=0, resume_from="here"))
    assert list(table.released) == []
    assert table.record(0, {}) == Task(0, 0, {}, fold=0, attempt=2, resume_from="here")
    assert table.worker(0) == 5


def test_a_task_that_ended_is_not_given_back():
    table = table_of()
    table.told(table.end(0, 0, 1.0), Told({"loss": 0.5}))

    table.give_back(0, 0, wanted=True)

    assert list(table.released) == []


def test_the_value_is_the_mean_over_folds_at_the_highest_budget():
    table = TaskTable(LOSS)
    table.add(0, 0, Asked({}, "test", 0, budget=1, fold=0))
    for index, (budget, fold) in enumerate([(3, 0), (3, 1)], start=1):
        table.send(0, index, Sent(index, budget=budget, fold=fold))

    for index, loss in enumerate([100.0, 1.0, 2.0]):
        table.told(table.end(0, index, 1.0), Told({"loss": loss}))

    assert table.value(0).tolist() == [1.5]


def test_no_budget_means_all_of_it():
    table = TaskTable(LOSS)
    table.add(0, 0, Asked({}, "test", 0, budget=1000))
    table.send(0, 1, Sent(1))

    for index, loss in enumerate([100.0, 1.0]):
        table.told(table.end(0, index, 1.0), Told({"loss": loss}))

    assert table.value(0).tolist() == [1.0]


def test_failures_and_curves_are_kept():
    table = table_of(trials=2)
    failure = Failure("exception", "ValueError: no")

    table.failed(table.end(1, 0, 1.0), failure, {})
    table.report(0, 0, Report(1, {"loss": 0.5}))

    assert table.failure(0) is None
    assert table.failure(1) == failure
    assert table.failures == [(1, failure)]
    assert table.curve(0, 0) == [Report(1, {"loss": 0.5})]
    assert table.curve(1, 0) == []
    assert np.isnan(table._columns.view("values")).all()


def test_deaths_count_until_the_task_comes_further_than_before():
    table = table_of()
    for step in (1, 2):
        table.report(0, 0, Report(step, {"loss": 1.0}))
    table.give_back(0, 0, wanted=True, lost=True)
    table.send(0, 0, Sent(0, worker=5, attempt=2, fold=0))
    table.report(0, 0, Report(2, {"loss": 1.0}))
    assert (table.lost(0, 0), table.stuck(0, 0)) == (1, 1)

    table.report(0, 0, Report(3, {"loss": 1.0}))
    assert (table.lost(0, 0), table.stuck(0, 0)) == (1, 0)


def test_a_long_curve_after_a_death_costs_no_more_than_its_length():
    table = table_of()
    table.report(0, 0, Report(0, {"loss": 1.0}))
    table.give_back(0, 0, wanted=True, lost=True)

    begun = time.process_time()
    for step in range(1, 20_001):
        table.report(0, 0, Report(step, {"loss": 1.0}))
    assert time.process_time() - begun < 2.0  # it takes 10 ms; to look at all before each time took more than 5 s
    assert table.stuck(0, 0) == 0
