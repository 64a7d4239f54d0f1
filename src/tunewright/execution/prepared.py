"""Objectives that know more of themselves than how to be called."""

from typing import Any, Protocol, runtime_checkable

from tunewright.execution.live import LiveTrial
from tunewright.metric import Metric
from tunewright.schedulers.base import Scheduler
from tunewright.space import SearchSpace
from tunewright.typing import Params, Value

__all__ = ["Prepared"]


@runtime_checkable
class Prepared(Protocol):
    """An objective that says what it measures, how its tasks are scheduled, and by what it judges.

    Attributes:
        metrics: what it measures and how that is to be optimised.
        scheduler: of its tasks; `Study.optimize` takes it where the study was given none.
    """

    metrics: tuple[Metric, ...]
    scheduler: Scheduler

    @property
    def frozen(self) -> dict[str, Value]:
        """What must be the same when the study goes on, by name (see `events.Frozen`)."""

    def default(self, space: SearchSpace) -> Params | None:
        """The configuration to compare with, which is tried first; None: the space's own."""

    def __call__(self, live: LiveTrial) -> Any:  # noqa: ANN401  whatever an objective returns
        """Evaluate one task."""
