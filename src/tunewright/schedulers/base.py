"""How much effort, on which trial? The one question a scheduler answers."""

from abc import ABC, abstractmethod
from typing import TypeAlias

import msgspec
import numpy as np

from tunewright.history import History
from tunewright.space import SearchSpace

__all__ = ["Decision", "Done", "Resume", "Scheduler", "Start", "Wait"]


class Start(msgspec.Struct, frozen=True):
    """Begin a new trial with this task, and promise it `plan` tasks in all."""

    plan: int = 1
    budget: float | None = None
    fold: int | None = None
    seed: int = 0


class Resume(msgspec.Struct, frozen=True):
    """Send a further task of this trial."""

    trial: int
    budget: float | None = None
    fold: int | None = None
    seed: int = 0


class Wait(msgspec.Struct, frozen=True):
    """Nothing to do until a running task ends."""


class Done(msgspec.Struct, frozen=True):
    """Nothing to do, ever again."""


Decision: TypeAlias = Start | Resume | Wait | Done


class Scheduler(ABC):
    """Decides what the next free worker does; a pure function of what has happened.

    Attributes:
        learns: whether decisions depend on results; see `Sampler.learns`.
    """

    learns: bool = True

    @abstractmethod
    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        """Decide what the next free worker does.

        Tasks that were given back (their worker died) are sent again before the scheduler is asked.
        """

    def finish(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        """Decide what the next free worker does when no trial may begin any more, near the end of the budget.

        Default: as `decide` says; a `Start` is not carried out.
        """
        return self.decide(space, history, rng)
