"""What a configuration is worth where noise is skewed towards bad scores.

Returns of reinforcement learning, log losses and times now and then are very bad by chance, and mostly a little better than in the mean. A race
stops who met a bad score. Those that are left met none: their scores are good and near each other, both by luck, and one or two
scores of the others say nothing of their own spread. So `effects.py`, whose noise is normal, finds too little of it.

The likelihood of all scores does not depend on why the others are missing [1], if it is that of the noise there is. So here

    y_ij = a_i + b_j + s e_ij,     e_ij of mean 0 and variance 1,

where e_ij is normal, or log-normal less its mean, of some shape. For each shape and each s on a grid the likelihood of every row is found at
every a, and the evidence of all rows under every prior of the worth (`worths.py`, skewed ones among them: many configurations are bad, which
is no noise). The posterior of one row is the mean over all of them, by evidence, luck taken off and never added.

Long tails both ways look like skewness, and so do bad configurations that are noisier than good ones. So skewed noise must be more likely
than normal noise by e^3, and by e than noise that grows with the loss, than Student's t with three degrees of freedom, and than both; else nothing
is said, and `winner.py` goes by `effects.py`.

The cells b_j are those of `effects.py`, or 0, whichever is more likely. What is left beside cells is too small by what they have taken: a
cell whose doubt is h of the variance of one score counts for 1 - h of a score, and its residuals are judged by a variance that is less by
as much, which for normal noise is restricted likelihood. All rows are taken for equally noisy.

[1] Rubin, Inference and missing data, Biometrika 63, 1976.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from tunewright.analysis.worths import TINY, edges, priors
from tunewright.effects import Effects
from tunewright.typing import Array, Indices, Mask

__all__ = ["NORMAL", "TAILED", "Told", "log_density", "told"]

NORMAL: Final = 0.0
TAILED: Final = -1.0
"""Student's t with three degrees of freedom."""

_SKEWED: Final = (0.25, 0.5, 0.8, 1.2)
"""Deviations of the logarithm: skewness 0.8, 1.7, 3.7 and 11."""

_SCALES: Final = np.geomspace(0.6, 14.0, 12)
"""Noise of one score, in that of `effects.py`."""

_MIDDLE: Final = 2
"""Which of the scales is tried first."""

_FIRST: Final = 2
"""Of the shapes, so many are tried first."""

_GROWS: Final = 0.4
"""By how much the deviation of noise grows with the loss, where it does."""

_ASKED: Final = 3.0
_ASKED_OF_OTHERS: Final = 1.0
"""By how much the logarithm of the evidence of skewed noise must be beyond that of normal noise, and of the other kinds."""

_UNLIKELY: Final = 7.0
"""Logarithm of how much less likely than the best a scale is that ends the search for others."""

_FENCE: Final = 3.0
_FAR: Final = 125.0
"""So many standard deviations from the one that is asked about no row says anything of it."""

_FEWEST: Final = 3
_HUGE: Final = 1e60
_POINTS: Final = (100, 200)
_MEANS: Final = 8
_DEVIATIONS: Final = 6
_LEAST: Final = -120.0
"""Logarithm of a likelihood below which there is none."""

_FLOOR: Final = 1e-50
_SOME: Final = 1e-7
_BLUR: Final = 0.3
"""Steps of the grid below which a blur is none."""

_LOST: Final = 0.75
"""Of a score, at most, that a cell may take."""


class Told(NamedTuple):
    """Posterior of what a configuration is worth, as a loss; the folds taken as given.

    Attributes:
        mean: of the posterior, never below the adjusted value: luck is taken off, never added.
        low, high: 95 % interval.
        deviation: standard deviation that it amounts to.
        noise: variance of one score, by the posterior.
    """

    mean: float
    low: float
    high: float
    deviation: float
    noise: float


class _Scores(NamedTuple):
    """What is to be explained, in units of the noise of `effects.py`, less the value of the configuration that is asked about."""

    apart: Array
    """Scores less every point of the grid, shape (scores, points)."""
    starts: Indices
    """Where the scores of each row begin, shape (rows,)."""
    weights: Array
    """What each score counts for, shape (scores,)."""
    doubts: tuple[tuple[float, Mask], ...]
    """Variances that the cells bring to the row that is asked about, and in the mean to the others."""
    above: Array
    """The points of the grid, from the best row on, shape (points,)."""
    grid: Array
    beliefs: Array
    """Priors, shape (distributions, points)."""
    overlap: float
    own: int
    """The row that is asked about."""


