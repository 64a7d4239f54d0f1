"""What is measured, and which way is better."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from tunewright.errors import MetricError

__all__ = ["Metric", "checked_metrics"]


class Metric(msgspec.Struct, frozen=True, omit_defaults=True):
    """A measured quantity.

    Args:
        name: what the objective calls it.
        goal: "minimize" or "maximize".
        bound: makes it an outcome constraint as well: a trial is feasible when the value is at most (minimize) or at least
            (maximize) this bound. Default: no bound.

    Raises:
        MetricError: the name is empty, the goal is neither of the two, or the bound is not finite.
    """

    name: str
    goal: Literal["minimize", "maximize"] = "minimize"
    bound: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise MetricError(f'Metric needs a name, got {self.name!r}. Write for example Metric("loss", "minimize").')
        if self.goal not in ("minimize", "maximize"):
            raise MetricError(f'Metric "{self.name}": goal must be "minimize" or "maximize", got {self.goal!r}.')
        if self.bound is not None and not (isinstance(self.bound, int | float) and math.isfinite(self.bound)):
            raise MetricError(f'Metric "{self.name}": bound must be a finite number, got {self.bound!r}.')

    @property
    def sign(self) -> float:
        """+1.0 to minimize, -1.0 to maximize: `sign * value` is always better when smaller."""
        return 1.0 if self.goal == "minimize" else -1.0


def checked_metrics(metrics: Metric | Sequence[Metric] | None) -> tuple[Metric, ...] | None:
    """The metrics of a study as it was told them; None stays None.

    Raises:
        MetricError: they are no metrics, none, or two of one name.
    """
    if metrics is None or isinstance(metrics, Metric):
        return None if metrics is None else (metrics,)
    if isinstance(metrics, str) or not metrics or not all(isinstance(metric, Metric) for metric in metrics):
        raise MetricError(
            f'metrics must be a Metric or a list of them, got {metrics!r}. Write for example Metric("loss", "minimize").'
        )
    names = [metric.name for metric in metrics]
    if len(set(names)) < len(names):
        raise MetricError(f"Two metrics have the same name: {', '.join(names)}. Rename one.")
    return tuple(metrics)
