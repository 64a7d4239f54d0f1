"""Losses as a surrogate should see them.

Losses of hyperparameters have long upper tails: a learning rate too large by ten gives a loss of a million, and a model that has to
explain the million cannot see the differences that matter. So losses far above the bulk are pulled in to its upper fence, and the rest
keeps its real proportions; then zero mean and unit variance.

The fence is Tukey's, the third quartile plus 1.5 interquartile ranges, as in Ax's winsorization. Where more than a quarter of the trials
diverge the quartiles are lost themselves; so the fence is never further above the median than 50 times the width of the good half.

A transformation by ranks (half-rank with a mild logarithm, as in the Vizier bandit, arXiv 2408.11527) was tried first. Late in a search
the good half is a cluster round the best point, all else is squashed, and the search stays in the first good basin: with the fence and the
penalty on short lengths (`gaussian_process.py`) the mean normalised regret at 50 trials fell from 0.117 to 0.059 over 22 problems and 4
seeds, by 0.058 with a 95 % interval of 0.024 to 0.099 over problems; each of the two alone made no clear difference.
"""

import math
from typing import Final

import numpy as np

from tunewright.typing import Array

__all__ = ["as_kept", "as_seen"]

_FEW: Final = 5
_WHISKER: Final = 1.5
_WIDE: Final = 50.0
_FAR: Final = 3.0
_STEEPEST: Final = 1e150  # whose square is still a number


def as_seen(losses: Array) -> tuple[Array, Array]:
    """Transform losses, smaller better, shape (n,), finite.

    Returns:
        The transformed losses, shape (n,), in the same order, of zero mean and unit variance (all zero if the losses are equal); and the
        slope of the transformation at each, shape (n,), by which a small error of a loss is multiplied, at most 1e150.
    """
    y = np.clip(np.asarray(losses, np.float64), -1e150, 1e150)
    n = len(y)
    if n == 0 or y.max() == y.min():
        return np.zeros(n), np.zeros(n)
    unit = float(np.max(np.abs(y)))
    y = y / unit
    fence = _fence(y) if n >= _FEW else math.inf
    inside = y <= fence
    y = np.minimum(y, fence)
    deviation = float(y.std())
    if deviation == 0.0 or not math.isfinite(1.0 / deviation):
        return np.zeros(n), np.zeros(n)
    width = unit * deviation  # of losses near the smallest floats it may underflow
    steep = 1 / width if width > 1 / _STEEPEST else _STEEPEST
    return (y - y.mean()) / deviation, np.asarray(inside * steep, np.float64)


def as_kept(losses: Array, limit: float) -> tuple[Array, Array]:
    """By how much losses, shape (n,), pass a limit, in units of their usual distance from it; what is farther than three of them is drawn in.

    Returns:
        The excess, shape (n,), at most 0 where the limit is kept; and the slope of the transformation at each, as above.
    """
    y = np.clip(np.asarray(losses, np.float64), -1e150, 1e150) - float(np.clip(limit, -1e150, 1e150))
    usual = float(np.median(np.abs(y))) or float(np.abs(y).max())
    if usual < 1.0 / _STEEPEST:
        return np.zeros(len(y)), np.zeros(len(y))
    far = np.abs(y) > _FAR * usual
    return np.where(far, np.sign(y) * _FAR, np.clip(y, -_FAR * usual, _FAR * usual) / usual), np.where(far, 0.0, 1.0 / usual)


def _fence(y: Array) -> float:
    """Above which losses are pulled in; infinite where the bulk has no width."""
    first, median, third = np.quantile(y, [0.25, 0.5, 0.75])
    fence = third + _WHISKER * (third - first)
    good = median - y.min()
    if good > 0:
        fence = min(fence, median + _WIDE * good)
    return float(fence) if fence > y.min() else math.inf
