import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.events import Reported
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.schedulers import Median, Start
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.25)})
RNG = np.random.default_rng(0)
LOSS = Metric("loss")


def finished(*curves, reached=None, metric=LOSS):
    """Trials that came to their end (or were stopped), with losses at steps 1, 2, …"""
    journal = Journal(SPACE, (metric,))
    for curve in curves:
        trial = journal.ask({"x": 0.5})
        for step, loss in enumerate(curve, 1):
            journal.report(trial, step, loss)
        journal.tell(trial, curve[-1], reached=reached)
    return journal


def said(journal, *losses, scheduler=None, x=0.5):
    """What is said of a new trial that reports these at steps 1, 2, …"""
    trial = journal.ask({"x": x})
    for step, loss in enumerate(losses, 1):
        journal.report(trial, step, loss)
    return (scheduler or Median(after=3)).stop(SPACE, journal.history, journal.history.task(trial), 1)


def test_trials_are_given_all_at_once():
    assert Median().decide(SPACE, Journal(SPACE).history, RNG) == Start()
    assert Median(folds=3).decide(SPACE, Journal(SPACE).history, RNG) == Start(plan=3, fold=0)


def test_who_is_worse_than_the_median_of_the_means_so_far_is_stopped():
    others = [4.0, 2.0], [6.0, 2.0], [8.0, 2.0]  # means at step 2: 3, 4, 5

    assert said(finished(*others), 9.0, 4.1) == "At step 2 the best so far is worse than the median of 3 others up to there."
    assert said(finished(*others), 9.0, 4.0) == ""
    assert said(finished(*others), 6.1) != ""  # at step 1: 4, 6, 8
    assert said(finished(*others), 6.0) == ""
    assert said(finished(*others), 3.9, 99.0) == ""  # its best counts


def test_for_a_metric_to_maximize_it_is_the_other_way_round():
    others = finished([4.0], [6.0], [8.0], metric=Metric("accuracy", "maximize"))

    assert said(others, 5.9) != ""
    assert said(others, 6.1) == ""


def test_with_few_others_nobody_is_stopped():
    assert said(finished([1.0], [1.0]), 9.0) == ""
    assert said(finished([1.0], [1.0]), 9.0, scheduler=Median(after=2)) != ""


def test_those_that_were_stopped_are_no_yardstick():
    journal = finished([1.0], [1.0], [1.0])
    for _ in range(9):
        trial = journal.ask({"x": 0.5})
        journal.report(trial, 1, 50.0)
        journal.tell(trial, 50.0, reached=1)

    assert said(journal, 9.0).endswith("the median of 3 others up to there.")


def test_before_the_warmup_and_without_reports_nobody_is_stopped():
    others = finished(*[[1.0] * 4] * 3)

    assert said(others, 9.0, 9.0, scheduler=Median(after=3, warmup=3)) == ""
    assert said(others, 9.0, 9.0, 9.0, scheduler=Median(after=3, warmup=3)) != ""
    journal = finished(*[[1.0] * 4] * 3)
    trial = journal.ask({"x": 0.5})
    journal.report(trial, 1, {"other": 9.0})
    assert Median(after=3).stop(SPACE, journal.history, journal.history.task(trial), 1) == ""


def test_the_default_is_not_stopped():
    journal = Journal(SPACE, (Metric("loss"),))
    task = journal.ask({"x": 0.25})
    for _ in range(5):
        trial = journal.ask({"x": 0.5})
        journal.report(trial, 1, 1.0)
        journal.tell(trial, 1.0)
    journal.report(task, 1, 9.0)

    assert Median(after=3).stop(SPACE, journal.history, journal.history.task(task), 1) == ""


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ({"after": 0}, "after"),
        ({"after": 1.5}, "after"),
        ({"warmup": np.nan}, "warmup"),
        ({"warmup": "3"}, "warmup"),
        ({"folds": 0}, "folds"),
    ],
)
def test_impossible_arguments_are_refused(arguments, wrong):
    with pytest.raises(StudyError, match=wrong):
        Median(**arguments)


def test_several_objectives_are_refused():
    study = tw.Study(SPACE, [tw.Metric("a"), tw.Metric("b")], scheduler=Median())

    with pytest.raises(StudyError, match="compares by one metric"):
        study.ask()


def test_of_a_study_with_folds_the_stopped_get_no_more_of_them():
    def objective(live):
        for step in range(1, 6):
            live.report(step, loss=live["x"] + live.fold + 1 / step)
        return live["x"] + live.fold

    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=Median(folds=3, after=3), seed=1)
    study.optimize(objective, trials=20, isolation="none")

    history = study.history
    stopped = sorted({entry.trial for entry in history.stops})
    assert history.completed == 20
    assert len(stopped) >= 3
    assert all(history.trial(trial).measurements[-1].budget in {1, 2, 3, 4, 5} for trial in stopped)
    assert all(history.trial(trial).values is not None for trial in stopped)
    assert study.best.number not in stopped
    assert len(study.best.measurements) == 3
    assert study.replay().same


def test_what_has_diverged_is_stopped_at_once():
    journal = Journal(SPACE, (Metric("loss"),))
    trial = journal.ask({"x": 0.5})
    journal.report(trial, 1, 1.0)
    journal._write(trial, Reported(0, 2, {}, ("loss",)))

    said = Median().stop(SPACE, journal.history, journal.history.task(trial), 1)

    assert said == "At step 2 it has diverged."
