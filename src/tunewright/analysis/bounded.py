"""Whether a configuration that was never run keeps within the metrics' bounds: a Gaussian process for each bounded metric.

A metric that says nothing (the same in all trials, or too few of them) has no process; it is taken to be kept, as it was in the winner.
"""

import msgspec
import numpy as np

from tunewright.analysis.evidence import evidence
from tunewright.analysis.surrogate import Surrogate, surrogate
from tunewright.history import History
from tunewright.typing import Array, Mask

__all__ = ["Bounds", "bounds"]


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

        The largest of all; minus infinity where there is no bound. At most 0: it likely keeps within.
        """
        worst = np.full(len(rows), -np.inf)
        for model, limit in zip(self.models, self.limits, strict=True):
            mean, sd = model.predict(rows)
            worst = np.maximum(worst, (mean + sides * sd - limit) / model.scale)
        return worst

    def kept(self, rows: Array, count: int, rng: np.random.Generator) -> Mask:
        """Whether a measurement keeps within all bounds, in each of so many joint draws, shape (m, count)."""
        within = np.ones((len(rows), count), bool)
        for model, limit in zip(self.models, self.limits, strict=True):
            drawn = model.draws(rows, count, rng)
            within &= drawn + model.noise * rng.standard_normal(drawn.shape) <= limit
        return within


def bounds(history: History) -> Bounds:
    """Fit what the bounds are about; nothing is fitted where no metric has one."""
    models, limits = [], []
    for metric in history.metrics:
        if metric.bound is not None and not (known := evidence(history, metric.name)).trouble:
            models.append(surrogate(known))
            limits.append(metric.sign * metric.bound)
    return Bounds(tuple(models), tuple(limits))
