import mpmath
import numpy as np
import pytest

from tunewright.models.acquisition import log_expected_improvement, log_h, log_h_slope


def exact(z):
    """log(φ(z) + z Φ(z)) with 60 digits."""
    with mpmath.workdps(60):
        z = mpmath.mpf(z)
        return float(mpmath.log(mpmath.npdf(z) + z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2)) if z > -1e3 else float(_tail(z))


def _tail(z):
    # asymptotic series of h in 1/z², exact to 60 digits for |z| > 1e3
    return -z * z / 2 - mpmath.log(2 * mpmath.pi) / 2 + mpmath.log(1 / z**2 - 3 / z**4 + 15 / z**6 - 105 / z**8 + 945 / z**10)


@pytest.mark.parametrize(
    "z", [50.0, 5.0, 1.0, 0.0, -0.5, -0.999, -1.001, -2.0, -7.0, -38.0, -500.0, -999.0, -2e3, -9e4, -1.1e5, -1e8]
)
def test_log_h_is_exact_far_into_the_tail(z):
    assert log_h(np.array([z]))[0] == pytest.approx(exact(z), rel=1e-12, abs=1e-12)


def test_log_h_rises_without_a_jump():
    z = np.concatenate([-np.logspace(9, -3, 4000), np.linspace(0, 10, 1000)])

    values = log_h(z)

    assert np.isfinite(values).all()
    assert (np.diff(values) > 0).all()


@pytest.mark.parametrize("z", [-1e6, -300.0, -5.0, -0.9, 0.0, 3.0])
def test_the_slope_is_the_derivative(z):
    step = max(1.0, abs(z)) * 1e-6
    at = np.array([z - step, z, z + step])

    values = log_h(at)

    assert log_h_slope(at)[1] == pytest.approx((values[2] - values[0]) / (2 * step), rel=1e-5)


def test_expected_improvement_agrees_with_its_definition_where_that_works():
    rng = np.random.default_rng(0)
    mean, std = np.array([0.3, -0.2, 1.0]), np.array([0.5, 0.1, 0.7])

    found = np.exp(log_expected_improvement(mean, std, 0.1))

    draws = mean + std * rng.standard_normal((2_000_000, 3))
    estimate = np.maximum(0.1 - draws, 0).mean(axis=0)
    # the standard error is below 4e-4: 6 sigma, fails by chance less than once in 1e8 runs
    assert found == pytest.approx(estimate, abs=2.4e-3)
