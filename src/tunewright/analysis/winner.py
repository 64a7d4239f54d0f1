"""The winner, and what it may claim.

Among many configurations the best score belongs to a good one that was lucky, and the more of them and the noisier the folds, the
more luck is in it. What the winner is worth is therefore read from a posterior: the values of all configurations, each with its
variance (`effects.py`), say how their true worth is distributed, and the winner's own value is weighed against that. Noise is taken for
normal there. Where it is skewed, or scores are zeros and ones, the scores themselves are weighed (`skewed.py`, `chances.py`); not where scores are cut
off at a bound, of which these know nothing.

How the worth is distributed is not known either. Near the best one, that of points drawn at random falls off like a power of the distance
[1], so it is taken for a gamma distribution of some shape, the normal one among them, with some mean and deviation, a part of the
configurations perhaps spread evenly above it. All of these on a grid are weighed by the likelihood of all values, and the posterior of the
winner is the mean over them [2]: with many configurations the likelihood picks one, with few the interval grows. It holds the middle
95 %, and the uncertainty of the folds themselves, which all configurations share, by Student's t with as many degrees of freedom as there
are folds, less one (of every repeat, where each divides the rows anew). What a metric cannot reach (`Metric.limits`) is cut off, and an accuracy
is told no surer than its rows allow (`hits.py`).

[1] de Haan, Estimation of the minimum of a function using order statistics, JASA 76, 1981.
[2] Deely & Lindley, Bayes empirical Bayes, JASA 76, 1981.
[3] Nadeau & Bengio, Inference for the Generalization Error, Machine Learning 52, 2003, eq. (9).
"""

import math
from typing import Final, NamedTuple

import msgspec
import numpy as np
from scipy import stats

from tunewright.analysis import chances, skewed
from tunewright.analysis.hits import rows_behind, share_bounds
from tunewright.analysis.lineages import on_clone
from tunewright.analysis.summary import default_trial, default_without_value, objective
from tunewright.analysis.text import interval, number, params_line, read_alike
from tunewright.analysis.told import Told
from tunewright.analysis.worths import TINY, edges, priors
from tunewright.effects import Effects
from tunewright.history import History
from tunewright.sameness import alike, are_chances
from tunewright.trial import Trial
from tunewright.typing import Array, Params

__all__ = [
    "Estimate",
    "Judged",
    "Winner",
    "alone",
    "believed",
    "default_of",
    "default_params",
    "find_winner",
    "of_folds",
    "on_rows",
    "posterior",
    "reach",
    "shrunk",
    "within",
]

_GRID: Final = 120
_FENCE: Final = 3.0
_MEANS: Final = 16
_DEVIATIONS: Final = 10
_AT_ONCE: Final = 1000
_TIES: Final = 2
"""So many scores may be the same by chance."""


