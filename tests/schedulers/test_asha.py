from pathlib import Path

import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.metric import Metric
from tunewright.samplers import Random
from tunewright.schedulers import ASHA, Resume, Start, Wait
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.25)})
RNG = np.random.default_rng(0)
LOSS = Metric("loss")


def history_of(losses, budget=1, metrics=(LOSS,)):
    """Trials that have finished with this budget; None: failed."""
    journal = Journal(SPACE, metrics)
    for loss in losses:
        trial = journal.ask({"x": 0.5}, budget=budget)
        if loss is None:
            journal.fail(trial)
        else:
            journal.tell(trial, loss)
    return journal


def climb(journal, trial, budget, loss):
    journal.tell(trial, loss, index=journal.send(trial, budget=budget))


def decide(journal, scheduler=None):
    return (scheduler or ASHA(1, 9)).decide(SPACE, journal.history, RNG)


def finish(journal, scheduler=None):
    return (scheduler or ASHA(1, 9)).finish(SPACE, journal.history, RNG)


def test_trials_begin_at_the_lowest_rung():
    assert decide(Journal(SPACE)) == Start(budget=1)


def test_the_best_third_of_a_rung_is_resumed():
    assert decide(history_of([3.0, 1.0])) == Start(budget=1)
    assert decide(history_of([3.0, 1.0, 2.0])) == Resume(1, budget=3)


def test_who_was_promoted_stays_among_the_best_of_its_rung():
    journal = history_of([3.0, 1.0, 2.0])
    climb(journal, 1, 3, 0.9)

    assert decide(journal) == Start(budget=1)
    journal.tell(journal.ask({"x": 0.1}, budget=1), 1.5)
    assert decide(journal) == Start(budget=1)  # one in three of four, and that one is gone up
    for loss in (4.0, 5.0):
        journal.tell(journal.ask({"x": 0.1}, budget=1), loss)
    assert decide(journal) == Resume(3, budget=3)


def test_the_highest_rung_comes_first():
    journal = history_of([9.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 0.5, 0.6, 0.7])
    for trial in (1, 2, 3):
        climb(journal, trial, 3, -float(trial))

    assert decide(journal) == Resume(3, budget=9)


def test_a_running_trial_counts_with_what_it_has_and_is_not_resumed_twice():
    journal = history_of([3.0, 1.0, 2.0])
    journal.send(1, budget=3)

    assert decide(journal) == Start(budget=1)


def test_failed_trials_are_the_worst_of_their_rung():
    assert decide(history_of([None, 1.0, None])) == Resume(1, budget=3)
    assert decide(history_of([None, None, None])) == Start(budget=1)
    journal = history_of([3.0, 1.0, 2.0, 2.5, 2.6, 2.7])
    journal.fail(1, index=journal.send(1, budget=3))
    assert decide(journal) == Resume(2, budget=3)  # two of six, one of whom failed higher up


def test_of_a_metric_to_maximize_the_largest_are_the_best():
    journal = history_of([3.0, 1.0, 2.0], metrics=(Metric("accuracy", "maximize"),))

    assert decide(journal) == Resume(0, budget=3)


def test_who_breaks_a_bound_is_behind_who_does_not():
    journal = Journal(SPACE, (Metric("loss"), Metric("size", bound=10)))
    for loss, size in ((1.0, 99.0), (3.0, 9.0), (2.0, 20.0)):
        journal.tell(journal.ask({"x": 0.5}, budget=1), {"loss": loss, "size": size})

    assert decide(journal) == Resume(1, budget=3)


def test_of_several_objectives_the_best_front_is_promoted():
    journal = Journal(SPACE, (Metric("loss"), Metric("seconds")))
    for loss, seconds in ((3.0, 3.0), (1.0, 1.0), (2.0, 2.0)):
        journal.tell(journal.ask({"x": 0.5}, budget=1), {"loss": loss, "seconds": seconds})

    assert decide(journal) == Resume(1, budget=3)


def test_the_default_earns_every_rung():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.25}, budget=1), 99.0)

    assert decide(journal) == Resume(0, budget=3)
    climb(journal, 0, 3, 99.0)
    assert decide(journal) == Resume(0, budget=9)
    climb(journal, 0, 9, 99.0)
    assert decide(journal) == Start(budget=1)


def test_who_somebody_stopped_is_not_resumed():
    study = tw.Study(SPACE, sampler=Random(), scheduler=ASHA(1, 9))
    tasks = [study.ask() for _ in range(4)]
    study.stop(2)
    for task, loss in zip(tasks, [9.0, 3.0, 1.0, 2.0], strict=True):
        study.tell(task, loss)

    assert study.ask().trial != 2


def test_at_the_end_the_best_climbs_where_nobody_but_the_default_did():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.25}, budget=1), 5.0)
    for budget in (3, 9):
        climb(journal, 0, budget, 5.0)
    journal.tell(journal.ask({"x": 0.5}, budget=1), 2.0)

    assert decide(journal) == Start(budget=1)
    assert finish(journal) == Resume(1, budget=3)
    running = journal.send(1, budget=3)
    assert finish(journal) == Wait()
    journal.tell(1, 2.0, index=running)
    assert finish(journal) == Resume(1, budget=9)
    climb(journal, 1, 9, 2.0)
    assert finish(journal) == Wait()


