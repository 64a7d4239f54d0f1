import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunewright.models.output import as_kept, as_seen

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


@pytest.mark.parametrize("divergences", [3, 9])
def test_divergences_do_not_hide_the_rest(divergences):
    good = np.linspace(0.1, 0.2, 10)

    z, _ = as_seen(np.r_[good, np.logspace(3, 12, divergences)])

    assert z.max() < 3
    assert (np.diff(z[:10]) > 0.01 / divergences).all()


def test_what_is_inside_keeps_its_proportions_and_the_slope_is_the_derivative():
    y = np.r_[np.random.default_rng(0).normal(size=40), 50.0]

    z, slope = as_seen(y)

    order = np.argsort(y)[:40]
    np.testing.assert_allclose(np.diff(z[order]) / np.diff(y[order]), slope[order][1:], rtol=1e-6)
    assert slope[-1] == 0


def test_many_equal_losses_and_a_worse_one_are_told_apart():
    z, _ = as_seen(np.r_[np.zeros(10), 5.0])

    assert z[-1] > z[0]


def test_equal_losses_say_nothing():
    z, slope = as_seen(np.full(7, 3.5))

    assert not z.any()
    assert not slope.any()


@pytest.mark.parametrize("unit", [5e-324, 1e-313, 1e-300, 1e-160, 1.0, 1e140])
def test_the_slope_is_a_number_at_any_size(unit):
    z, slope = as_seen(unit * np.round(np.random.default_rng(0).uniform(1, 9, 20)))

    assert np.isfinite(slope).all()
    assert np.isfinite(slope**2).all()
    assert slope.max() > 0
    assert z.std() == pytest.approx(1.0)


@settings(max_examples=300, deadline=None)
@given(LOSSES, st.floats(-1e300, 1e300))
def test_who_keeps_a_limit_is_told_from_who_passes_it(losses, limit):
    y = np.array(losses)

    excess, slope = as_kept(y, limit)

    assert np.isfinite(excess).all()
    assert (np.abs(excess) <= 3.0).all()
    assert np.isfinite(slope).all()
    near = np.abs(y - limit) <= 1e-12 * max(1.0, abs(limit))
    clipped = (np.abs(y) > 1e150) & (abs(limit) > 1e150)
    assert ((excess <= 0) == (y <= limit))[~near & ~clipped].all() or not excess.any()


def test_distances_from_a_limit_keep_their_proportions_up_to_three_times_the_usual():
    excess, slope = as_kept(np.array([1.0, 2.0, 3.0, 4.0, 1e9]), 3.0)

    assert excess.tolist() == [-2.0, -1.0, 0.0, 1.0, 3.0]
    assert slope.tolist() == [1.0, 1.0, 1.0, 1.0, 0.0]
