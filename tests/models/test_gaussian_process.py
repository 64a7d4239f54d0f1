import math

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from tunewright.models.features import Features, Points
from tunewright.models.gaussian_process import GaussianProcess, Hyperparameters, fit
from tunewright.space import Bool, Categorical, Float, Int, SearchSpace, param

MIXED = SearchSpace(
    {
        "x": Float(0, 1),
        "n": Int(1, 50, log=True),
        "opt": Categorical(["sgd", "adam", "lamb"]),
        "nesterov": Bool(),
        "m": Float(0, 1),
    },
    when={"nesterov": param("opt") == "sgd", "m": param("opt") == "sgd"},
)


def problem(n=25, seed=0, *, bent=False):
    rng = np.random.default_rng(seed)
    features = Features(MIXED)
    points = features.points(MIXED.sample_rows(rng, n))
    y = np.sin(5 * points.numbers[:, 0]) + points.codes[:, 0] + 0.1 * rng.standard_normal(n)
    vector = Hyperparameters.start(points.numbers.shape[1], features.n_codes).vector() + 0.2 * rng.standard_normal(
        points.numbers.shape[1] + features.n_codes + 2
    )
    if bent:
        vector = np.concatenate([vector, 0.5 * rng.standard_normal(2 * points.numbers.shape[1])])
    return GaussianProcess(features.code_of_level), points, (y - y.mean()) / y.std(), 0.01 * rng.random(n), vector


def numbers_only(n, p, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.random((n, p))
    return Points(x, np.zeros((n, 0))), np.sin(4 * x).sum(axis=1)


def theta_of(process, points, vector):
    return Hyperparameters.of(vector, points.numbers.shape[1], process.codes)


@pytest.mark.parametrize("bent", [False, True])
def test_the_gradient_of_the_fit_is_the_derivative(bent):
    process, points, y, noise, vector = problem(bent=bent)
    step = 1e-5

    _, gradient = process.negative_log_posterior(vector, points, y, noise)

    for i in range(len(vector)):
        move = np.zeros_like(vector)
        move[i] = step
        up, _ = process.negative_log_posterior(vector + move, points, y, noise)
        down, _ = process.negative_log_posterior(vector - move, points, y, noise)
        assert gradient[i] == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-6)