class Estimate(msgspec.Struct, frozen=True):
    """A value with its 95 % interval, in the metric's units; NaN bounds: none known."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def text(self) -> str:
        """As "0.972 (0.958 to 0.981)", all with the same decimals; without known bounds the value alone."""
        value, bounds = interval(self.value, self.low, self.high)
        return value if math.isnan(self.low) else f"{value} ({bounds})"


class Judged(NamedTuple):
    """A posterior: its mean, 95 % interval, the standard deviation they amount to; and the variance of one score, where it is not that of `effects.py`."""

    mean: float
    low: float
    high: float
    deviation: float
    noise: float = 0.0


class Winner(Told, msgspec.Struct, frozen=True):
    """The best trial, and what it may claim.

    Attributes:
        trial: the trial.
        metric: the name of the first optimised metric.
        value: what the configuration is expected to be worth, in the metric's units: its score less the luck of having been chosen.
        low, high: 95 % interval; NaN where nothing was measured twice.
        raw: the plain mean of its scores.
        evaluations: folds and seeds that it was measured on.
        sentence: the same in words.
        exact: parameters whose values are shown as JSON, since choices of theirs would read alike.
    """

    trial: Trial
    metric: str
    value: float
    low: float
    high: float
    raw: float
    evaluations: int
    sentence: str
    exact: tuple[str, ...] = ()

    @property
    def _told(self) -> list[str]:
        return [
            f"Winner: trial {self.trial.number} ({self.trial.origin}), {self.metric} {number(self.raw)}",
            f"  {params_line(self.trial.params, self.exact)}",
            f"  {self.sentence}",
        ]


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
    shown, bounds = interval(value, low, high)
    if math.isnan(low):
        said = f"{metric.name} {number(raw)}, measured {'once' if count == 1 else f'{count} times'}: how much of it is luck cannot be told."
    else:
        said = (
            f"{metric.name} {shown} is to be expected (95 % interval {bounds}); "
            f"the score of {number(raw)} over {count} evaluations holds the luck of having been chosen."
        )
    said = " ".join([said, *on_clone(history, best.number)])
    return Winner(best, metric.name, value, low, high, raw, count, said, read_alike(history.space.parameters))


def posterior(history: History, trial: int, rows: float | None = None, judged: Judged | None = None) -> Estimate:
    """What a trial is expected to be worth, as a loss in the first optimised metric, with a 95 % interval.

    Args:
        history, trial: of which study, and which.
        rows: that the folds divide; default: as the history knows.
        judged: what is `believed` of the trial, where that is known already.
    """
    found = history.at_full()
    value, variance = float(found.values[trial]), float(found.variances[trial])
    behind = rows_behind(history, trial, rows)
    if not math.isfinite(variance):
        told = alone(found, trial)
        return within(history, on_rows(history, _plain(history, found, trial), behind)) if told else Estimate(value)
    mean, low, high, *_ = judged or believed(history, trial)
    shared = of_folds(history, found)
    down, up = math.hypot(mean - low, shared), math.hypot(high - mean, shared)
    return within(history, on_rows(history, Estimate(mean, mean - down, mean + up), behind))


def believed(history: History, trial: int) -> Judged:
    """The posterior of a trial's loss, the folds taken as given: by the likelihood of the noise there is where that is skewed (`skewed.py`), or scores are zeros and ones
    (`chances.py`) of one budget, else by a normal one (`shrunk`).
    """
    found, default = history.at_full(), default_trial(history)
    if not history.uneven and len(found.cells) > 1 and found.variances[trial] > 0:
        table = history.table(history.objectives[0])[0]
        if found.chances:
            return Judged(*chances.told(table, found.overlap, trial))
        if _cut_off(table, trial):
            return Judged(*shrunk(found, trial))
        told = skewed.told(table, found, trial, None if default is None else default.number)
        if told is not None:
            return Judged(*told)
    return Judged(*shrunk(found, trial))


def _cut_off(table: Array, trial: int) -> bool:
    """Whether scores of a trial are the best of all, and others just as good: noise that is cut off at a bound is none of those that `skewed.py`
    knows, of which no two scores are the same.
    """
    best = np.nanmin(table)
    once = {row.tobytes(): int((row == best).sum()) for row in table}  # the same scores are one configuration
    return bool((table[trial] == best).any()) and sum(once.values()) > _TIES


def on_rows(history: History, loss: Estimate, rows: float | None) -> Estimate:
    """A loss with an interval no narrower than so many rows allow, where it is a share of rows (`hits.py`)."""
    sign = history.metrics[history.objectives[0]].sign
    ends = [sign * end for end in share_bounds(sign * loss.value, rows)]
    return Estimate(loss.value, float(np.fmin(loss.low, min(ends))), float(np.fmax(loss.high, max(ends))))


def alone(found: Effects, trial: int) -> bool:
    """Whether a trial met several cells, all that anybody met. Where too few others did for anything to be known of chance in general (few
    configurations, or a race that stopped most of them), there was little luck to be had among those, and what it says of itself is all there is.
    """
    return bool(found.counts[trial] == found.counts.max() > 1)


def _plain(history: History, found: Effects, trial: int) -> Estimate:
    """The loss with the interval that its own scores give it [3]; none where they are all the same."""
    scores = history.table(history.objectives[0])[0][trial]
    scores, value = scores[np.isfinite(scores)], float(found.values[trial])
    if len(scores) < 2 or alike(scores):
        return Estimate(value)
    size = float(np.abs(scores).max())  # whose square may overflow
    half = (
        float(stats.t.ppf(0.975, len(scores) - 1) * (scores / size).std(ddof=1))
        * math.sqrt(1 / len(scores) + found.overlap)
        * size
    )
    return Estimate(value, value - half, value + half)


def within(history: History, loss: Estimate) -> Estimate:
    """An interval for a loss, cut at what the metric can `reach`."""
    best, worst = reach(history)
    if best == -math.inf and worst == math.inf:
        return loss
    return Estimate(*(min(max(each, best), worst) for each in (loss.value, loss.low, loss.high)))


def reach(history: History, column: int | None = None) -> tuple[float, float]:
    """Between what losses of a metric (default: the first that is optimised) can lie: in its limits, means of two values of which one is 0 between these; infinite where that
    is not known, or values in the history are beyond it (percent, say).
    """
    which = history.objectives[0] if column is None else column
    metric = history.metrics[which]
    scores = history.table(which)[0]
    scores = scores[np.isfinite(scores)]
    best, worst = sorted(metric.sign * limit for limit in metric.limits)
    if are_chances(scores):
        best, worst = float(scores.min()), float(scores.max())
    losses = history.losses[:, which]
    known = losses[np.isfinite(losses)]
    return (best, worst) if len(known) and best <= known.min() and known.max() <= worst else (-math.inf, math.inf)


def shrunk(found: Effects, trial: int) -> tuple[float, float, float, float]:
    """Posterior mean of a trial's loss, its 95 % bounds, and the standard deviation they amount to; the folds taken as given."""
    value, variance = float(found.values[trial]), float(found.variances[trial])
    if not variance > 0:  # also where it is not known
        return value, value, value, 0.0
    grid, weights = _weighed(found, value, variance)
    if not weights.any():  # the others are so far apart that the grid misses it: they say nothing of it
        half = 1.96 * math.sqrt(variance)
        return value, value - half, value + half, math.sqrt(variance)
    mean = max(value, float(weights @ grid))  # luck is taken off, never added
    chance = np.concatenate([[0.0], np.cumsum(weights)])
    low, high = np.interp([0.025, 0.975], chance, edges(grid))
    lowest, highest = min(float(low), mean), max(float(high), mean)
    return mean, lowest, highest, (highest - lowest) / 3.92


