import math

import numpy as np
import pytest
from scipy.stats import norm

from tunewright.models.acquisition import Incumbent
from tunewright.models.front import Front
from tunewright.typing import Array


def sphere(n: int, m: int, seed: int) -> Array:
    """Points none of which dominates another."""
    points: Array = np.abs(np.random.default_rng(seed).standard_normal((n, m)))
    return np.asarray(1.0 - points / np.linalg.norm(points, axis=1, keepdims=True))


def beliefs(k: int, m: int, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.uniform(0.0, 1.0, (k, m)), rng.uniform(0.05, 0.4, (k, m))


@pytest.mark.parametrize("m", [2, 3, 4])
def test_it_is_the_integral_of_the_probability_to_dominate_over_what_no_point_dominates(m):
    """Quasi-random points in a box that holds all but 1e-9 of what can be gained; the error of the mean is told by eight shifts."""
    front, reference = sphere(6, m, 1), np.full(m, 1.2)
    means, stds = beliefs(4, m, 2)
    low = float((means - 6.5 * stds).min())
    rng = np.random.default_rng(3)

    estimates = []
    for _ in range(16):
        z = low + (1.2 - low) * rng.random((20_000, m))
        dominated = np.asarray((front[None] <= z[:, None]).all(axis=2)).any(axis=1)
        z = z[~dominated]
        inside = norm.cdf((z[None] - means[:, None]) / stds[:, None]).prod(axis=2)
        estimates.append(inside.sum(axis=1) / 20_000 * (1.2 - low) ** m)

    exact = np.exp(Front(front, reference).log_improvement(means, stds))
    error = np.std(estimates, axis=0, ddof=1) / 4.0
    assert (
        np.abs(exact - np.mean(estimates, axis=0)) < 8.0 * error
    ).all()  # t of 15 degrees: 8 is beyond 1e-6 for the four together


def test_with_one_objective_it_is_the_expected_improvement():
    means, stds = beliefs(30, 1, 0)

    front = Front(np.array([[0.4], [0.7]]), np.array([0.4]))

    assert front.log_improvement(means, stds) == pytest.approx(Incumbent(0.4).log_improvement(means, stds), rel=1e-12)
    for ours, theirs in zip(front.slope(means, stds), Incumbent(0.4).slope(means, stds), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("far", [0.0, 3.0, 40.0])
def test_the_slope_is_the_derivative_also_where_nothing_can_be_gained(m, far):
    front = Front(sphere(8, m, 4) if m > 1 else np.zeros((1, 1)), np.full(m, 1.1))
    means, stds = beliefs(5, m, 5)
    means += far
    value, by_mean, by_std = front.slope(means, stds)

    assert value == pytest.approx(front.log_improvement(means, stds), rel=1e-9, abs=1e-9)
    for j in range(m):
        step = np.zeros(m)
        step[j] = 1e-6
        slope = (front.log_improvement(means + step, stds) - front.log_improvement(means - step, stds)) / 2e-6
        assert by_mean[:, j] == pytest.approx(slope, rel=1e-5, abs=1e-5)
        slope = (front.log_improvement(means, stds + step) - front.log_improvement(means, stds - step)) / 2e-6
        assert by_std[:, j] == pytest.approx(slope, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize(("mean", "std"), [(1e6, 1e-6), (-1e6, 1e-6), (1e3, 1e3), (1.0, 1e-12)])
def test_it_is_finite_whatever_is_believed(mean, std):
    front = Front(sphere(20, 3, 0), np.full(3, 1.1))

    found = front.slope(np.full((2, 3), mean), np.full((2, 3), std))

    assert all(np.isfinite(each).all() for each in found)


def test_who_gains_in_the_gap_gains_more_than_who_repeats_a_point():
    front = Front.ahead_of(np.array([[0.0, 1.0], [1.0, 0.0]]), near=False)
    means, stds = np.array([[0.5, 0.5], [0.0, 1.0], [0.9, 0.9], [1.4, -0.4]]), np.full((4, 2), 0.01)

    gap, again, behind, further = np.exp(front.log_improvement(means, stds))

    assert gap == pytest.approx(0.25, rel=0.05)
    assert further == pytest.approx(0.14, rel=0.2)  # 0.35 before the reference, which is 1.75, 0.4 beyond the end
    assert again < 0.01
    assert 0.005 < behind < 0.02  # 0.1 by 0.1 of the gap


def test_one_point_is_a_front_of_its_own():
    front = Front.ahead_of(np.array([[1.0, 2.0]]), near=True)

    better, worse = front.log_improvement(np.array([[0.9, 1.9], [1.2, 2.2]]), np.full((2, 2), 0.01))

    assert better > worse + 10


def test_points_that_resist_dominance_do_not_move_the_reference():
    front = sphere(30, 2, 7)
    resistant = np.array([[front[:, 0].min() - 1e-6, 9.0], [9.0, front[:, 1].min() - 1e-6]])
    means, stds = np.array([[0.1, 0.1]]), np.full((1, 2), 0.01)

    without = Front.ahead_of(front, near=True).log_improvement(means, stds)
    held = Front.ahead_of(np.vstack([front, resistant]), near=True).log_improvement(means, stds)

    assert held == pytest.approx(without, abs=0.05)


def test_looking_for_the_ends_of_a_front_goes_far_beyond_the_few_points_of_a_corner():
    corner = np.array([[0.0, 1.0], [0.05, 0.99]])
    means, stds = np.array([[0.6, 0.7], [0.06, 0.98]]), np.full((2, 2), 0.01)

    far = Front.ahead_of(corner, near=False).log_improvement(means, stds)

    assert far[0] > far[1] + math.log(5)
