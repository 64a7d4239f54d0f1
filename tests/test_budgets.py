"""Losses at small budgets beside those at large ones."""

import numpy as np
import pytest

from tunewright.budgets import at_one_budget, means_by_level, some


def worth(*rows):
    """Of trials with losses by budget: {1: 5.0, 3: 2.0}."""
    found = [(trial, budget, loss) for trial, row in enumerate(rows) for budget, loss in row.items()]
    trials, budgets, losses = (np.array(each) for each in zip(*found, strict=True))
    return at_one_budget(len(rows), trials, budgets.astype(float), losses.astype(float)).tolist()


def test_with_one_budget_a_loss_is_what_it_is():
    assert worth({1: 5.0}, {1: 3.0}) == [5.0, 3.0]


def test_one_pair_tells_by_how_much_losses_fall():
    assert worth({1: 5.0, 9: 2.0}, {1: 4.0}) == [2.0, 1.0]


def test_several_pairs_tell_the_slope_too():
    rows = [{1: float(x), 9: 2.0 * x + 1} for x in range(5)]

    assert worth(*rows, {1: 10.0}) == pytest.approx([1, 3, 5, 7, 9, 21])


def test_who_disappointed_stands_behind_who_has_only_begun():
    """Trial 3 was promoted first, and is the worst at the higher budget; trial 4 has begun as the others that were promoted did."""
    found = worth({1: 1.0, 9: 0.1}, {1: 1.1, 9: 0.2}, {1: 1.2, 9: 0.3}, {1: 1.05, 9: 5.0}, {1: 1.1})

    assert found[4] < found[3]


def test_budgets_are_climbed_one_after_the_other():
    assert worth({1: 10.0}, {1: 9.0, 3: 6.0}, {3: 5.0, 9: 4.0}) == [6.0, 5.0, 4.0]
    assert worth({1: 9.0, 9: 4.0}, {3: 5.0, 9: 4.0}, {1: 8.0}, {3: 7.0}) == [4.0, 4.0, 3.0, 6.0]  # a budget may be left out


def test_a_budget_without_end_is_the_highest():
    assert worth({3: 5.0, np.inf: 1.0}, {3: 4.0}) == [1.0, 0.0]


def test_from_where_nobody_went_on_nothing_is_told():
    assert worth({1: 5.0}, {9: 2.0}) == pytest.approx([np.nan, 2.0], nan_ok=True)
    assert at_one_budget(2, np.array([1]), np.array([1.0]), np.array([3.0])).tolist() == pytest.approx([np.nan, 3.0], nan_ok=True)


def test_slopes_stay_sensible():
    """Those that were promoted are alike at first, and chance alone orders them after: nobody else is carried beyond reason."""
    rng = np.random.default_rng(0)
    rows = [{1: 1 + 1e-9 * rng.random(), 9: rng.random()} for _ in range(20)]

    assert abs(worth(*rows, {1: 2.0})[-1]) < 5


def test_values_of_a_trial_at_a_budget_are_averaged_in_the_order_of_their_coming():
    trials, budgets = np.array([1, 0, 1, 1]), np.array([3.0, 1.0, 1.0, 3.0])

    found = means_by_level(trials, budgets, np.array([[2.0, 1.0], [5.0, 1.0], [7.0, 1.0], [4.0, 3.0]]))

    assert [each.tolist() for each in found] == [[1, 0, 1], [3, 1, 1], [[3, 2], [5, 1], [7, 1]]]
    assert [len(each) for each in means_by_level(trials[:0], budgets[:0], np.zeros((0, 2)))] == [0, 0, 0]


def test_of_many_steps_some_stand_for_all():
    assert some([3.0, 1.0, 3.0]) == [1.0, 3.0]
    found = some([float(step) for step in range(100)])
    assert len(found) == 8
    assert (found[0], found[-1]) == (0.0, 99.0)
