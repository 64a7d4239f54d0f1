"""What a history makes one expect of configurations, as a score to climb.

The score is the logarithm of what is expected to be gained (`acquisition.py` with one objective, `front.py` with several), times the
probabilities that the trial succeeds and keeps the metrics' bounds, times the user's prior on where the optimum lies.
"""

import math
from typing import Final, Protocol

import msgspec
import numpy as np
from scipy.special import log_ndtr

from tunewright.models.climb import climb
from tunewright.models.features import Features, Points
from tunewright.models.gaussian_process import Posterior
from tunewright.typing import Array

__all__ = ["Aim", "Belief", "Chance", "Efforts"]

_VIABLE: Final = 0.25


class Aim(Protocol):
    """What is to be improved on; k points, m objectives."""

    @property
    def little(self) -> float:
        """The logarithm of an improvement that is next to nothing."""

    def log_improvement(self, means: Array, stds: Array, /) -> Array:
        """Logarithm of the expected improvement, shape (k,), of beliefs of shape (k, m)."""

    def slope(self, means: Array, stds: Array) -> tuple[Array, Array, Array]:
        """The same, shape (k,), and its derivatives by means and by stds, each of shape (k, m)."""


class Efforts(msgspec.Struct, frozen=True):
    """With which efforts what was judged, on a scale from 0 to 1.

    Attributes:
        apart: whether they differ: else there is no such coordinate.
        levels: of the results, shape (k,).
        running: of the trials that run, shape (n,).
        top: the highest one with a result.
        doubt: deviation by which each result is less certain than the most certain one, shape (k,).
    """

    apart: bool
    levels: Array
    running: Array
    top: float
    doubt: Array

    def join(self, points: Points, level: Array | float) -> Points:
        """The points, with the coordinate."""
        return points.at(level) if self.apart else points


class Chance(msgspec.Struct, frozen=True):
    """The probability that something is below 0, or above.

    Attributes:
        posterior: of the something.
        sign: -1: below; +1: above.
        doubt: a variance that stays however much is known.
        severe: by how many times its logarithm more it counts below 1/4: a promise of great improvement would else outweigh near certainty.
    """

    posterior: Posterior
    sign: float
    doubt: float
    severe: float = 0.0

    def score(self, points: Points) -> Array:
        """What it adds to the score, shape (m,)."""
        mean, std = self.posterior.predict(points)
        return _caution(log_ndtr(self.sign * mean / np.sqrt(std * std + self.doubt)), self.severe)[0]

    def slope(self, points: Points) -> tuple[Array, Array]:
        """The same, shape (m,), and its gradient by the coordinates, shape (m, p)."""
        mean, std, d_mean, d_std = self.posterior.slopes(points)
        width = np.sqrt(std * std + self.doubt)
        margin = self.sign * mean / width
        log_probability = log_ndtr(margin)
        value, weight = _caution(log_probability, self.severe)
        steep = weight * np.exp(-0.5 * margin * margin - 0.5 * math.log(2 * math.pi) - log_probability)
        d_margin = self.sign * d_mean / width[:, None] - (margin * std / width**2)[:, None] * d_std
        return value, steep[:, None] * d_margin


class Belief(msgspec.Struct, frozen=True):
    """What is expected of configurations.

    Attributes:
        features: of the space.
        posteriors: of each objective's losses, as they are seen.
        chances: that a trial succeeds, and that it keeps each bound; those that are in doubt.
        aim: what is to be improved on.
        elite: configurations to start the climb from, shape (e, d).
        prior_weight: of the user's prior.
        efforts: with which the trials were judged.
    """

    features: Features
    posteriors: tuple[Posterior, ...]
    chances: tuple[Chance, ...]
    aim: Aim
    elite: Array
    prior_weight: float
    efforts: Efforts

    def search(self, rng: np.random.Generator) -> Array:
        """Where the score is largest, best first, as raw rows."""
        return climb(self.features, self.score, self.slope, np.unique(self.elite, axis=0), rng)

    def gain(self, rows: Array) -> Array:
        """Logarithm of the expected improvement alone, in deviations of the losses as seen; shape (m,)."""
        return self._improvement(self.features.points(rows))

    def score(self, rows: Array) -> Array:
        """Logarithm of the expected improvement times the probability of success, times the prior; shape (m,)."""
        points = self.features.points(rows)
        value = self._improvement(points)
        for chance in self.chances:
            value += chance.score(self._judged(points))
        return value + self.prior_weight * self.features.log_prior(rows)

    def _judged(self, points: Points) -> Points:
        return self.efforts.join(points, self.efforts.top)

    def _improvement(self, points: Points) -> Array:
        judged = self._judged(points)
        means, stds = (
            np.column_stack(each) for each in zip(*(posterior.predict(judged) for posterior in self.posteriors), strict=True)
        )
        return self.aim.log_improvement(means, stds)

    def slope(self, points: Points) -> tuple[Array, Array]:
        """The score without the prior, shape (m,), and its gradient by the coordinates, shape (m, p)."""
        judged, p = self._judged(points), points.numbers.shape[1]
        found = [posterior.slopes(judged) for posterior in self.posteriors]
        means, stds = (np.column_stack([each[i] for each in found]) for i in (0, 1))
        value, by_means, by_stds = self.aim.slope(means, stds)
        gradient = np.zeros((len(means), p))
        for (_, _, d_mean, d_std), by_mean, by_std in zip(found, by_means.T, by_stds.T, strict=True):
            gradient += by_mean[:, None] * d_mean[:, :p] + by_std[:, None] * d_std[:, :p]
        for chance in self.chances:
            caution, more = chance.slope(judged)
            value = value + caution
            gradient += more[:, :p]
        return value, gradient


def _caution(log_probability: Array, severe: float) -> tuple[Array, Array]:
    """What a probability adds to a score, and its slope.

    Source: the threshold as in Saves et al., System Architecture Optimization Strategies: Dealing with Expensive Hidden Constraints, 2024.
    """
    short = np.minimum(0.0, log_probability - math.log(_VIABLE))
    return log_probability + severe * short, np.where(short < 0, 1.0 + severe, 1.0)
