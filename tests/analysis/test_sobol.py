import numpy as np
import pytest

from tunewright.analysis.sobol import Indices, indices, intervals
from tunewright.space import Categorical, Float, SearchSpace


def test_the_indices_of_the_g_function_are_those_that_are_known():
    # Saltelli and Sobol' 1995: V_j = 1 / (3 (1 + a_j)²), total variance Π (1 + V_j) - 1
    a = np.array([0.0, 1.0, 4.5, 9.0, 99.0])
    space = SearchSpace({f"x{j}": Float(0, 1) for j in range(5)})
    parts = 1 / (3 * (1 + a) ** 2)
    variance = np.prod(1 + parts) - 1
    total = parts * np.prod(1 + parts) / (1 + parts) / variance

    found = indices(
        space, lambda rows: np.prod((np.abs(4 * rows - 2) + a) / (1 + a), axis=1)[:, None] + 100, np.random.default_rng(0)
    )

    assert np.allclose(found.first[:, 0], parts / variance, atol=0.02)
    assert np.allclose(found.total[:, 0], total, atol=0.02)
    assert np.isclose(found.variance[0], variance, rtol=0.05)
    assert (found.error < 0.06).all()


def test_a_conditional_parameter_counts_where_it_is_active():
    space = SearchSpace({"c": Categorical(["a", "b", "c", "d"]), "x": Float(0, 1)}, when={"x": 'c == "a"'})

    found = indices(space, lambda rows: np.nan_to_num(rows[:, 1:2] - 0.5), np.random.default_rng(0))

    # f = x - 1/2 in a quarter of the space, else 0: all of its variance needs both, a quarter of it is x's mean effect
    assert np.allclose(found.first[:, 0], [0.0, 0.25], atol=0.03)
    assert np.allclose(found.total[:, 0], [0.75, 1.0], atol=0.05)


def test_what_a_parameter_does_alone_is_no_more_than_what_it_does_in_any_company():
    space = SearchSpace({f"x{j}": Float(0, 1) for j in range(4)})

    for seed in range(10):
        found = indices(space, lambda rows: rows @ np.array([[3.0], [2.0], [1.0], [0.5]]), np.random.default_rng(seed))

        assert (found.first <= found.total).all()
        assert (found.total <= 1).all()


def test_a_constant_function_has_no_shares():
    space = SearchSpace({"x": Float(0, 1)})

    found = indices(space, lambda rows: np.ones((len(rows), 2)), np.random.default_rng(0))

    assert not found.first.any()
    assert not found.total.any()


def test_intervals_are_as_wide_as_what_is_missed_of_trials_left_out_says():
    first = np.repeat([[0.5], [0.1]], 101, axis=1)  # the draws agree
    found = Indices(first, first, np.zeros((2, 101)), np.ones(101))

    exact, some, more = (intervals(found, missed, 100, np.random.default_rng(0)) for missed in (0.0, 0.1, 0.4))

    assert np.allclose(exact, [[0.5, 0.1], [0.5, 0.1]])
    widths = [high - low for low, high in (exact, some, more)]
    assert (widths[0] < widths[1]).all()
    assert (widths[1] < widths[2]).all()
    # a normal deviation of 2 sqrt(0.5 · 0.1 / 100), above up to 0.05 more; the standard error of 2,000 draws' quantiles is 0.004, so 6 of these
    assert widths[1][0] == pytest.approx(0.205, abs=0.025)


def test_what_the_model_knows_nothing_of_stays_between_nothing_and_everything():
    first = np.array([[0.0, 0.0, 0.0], [0.9, 0.9, 1.0]])
    found = Indices(first, first, np.zeros((2, 3)), np.ones(3))

    low, high = intervals(found, 1.0, 4, np.random.default_rng(0))

    assert low[0] == 0.0  # what may be missed makes no parameter matter
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low <= first[:, 0]).all()
    assert (first[:, 0] <= high).all()