def test_the_posterior_is_that_of_scikit_learn():
    points, y = numbers_only(30, 3)
    lengths = np.array([0.3, 0.7, 1.5])
    theta = Hyperparameters(np.log(lengths), np.zeros(0), math.log(2.0), math.log(1e-3))
    kernel = ConstantKernel(2.0, "fixed") * Matern(lengths, "fixed", nu=2.5)
    at, _ = numbers_only(40, 3, seed=1)

    found = GaussianProcess(np.zeros(0)).condition(theta, points, y, np.zeros(30))
    mean, std = found.predict(at)

    oracle = GaussianProcessRegressor(kernel, alpha=1e-3, optimizer=None).fit(points.numbers, y - found.mean)
    expected_mean, expected_std = oracle.predict(at.numbers, return_std=True)
    np.testing.assert_allclose(mean, found.mean + expected_mean, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(std, expected_std, rtol=1e-6, atol=1e-9)


def test_codes_are_what_one_hot_coordinates_at_half_the_squared_distance_are():
    rng = np.random.default_rng(3)
    codes = np.eye(4)[rng.integers(4, size=20)]
    x, y = rng.random((20, 1)), rng.standard_normal(20)
    theta = Hyperparameters(np.log([0.5]), np.log([0.8]), 0.0, math.log(1e-3))

    mixed = GaussianProcess(np.zeros(4)).condition(theta, Points(x, codes), y, np.zeros(20))

    # |e_a - e_b|² = 2 for a ≠ b: one-hot coordinates with length ℓ √2 have the same radius
    flat_theta = Hyperparameters(np.log([0.5, *[0.8 * math.sqrt(2)] * 4]), np.zeros(0), 0.0, math.log(1e-3))
    flat = GaussianProcess(np.zeros(0)).condition(flat_theta, Points(np.hstack([x, codes]), np.zeros((20, 0))), y, np.zeros(20))
    np.testing.assert_allclose(mixed.alpha, flat.alpha, rtol=1e-8, atol=1e-8)


def test_the_kernel_is_positive_definite_on_conditional_spaces():
    for seed in range(50):
        process, points, _, _, vector = problem(60, seed)
        theta = theta_of(process, points, vector)
        lower = process.condition(theta, points, np.zeros(60), np.zeros(60)).lower

        covariance = lower @ lower.T - math.exp(theta.noise) * np.eye(60)
        assert np.linalg.eigvalsh(covariance).min() > -1e-9


def test_two_configurations_without_a_parameter_do_not_differ_in_it():
    features = Features(MIXED)
    adam = MIXED.rows([{"x": 0.5, "n": 3, "opt": "adam"}, {"x": 0.5, "n": 3, "opt": "adam"}])
    points = features.points(adam)

    assert (points.numbers[0] == points.numbers[1]).all()
    assert (points.codes[0] == points.codes[1]).all()
    assert points.codes.sum(axis=1).tolist() == [features.n_codes] * 2


@pytest.mark.parametrize("bent", [False, True])
def test_the_slopes_are_the_derivatives(bent):
    process, points, y, noise, vector = problem(bent=bent)
    posterior = process.condition(theta_of(process, points, vector), points, y, noise)
    at = problem(6, seed=9)[1]
    step = 1e-6

    mean, std, d_mean, d_std = posterior.slopes(at)

    np.testing.assert_allclose(np.stack(posterior.predict(at)), np.stack([mean, std]))
    for k in range(at.numbers.shape[1]):
        move = np.zeros_like(at.numbers)
        move[:, k] = step
        up = posterior.predict(Points(at.numbers + move, at.codes))
        down = posterior.predict(Points(at.numbers - move, at.codes))
        np.testing.assert_allclose(d_mean[:, k], (up[0] - down[0]) / (2 * step), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(d_std[:, k], (up[1] - down[1]) / (2 * step), rtol=1e-4, atol=1e-5)


def test_a_fantasy_is_what_observing_it_would_be():
    process, points, y, noise, vector = problem()
    theta = theta_of(process, points, vector)
    posterior = process.condition(theta, points, y, noise)
    pending, at = problem(3, seed=5)[1], problem(7, seed=6)[1]
    normals = np.random.default_rng(0).standard_normal((3, 4))

    fantasies = posterior.fantasise(pending, normals)
    means, std = fantasies.predict(at)

    drawn = fantasies.lower @ (fantasies.lower.T @ fantasies.alpha)
    for s in range(4):
        seen = np.concatenate([y, posterior.mean + drawn[-3:, s]])
        again = process.condition(theta, points.join(pending), seen, np.concatenate([noise, np.zeros(3)]))
        again = type(again)(again.level, theta, again.points, again.lower, fantasies.alpha[:, s], posterior.mean)
        mean, deviation = again.predict(at)
        np.testing.assert_allclose(means[:, s], mean, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(std, deviation, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(drawn[:-3, 0], y - posterior.mean, rtol=1e-6, atol=1e-8)


def test_a_belief_is_what_observing_the_expected_would_be():
    process, points, y, noise, vector = problem()
    theta = theta_of(process, points, vector)
    posterior = process.condition(theta, points, y, noise)
    pending, at = problem(3, seed=5)[1], problem(7, seed=6)[1]

    believed = posterior.believe(pending)
    certain = posterior.fantasise(pending, np.zeros((3, 1)))

    np.testing.assert_allclose(believed.predict(at)[0], posterior.predict(at)[0], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(believed.predict(at)[0], certain.predict(at)[0][:, 0], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(believed.predict(at)[1], certain.predict(at)[1], rtol=1e-8, atol=1e-8)
    assert (believed.predict(pending)[1] < posterior.predict(pending)[1]).all()


def test_the_fit_finds_which_coordinate_matters():
    rng = np.random.default_rng(0)
    x = rng.random((60, 2))
    y = np.sin(8 * x[:, 0])
    points = Points(x, np.zeros((60, 0)))

    theta = fit(GaussianProcess(np.zeros(0)), points, (y - y.mean()) / y.std(), np.zeros(60))

    assert theta.lengths[1] > theta.lengths[0] + 1.5
    assert theta.noise < math.log(1e-3)


def test_the_fit_finds_the_noise():
    rng = np.random.default_rng(0)
    x = rng.random((150, 1))
    y = np.sin(6 * x[:, 0]) + 0.5 * rng.standard_normal(150)
    scale = y.std()

    theta = fit(GaussianProcess(np.zeros(0)), Points(x, np.zeros((150, 0))), (y - y.mean()) / scale, np.zeros(150))

    # the relative standard error of a deviation from 150 numbers is 6 %: 6 sigma
    assert math.exp(0.5 * theta.noise) * scale == pytest.approx(0.5, rel=0.36)


@pytest.mark.parametrize("y", [np.zeros(20), np.r_[np.zeros(19), 5.0]])
def test_identical_points_and_flat_values_are_survived(y):
    points = Points(np.full((20, 2), 0.5), np.zeros((20, 0)))
    process = GaussianProcess(np.zeros(0))

    theta = fit(process, points, y, np.zeros(20))
    mean, std = process.condition(theta, points, y, np.zeros(20)).predict(points)

    assert np.isfinite(mean).all()
    assert (std > 0).all()


def test_a_bend_is_fitted_where_a_function_changes_fast_at_one_end_only():
    rng = np.random.default_rng(5)
    x = rng.random((60, 1))
    y = np.sin(6 * np.log(x[:, 0] + 1e-3))  # a decade of it lies in the first tenth of the range
    y = (y - y.mean()) / y.std()
    process, points = GaussianProcess(np.zeros(0)), Points(x, np.zeros((60, 0)))

    theta = fit(process, points, y, np.zeros(60))

    assert len(theta.bends) == 2
    bent = theta.bend(Points(np.array([[0.0], [0.1], [1.0]]), np.zeros((3, 0)))).numbers[:, 0]
    assert bent[0] < 0.1
    assert bent[1] > 0.2
    assert bent[2] == pytest.approx(1, abs=1e-2)


def test_no_coordinate_is_bent_where_a_straight_one_does_as_well():
    points, y = numbers_only(40, 2)
    y = y + 0.5 * np.random.default_rng(1).standard_normal(40)

    theta = fit(GaussianProcess(np.zeros(0)), points, (y - y.mean()) / y.std(), np.zeros(40))

    assert not len(theta.bends)


def test_hyperparameters_that_cannot_be_fitted_are_said_to_be_none():
    points, _ = numbers_only(8, 2)

    assert fit(GaussianProcess(np.zeros(0)), points, np.full(8, np.nan), np.zeros(8)) is None


def test_what_is_known_to_be_noisy_pulls_less():
    points, y = numbers_only(15, 1)
    theta = Hyperparameters(np.log([0.3]), np.zeros(0), 0.0, math.log(1e-4))
    y = np.append(y, y.mean() + 3.0)
    points = points.join(Points(np.array([[0.5]]), np.zeros((1, 0))))
    process, noise = GaussianProcess(np.zeros(0)), np.zeros(16)

    believed = process.condition(theta, points, y, noise).predict(points)[0][-1]
    noise[-1] = 1.0
    doubted = process.condition(theta, points, y, noise).predict(points)[0][-1]

    assert doubted < believed - 0.5
