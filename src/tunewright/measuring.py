"""Chosen configurations are measured, each as long as it takes.

A race ends whoever has bad luck at first. Of what it leaves of a configuration that was to be measured the costs would be too high, so
these meet every fold and seed; afterwards the study races on.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from tunewright.execution.worker import Objective
from tunewright.history import History
from tunewright.schedulers.base import Scheduler
from tunewright.typing import Params

__all__ = ["measure"]


class _Search(Protocol):
    scheduler: Scheduler

    @property
    def history(self) -> History: ...

    def enqueue(self, params: Params, *, note: str = "", again: bool = False) -> Any: ...  # noqa: ANN401

    def optimize(self, objective: Objective, *, more: int, workers: int, progress: bool | None) -> None: ...


def measure(
    study: _Search, scheduler: Scheduler, objective: Objective, configurations: Sequence[Params], note: str, workers: int
) -> None:
    """Try these configurations on every fold and seed, as further trials of the study.

    Args:
        study: whose trials they become.
        scheduler: the study's, also when this is over.
        objective: that measures.
        configurations: in their order.
        note: why they are tried.
        workers: how many tasks at once.
    """
    for params in configurations:
        study.enqueue(params, note=note, again=True)
    if not configurations:
        return
    study.scheduler = getattr(scheduler, "whole", scheduler)
    try:
        study.optimize(objective, more=len(study.history.queue), workers=workers, progress=False)
    finally:
        study.scheduler = scheduler
