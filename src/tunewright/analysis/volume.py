"""How much of what was seen a Pareto front dominates: its hypervolume before a reference point [1].

The reference point is the worst value of each optimised metric among the completed trials that keep within the bounds, those far above the bulk
left aside (3 interquartile ranges above the third quartile), since a divergence would make all else look alike. It moves when worse trials come, so
two volumes compare only where their reference points are the same; so the point is always told with the volume.

[1] Zitzler and Thiele, Multiobjective Evolutionary Algorithms, IEEE Trans. Evol. Comp. 3, 1999.
"""

from typing import Final

import msgspec
import numpy as np

from tunewright.analysis.evidence import seen
from tunewright.analysis.text import number
from tunewright.history import History
from tunewright.models.hypervolume import dominated

__all__ = ["Volume", "volume"]

_MOST: Final = 3
"""With more objectives the exact volume takes too long."""


class Volume(msgspec.Struct, frozen=True):
    """A hypervolume.

    Attributes:
        value: in the product of the metrics' units.
        reference: the reference point: metric -> value.
    """

    value: float
    reference: dict[str, float]

    def __str__(self) -> str:
        point = ", ".join(f"{name} {number(value, 3)}" for name, value in self.reference.items())
        return f"{number(self.value, 4)} before the reference point {point}"


def volume(history: History) -> Volume | None:
    """What the Pareto front of a study dominates; None with one objective, more than three, or no feasible trial."""
    columns = list(history.objectives)
    found = history.losses[history.feasible][:, columns]
    if not 2 <= len(columns) <= _MOST or not len(found):
        return None
    worst = np.array([min(float(losses.max()), seen(losses).fence) for losses in found.T])
    front = history.losses[[trial.number for trial in history.pareto]][:, columns]
    metrics = [history.metrics[j] for j in columns]
    reference = {metric.name: float(metric.sign * at) for metric, at in zip(metrics, worst, strict=True)}
    return Volume(dominated(front, worst), reference)
