import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.models.output import as_seen

LOSSES = st.lists(st.floats(-1e300, 1e300, allow_nan=False), min_size=1, max_size=60)


@settings(max_examples=300, deadline=None)
@given(LOSSES)
def test_the_order_is_kept_and_everything_is_finite(losses):
    y = np.array(losses)

    z, slope = as_seen(y)

    assert np.isfinite(z).all()
    assert np.isfinite(slope).all()
    assert (slope >= 0).all()
    order = np.argsort(y, kind="stable")
    assert (np.diff(z[order]) >= -1e-12).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=60, unique=True))
def test_it_has_zero_mean_and_unit_variance(losses):
    z, _ = as_seen(np.array(losses))

    if z.any():
        assert z.mean() == pytest.approx(0, abs=1e-9)
        assert z.std() == pytest.approx(1, abs=1e-9)


def test_a_divergence_does_not_hide_the_good_half():
    good = np.linspace(0.1, 0.2, 10)

    with_divergence, _ = as_seen(np.r_[good, 1e3, 1e6, 1e9, 1e12, np.linspace(0.21, 0.3, 8)])

    assert with_divergence.max() < 3
    assert np.ptp(with_divergence[:10]) > 1


def test_the_good_half_keeps_its_proportions():
    y = np.r_[0.0, 1.0, 3.0, 3.5, 4.0, np.linspace(5, 500, 7)]

    z, _ = as_seen(y)

    gaps = np.diff(z[:5]) / np.diff(y[:5])
    assert gaps.max() / gaps.min() < 1.5  # the mild logarithm


def test_the_slope_is_the_derivative_in_the_good_half():
    rng = np.random.default_rng(0)
    y = np.sort(rng.normal(size=40))

    z, slope = as_seen(y)

    between = np.diff(z[1:18]) / np.diff(y[1:18])
    np.testing.assert_allclose(between, 0.5 * (slope[1:17] + slope[2:18]), rtol=0.05)


def test_equal_losses_say_nothing():
    z, slope = as_seen(np.full(7, 3.5))

    assert not z.any()
    assert not slope.any()
