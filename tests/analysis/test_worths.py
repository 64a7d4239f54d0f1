import numpy as np
import pytest
from scipy import stats

from tunewright.analysis.worths import edges, priors

GRID = np.linspace(-4.0, 8.0, 200)


def test_edges_lie_between_the_points_and_as_far_beyond_the_ends():
    np.testing.assert_allclose(edges(np.array([1.0, 2.0, 3.0])), [0.5, 1.5, 2.5, 3.5])


def test_every_prior_is_a_distribution():
    found = priors(GRID, np.array([0.0, 1.0]), np.array([0.5, 1.0, 2.0]))

    assert found.shape == (5 * 2 * 2 * 3, 200)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert (found >= 0).all()


@pytest.mark.parametrize(("place", "shape"), [(0, 0.5), (2, 1.0), (4, 2.0), (6, 4.0)])
def test_priors_are_gamma_distributions_of_the_mean_and_deviation(place, shape):
    found = priors(GRID, np.array([1.0]), np.array([0.7]))[place]
    expected = np.diff(stats.gamma.cdf((edges(GRID) - 1.0) / 0.7 * np.sqrt(shape) + shape, shape))

    np.testing.assert_allclose(found, expected / expected.sum(), atol=1e-12)


def test_the_last_ones_are_normal_and_have_a_part_evenly_above():
    *_, plain, mixed = priors(GRID, np.array([1.0]), np.array([0.7]))

    assert plain @ GRID == pytest.approx(1.0, abs=1e-6)
    assert np.sqrt(plain @ (GRID - 1.0) ** 2) == pytest.approx(0.7, abs=0.01)
    assert mixed[-1] == pytest.approx(0.4 / (plain.cumsum() > 1e-6).sum())
