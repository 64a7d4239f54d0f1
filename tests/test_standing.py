import numpy as np
import pytest

from tunewright.events import Failed
from tunewright.metric import Metric
from tunewright.space import Float, SearchSpace
from tunewright.testing import Journal
from tunewright.trial import Failure

SPACE = SearchSpace({"x": Float(0, 1)})


VALUE = (Metric("value"),)


def judged(rows, metrics=VALUE):
    journal = Journal(SPACE, metrics)
    for row in rows:
        trial = journal.ask({"x": 0.5}, fold=0)
        journal.tell(trial, row[0])
        for fold, value in enumerate(row[1:], 1):
            journal.tell(trial, value, index=journal.send(trial, fold=fold))
    return journal


def test_a_lucky_trial_with_one_fold_is_not_the_best():
    history = judged([[3.0, 1, 2, 2], [2.9, 1.1, 2, 1.9], [3.1, 1.2, 1.9, 2], [0.1]]).history

    assert history.best.number == 1
    assert history.order[-1] == 3
    assert history.losses[3, 0] == 0.1
    assert not history.proven[3]


def test_of_two_that_are_always_as_far_apart_the_better_is_best_whatever_folds_it_met():
    for seed in range(20):
        folds = np.random.default_rng(seed).random(6)

        assert judged([[*folds[:5]], [*(folds + 0.01)]]).history.best.number == 0
        assert judged([[*(folds[:5] + 0.01)], [*folds]]).history.best.number == 1


def test_the_adjusted_value_takes_the_fold_off():
    history = judged([[3.0, 1, 2, 2], [2.9, 1.1, 2, 1.9], [3.1, 1.2, 1.9, 2], [3.0]]).history

    assert history.adjusted[3, 0] == pytest.approx(2.0, abs=0.1)
    assert history.variances[3, 0] > history.variances[0, 0] > 0
    assert history.overlap == pytest.approx(1 / 3)


def test_without_folds_the_smallest_value_is_the_best():
    history = judged([[3.0], [1.0], [2.0], [1.0]]).history

    assert history.best.number == 1
    assert history.order.tolist() == [1, 3, 2, 0]
    assert np.isnan(history.variances).all()
    assert history.best_so_far.tolist() == [3, 1, 1, 1]


def test_best_so_far_waits_for_evidence():
    history = judged([[3.0, 1, 2, 2], [0.1], [2.9, 1.1, 2, 1.9]]).history

    assert history.best_so_far.tolist() == [2.0, 2.0, 1.975]


def test_a_score_that_is_to_be_maximised_is_a_loss_with_another_sign():
    history = judged([[0.9, 0.8], [0.7, 0.7], [0.8, 0.6]], (Metric("value", "maximize"),)).history

    assert history.best.number == 0
    assert history.adjusted[0, 0] == pytest.approx(-0.85)


def test_the_table_names_its_cells():
    table, cells = judged([[3.0, 1], [2.0]]).history.table()

    assert cells == ((0, 0), (1, 0))
    assert np.isnan(table[1, 1])


def test_a_search_that_bore_nothing_names_the_commonest_failure():
    history = judged([(1.0,)]).history
    assert history.fruitless(0, 0) is None

    history = history_of_failures(["a", "b", "b"])

    assert history.fruitless(0, 0).startswith('No trial completed, and 3 failed, 2 of 3 times with "b". The tracebacks')
    assert history.fruitless(0, 1).startswith('No trial completed, and 2 failed with "b". The')
    assert history.fruitless(0, 3) is None


def test_spare_tasks_that_fail_are_no_failed_trials():
    journal = judged([(1.0,)])
    journal.fail(0, index=journal.send(0, seed=1, spare=True))
    position = journal.history.position
    assert journal.history.fruitless(position, 0) is None

    journal.fail(journal.ask({"x": 0.5}))
    assert journal.history.fruitless(position, 0).startswith("No trial completed, and 1 failed with")


def test_what_was_stopped_or_told_to_fail_is_no_surprise():
    assert history_of_failures(["a"], kind="stopped").fruitless(0, 0) is None


def history_of_failures(messages, kind="exception"):
    journal = Journal(SPACE, VALUE)
    for message in messages:
        journal._write(journal.ask({"x": 0.5}), Failed(Failure(kind, message)))
    return journal.history


def climbed(*trials):
    """Trials with a value on each (budget, seed)."""
    journal = Journal(SPACE, VALUE)
    for (budget, value), *rest in trials:
        trial = journal.ask({"x": 0.5}, budget=budget)
        journal.tell(trial, value)
        for seed, (further, at) in enumerate(rest, 1):
            same = further == budget
            journal.tell(trial, at, index=journal.send(trial, budget=further, seed=seed if same else 0))
    return journal.history


def test_who_reached_the_highest_budget_is_the_best():
    history = climbed([(1, 0.1), (9, 0.5)], [(1, 0.3)], [(1, 0.2), (3, 0.25)])

    assert history.best.number == 0
    assert history.order.tolist() == [0, 2, 1]
    assert history.proven.tolist() == [True, False, False]
    assert history.budgets.tolist() == [9, 1, 3]
    assert history.best_so_far.tolist() == [0.5, 0.5, 0.5]
    assert climbed([(1, 0.1)], [(None, 0.5)]).best.number == 1  # without a budget: all of it
    assert climbed([(1, 0.1)], [(9, 0.5)]).best.number == 1  # with a task each


def test_folds_and_seeds_are_counted_at_one_budget():
    history = climbed([(1, 0.1)] * 5 + [(9, 0.0)], [(1, 0.3)] * 5)

    assert history.best.number == 0


