"""The winner, and what it may claim.

Among many configurations the best score belongs to a good one that was lucky, and the more of them and the noisier the folds, the
more luck is in it. What the winner is worth is therefore read from a posterior: the values of all configurations, each with its
variance (`effects.py`), say how their true worth is distributed, and the winner's own value is weighed against that.

The distribution of the worth is estimated without assuming its shape: on a grid, from a wide normal prior, by some steps of expectation
maximisation. (Many steps lead to the nonparametric maximum likelihood [1], which is a few points and far too sure of itself; thirty
keep it smooth.) The interval holds the middle 95 % of the posterior, and the uncertainty of the folds themselves, which all
configurations share, by Student's t with as many degrees of freedom as there are folds, less one.

[1] Jiang & Zhang, General maximum likelihood empirical Bayes estimation of normal means, Annals of Statistics 37, 2009.
"""

import math
from typing import Final

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis.summary import default_trial, objective
from tunewright.analysis.text import number
from tunewright.effects import Effects
from tunewright.history import History
from tunewright.trial import Trial
from tunewright.typing import Array

__all__ = ["Estimate", "Winner", "default_of", "find_winner", "posterior", "shrunk"]

_STEPS: Final = 30
_GRID: Final = 120
_FENCE: Final = 3.0
_DOUBT: Final = 0.8
"""Share of the correction for luck that counts as uncertain."""

_FEW: Final = 3


class Estimate(msgspec.Struct, frozen=True):
    """A value with its 95 % interval, in the metric's units; NaN bounds: none known."""

    value: float
    low: float = math.nan
    high: float = math.nan


class Winner(msgspec.Struct, frozen=True):
    """The best trial, and what it may claim.

    Attributes:
        trial: the trial.
        metric: the name of the first optimised metric.
        value: what the configuration is expected to be worth, in the metric's units: its score less the luck of having been chosen.
        low, high: 95 % interval; NaN where nothing was measured twice.
        raw: the plain mean of its scores.
        evaluations: folds and seeds that it was measured on.
        sentence: the same in words.
    """

    trial: Trial
    metric: str
    value: float
    low: float
    high: float
    raw: float
    evaluations: int
    sentence: str


def find_winner(history: History) -> Winner:
    """The best trial of a history (`History.best`) with what it may claim.

    Raises:
        NoResult: there is none yet, or several metrics are optimised.
    """
    best, metric = history.best, objective(history)
    found = history.effects()
    raw = best.values[metric.name] if best.values else math.nan
    count = int(found.counts[best.number])
    claimed = posterior(history, best.number)
    low, high = sorted((metric.sign * claimed.low, metric.sign * claimed.high)) if claimed.low == claimed.low else (math.nan,) * 2
    value = metric.sign * claimed.value
    if math.isnan(low):
        said = f"{metric.name} {number(raw)}, measured {'once' if count == 1 else f'{count} times'}: how much of it is luck cannot be told."
    else:
        said = (
            f"{metric.name} {number(value)} is to be expected (95 % interval {number(low)} to {number(high)}); "
            f"the score of {number(raw)} over {count} evaluations holds the luck of having been chosen."
        )
    return Winner(best, metric.name, value, low, high, raw, count, said)


def posterior(history: History, trial: int) -> Estimate:
    """What a trial is expected to be worth, as a loss in the first optimised metric, with a 95 % interval."""
    found = history.effects()
    value, variance = float(found.values[trial]), float(found.variances[trial])
    if not math.isfinite(variance):
        return Estimate(value)
    mean, low, high, _ = shrunk(found, trial)
    shared = _of_folds(history, found)
    down, up = math.hypot(mean - low, shared), math.hypot(high - mean, shared)
    return Estimate(mean, mean - down, mean + up)


def shrunk(found: Effects, trial: int) -> tuple[float, float, float, float]:
    """Posterior mean of a trial's loss, its 95 % bounds, and the standard deviation they amount to; the folds taken as given."""
    value, variance = float(found.values[trial]), float(found.variances[trial])
    grid, prior = _prior(found)
    if variance <= 0 or len(grid) < 2:
        return value, value, value, 0.0
    weights = np.exp(-0.5 * (value - grid) ** 2 / variance) * prior
    weights /= weights.sum()
    mean = max(value, float(weights @ grid))  # luck is taken off, never added
    chance = np.concatenate([[0.0], np.cumsum(weights)])
    edges = np.concatenate([grid - (grid[1] - grid[0]) / 2, [grid[-1] + (grid[1] - grid[0]) / 2]])
    low, high = np.interp([0.025, 0.975], chance, edges)
    doubt = 1.96 * _DOUBT * abs(value - mean)
    low, high = mean - math.hypot(mean - low, doubt), mean + math.hypot(high - mean, doubt)
    return mean, float(low), float(high), float(high - low) / 3.92


def _prior(found: Effects) -> tuple[Array, Array]:
    """How the worth of configurations is distributed: a grid, and the share of each of its points."""
    known = np.isfinite(found.values) & np.isfinite(found.variances) & (found.variances > 0)
    values = found.values[known]
    if not len(values):
        return np.empty(0), np.empty(0)
    tenth, middle = np.quantile(values, [0.1, 0.5])
    inside = values <= middle + _FENCE * (middle - tenth)
    values, deviations = values[inside], np.sqrt(found.variances[known][inside])
    typical = float(np.median(deviations)) ** 2
    width = math.sqrt(found.between + math.sqrt(2 / len(values)) * (found.between + typical))
    centre = float(values.mean())
    grid = np.linspace(min(values.min(), centre - 3.5 * width), max(values.max(), centre + 3.5 * width), _GRID)
    likelihood = np.exp(-0.5 * ((values[:, None] - grid) / deviations[:, None]) ** 2) / deviations[:, None] + 1e-300
    share = np.exp(-0.5 * ((grid - centre) / width) ** 2) + 1e-5
    share /= share.sum()
    for _ in range(_STEPS):
        joint = likelihood * share
        share = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    return grid, share


def _of_folds(history: History, found: Effects) -> float:
    """Half the width of the 95 % interval that the difficulty of the folds brings to every value."""
    _, cells = history.table(history.objectives[0])
    by_fold: dict[object, list[float]] = {}
    for (fold, seed), effect in zip(cells, found.cells, strict=True):
        by_fold.setdefault(seed if fold is None else fold, []).append(float(effect))
    means = np.array([np.mean(each) for each in by_fold.values()])
    if len(means) < 2:
        return 0.0
    deviation = float(means.std(ddof=1)) * math.sqrt(1 / len(means) + found.overlap)
    return float(stats.t.ppf(0.975, len(means) - 1)) * deviation


def default_of(history: History) -> Trial | None:
    """The trial of the default configuration, where it has met enough to be compared with."""
    default = default_trial(history)
    return default if default is not None and history.proven[default.number] else None
