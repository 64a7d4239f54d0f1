import numpy as np
import pytest

import tunewright as tw
from tunewright.errors import StudyError
from tunewright.samplers import Random
from tunewright.schedulers import ASHA, Hyperband, Resume, Start
from tunewright.schedulers.rungs import is_default, ladder, losses_at
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal

SPACE = SearchSpace({"x": Float(0, 1, default=0.25)})


@pytest.mark.parametrize(
    ("low", "high", "eta", "budgets"),
    [
        (1, 9, 3, (1, 3, 9)),
        (1, 52, 3, (1, 3, 9, 27, 52)),
        (1, 28, 3, (1, 3, 9, 28)),  # 27 is next to the top
        (2, 3, 4, (2, 3)),
        (1, 8, 1.5, (1, 2, 3, 5, 8)),  # whole numbers stay whole: 1.5 is 2, 2.25 too
        (0.1, 1, 3, (0.1, pytest.approx(0.3), 1)),
        (1.0, 9, 3, (1.0, 3.0, 9)),
        (np.int64(1), np.float64(4.0), 2, (1, 2, 4)),
    ],
)
def test_a_ladder_rises_by_eta_from_low_to_high(low, high, eta, budgets):
    assert ladder(low, high, eta, name="ASHA") == budgets


def test_whole_numbers_stay_whole():
    assert [type(budget) for budget in ladder(1, 81, 3, name="ASHA")] == [int] * 5
    assert {type(budget) for budget in ladder(0.5, 81, 3, name="ASHA")} == {float, int}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0, 9), "0 < low < high"),
        ((9, 9), "0 < low < high"),
        ((1, np.inf), "finite"),
        (("1", 9), "low='1'"),
        ((True, 9), "low=True"),
        ((1, 9, 1), "above 1, got 1"),
        ((1, 9, np.nan), "above 1"),
    ],
)
def test_impossible_ladders_are_refused(arguments, said):
    with pytest.raises(StudyError, match=said):
        ASHA(*arguments)


def test_the_first_trial_is_the_default_if_it_is_the_spaces_or_a_persons():
    journal, other = Journal(SPACE), Journal(SPACE)
    journal.ask({"x": 0.25})
    journal.ask({"x": 0.25})
    other.ask({"x": 0.5})

    assert [is_default(SPACE, journal.history, trial) for trial in (0, 1)] == [True, False]
    assert not is_default(SPACE, other.history, 0)
    assert not is_default(SPACE, Journal(SPACE).history, 0)


def test_a_step_is_reached_by_the_first_report_at_or_beyond_it():
    journal = Journal(SPACE)
    for steps in ((1, 2, 4), (1, 3), (1,), ()):
        trial = journal.ask({"x": 0.5})
        for step in steps:
            journal.report(trial, step, 10 * trial + step)

    assert losses_at(journal.history, 2).tolist() == pytest.approx([2.0, 13.0, np.nan, np.nan], nan_ok=True)


# ---- several folds and seeds on a rung ---------------------------------------------------------------------------------------------


def met(journal, trial, budget, losses, first=0):
    """Further folds of a trial with this budget, from this one on."""
    for fold, loss in enumerate(losses, first):
        journal.tell(trial, loss, index=journal.send(trial, budget=budget, fold=fold))


def raced(*rows, budget=1):
    """Trials that met these folds with the budget."""
    journal = Journal(SPACE)
    for row in rows:
        trial = journal.ask({"x": 0.5}, budget=budget, fold=0)
        journal.tell(trial, row[0])
        met(journal, trial, budget, row[1:], 1)
    return journal


def next_of(scheduler, journal):
    return scheduler.decide(SPACE, journal.history, np.random.default_rng(0))


def test_a_trial_meets_every_fold_of_a_rung_before_it_is_compared_there():
    asha = ASHA(1, 9, folds=2)

    assert next_of(asha, Journal(SPACE)) == Start(plan=2, budget=1, fold=0)
    journal = raced([3.0, 3.0], [1.0, 1.0], [0.0])
    assert next_of(asha, journal) == Resume(2, budget=1, fold=1)  # the third has met one fold, and is the best of three there
    met(journal, 2, 1, [9.0], 1)
    assert next_of(asha, journal) == Resume(1, budget=3, fold=0)  # by the mean over both the second one is
    met(journal, 1, 3, [0.5])
    assert next_of(asha, journal) == Resume(1, budget=3, fold=1)
    met(journal, 1, 3, [0.5], 1)
    assert next_of(asha, journal) == Start(plan=2, budget=1, fold=0)


def test_seeds_follow_the_folds():
    asha = ASHA(1, 9, folds=2, seeds=2)
    journal = raced([1.0, 1.0])

    assert (asha.cells, Hyperband(1, 9, seeds=3).cells, ASHA(1, 9).cells) == (4, 3, 1)
    assert next_of(asha, journal) == Resume(0, budget=1, fold=0, seed=1)
    assert next_of(ASHA(1, 9, seeds=3), history_with_seeds()) == Resume(0, budget=1, seed=2)


def history_with_seeds():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.5}, budget=1), 1.0)
    journal.tell(0, 1.0, index=journal.send(0, budget=1, seed=1))
    return journal