class _Seen(NamedTuple):
    """What one kind of noise makes of the scores."""

    fits: Array
    """Logarithm of the evidence of all rows under each prior, shape (distributions,)."""
    own: Array
    """Likelihood of the row that is asked about, of any scale, shape (points,)."""
    noise: float


def told(table: Array, found: Effects, trial: int, default: int | None = None) -> Told | None:
    """The posterior of one configuration; None where noise is not surely skewed, or nothing is known of it.

    Args:
        table: losses, shape (n, m), NaN where a configuration did not meet a cell.
        found: `effects` of it.
        trial: which configuration.
        default: one that met its cells whatever it is worth, so that its spread is that of the noise; None: there is none.
    """
    value, variance = float(found.values[trial]), float(found.variances[trial])
    if not (found.noise > 0 and variance > 0):
        return None
    rows = _rows(table, found, trial, default)
    if len(rows) < _FEWEST:
        return None
    uneven = _scores(table, found, trial, rows)
    apart = _apart(table[rows], found, trial, uneven.grid)
    no_doubts = tuple((0.0, which) for _, which in uneven.doubts)
    scores = (uneven, uneven._replace(apart=apart, weights=np.ones(len(apart)), doubts=no_doubts))
    normal = _over_scales(scores, NORMAL)
    asked = _evidence(normal) + _ASKED
    skewed = [_over_scales(scores, shape) for shape in _SKEWED[:_FIRST]]
    if not max(map(_evidence, skewed)) > asked:  # who is more skewed would have looked a little skewed
        return None
    skewed += [_over_scales(scores, shape) for shape in _SKEWED[_FIRST:]]
    others = max(_evidence(_over_scales(scores, *other)) for other in ((NORMAL, _GROWS), (TAILED, 0.0), (TAILED, _GROWS)))
    if not max(map(_evidence, skewed)) > max(asked, others + _ASKED_OF_OTHERS):
        return None
    weights, noise = _posterior([each for kind in (normal, *skewed) for each in kind], uneven)
    if not math.isfinite(float(weights.sum())):  # the grid misses the configuration
        return None
    unit = math.sqrt(found.noise)
    mean = max(value, value + unit * float(weights @ uneven.grid))
    low, high = np.interp([0.025, 0.975], np.concatenate([[0.0], np.cumsum(weights)]), value + unit * edges(uneven.grid))
    lowest, highest = min(float(low), mean), max(float(high), mean)
    return Told(mean, lowest, highest, (highest - lowest) / 3.92, noise * found.noise)


def _rows(table: Array, found: Effects, trial: int, default: int | None) -> Array:
    """Who says something of the trial: each of those that are the same once, and no divergences. As bad a score as the default met by chance, or somewhat
    worse, is none.
    """
    known = np.flatnonzero(np.isfinite(found.values) & np.isfinite(found.variances) & (found.variances > 0))
    values = found.values[known]
    tenth, middle = np.quantile(np.unique(values), [0.1, 0.5])
    above = middle - tenth
    if default is not None and found.counts[default] > 2:
        scores = (table - found.cells)[default]
        above = max(above, float(np.nanmax(scores) - np.nanmedian(scores)))
    near = np.abs(values - found.values[trial]) < _FAR * math.sqrt(found.variances[trial])  # else the grid would miss the trial
    inside = known[(values <= middle + _FENCE * above) & near]
    once = np.unique(np.nan_to_num(table[inside], nan=np.inf), axis=0, return_index=True)[1]
    return np.union1d(inside[once], [trial])


def _scores(table: Array, found: Effects, trial: int, rows: Array) -> _Scores:
    unit = math.sqrt(found.noise)
    values = (found.values[rows] - found.values[trial]) / unit
    deviation = math.sqrt(found.variances[trial]) / unit
    wide = max(deviation, 2 / math.sqrt(found.counts[trial]))
    low, high = values.min() - 3.5 * deviation, max(float(values.max()), 4 * wide)
    grid = np.linspace(low, high, min(max(_POINTS[0], math.ceil(1.5 * (high - low) / deviation)), _POINTS[1]))
    means = np.linspace(-0.5 * deviation, max(float(np.quantile(values, 0.9)), 2 * wide), _MEANS)
    least, most = max(0.15 * deviation, 0.5 * (grid[1] - grid[0])), 2 * max(wide, float(values.std()))
    beliefs = priors(grid, means, np.geomspace(least, most, _DEVIATIONS))
    beliefs[beliefs < _FLOOR] = 0.0  # numbers too small to be normal ones are slow
    met, counts = np.isfinite(table[rows]), found.counts[rows]
    lost = (np.nan_to_num(np.diag(found.covariance)) / found.noise).clip(0.0, _LOST)
    doubts = np.maximum(
        found.variances[rows] / found.noise - found.noises[rows] / found.noise * (1 / counts + found.overlap), 0.0
    )
    mine = rows == trial
    return _Scores(
        _apart(table[rows] - found.cells, found, trial, grid),
        (np.cumsum(counts) - counts).astype(np.intp),
        (1 - lost)[np.nonzero(met)[1]],
        ((float(doubts[mine][0]), mine), (float(doubts[~mine].mean()), ~mine)),
        np.maximum(grid - values.min(), 0.0),
        grid,
        beliefs,
        found.overlap,
        int(np.flatnonzero(mine)[0]),
    )


