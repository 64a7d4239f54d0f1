"""Losses at a small budget beside losses at a large one.

A trial that trained for one epoch cannot be compared with one that trained for nine by what they say. But those that were judged with both
budgets tell how the one becomes the other: a line is laid through them, and those judged with less are carried along it, from each budget to
the next one up. So explanations have something to say of all trials, and one that was given much and disappointed does not stand above a
promising one that has only begun.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from tunewright.typing import Array, Indices

__all__ = ["at_one_budget", "means_by_cell", "means_by_level", "some"]

_FEW: Final = 8
_SOME: Final = 4
"""Pairs from which on a slope is estimated; with fewer it is 1."""
_SLOPES: Final = (0.05, 3.0)
_MOST: Final = 100
"""Pairs that the slope is taken from, the latest ones."""


def at_one_budget(count: int, trials: Indices, budgets: Array, losses: Array) -> Array:
    """What each trial would be worth at the highest budget, as far as others tell.

    Args:
        count: n, how many trials there are.
        trials, budgets, losses: what was measured, each of shape (k,), as `History.levels` gives it; no pair of trial and budget twice.

    Returns:
        Shape (n,), NaN where nothing was measured, or only with a budget from which nobody went on.

    Source: the slope of Theil and Sen (Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 63, 1968).
    """
    levels = np.unique(budgets)
    table = np.full((count, len(levels)), np.nan)
    table[trials, np.searchsorted(levels, budgets)] = losses
    worth = table.copy()
    following = worth[:, -1]  # of each trial, from the next budget up at which it was judged
    for level in reversed(range(len(levels) - 1)):
        both = np.flatnonzero(np.isfinite(table[:, level]) & np.isfinite(following))
        worth[:, level] = _carried(table[both, level], following[both], table[:, level])
        following = np.where(np.isfinite(worth[:, level]), worth[:, level], following)
    found = np.full(count, np.nan)
    for level in range(len(levels)):  # the highest one of each trial comes last
        found = np.where(np.isfinite(table[:, level]), worth[:, level], found)
    return found


def means_by_level(trials: Indices, budgets: Array, values: Array) -> tuple[Indices, Array, Array]:
    """Means of values, shape (k, m), by trial and budget, both of shape (k,), in the order in which these come first."""
    levels, level = np.unique(budgets, return_inverse=True)
    keys = trials * max(len(levels), 1) + level
    found, first, place = np.unique(keys, return_index=True, return_inverse=True)
    means = np.zeros((len(found), values.shape[1]))
    np.add.at(means, place, values)
    means /= np.bincount(place, minlength=len(found))[:, None]
    trial, level = np.divmod(found, max(len(levels), 1))
    order = np.argsort(first, kind="stable")
    return trial[order].astype(np.intp), levels[level[order]], means[order]


def means_by_cell(rows: int, columns: int, at: tuple[Indices, Indices], values: Array) -> Array:
    """Means of values, shape (k,), by their places in a table, shape (rows, columns), NaN where there is none."""
    sums, counts = np.zeros((rows, columns)), np.zeros((rows, columns))
    np.add.at(sums, at, values)
    np.add.at(counts, at, 1.0)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def some(steps: Sequence[float]) -> list[float]:
    """The different steps, rising; of more than eight the quantiles."""
    different = sorted(set(steps))
    if len(different) <= _FEW:
        return different
    return list(np.unique(np.quantile(steps, np.linspace(0, 1, _FEW), method="nearest")).tolist())


def _carried(low: Array, high: Array, what: Array) -> Array:
    """Along the line through pairs; NaN where there is none."""
    if not len(low):
        return np.full(len(what), np.nan)
    low, high = low[-_MOST:], high[-_MOST:]
    slope = 1.0
    if len(low) >= _SOME and np.ptp(low) > 0:
        i, j = np.triu_indices(len(low), 1)
        apart = low[j] != low[i]
        slope = float(np.clip(np.median((high[j] - high[i])[apart] / (low[j] - low[i])[apart]), *_SLOPES))
    return np.asarray(np.median(high - slope * low) + slope * what)
