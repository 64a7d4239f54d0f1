"""What so many rows allow to be known of a share of rows.

An accuracy is the share of rows that a model has right. However little its folds differ, over n rows it has the variance p (1 - p) / n,
which repeats do not make smaller, since they judge the same rows again. So no interval of it is narrower than Wilson's [1]. The difference
of two shares on the same rows, d, comes from n |d| rows at least on which one of the two is right and the other is wrong, so its variance
is (|d| - d^2) / n at least.

[1] Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927.
"""

import math
from typing import Final

import numpy as np

from tunewright.history import History

__all__ = ["least_deviation", "rows_behind", "share_bounds"]

_NAMES: Final = frozenset({"accuracy", "top_k_accuracy"})
_QUANTILE: Final = 1.959963984540054


def rows_behind(history: History, trial: int | None = None, rows: float | None = None) -> float | None:
    """On how many rows a share was measured, at most; None where the first optimised metric is none, or the study does not know.

    Args:
        history: of the study; a `CrossValidation` has told it the rows.
        trial: counts for the folds and repeats that it met; default: for all rows.
        rows: that the folds divide, where the history does not know them.
    """
    which = history.objectives[0]
    told = history.frozen.get("rows") if rows is None else rows
    if history.metrics[which].name not in _NAMES or not isinstance(told, int | float) or not told > 0:
        return None
    if trial is None:
        return float(told)
    met = int(np.isfinite(history.table(which)[0][trial]).sum())
    ratio = history.overlap  # test rows for each training row: of all rows a fold tests ratio / (1 + ratio) at most
    return float(told) * min(1.0, met * ratio / (1 + ratio)) if ratio > 0 and met else float(told)


def share_bounds(share: float, rows: float | None) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of rows; NaN where the rows are not known, or it is none (percent, say)."""
    if rows is None or not 0 <= share <= 1:
        return math.nan, math.nan
    square = _QUANTILE**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = _QUANTILE / (1 + square / rows) * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def least_deviation(apart: float, rows: float | None) -> float:
    """The least standard deviation of a difference of two shares of the same rows; 0 where the rows are not known, or it is none."""
    if rows is None or not abs(apart) <= 1:
        return 0.0
    return math.sqrt((abs(apart) - apart**2) / rows)