def _apart(table: Array, found: Effects, trial: int, grid: Array) -> Array:
    with np.errstate(over="ignore"):
        y = (table[np.isfinite(table)] - found.values[trial]) / math.sqrt(found.noise)
    return np.asarray(y.clip(-_HUGE, _HUGE)[:, None] - grid)


def _over_scales(scores: tuple[_Scores, ...], shape: float, grows: float = 0.0) -> list[_Seen]:
    """Noise of one shape with every scale that is likely: from the one of `effects.py` on, both ways, until it is not."""
    found = []
    for each in scores:
        found.append(_seen(each, shape, grows, _SCALES[_MIDDLE]))
        best = float(found[-1].fits.max())
        for way in (_SCALES[_MIDDLE + 1 :], _SCALES[:_MIDDLE][::-1]):
            for scale in way:
                found.append(_seen(each, shape, grows, scale))
                last = float(found[-1].fits.max())
                best = max(best, last)
                if last < best - _UNLIKELY:
                    break
    return found


def _seen(scores: _Scores, shape: float, grows: float, scale: float) -> _Seen:
    deviations = scale + grows * scores.above
    dense = log_density(scores.apart / (np.sqrt(scores.weights)[:, None] * deviations), shape) - np.log(deviations)
    rows = np.add.reduceat(scores.weights[:, None] * dense, scores.starts, axis=0)
    most = rows.max(axis=1, keepdims=True)
    likely = np.exp(np.maximum(rows - most, _LEAST))
    likely[likely < _FLOOR] = 0.0
    grid, step = scores.grid, scores.grid[1] - scores.grid[0]
    for doubt, which in scores.doubts:  # what folds share, and their own doubt, blur every row
        variance = doubt + scale**2 * scores.overlap
        if variance > (_BLUR * step) ** 2:
            blur = np.exp(np.maximum(-0.5 * (grid[:, None] - grid) ** 2 / variance, _LEAST))
            blur[blur < _FLOOR] = 0.0
            likely[which] = likely[which] @ (blur / blur.sum(axis=1, keepdims=True))
    fits = np.log(likely @ scores.beliefs.T + TINY).sum(axis=0) + most.sum()
    return _Seen(fits, likely[scores.own], scale**2)


def _evidence(seen: list[_Seen]) -> float:
    return float(np.logaddexp.reduce([np.logaddexp.reduce(each.fits) for each in seen]))


def _posterior(seen: list[_Seen], scores: _Scores) -> tuple[Array, float]:
    """Probability of every point of the grid for the row that is asked about, and the expected variance of one score."""
    most = max(float(each.fits.max()) for each in seen)
    weights, noise, whole = np.zeros(len(scores.grid)), 0.0, 0.0
    for each in seen:
        believed = np.exp(np.maximum(each.fits - most, _LEAST))
        some = believed > _SOME
        if some.any():
            joint = scores.beliefs[some] * each.own
            weights += believed[some] @ (joint / np.maximum(joint.sum(axis=1, keepdims=True), TINY))
            noise, whole = noise + float(believed[some].sum()) * each.noise, whole + float(believed[some].sum())
    return weights / (weights.sum() or math.nan), noise / whole


def log_density(z: Array, shape: float) -> Array:
    """Of noise with mean 0 and variance 1: a log-normal variable less its mean, whose logarithm has the deviation `shape`; `NORMAL`, or `TAILED`."""
    if shape == NORMAL:
        return np.asarray(-0.5 * z * z - 0.5 * math.log(2 * math.pi))
    if shape == TAILED:
        return np.asarray(math.log(2 / math.pi) - 2 * np.log1p(z * z))
    mean = math.exp(shape**2 / 2)
    deviation = mean * math.sqrt(math.expm1(shape**2))
    x = z * deviation + mean
    logs = np.log(np.maximum(x, 1e-12))
    dense = math.log(deviation / shape) - 0.5 * math.log(2 * math.pi) - 0.5 * (logs / shape) ** 2 - logs
    return np.where(x > 1e-9, dense, 10 * _LEAST)
