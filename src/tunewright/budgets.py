"""Losses at a small budget beside losses at a large one.

A trial that trained for one epoch cannot be compared with one that trained for nine by what they say. But those that were judged with both
budgets tell how the one becomes the other: a line is laid through them, and those judged with less are carried along it, from each budget to
the next one up. So a promising trial that has only begun may stand above one that was given much and disappointed; sorted by budget first, as
those would be who only look at who was promoted, whoever was promoted early, when there was little choice, would stay at the top for ever.
"""

from typing import Final

import numpy as np
from scipy.stats import theilslopes

from tunewright.typing import Array, Indices

__all__ = ["at_one_budget"]

_SOME: Final = 4
"""Pairs from which on a slope is estimated; with fewer it is 1."""
_SLOPES: Final = (0.05, 3.0)
_MOST: Final = 300
"""Pairs that the slope is taken from, the latest ones."""


def at_one_budget(count: int, trials: Indices, budgets: Array, losses: Array) -> Array:
    """What each trial would be worth at the highest budget, as far as others tell.

    Args:
        count: n, how many trials there are.
        trials, budgets, losses: what was measured, each of shape (k,), as `History.levels` gives it; no pair of trial and budget twice.

    Returns:
        Shape (n,), NaN where nothing was measured. Where no trial was judged with a budget and with a higher one: places, by budget, the
        highest first, then by loss.

    Source: the slope of Theil and Sen (Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 63, 1968).
    """
    levels = np.unique(budgets)
    table = np.full((count, len(levels)), np.nan)
    table[trials, np.searchsorted(levels, budgets)] = losses
    known = np.isfinite(table)
    worth = table.copy()
    for low in reversed(range(len(levels) - 1)):
        both = next(
            (
                np.flatnonzero(known[:, low] & known[:, high])
                for high in range(low + 1, len(levels))
                if (known[:, low] & known[:, high]).any()
            ),
            None,
        )
        if both is None:
            return _places(known, table)
        above = worth[both]
        there = above[np.arange(len(both)), [int(np.flatnonzero(np.isfinite(row[low + 1 :]))[0]) + low + 1 for row in above]]
        worth[:, low] = _carried(table[both, low], there, table[:, low])
    highest = known.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    found: Array = worth[np.arange(count), highest]
    return found


def _carried(low: Array, high: Array, what: Array) -> Array:
    """Along the line through pairs."""
    low, high = low[-_MOST:], high[-_MOST:]
    slope = 1.0
    if len(low) >= _SOME and np.ptp(low) > 0:
        slope = float(np.clip(theilslopes(high, low).slope, *_SLOPES))
    return np.asarray(np.median(high - slope * low) + slope * what)


def _places(known: Array, table: Array) -> Array:
    """Of trials, by their highest budget and then by loss; equals share one."""
    there = known.any(axis=1)
    highest = known.shape[1] - 1 - np.argmax(known[there, ::-1], axis=1)
    pairs = np.stack([-highest.astype(np.float64), table[there, highest]], axis=1)
    found = np.full(len(known), np.nan)
    found[there] = np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1)
    return found
