"""Whether a configuration that was never run keeps within the metrics' bounds: a Gaussian process for each bounded metric.

What was measured as kept is kept, whatever the process has rounded; and no bound is known more sharply than the process can tell values
apart: of metrics that are whole numbers, say, many values lie just at it.

A metric that says nothing (the same in all trials, or too few of them) has no process; it is taken to be kept, as it was in the winner.
"""

from typing import Final

import msgspec
import numpy as np

from tunewright.analysis.evidence import evidence
from tunewright.analysis.surrogate import Surrogate, surrogate
from tunewright.history import History
from tunewright.typing import Array, Mask

__all__ = ["Bounds", "bounds"]


_ROUNDING: Final = 2e-3
"""Of a metric's scale: twice the least noise that a process takes."""


class Bounds(msgspec.Struct, frozen=True):
    """What is known of the bounded metrics.

    Attributes:
        models: a surrogate of each.
        limits: how large its loss may be, in the same order.
    """

    models: tuple[Surrogate, ...]
    limits: tuple[float, ...]

    def excess(self, rows: Array, sides: float = 1.0) -> Array:
        """By how much the mean and so many standard deviations of a metric pass its bound, in units of its scale, at raw rows, shape (m,).

        The largest of all; minus infinity where there is no bound. At most 0: it likely keeps within, as where it was measured and did.
        """
        worst = np.full(len(rows), -np.inf)
        for model, limit in zip(self.models, self.limits, strict=True):
            mean, sd = model.predict(rows)
            excess = (mean + sides * sd - limit) / model.scale - _ROUNDING
            worst = np.maximum(worst, np.where(_measured_within(model, limit, rows), np.minimum(excess, 0.0), excess))
        return worst

    def kept(self, rows: Array, count: int, rng: np.random.Generator) -> Mask:
        """Whether a measurement keeps within all bounds, in each of so many joint draws, shape (m, count)."""
        within = np.ones((len(rows), count), bool)
        for model, limit in zip(self.models, self.limits, strict=True):
            drawn = model.draws(rows, count, rng)
            within &= drawn + model.noise * rng.standard_normal(drawn.shape) <= limit + _ROUNDING * model.scale
        return within


def _measured_within(model: Surrogate, limit: float, rows: Array) -> Mask:
    """Whether a row is that of trials whose metric, in the mean of those trials, keeps within the limit, shape (m,)."""
    known = model.evidence
    measured: dict[bytes, list[float]] = {}
    for row, loss in zip(_marked(known.rows), known.losses.tolist(), strict=True):
        measured.setdefault(row.tobytes(), []).append(loss)
    within = {row for row, losses in measured.items() if sum(loss / len(losses) for loss in losses) <= limit}
    return np.array([row.tobytes() in within for row in _marked(rows)], bool)


def _marked(rows: Array) -> Array:
    """Rows that are equal have the same bytes: what is inactive is one thing, and there is no -0.0."""
    return np.ascontiguousarray(np.where(np.isnan(rows), np.inf, rows + 0.0))


def bounds(history: History) -> Bounds:
    """Fit what the bounds are about; nothing is fitted where no metric has one."""
    models, limits = [], []
    for metric in history.metrics:
        if metric.bound is not None and not (known := evidence(history, metric.name)).trouble:
            models.append(surrogate(known))
            limits.append(metric.sign * metric.bound)
    return Bounds(tuple(models), tuple(limits))