def _weighed(found: Effects, value: float, variance: float) -> tuple[Array, Array]:
    """Posterior of one configuration: a grid, and the probability of each of its points."""
    known = np.isfinite(found.values) & np.isfinite(found.variances) & (found.variances > 0)
    every = np.stack([found.values[known], found.variances[known]])
    if not found.chances:
        every = np.unique(every, axis=1)  # the same scores are one configuration
    values, deviation = every[0], math.sqrt(variance)
    tenth, middle = np.quantile(np.unique(values), [0.1, 0.5])
    inside = values <= middle + _FENCE * (middle - tenth)
    values, deviations = values[inside], np.sqrt(every[1][inside])
    most = float(np.quantile(values, 0.9))
    grid = np.linspace(min(values.min(), value) - 3.5 * deviation, max(values.max(), value + 3.5 * deviation), _GRID)
    means = np.linspace(value - 0.5 * deviation, max(most, value + deviation), _MEANS)
    widest = 2 * max(deviation, float(values.std()))
    beliefs = priors(grid, means, np.geomspace(max(0.15 * deviation, 0.5 * (grid[1] - grid[0])), widest, _DEVIATIONS))
    fits = np.zeros(len(beliefs))
    for start in range(0, len(values), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        likelihood = np.exp(-0.5 * ((values[some, None] - grid) / deviations[some, None]) ** 2) / deviations[some, None]
        fits += np.log(likelihood @ beliefs.T + TINY).sum(axis=0)
    believed = np.exp(fits - fits.max())
    joint = beliefs * np.exp(-0.5 * ((value - grid) / deviation) ** 2)
    weights = (believed / believed.sum()) @ (joint / np.maximum(joint.sum(axis=1, keepdims=True), TINY))
    return grid, weights / (weights.sum() or 1.0)


def of_folds(history: History, found: Effects) -> float:
    """Half the width of the 95 % interval that the difficulty of the folds brings to every value.

    How much cells differ within folds of one number, over repeats, and how much these differ from each other are told apart. Where repeats
    shuffle anew the two are the same, and the variance is s_b^2 (1 / cells + r) [3]; where they do not, numbers count and not cells.
    """
    _, cells = history.table(history.objectives[0])
    if len(cells) < 2:
        return 0.0
    names = [seed if fold is None else fold for fold, seed in cells]
    each = np.array([[name == other for other in names] for name in dict.fromkeys(names)], float)
    alike = each.T @ (each / each.sum(axis=1, keepdims=True))
    covariance = np.nan_to_num(found.covariance)
    unit = float(max(np.abs(found.cells).max(), math.sqrt(np.abs(covariance).max()))) or 1.0  # whose fourth power may overflow
    moments = np.outer(found.cells / unit, found.cells / unit) + covariance / unit / unit
    whole, numbers = len(cells), len(each)
    repeats, free = whole / numbers, np.array([numbers - 1, whole - numbers])
    squares = np.array([((alike - 1 / whole) * moments).sum(), ((np.eye(whole) - alike) * moments).sum()])
    # the sum of these is the variance of the mean, whichever part of that of a cell belongs to its number
    weights = np.array([(1 / numbers + found.overlap) / repeats, found.overlap * (1 - 1 / repeats)])
    if numbers == 1:
        weights = np.array([0.0, 1 / whole + found.overlap])
    parts = weights * np.maximum(squares, 0.0) / np.maximum(free, 1)
    if not parts.sum() > 0:
        return 0.0
    freedom = float(parts.sum() ** 2 / (parts**2 / np.maximum(free, 1)).sum())  # Satterthwaite's
    return float(stats.t.ppf(0.975, freedom)) * math.sqrt(parts.sum()) * unit


def default_of(history: History) -> Trial | None:
    """The trial of the default configuration, where it has met enough to be compared with."""
    default = default_trial(history)
    return default if default is not None and history.proven[default.number] else None


def default_params(history: History) -> Params:
    """The default configuration: as it was tried, whatever came of it, else the space's."""
    tried = default_trial(history) or default_without_value(history)
    return history.space.default if tried is None else tried.params
