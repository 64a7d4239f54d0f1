"""What an analysis may learn from: the completed trials that the present space holds, as rows and losses."""

import math
import re
from typing import Final

import msgspec
import numpy as np

from tunewright.errors import StudyError
from tunewright.history import COMPLETED, History
from tunewright.metric import Metric
from tunewright.space import SearchSpace
from tunewright.typing import Array, Indices, Mask

__all__ = ["Evidence", "Seen", "cutoff", "evidence", "seen", "share_of"]

_OUTER: Final = 3.0
_WIDE: Final = 50.0
"""The fence is never further above the median than so many widths of the good half."""
_TOP: re.Pattern[str] = re.compile(r"top\s*(\d+(?:\.\d+)?)\s*%")


class Evidence(msgspec.Struct, frozen=True):
    """The completed trials of a study, for one metric.

    Attributes:
        space: the present one.
        metric: which one.
        numbers: of the trials, shape (n,), in the order of asking.
        rows: raw, shape (n, d), NaN where inactive.
        losses: smaller is better, finite, shape (n,).
        kept: which of them keep within every metric's bound, shape (n,).
    """

    space: SearchSpace
    metric: Metric
    numbers: Indices
    rows: Array
    losses: Array
    kept: Mask

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, index: Indices) -> "Evidence":
        """Some of the trials."""
        return Evidence(self.space, self.metric, self.numbers[index], self.rows[index], self.losses[index], self.kept[index])

    @property
    def best(self) -> int:
        """The place of the best trial that keeps within the bounds; where none does, of the best."""
        return int(np.argmin(np.where(self.kept, self.losses, np.inf) if self.kept.any() else self.losses))

    @property
    def trouble(self) -> str:
        """Why nothing can be learned from them, in a sentence; "" when something can."""
        if len(self) < 4:
            have = "There is no completed trial" if not len(self) else f"There {_are(len(self))} completed trial{_s(len(self))}"
            return f"{have} inside the present space; at least 4 are needed. Search on, and ask again."
        if self.losses.max() == self.losses.min():
            return f"All {len(self):,} completed trials have the same {self.metric.name}: nothing made a difference, or it does not measure what it should."
        if _alike(self.rows[:2]) and _alike(self.rows):
            return f"All {len(self):,} completed trials have the same configuration: nothing was varied."
        if not seen(self.losses).values.any():
            return f"The values of {self.metric.name} differ too little, or lie too far apart, to be modelled."
        return ""


class Seen(msgspec.Struct, frozen=True):
    """Losses as a model sees them: `values` of zero mean and unit variance (all zero where they are equal); loss = scale · value + shift,
    up to the `fence`, to which larger ones are pulled in.
    """

    values: Array
    scale: float
    shift: float
    fence: float


def seen(losses: Array) -> Seen:
    """Losses, shape (n,), as a model should see them.

    As in `models/output.py`, but what lies far above the bulk begins at Tukey's outer fence, 3 interquartile ranges above the third
    quartile: what is explained are the units of the metric, so less may be pulled in than where only the best counts.
    """
    unit = float(np.abs(losses).max()) or 1.0
    y = losses / unit
    first, median, third = np.quantile(y, [0.25, 0.5, 0.75])
    fence = third + _OUTER * (third - first)
    if median > y.min():
        fence = min(fence, median + _WIDE * (median - y.min()))
    fence = fence if fence > y.min() else math.inf
    y = np.minimum(y, fence)
    deviation = float(y.std())
    if not (deviation > 0 and math.isfinite(1.0 / deviation)):
        return Seen(np.zeros(len(y)), 0.0, float(losses[0]), math.inf)
    return Seen((y - y.mean()) / deviation, deviation * unit, float(y.mean()) * unit, float(fence) * unit)


def _alike(rows: Array) -> bool:
    return bool(((rows == rows[0]) | (np.isnan(rows) & np.isnan(rows[0]))).all())


def _are(n: int) -> str:
    return "is 1" if n == 1 else f"are {n}"


def _s(n: int) -> str:
    return "" if n == 1 else "s"


def evidence(history: History, metric: str | None = None) -> Evidence:
    """What a history has to learn from.

    Args:
        history: of the study.
        metric: by name; default: the first that is optimised.

    Raises:
        StudyError: there is no such metric.
    """
    names = [each.name for each in history.metrics]
    if metric is not None and metric not in names:
        raise StudyError(f'The study does not measure "{metric}". It measures: {", ".join(names)}.')
    column = history.objectives[0] if metric is None else names.index(metric)
    losses = history.losses[:, column]
    numbers = np.flatnonzero(np.isfinite(losses) & history.usable & (history.states == COMPLETED))
    kept = history.feasible[numbers]
    return Evidence(history.space, history.metrics[column], numbers, history.rows.take(numbers, axis=0), losses[numbers], kept)


def share_of(of: str | float) -> float:
    """The share of the trials that a question is about: "all" is 1, "top 10 %" and 0.1 are 0.1.

    Raises:
        StudyError: it is neither.
    """
    found = _TOP.fullmatch(of.strip()) if isinstance(of, str) else None
    share = 1.0 if of == "all" else float(found[1]) / 100 if found else of
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise StudyError(f'of must be "all", "top 10 %", or a share between 0 and 1, got {of!r}.')
    return float(share)


def cutoff(losses: Array, share: float) -> float:
    """The loss of the last trial that belongs to the best `share`."""
    return float(np.partition(losses, k := math.ceil(share * len(losses)) - 1)[k])
