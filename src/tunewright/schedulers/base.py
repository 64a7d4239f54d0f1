"""How much effort, on which trial? The one question a scheduler answers."""

from abc import ABC, abstractmethod
from typing import TypeAlias

import msgspec
import numpy as np

from tunewright.errors import StudyError
from tunewright.history import History
from tunewright.space import SearchSpace

__all__ = ["Decision", "Done", "Resume", "Scheduler", "Start", "Wait", "checked"]


class Start(msgspec.Struct, frozen=True):
    """Begin a new trial with this task, and promise it `plan` tasks in all."""

    plan: int = 1
    budget: float | None = None
    fold: int | None = None
    seed: int = 0


class Resume(msgspec.Struct, frozen=True):
    """Send a further task of this trial.

    Attributes:
        spare: should it fail, the trial has not: it keeps the value of its other tasks.
    """

    trial: int
    budget: float | None = None
    fold: int | None = None
    seed: int = 0
    spare: bool = False


class Wait(msgspec.Struct, frozen=True):
    """Nothing to do until a running task ends."""


class Done(msgspec.Struct, frozen=True):
    """Nothing to do, ever again."""


Decision: TypeAlias = Start | Resume | Wait | Done


def checked(scheduler: "Scheduler", history: History, decision: object) -> Decision:
    """The decision, if it is one that can be carried out.

    Raises:
        StudyError: it is none, promises no task, or means a trial that is not there.
    """
    match decision:
        case Start(plan=plan) if not isinstance(plan, int) or isinstance(plan, bool) or plan < 1:
            wrong = f"a trial with {plan!r} tasks. Let plan= be an int of at least 1"
        case Resume(trial=trial) if trial not in range(len(history)):
            wrong = f"a further task of trial {trial!r}, and there are {len(history)} trials, from 0. Resume one of these"
        case Start() | Resume() | Wait() | Done():
            return decision
        case _:
            wrong = f"{decision!r}. Return Start(…), Resume(…), Wait() or Done()"
    raise StudyError(f"{scheduler!r} decided on {wrong}.")


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