def test_with_another_ladder_nothing_of_the_old_one_is_lost():
    journal = history_of([3.0, 1.0, 2.0], budget=2)

    assert decide(journal) == Start(budget=1)  # none has met the rungs of this one
    assert finish(journal) == Resume(1, budget=3)


def test_a_study_climbs_from_checkpoints_and_is_replayed():
    trained = []

    def objective(live):
        before = 0 if live.resume_from is None else int(Path(live.resume_from, "epochs").read_text())
        trained.append((live.trial, before, live.budget))
        with live.save_checkpoint() as folder:
            (folder / "epochs").write_text(str(live.budget))
        return (live["x"] - 0.7) ** 2 + 1 / live.budget

    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 9), seed=3)
    study.optimize(objective, trials=20)

    budgets = np.unique(study.history.budgets, return_counts=True)
    assert budgets[0].tolist() == [1, 3, 9]
    assert all(type(budget) is int for _, _, budget in trained)
    assert all(before == {1: 0, 3: 1, 9: 3}[budget] for _, before, budget in trained)
    assert study.best.measurements[-1].budget == 9
    assert study.replay().same
    assert study.history.completed == 20


# ---- stopped in flight ---------------------------------------------------------------------------------------------------------


def reporting(curves, new=1, metric=LOSS):
    """What is said of the last trial when so many of its reports are new; each curve is a list of losses at steps 1, 2, …"""
    journal = Journal(SPACE, (metric,))
    for curve in curves:
        trial = journal.ask({"x": 0.5}, budget=9)
        for step, loss in enumerate(curve, 1):
            journal.report(trial, step, loss)
    task = journal.history.task(len(curves) - 1)
    return ASHA(1, 9, resume=False).stop(SPACE, journal.history, task, new)


def test_without_checkpoints_trials_begin_with_all_and_the_end_is_the_end():
    assert decide(Journal(SPACE), ASHA(1, 9, resume=False)) == Start(budget=9)
    assert finish(history_of([1.0], budget=9), ASHA(1, 9, resume=False)) == Wait()


def test_who_comes_to_a_rung_first_goes_on():
    assert reporting([[5.0]]) == ""


def test_who_is_not_among_the_best_third_at_a_rung_is_stopped():
    assert reporting([[1.0], [2.0], [3.0], [1.5]]) == "At step 1 it is not among the best 1 of the 4 that came so far."
    assert reporting([[1.0], [2.0], [3.0], [0.5]]) == ""
    assert reporting([[1.0], [2.0], [3.0], [1.0]]) == ""  # as good as the best


def test_between_rungs_nobody_is_stopped():
    assert reporting([[1.0] * 4, [2.0] * 4]) == ""  # the fourth step is none
    assert reporting([[1.0] * 3, [2.0] * 3]).startswith("At step 3")


def test_rungs_that_came_together_are_all_judged():
    curve = [0.5, 0.6, 2.0, 2.0]

    assert reporting([[1.0] * 4, curve], new=1) == ""
    assert reporting([[1.0] * 4, curve], new=2).startswith("At step 3")
    assert reporting([[1.0] * 4, [2.0, 0.1, 0.1, 0.1]], new=4).startswith("At step 1")


def test_in_flight_the_largest_is_the_best_where_that_is_wanted():
    assert reporting([[1.0], [2.0]], metric=Metric("accuracy", "maximize")) == ""
    assert reporting([[2.0], [1.0]], metric=Metric("accuracy", "maximize")).startswith("At step 1")


def test_the_default_is_not_stopped():
    journal = Journal(SPACE, (Metric("loss"),))
    for x, loss in ((0.25, 9.0), (0.5, 1.0)):
        journal.report(journal.ask({"x": x}, budget=9), 1, loss)

    assert ASHA(1, 9, resume=False).stop(SPACE, journal.history, journal.history.task(0), 1) == ""


def test_several_objectives_cannot_be_compared_in_flight():
    study = tw.Study(SPACE, [tw.Metric("a"), tw.Metric("b")], scheduler=ASHA(1, 9, resume=False))

    with pytest.raises(StudyError, match="compares by one metric"):
        study.ask()


def test_a_study_stops_the_worse_and_is_the_same_when_run_again():
    def objective(live):
        for epoch in range(1, live.budget):
            live.report(epoch, loss=(live["x"] - 0.7) ** 2 + 1 / epoch)
        return (live["x"] - 0.7) ** 2 + 1 / live.budget

    def searched():
        study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 27, resume=False), seed=1)
        study.optimize(objective, trials=40, isolation="none")
        return study

    study = searched()
    history = study.history
    assert (history.completed, history.failed) == (40, 0)
    reached, counts = np.unique(history.budgets, return_counts=True)
    assert {1, 3, 27} <= set(reached) <= {1, 3, 9, 27}
    assert counts[0] >= 20
    assert study.best.measurements[0].budget == 27
    assert {entry.event.by for entry in history.stops} == {"ASHA(1, 27, resume=False)"}
    assert study.replay().same
    assert searched().history.values.tolist() == history.values.tolist()


def test_where_all_who_go_up_fail_the_others_stay_where_they_were():
    def loss(live):
        if live.budget == 9:
            raise MemoryError
        return (live["x"] - 0.3) ** 2 + 1 / live.budget

    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 9), seed=0)
    study.optimize(loss, trials=20)

    assert study.history.completed > 12
    assert study.history.failed <= 6
    assert study.best.measurements[-1].budget == 3
