from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from tunewright.models.descent import Descent, bfgs, box_minimum


def descend(function, start, most=200, radius=0.2):
    """A function to its loss and slope; returns the descent and how many points it was told."""
    point = np.asarray(start, float)
    descent = Descent(point, *function(point), radius=radius)
    for count in range(most):
        if descent.over:
            return descent, count
        point = descent.step()
        assert ((point >= 0) & (point <= 1)).all()
        assert descent.covers(point)
        descent.take(point, *function(point))
    return descent, most


def bowl(scales, centre):
    scales, centre = np.asarray(scales, float), np.asarray(centre, float)
    return lambda x: (float((scales * (x - centre) ** 2).sum()), 2 * scales * (x - centre))


def rosenbrock(x):
    a, b = 4 * x - 2
    slope = np.array([-2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)])
    return float((1 - a) ** 2 + 100 * (b - a * a) ** 2), 4 * slope


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_least_of_a_model_in_a_box_is_where_scipy_finds_it(size, seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((size, size))
    curvature, slope = root @ root.T + 0.1 * np.eye(size), 3 * rng.standard_normal(size)
    low, high = -rng.random(size), rng.random(size)

    found = box_minimum(slope, curvature, low, high)

    def model(s):
        return slope @ s + 0.5 * s @ curvature @ s

    peer = minimize(  # type: ignore[call-overload]
        model,
        np.zeros(size),
        jac=lambda s: slope + curvature @ s,
        bounds=list(zip(low, high, strict=True)),
        options={"ftol": 1e-15},
    )
    assert ((found >= low) & (found <= high)).all()
    assert model(found) <= peer.fun + 1e-7 * (1 + abs(peer.fun))


def test_the_matrix_says_what_the_last_step_said():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((4, 4))
    hessian = root @ root.T + np.eye(4)
    pairs = [(s, hessian @ s) for s in rng.standard_normal((6, 4))]

    found = bfgs(pairs, 1.0, 4)

    np.testing.assert_allclose(found @ pairs[-1][0], pairs[-1][1], rtol=1e-10)  # the secant equation
    assert (np.linalg.eigvalsh(found) > 0).all()


def test_the_matrix_is_positive_definite_where_the_loss_is_not_convex():
    rng = np.random.default_rng(0)
    pairs = [(s, np.array([1.0, -1.0, -5.0]) * s) for s in rng.standard_normal((10, 3))]

    assert (np.linalg.eigvalsh(bfgs(pairs, 1.0, 3)) > 0).all()
    np.testing.assert_allclose(bfgs([], 3.0, 2), 3 * np.eye(2))


@pytest.mark.parametrize("scales", [[1, 1, 1], [1, 100, 1e4], [1e-200, 1e-199, 1e-201], [1e80, 1e81, 1e82]])
def test_a_bowl_is_descended_to_its_bottom(scales):
    descent, count = descend(bowl(scales, [0.3, 0.8, 0.55]), [0.5, 0.5, 0.5])

    np.testing.assert_allclose(descent.point, [0.3, 0.8, 0.55], atol=2e-3)
    assert count < 40


def test_a_curved_valley_is_followed():
    descent, count = descend(rosenbrock, [0.2, 0.75])

    assert descent.loss < 1e-5
    assert count < 60


def test_the_lowest_point_may_lie_on_the_bounds():
    descent, count = descend(bowl([1, 3], [-0.5, 1.5]), [0.5, 0.5])

    np.testing.assert_array_equal(descent.point, [0.0, 1.0])
    assert count < 15


@pytest.mark.parametrize("seed", range(5))
def test_noise_ends_a_descent(seed):
    rng = np.random.default_rng(seed)

    def noisy(x):
        return float(rng.standard_normal()), rng.standard_normal(2)

    assert descend(noisy, [0.5, 0.5])[1] < 200


def test_what_failed_shortens_the_step():
    function = bowl([1], [0.4])
    descent = Descent(np.array([0.5]), *function(np.array([0.5])), radius=0.2)
    steps = []
    while not descent.over:
        steps.append(descent.away(descent.step()))
        descent.take(descent.step(), np.inf, None)

    assert all(later <= 0.5 * earlier for earlier, later in pairwise(steps))
    assert descent.point.tolist() == [0.5]


def test_a_point_uphill_that_nobody_asked_for_costs_no_length():
    function = bowl([1, 1], [0.4, 0.4])
    descent = Descent(np.array([0.5, 0.5]), *function(np.array([0.5, 0.5])), radius=0.2)

    descent.take(np.array([0.6, 0.6]), *function(np.array([0.6, 0.6])))

    assert descent.radius == 0.2
    np.testing.assert_allclose(descent.step(), [0.4, 0.4])  # and tells the curvature


def test_a_start_without_a_slope_gets_it_when_it_is_told_once_more():
    descent = Descent(np.array([0.5]), 1.0, None, 0.2)
    assert descent.over
    assert descent.step().tolist() == [0.5]
    assert not descent.covers(np.array([0.6]))

    descent.take(np.array([0.5]), 1.0, np.array([1.0]))

    assert not descent.over
    assert descent.step()[0] == pytest.approx(0.3)


def test_nothing_to_move_is_nowhere_to_go():
    assert Descent(np.empty(0), 1.0, np.empty(0), 0.2).over
    assert Descent(np.array([0.5]), 1.0, np.zeros(1), 0.2).over


def test_a_better_point_without_a_slope_is_the_new_centre():
    function = bowl([1.0, 4.0], [0.1, 0.45])
    descent = Descent(np.array([0.5, 0.5]), *function(np.array([0.5, 0.5])), radius=0.2)
    descent.take(np.array([0.6, 0.7]), *function(np.array([0.6, 0.7])))  # a worse one, that tells a little of the curvature
    step = descent.step()

    descent.take(step, function(step)[0], None)

    assert descent.point.tolist() == step.tolist()
    assert descent.loss == function(step)[0]
    assert descent.radius >= 0.2
    later = descent.step()
    assert function(later)[0] < function(step)[0]  # further down, though nobody told which way


def test_a_centre_without_a_slope_is_asked_once_more_and_only_once():
    def gone(told):
        function = bowl([1.0], [0.4])
        descent = Descent(np.array([0.5]), *function(np.array([0.5])), radius=0.2)
        asked = 0
        for _ in range(200):
            if descent.over:
                break
            point = descent.step()
            again = descent.wants
            asked += again
            assert again == (point.tolist() == descent.point.tolist())
            descent.take(point, function(point)[0], function(point)[1] if told and again else None)
        return descent, asked

    descent, asked = gone(told=False)
    assert descent.over
    assert asked == 1

    descent, asked = gone(told=True)
    assert descent.over
    assert asked >= 1
    assert descent.point[0] == pytest.approx(0.4, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_noise_that_tells_few_slopes_ends_a_descent(seed):
    rng = np.random.default_rng(seed)
    descent = Descent(np.array([0.5, 0.5]), 0.0, rng.standard_normal(2), 0.2)
    count = 0
    while not descent.over and count < 400:
        descent.take(descent.step(), float(rng.standard_normal()), rng.standard_normal(2) if rng.random() < 0.3 else None)
        count += 1

    assert count < 400


def test_a_slope_near_by_mends_a_guess():
    descent = Descent(np.array([0.5, 0.5]), 1.0, np.array([1.0, 0.1]), radius=0.2)
    descent.take(np.array([0.4, 0.5]), 0.9, None)

    descent.take(np.array([0.39, 0.5]), 0.95, np.array([-1.0, 5.0]))  # no better, but its slope is another one than was guessed

    assert descent.point.tolist() == [0.4, 0.5]
    assert descent.step()[0] > 0.4  # where the first slope would have it go further down
