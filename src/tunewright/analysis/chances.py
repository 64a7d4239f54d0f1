"""What a configuration is worth where scores are zeros and ones: success and failure.

Of a configuration that failed in k of n cells everything is in these two numbers, whose likelihood does not depend on why there are no more cells. With

    k_i ~ Binomial(n_i, p_i),     p_i ~ Beta(m c, (1 - m) c)

the posterior of p_i is a beta distribution for every mean m and every concentration c [1]. Both are on a grid, weighed by the evidence of all configurations, m under Jeffreys' prior.
That ten successes in a row say little where most succeed nearly always is then no special case. What folds share (n_test / n_train = r) makes n cells worth n / (1 + n r).

[1] Gelman et al., Bayesian Data Analysis, 3rd edition, section 5.3.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from scipy.special import betainc, betaln

from tunewright.typing import Array

__all__ = ["Chance", "told"]

_MEANS: Final = np.sin((np.arange(80) + 0.5) / 80 * math.pi / 2) ** 2
"""Evenly spread by Jeffreys' prior."""

_CONCENTRATIONS: Final = np.geomspace(0.5, 2000.0, 15)
_POINTS: Final = np.sin(np.linspace(0.0, math.pi / 2, 400)) ** 2
_SOME: Final = 1e-6


class Chance(NamedTuple):
    """Posterior of what a configuration is worth, as a loss: its mean, luck taken off and never added, 95 % interval, and the standard deviation that it amounts to."""

    mean: float
    low: float
    high: float
    deviation: float


def told(table: Array, overlap: float, trial: int) -> Chance:
    """The posterior of one configuration.

    Args:
        table: losses that are 0 or one other value, shape (n, m), NaN where a configuration did not meet a cell.
        overlap: test rows for each training row, n_test / n_train; 0 for cells that share no data (seeds).
        trial: which configuration; it met a cell.
    """
    met = np.isfinite(table)
    counts, ones = met.sum(axis=1), (met & (np.nan_to_num(table) != 0)).sum(axis=1)
    one = float(table[met][table[met] != 0][0])
    worth = 1 / (1 + counts * overlap)
    k, n = ones * worth, counts * worth
    mean, concentration = (each.ravel() for each in np.meshgrid(_MEANS, _CONCENTRATIONS, indexing="ij"))
    a, b = mean * concentration, (1 - mean) * concentration
    fits = (betaln(k[:, None] + a, (n - k)[:, None] + b) - betaln(a, b)).sum(axis=0)
    believed = np.exp(fits - fits.max())
    believed /= believed.sum()
    some = believed > _SOME
    a, b, believed = a[some] + k[trial], b[some] + n[trial] - k[trial], believed[some] / believed[some].sum()
    below = believed @ betainc(a[:, None], b[:, None], _POINTS)
    expected, raw = float(believed @ (a / (a + b))), float(ones[trial] / counts[trial])
    low, high = (float(end) for end in np.interp([0.025, 0.975], below, _POINTS))
    expected = max(expected, raw) if one > 0 else min(expected, raw)
    ends = sorted((one * min(low, expected), one * max(high, expected)))
    return Chance(one * expected, ends[0], ends[1], (ends[1] - ends[0]) / 3.92)
