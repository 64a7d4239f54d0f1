"""What a Gaussian process makes of a study: the loss to expect at any configuration, and how sure that is.

The model is that of the `GP` sampler (`models/gaussian_process.py`), and losses far above the bulk are pulled in
(`evidence.seen`). All that is told outside is back in units of the loss. Trials on few folds are as much noisier as the study says.

How well it predicts is told by leaving out one trial at a time, the estimated mean with it, which for a Gaussian process is exact and costs one
inverse [1]. Its hyperparameters saw the trial, and few trials are enough to bend many lengths: of 60 trials of pure noise in ten dimensions half
seemed to be predicted. So with few trials for each length they are fitted anew without each of ten parts of the trials (from 40 trials on, five); with many it is
slightly kind. Each trial counts for its share of the space: a model that predicts only the bulk at the optimum does not predict the space.

[1] Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eqs. (5.10) to (5.12).
"""

import math
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
from scipy import stats
from scipy.linalg import cho_solve

from tunewright.analysis.evidence import Evidence, seen, territory
from tunewright.models.features import Features, Points
from tunewright.models.gaussian_process import GaussianProcess, Hyperparameters, Posterior, fit
from tunewright.typing import Array, Indices

__all__ = ["WIDEST", "Fit", "Surrogate", "candidates", "judge", "surrogate"]

WIDEST: Final = 60
"""So many parameters at most: in wider spaces a Gaussian process takes minutes."""

_MOST: Final = 500
_FITTED: Final = 200
_FEW: Final = (40, 15)
"""Below so many trials, and below so many for each length, hyperparameters are fitted without the trials they are judged by."""
_PARTS: Final = (10, 5)
_CHUNK: Final = 2048
_TINY: Final = 1e-9
_ELITE: Final = 10
_STEPS: Final = (0.02, 0.1, 0.3)
"""How far from a good trial its neighbours are looked for, on the unit scale."""
_EXACT: Final = 1e-8
"""Variance added to a draw that is taken for an observation, in units of the prior's."""


class Fit(msgspec.Struct, frozen=True):
    """How well a model predicts trials that it has not seen.

    Attributes:
        r2: share of the variance over the space that it explains, cross-validated; below 0 it is worse than the mean. NaN: unknown.
        rank: rank correlation of prediction and value; NaN: unknown.
        n: trials behind it.
    """

    r2: float
    rank: float
    n: int

    @property
    def predicts(self) -> bool:
        """Whether what is read off the model can be trusted at all: R² of at least 0.3."""
        return self.r2 >= 0.3

    def behind(self, trials: int) -> str:
        """How many trials it was found with, of so many: "n = 40", or "n = 500 of 3,000" where a choice of them is enough."""
        return f"n = {self.n:,}" + (f" of {trials:,}" if self.n < trials else "")


def judge(values: Array, guesses: Array, weights: Array) -> Fit:
    """How well guesses, shape (n,), NaN where there is none, agree with values; errors count by their weights (`evidence.territory`)."""
    known = np.isfinite(guesses)
    y, z, w = values[known], guesses[known], weights[known]
    if len(y) < 4 or y.max() == y.min():
        return Fit(math.nan, math.nan, len(y))
    rank = float(stats.spearmanr(y, z).statistic) if z.max() > z.min() else 0.0
    return Fit(1.0 - float((w @ (y - z) ** 2) / (w @ (y - w @ y / w.sum()) ** 2)), rank, len(y))


class Surrogate(msgspec.Struct, frozen=True):
    """A Gaussian process fitted to a study.

    Attributes:
        evidence: what it learned from.
        features: how rows become points.
        posterior: in units of the seen losses.
        scale, shift: loss = scale · seen + shift.
        fit: how well it predicts.
        noise: standard deviation of a measurement as good as the best measured trial's, as estimated by the model, in units of the loss.
        fence: up to which larger losses are pulled in.
    """

    evidence: Evidence
    features: Features
    posterior: Posterior
    scale: float
    shift: float
    fit: Fit
    noise: float
    fence: float

    def predict(self, rows: Array) -> tuple[Array, Array]:
        """Mean and standard deviation of the loss, without noise, at raw rows, shapes (m,), (m,)."""
        pieces = [self.posterior.predict(self.features.points(piece)) for piece in _pieces(rows)]
        mean, sd = (np.concatenate(each) for each in zip(*pieces, strict=True))
        return self.scale * mean + self.shift, self.scale * sd

    def draws(self, rows: Array, count: int, rng: np.random.Generator) -> Array:
        """Losses at raw rows as they may jointly be, shape (m, count): exact draws from the posterior, for m up to some hundreds."""
        return self.paths(rows, count, rng)(rows)

    def paths(self, through: Array, count: int, rng: np.random.Generator) -> Callable[[Array], Array]:
        """Whole functions as they may be: from raw rows, shape (m, d), to losses, shape (m, count).

        They are exact draws at the rows `through`, and what is then to be expected between them.
        """
        exact = self.posterior.theta.scale + math.log(_EXACT)  # what is drawn is the function, not a measurement of it
        sharp = msgspec.structs.replace(self.posterior, theta=msgspec.structs.replace(self.posterior.theta, noise=exact))
        points = self.features.points(np.unique(through, axis=0, equal_nan=True))
        drawn = sharp.fantasise(points, rng.standard_normal((len(points), count)))

        def functions(rows: Array) -> Array:
            mean = np.concatenate([drawn.predict(self.features.points(piece))[0] for piece in _pieces(rows)])
            if mean.ndim == 1:  # the draws could not be factorised: nothing is unsure
                mean = np.repeat(mean[:, None], count, axis=1)
            losses: Array = self.scale * mean + self.shift
            return losses

        return functions