def test_a_trial_that_failed_or_was_stopped_gets_no_further_fold():
    journal = raced([3.0, 3.0], [1.0])
    journal.fail(1, index=journal.send(1, budget=1, fold=1))

    assert next_of(ASHA(1, 9, folds=3), journal) == Resume(0, budget=1, fold=2)
    met(journal, 0, 1, [3.0], 2)
    assert next_of(ASHA(1, 9, folds=3), journal) == Start(plan=3, budget=1, fold=0)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_study_with_folds_on_its_rungs_measures_each_cell_once(workers):
    study = tw.Study(SPACE, tw.Metric("loss"), sampler=Random(), scheduler=ASHA(1, 9, folds=3), seed=2)
    study.optimize(
        lambda live: (live["x"] - 0.3) ** 2 + 0.1 / (live.budget or 1) + 0.01 * (live.fold or 0),
        trials=12,
        workers=workers,
        isolation="none",
    )

    history = study.history
    for trial in history.trials:
        cells = [(done.budget, done.fold) for done in trial.measurements]
        assert len(set(cells)) == len(cells)
        assert len(cells) % 3 == 0
    met_by = history.budgets.tolist()
    assert met_by.count(9) >= 1
    assert study.best.measurements[-1].budget == 9
    assert len([done for done in study.best.measurements if done.budget == 9]) == 3


@pytest.mark.parametrize(("kind", "more"), [(ASHA, {"folds": 0}), (ASHA, {"seeds": 1.5}), (Hyperband, {"folds": True})])
def test_impossible_folds_are_refused(kind, more):
    with pytest.raises(StudyError, match=f"{kind.__name__}: {next(iter(more))} must be"):
        kind(1, 9, **more)
    with pytest.raises(StudyError, match="stops single tasks, so it has no folds or seeds"):
        ASHA(1, 9, resume=False, folds=3)


def test_what_it_is_called_can_be_written_again():
    for scheduler in (ASHA(1, 9), ASHA(1, 9, folds=3), ASHA(1, 9, eta=2, folds=3, seeds=2), Hyperband(1, 9, seeds=2)):
        assert repr(eval(repr(scheduler))) == repr(scheduler)


# ---- a rung that misleads ----------------------------------------------------------------------------------------------------------


def climbed(*losses, budgets=(1, 3, 9)):
    """Trials with these losses on each rung; the first is the default."""
    journal = Journal(SPACE)
    for number, row in enumerate(losses):
        trial = journal.ask({"x": 0.25 if number == 0 else 0.5}, budget=budgets[0])
        journal.tell(trial, row[0])
        for budget, loss in zip(budgets[1:], row[1:], strict=False):
            journal.tell(trial, loss, index=journal.send(trial, budget=budget))
    return journal


def begins(journal, scheduler=None):
    return (scheduler or ASHA(1, 9)).beginning(SPACE, journal.history)


def test_where_all_who_were_preferred_to_the_default_are_worse_at_the_top_trials_begin_higher():
    preferred = [(1.0, 3.0, 0.9), (1.1, 3.1, 0.8), (1.2, 3.2, 0.7)]

    assert begins(climbed((2.0, 2.0, 0.5), *preferred)) == 3  # they were not better than it at 3
    assert begins(climbed((2.0, 4.0, 0.5), *preferred)) == 9  # there they were, too
    assert begins(climbed((2.0, 2.0, 0.75), *preferred)) == 1  # one is better at the top
    assert begins(climbed((2.0, 2.0, 0.5), *preferred[:2])) == 1  # two may be chance
    assert begins(climbed((0.5, 0.5, 0.5), *preferred)) == 1  # the default was the best from the first
    assert begins(climbed((2.0, 2.0, 0.5), *preferred, *[(3.0,)] * 5)) == 3
    assert begins(climbed((2.0, 2.0, 0.5), *preferred, *[(3.0,)] * 6)) == 1  # it would have gone up by itself
    assert begins(climbed((2.0, 2.0), *preferred)) == 1  # nobody knows how the default ends
    assert begins(climbed((2.0, 2.0, 0.5), (1.0, 3.0), (1.1, 3.1), (1.2, 3.2))) == 1
    assert begins(Journal(SPACE)) == 1
    assert next_of(ASHA(1, 9), climbed((2.0, 2.0, 0.5), *preferred, (5.0,), (6.0,))) == Start(budget=3)


def test_without_the_default_nothing_is_told():
    journal = climbed((2.0, 2.0, 0.5), (1.0, 3.0, 0.9), (1.1, 3.1, 0.8), (1.2, 3.2, 0.7))
    other = SearchSpace({"x": Float(0, 1, default=0.5)})

    assert begins(journal) == 3
    assert ASHA(1, 9).beginning(other, journal.history) == 1


def test_a_default_that_breaks_a_bound_tells_nothing():
    journal = Journal(SPACE, (tw.Metric("loss"), tw.Metric("ms", bound=5)))
    for number, row in enumerate([(2.0, 2.0, 0.5), (1.0, 3.0, 0.9), (1.1, 3.1, 0.8), (1.2, 3.2, 0.7)]):
        trial = journal.ask({"x": 0.25 if number == 0 else 0.5}, budget=1)
        journal.tell(trial, {"loss": row[0], "ms": 9.0 if number == 0 else 1.0})
        for budget, loss in zip((3, 9), row[1:], strict=True):
            journal.tell(trial, {"loss": loss, "ms": 9.0 if number == 0 else 1.0}, index=journal.send(trial, budget=budget))

    assert begins(journal) == 1


def test_a_top_that_was_not_met_whole_tells_nothing():
    journal = Journal(SPACE)
    for number, (low, high) in enumerate([(2.0, 0.5), (1.0, 0.9), (1.1, 0.8), (1.2, 0.7)]):
        trial = journal.ask({"x": 0.25 if number == 0 else 0.5}, budget=1, fold=0)
        journal.tell(trial, low)
        met(journal, trial, 1, [low], 1)
        met(journal, trial, 2, [high] * (2 if number < 3 else 1))
    asha = ASHA(1, 2, eta=2, folds=2)

    assert begins(journal, asha) == 1
    met(journal, 3, 2, [0.7], 1)
    assert begins(journal, asha) == 2
