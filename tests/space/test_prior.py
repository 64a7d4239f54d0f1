import math

import numpy as np
import pytest
from scipy import stats

from tunewright.errors import SpaceError
from tunewright.space import Normal
from tunewright.space.prior import Truncated

U = np.concatenate([np.linspace(0, 1, 101), [1e-300, 1e-17, 1e-9, 1 - 1e-9, np.nextafter(1.0, 0.0)]])


@pytest.mark.parametrize("center", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("spread", [0.01, 0.2, 1.0, 30.0])
def test_the_quantiles_are_those_of_scipy(center: float, spread: float) -> None:
    prior = Truncated(center, spread)
    expected = stats.truncnorm.ppf(U, -center / spread, (1 - center) / spread, center, spread)

    assert np.allclose(prior.quantiles(U), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("center", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("spread", [1e-300, 1e-9, 0.2, 1.0, 9999.0, 1e4, 1e300])
def test_one_and_many_agree_rise_and_are_exact_at_both_ends(center: float, spread: float) -> None:
    prior = Truncated(center, spread)
    many = prior.quantiles(np.sort(U))

    assert np.allclose(many, [prior.quantile(u) for u in np.sort(U).tolist()], rtol=1e-12, atol=1e-12)
    assert (np.diff(many) >= 0).all()
    assert (many[0], many[-1] <= 1.0) == (0.0, True)
    assert (prior.quantile(0.0), prior.quantile(1.0)) == (0.0, 1.0)
    assert prior.quantiles(np.array([0.0, 1.0])).tolist() == [0.0, 1.0]


def test_nan_stays_nan() -> None:
    assert np.isnan(Truncated(0.5, 0.1).quantiles(np.array([np.nan]))).all()


@pytest.mark.parametrize(("center", "spread"), [(0, 0), (0, -1), (math.nan, 1), (0, math.inf), ("a", 1), (True, 1)])
def test_a_prior_that_cannot_be(center: float, spread: float) -> None:
    with pytest.raises(SpaceError, match="Normal"):
        Normal(center, spread)


def test_repr_builds_it_again() -> None:
    assert repr(Normal(3, 0.2)) == "Normal(3.0, 0.2)"
