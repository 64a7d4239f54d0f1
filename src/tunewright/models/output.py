"""Losses as a surrogate should see them.

Losses of hyperparameters have long upper tails: a learning rate too large by ten gives a loss of a million, and a model that has to
explain the million cannot see the differences that matter. So the bad half is replaced by what its ranks would be if losses were
normal, while the good half keeps its real proportions; then a mild logarithm, which stretches the very best a little; then zero
mean and unit variance.

Source: Song et al., The Vizier Gaussian Process Bandit Algorithm, 2024 (arXiv 2408.11527), section 3.2 and appendix.
"""

import math
from typing import Final

import numpy as np
from scipy.special import ndtri

from tunewright.typing import Array

__all__ = ["as_seen"]

_FEW: Final = 5
_CURVE: Final = 1.5
"""Base of the mild logarithm."""


def as_seen(losses: Array) -> tuple[Array, Array]:
    """Transform losses, smaller better, shape (n,), finite.

    Returns:
        The transformed losses, shape (n,), in the same order, of zero mean and unit variance (all zero if the losses are equal); and the
        slope of the transformation at each, shape (n,), by which a small error of a loss is multiplied.
    """
    y = np.asarray(losses, np.float64)
    y = np.clip(y, -1e150, 1e150)
    low, high = y.min(initial=0.0), y.max(initial=0.0)
    n = len(y)
    if n == 0 or y.max() == y.min():
        return np.zeros(n), np.zeros(n)
    unit = float(np.max(np.abs(y))) if max(-low, high) > 0 else 1.0
    y = y / unit
    slope = np.full(n, 1.0 / unit)
    if n >= _FEW:
        y, slope = _half_rank(y, slope)
        y, slope = _log(y, slope)
    deviation = float(y.std())
    if deviation == 0.0 or not math.isfinite(deviation):
        return np.zeros(n), np.zeros(n)
    return (y - y.mean()) / deviation, slope / deviation


def _half_rank(y: Array, slope: Array) -> tuple[Array, Array]:
    """Losses above the median become normal quantiles of their ranks, in units of the deviation of those below."""
    median = float(np.median(y))
    good = np.unique(y[y <= median])
    spread = math.sqrt(float(((good - median) ** 2).mean())) or float(y.std())
    bad = y > median
    values, rank = np.unique(y[bad], return_inverse=True)
    k = len(values)
    quantiles = spread * ndtri(0.5 + 0.5 * (np.arange(k) + 0.5) / (k + 0.5))
    out, steep = y.copy(), slope.copy()
    out[bad] = median + quantiles[rank]
    if k > 1:  # on average over the bad half; never steeper than the loss itself
        steep[bad] *= min(1.0, float(quantiles[-1] - quantiles[0]) / float(values[-1] - values[0]))
    return out, steep


def _log(y: Array, slope: Array) -> tuple[Array, Array]:
    """A mild logarithm: from the best, 0, to the worst, 1, it rises as log(1 + t/2) / log 1.5."""
    low, span = y.min(), float(np.ptp(y))
    t = (y - low) / span
    out = np.log1p((_CURVE - 1.0) * t) / math.log(_CURVE)
    return out, slope * (_CURVE - 1.0) / ((1.0 + (_CURVE - 1.0) * t) * math.log(_CURVE) * span)
