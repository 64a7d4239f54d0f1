"""What of a history is drawn, and on which axes.

Charts must stay readable whatever was measured. So the value axis leaves out the few values that are far worse than the rest (they
are drawn as arrows at its edge), never a good one; it is logarithmic where the bulk of the values spans more than three powers of
ten; and of very many points the best fifth is drawn and the rest evenly thinned.
"""

import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunewright.analysis.scale import Linear, Log, axis
from tunewright.history import History
from tunewright.metric import Metric
from tunewright.typing import Array

__all__ = ["Values", "direction", "drawn", "jitter", "thin", "value_axis"]

_FENCE: Final = 3.0  # interquartile ranges beyond the worse quartile
_LOG_RATIO: Final = 1e3
_GOLDEN: Final = (math.sqrt(5) - 1) / 2


class Values(msgspec.Struct, frozen=True):
    """An axis for measured values.

    Attributes:
        low, high: the values that it holds.
        log: whether it is logarithmic.
        beyond: how many values lie beyond it, on the worse side.
        worse: "top" or "bottom": where the worse values are when it stands upright.
    """

    low: float
    high: float
    log: bool
    beyond: int
    worse: str

    def scale(self, *, count: int = 5) -> Linear | Log:
        """The axis itself, with about so many ticks."""
        return axis(self.low, self.high, count=count, log=self.log)

    def outside(self, value: float) -> bool:
        """Whether the value lies beyond the axis."""
        return not self.low <= value <= self.high


def _quantile(values: Array, share: float) -> float:
    return float(np.sort(values)[min(int(share * len(values)), len(values) - 1)])


def value_axis(values: Array, sign: float) -> Values:
    """The axis for values, shape (n,), n >= 1, finite; `sign` is the metric's: +1 where smaller is better."""
    low, high = float(values.min()), float(values.max())
    log = False
    if low > 0:
        bulk = _quantile(values, 0.9) / _LOG_RATIO > max(_quantile(values, 0.1), 5e-324)
        toward_zero = sign > 0 and _quantile(values, 0.75) / _LOG_RATIO > low
        log = bulk or toward_zero
    losses = sign * (np.log10(values) if log else values)
    first, third, tenth = (_quantile(losses, share) for share in (0.25, 0.75, 0.9))
    fence = max(third + _FENCE * (third - first), tenth)
    beyond = int((losses > fence).sum())
    if beyond:
        limit = sign * fence
        inside = values[losses <= fence]
        low, high = float(inside.min()), float(inside.max())
        if not log and math.isfinite(limit) and low == high:  # all the same but for a few: leave them their place
            low, high, beyond = float(values.min()), float(values.max()), 0
    return Values(low, high, log, beyond, "top" if sign > 0 else "bottom")


def thin(losses: Array, limit: int) -> NDArray[np.intp]:
    """Which of n points to draw, in their order: all if n <= limit, else the best fifth of the limit and an even choice of the rest."""
    if len(losses) <= limit:
        return np.arange(len(losses))
    best = np.argsort(losses, kind="stable")[: limit // 5]
    rest = np.setdiff1d(np.arange(len(losses)), best)
    chosen = rest[np.linspace(0, len(rest) - 1, limit - len(best)).astype(np.intp)]
    return np.sort(np.concatenate([best, chosen]))


def jitter(count: int, half: float) -> Array:
    """Offsets in [-half, half) that spread evenly however many of them are used, shape (count,); always the same."""
    offsets: Array = np.mod(np.arange(count, dtype=np.float64) * _GOLDEN, 1.0)
    return (offsets - 0.5) * (2 * half)


def direction(metric: Metric) -> str:
    """Which way is better, in words."""
    return "lower is better" if metric.goal == "minimize" else "higher is better"


def drawn(history: History) -> tuple[NDArray[np.intp], Array]:
    """The completed, usable trials and their values in the first optimised metric, shapes (k,), (k,)."""
    values = history.values[:, history.objectives[0]]
    numbers = np.flatnonzero(np.isfinite(values) & history.usable)
    return numbers, values[numbers]