def test_half_the_seeds_are_half_of_those_that_any_completed_trial_met():
    metrics = (Metric("loss"), Metric("size", bound=10.0))
    journal = Journal(SPACE, metrics)
    for cells, size in ((4, 20.0), (1, 5.0), (3, 5.0)):
        trial = journal.ask({"x": 0.5})
        for seed in range(cells):
            journal.tell(trial, {"loss": float(cells), "size": size}, index=journal.send(trial, seed=seed) if seed else 0)

    assert journal.history.proven.tolist() == [False, False, True]
    assert journal.history.best.number == 2
    assert journal.folded(-4).proven.any()  # before any feasible one met so many


def test_what_each_budget_gave_stands_in_the_order_of_sending():
    journal = Journal(SPACE, [Metric("a"), Metric("b", "maximize")])
    journal.tell(journal.ask({"x": 0.5}, budget=1), {"a": 1.0, "b": 5.0})
    journal.tell(journal.ask({"x": 0.5}, budget=3), {"a": 2.0, "b": 6.0})
    journal.tell(0, {"a": 3.0, "b": 7.0}, index=journal.send(0, budget=3))
    journal.fail(1, index=journal.send(1, budget=9))
    journal.send(0, budget=9)

    trials, budgets, losses = journal.history.levels()
    assert trials.tolist() == [0, 1, 0]
    assert budgets.tolist() == [1, 3, 3]
    assert losses.tolist() == [[1.0, -5.0], [2.0, -6.0], [3.0, -7.0]]
    assert [each.tolist() for each in journal.history.sent_budgets] == [[1, 3], [9, 9]]


def test_merits_are_losses_until_budgets_differ():
    journal = Journal(SPACE)
    for value in (2.0, 1.0):
        journal.tell(journal.ask({"x": 0.5}, budget=1), value)
    running = journal.ask({"x": 0.5}, budget=1)
    assert journal.history.merits[:, 0].tolist() == pytest.approx([2.0, 1.0, np.nan], nan_ok=True)

    journal.tell(0, 7.0, index=journal.send(0, budget=3))
    journal.tell(running, 1.0)
    assert journal.history.merits.tolist() == [[7.0], [6.0], [6.0]]  # from 1 to 3 a loss grows by 5


def test_who_was_stopped_is_not_the_best_beside_those_that_were_not():
    journal = Journal(SPACE)
    journal.tell(journal.ask({"x": 0.5}), 3.0)
    journal.tell(journal.ask({"x": 0.5}, plan=3), 1.0, reached=5)

    history = journal.history
    assert history.completed == 2
    assert history.best.number == 0
    assert history.budgets.tolist() == [np.inf, 5]
    assert history.proven.tolist() == [True, False]
    assert history.plan(1) == 1


def test_the_default_at_the_top_is_not_the_best_for_being_there():
    journal = Journal(SPACE)
    for loss in (9.0, 1.0, 2.0):
        journal.tell(journal.ask({"x": 0.5}, budget=1), loss)
    journal.tell(0, 8.0, index=journal.send(0, budget=27))

    assert np.argsort(journal.history.merits[:, 0]).tolist() == [1, 2, 0]


def test_no_configuration_is_worth_what_a_clone_is():
    journal = Journal(SPACE, VALUE)
    for loss in (3.0, 2.0):
        trial = journal.ask({"x": 0.5}, budget=1)
        journal.tell(trial, loss)
        journal.tell(trial, loss - 1, index=journal.send(trial, budget=2))
    before = journal.history.worth.copy()

    clone = journal.clone(0, {"x": 0.75}, budget=2, since=1)
    journal.tell(clone, -5.0)
    history = journal.history

    assert history.cloned.tolist() == [False, False, True]
    assert np.array_equal(history.worth[:2], before)
    assert np.isnan(history.worth[clone]).all()
    assert history.merits.argmax() == clone
    assert history.best.number == clone
    assert history.best.parent == 0


def test_luck_is_taken_off_the_winner_by_all_who_were_tried_with_less_effort():
    rng = np.random.default_rng(0)
    journal = Journal(SPACE, VALUE)
    for _ in range(40):
        trial, luck = journal.ask({"x": 0.5}, budget=1, fold=0), 0.1 * rng.standard_normal(5)
        journal.tell(trial, 1 + luck[0])
        for fold in range(1, 5):
            journal.tell(trial, 1 + luck[fold], index=journal.send(trial, budget=1, fold=fold))
    history = journal.history
    luckiest = [int(trial) for trial in history.order[:4]]
    scores = [measured.values["value"] - 1 for trial in luckiest for measured in history.trial(trial).measurements]
    for place, trial in enumerate(luckiest):
        for fold in range(5):
            journal.tell(trial, scores[5 * place + fold], index=journal.send(trial, budget=9, fold=fold))
    best = history.best.number

    assert best in luckiest
    assert history.efforts(1)[1].tolist() == [5] * 40
    assert history.efforts(9)[0].sum() == 20
    assert history.effects().values[best] == pytest.approx(history.losses[best, 0])
    assert history.at_full().values[best] == pytest.approx(history.losses[best, 0])
    others = [trial for trial in range(40) if trial not in luckiest]
    assert history.effects().values[others].mean() == pytest.approx(1, abs=0.05)  # measured with a budget of 1
    assert history.at_full().values[others].mean() == pytest.approx(0, abs=0.05)
    assert history.at_full().posterior[best] > history.losses[best, 0] + 0.03  # all of its lead is luck
