import numpy as np
import pytest

from tunewright import Bool, Float, Normal, SearchSpace
from tunewright.models.acquisition import Incumbent
from tunewright.models.belief import Belief, Chance, Efforts
from tunewright.models.features import Features
from tunewright.models.front import Front
from tunewright.models.gaussian_process import GaussianProcess, Hyperparameters
from tunewright.typing import Array

SPACE = SearchSpace({"x": Float(0, 1, prior=Normal(0.5, 0.2)), "y": Float(0, 1), "flag": Bool()})


def of(losses: Array, rows: Array, *, chances: bool = True, bounded: bool = False, apart: bool = False) -> Belief:
    """What is expected after losses, shape (n, m), of which the second metric must stay below 0."""
    features = Features(SPACE)
    efforts = Efforts(apart, np.linspace(0, 1, len(rows)), np.zeros(0), 1.0, np.zeros(losses.shape))
    points = efforts.join(features.points(rows), efforts.levels)
    process = GaussianProcess(features.code_of_level)
    theta = Hyperparameters.start(points.numbers.shape[1], process.codes)
    posteriors = tuple(process.condition(theta, points, y, np.zeros(len(y))) for y in losses.T)
    aim = (
        Incumbent(float(losses[rows[:, 1] < 0.4].min() if bounded else losses.min()))
        if losses.shape[1] == 1
        else Front.ahead_of(losses, near=False)
    )
    kept = process.condition(theta, points, 3.5 * (rows[:, 1] - 0.4), np.zeros(len(rows)))
    good = process.condition(theta, points, np.where(rows[:, 0] > 0.2, 1.0, -1.0), np.zeros(len(rows)))
    found = (Chance(kept, -1.0, 0.0), Chance(good, 1.0, 0.04)) if chances else ()
    return Belief(
        features=features, posteriors=posteriors, chances=found, aim=aim, elite=rows[:2], prior_weight=2.0, efforts=efforts
    )


def tried(n: int = 12) -> Array:
    return SPACE.sample_rows(np.random.default_rng(0), n)


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("apart", [False, True])
def test_the_slope_is_the_derivative_of_the_score_without_the_prior(m: int, apart: bool) -> None:
    rows = tried()
    losses = np.column_stack([(rows[:, 0] - 0.4) ** 2, (rows[:, 1] - 0.6) ** 2])[:, :m]
    belief = of(losses, rows, apart=apart)
    at = SPACE.sample_rows(np.random.default_rng(1), 6).clip(0.01, 0.99)
    at[:, 2] = np.round(at[:, 2])

    def score(rows: Array) -> Array:
        found: Array = belief.score(rows) - 2.0 * belief.features.log_prior(rows)
        return found

    value, gradient = belief.slope(belief.features.points(at))

    assert value == pytest.approx(score(at), rel=1e-9)
    assert gradient.shape == (6, 2)
    for j in range(2):
        step = np.zeros(3)
        step[j] = 1e-6
        assert gradient[:, j] == pytest.approx((score(at + step) - score(at - step)) / 2e-6, rel=1e-4, abs=1e-4)


def test_a_bound_that_is_likely_broken_outweighs_any_gain() -> None:
    rows = tried(40)
    losses = -3.5 * rows[:, 1:2]  # the larger y the better, but it must stay below 0.4
    free, bound = of(losses, rows, chances=False), of(losses, rows, bounded=True)

    rng = np.random.default_rng(2)
    assert free.search(rng)[0][1] > 0.95
    assert 0.3 < bound.search(rng)[0][1] < 0.45


def test_the_gain_knows_neither_bounds_nor_priors() -> None:
    rows = tried()
    losses = (rows[:, :1] - 0.4) ** 2

    assert of(losses, rows).gain(rows).tolist() == of(losses, rows, chances=False).gain(rows).tolist()
    assert of(losses, rows).score(rows).tolist() != of(losses, rows, chances=False).score(rows).tolist()