def _pieces(rows: Array) -> list[Array]:
    return [rows[at : at + _CHUNK] for at in range(0, max(len(rows), 1), _CHUNK)]


def surrogate(known: Evidence) -> Surrogate:
    """Fit a Gaussian process to at most 500 of the trials: the best, and an even choice of the rest.

    Args:
        known: at least 4 trials whose losses differ (see `Evidence.trouble`).
    """
    kept = known.take(_spread(known.losses, _MOST))
    features = Features(known.space)
    points = features.points(kept.rows)
    weights = territory(kept.space, kept.rows)
    values = seen(kept.losses, weights)
    doubts = (kept.doubts / values.scale) ** 2
    few = _spread(kept.losses, _FITTED)
    process = GaussianProcess(features.code_of_level)
    theta = fit(process, points.take(few), values.values[few], doubts[few])
    if theta is None:  # nothing could be fitted: what is believed before
        theta = Hyperparameters.start(points.numbers.shape[1], features.n_codes)
    posterior = process.condition(theta, points, values.values, doubts)
    left_out = _left_out(process, posterior, points, values.values, doubts)
    noise = values.scale * math.exp(0.5 * posterior.theta.noise)
    found = judge(values.values, left_out, weights)
    return Surrogate(kept, features, posterior, values.scale, values.shift, found, noise, values.fence)


def _left_out(process: GaussianProcess, whole: Posterior, points: Points, values: Array, doubts: Array) -> Array:
    """What is expected of each trial by the others, shape (n,)."""
    n, lengths = len(values), points.numbers.shape[1] + process.codes
    if n >= min(_FITTED, max(_FEW[0], _FEW[1] * lengths)):
        return _without_each(whole, values)
    parts = min(n, _PARTS[n >= _FEW[0]])
    found = np.empty(n)
    for held in np.array_split(np.random.default_rng(0).permutation(n), parts):
        rest = np.setdiff1d(np.arange(n), held)
        theta = fit(process, points.take(rest), values[rest], doubts[rest])
        without = whole if theta is None else process.condition(theta, points, values, doubts)
        found[held] = _without_each(without, values)[held]
    return found


def _without_each(posterior: Posterior, values: Array) -> Array:
    """What is expected of each observation by the others, with the same hyperparameters; the mean is estimated without it too."""
    inverse = cho_solve((posterior.lower, True), np.eye(len(values)))
    sums = inverse.sum(axis=1)
    left = np.diag(inverse) - sums**2 / sums.sum()  # of the inverse with the mean projected out
    guesses: Array = values - posterior.alpha / np.maximum(left, _TINY * np.diag(inverse))  # eq. (5.12)
    return guesses


def _spread(losses: Array, most: int) -> Indices:
    """Which of n trials stand for all: the best half of `most`, and an even choice of the rest, in their order."""
    if len(losses) <= most:
        return np.arange(len(losses))
    order = np.argsort(losses, kind="stable")
    best, rest = order[: most // 2], np.sort(order[most // 2 :])
    return np.sort(np.concatenate([best, rest[np.linspace(0, len(rest) - 1, most - most // 2).astype(np.intp)]]))


def candidates(known: Evidence, rng: np.random.Generator, count: int = 1000) -> Array:
    """Raw rows among which the best configuration is looked for: drawn from the space, near the ten best trials, and these themselves."""
    space = known.space
    best = known.rows[np.argsort(known.within, kind="stable")[:_ELITE]]
    drawn = space.sample_rows(rng, count)
    again = np.repeat(best, max(1, count // (2 * len(best))), axis=0)
    filled = np.where(np.isnan(again), space.from_unit(rng.random(again.shape)), again)
    unit = space.to_unit(filled) + rng.choice(_STEPS, (len(again), 1)) * rng.standard_normal(again.shape)
    changed = rng.random(again.shape) < np.maximum(0.3, 1.0 / again.shape[1])
    near = space.deactivate(np.where(changed, space.from_unit(unit.clip(0.0, 1.0)), filled))
    near = near[space.allowed(near)]
    rows: Array = np.unique(np.concatenate([best, near, drawn]), axis=0, equal_nan=True)
    return rows
