"""How much effort, on which trial? The one question a scheduler answers."""

import math
from abc import ABC, abstractmethod
from typing import Final, TypeAlias

import msgspec
import numpy as np

from tunewright.arguments import whole
from tunewright.errors import ParamsError, StudyError
from tunewright.history import FAILED, History
from tunewright.space import SearchSpace
from tunewright.space.values import plain_number
from tunewright.trial import Task
from tunewright.typing import Params

__all__ = ["Clone", "Decision", "Done", "Resume", "Scheduler", "Start", "Wait", "checked"]

_MOST_FOLDS: Final = 2**31
_MOST_SEEDS: Final = 2**63
"""What the columns of a history hold."""


class Start(msgspec.Struct, frozen=True):
    """Begin a new trial with this task, and promise it `plan` tasks in all; where a finite space is exhausted, `again` with a configuration
    that was tried.
    """

    plan: int = 1
    budget: int | float | None = None
    fold: int | None = None
    seed: int = 0
    again: bool = False


class Resume(msgspec.Struct, frozen=True):
    """Send a further task of this trial.

    Attributes:
        spare: should it fail, the trial has not: it keeps the value of its other tasks.
    """

    trial: int
    budget: int | float | None = None
    fold: int | None = None
    seed: int = 0
    spare: bool = False


class Clone(msgspec.Struct, frozen=True):
    """Begin a new trial that goes on from another one's checkpoint, with a configuration that the scheduler says, and promise it `plan` tasks.

    Attributes:
        trial: the parent.
        params: of the new trial.
        budget, fold, seed: of its first task. Budgets count what the parent did, too.
        since: the budget at which the parent had the checkpoint: the newest of those that its tasks of at most so much have saved. None:
            its newest of all.
        replaces: the trial in whose place the new one goes on; a note for the record.
    """

    trial: int
    params: Params
    budget: int | float | None = None
    fold: int | None = None
    seed: int = 0
    plan: int = 1
    since: int | float | None = None
    replaces: int | None = None


class Wait(msgspec.Struct, frozen=True):
    """Nothing to do until a running task ends."""


class Done(msgspec.Struct, frozen=True):
    """Nothing to do, ever again."""


Decision: TypeAlias = Start | Resume | Clone | Wait | Done


def checked(scheduler: "Scheduler", history: History, decision: object) -> Decision:
    """The decision, if it is one that can be carried out, with Python's own numbers.

    Raises:
        StudyError: it is none, promises no task, means a trial that is not there or has failed, an axis is out of its range, or the space
            does not hold the configuration of a clone.
    """
    if isinstance(decision, Wait | Done) or (type(decision) is Start and _sound(decision)):
        return decision
    if not isinstance(decision, Start | Resume | Clone):
        wrong = f"{decision!r}. Return Start(…), Resume(…), Clone(…), Wait() or Done()"
    elif isinstance(decision, Start | Clone) and (whole(decision.plan) or 0) < 1:
        wrong = f"a trial with {decision.plan!r} tasks. Let plan= be an int of at least 1"
    elif isinstance(decision, Clone):
        decision, wrong = _whole_clone(history, decision)
    elif isinstance(decision, Resume) and whole(decision.trial) not in range(len(history)):
        wrong = f"a further task of trial {decision.trial!r}, and there are {len(history)} trials, from 0. Resume one of these"
    elif isinstance(decision, Resume) and history.states[decision.trial] == FAILED:
        wrong = f"a further task of trial {decision.trial!r}, which has failed. Resume one whose history.states is not FAILED"
    elif type(decision) is Resume and type(decision.trial) is int and _sound(decision):
        return decision
    else:
        wrong = _misplaced(decision)
    if wrong:
        raise StudyError(f"{scheduler!r} decided on {wrong}.")
    assert isinstance(decision, Start | Resume | Clone)
    return _plain(decision)


def _whole_clone(history: History, clone: Clone) -> tuple[Clone, str]:
    """The clone with its configuration in canonical form, and what is wrong with it; empty: nothing."""
    for name, trial in (("parent", clone.trial), ("predecessor", clone.replaces)):
        if (trial is not None or name == "parent") and whole(trial) not in range(len(history)):
            return (
                clone,
                f"a clone whose {name} is trial {trial!r}, and there are {len(history)} trials, from 0. Take one of these",
            )
    since = None if clone.since is None else plain_number(clone.since)
    if clone.since is not None and (since is None or not 0 < since < math.inf):
        return clone, f"a clone with since={clone.since!r}. Let it be None or a finite number above 0"
    try:
        params = history.space.validate(clone.params)
    except ParamsError as error:
        return clone, f"a clone of trial {clone.trial} that the space does not hold: {str(error).rstrip('.')}"
    return msgspec.structs.replace(clone, params=params), _misplaced(clone)


def _sound(decision: Start | Resume) -> bool:
    """Whether all is in its range, in Python's own numbers: the common case, in a microsecond."""
    budget, fold, seed = decision.budget, decision.fold, decision.seed
    return (
        type(seed) is int
        and 0 <= seed < _MOST_SEEDS
        and (fold is None or (type(fold) is int and 0 <= fold < _MOST_FOLDS))
        and (budget is None or (type(budget) in {int, float} and 0 < budget < math.inf))
        and (not isinstance(decision, Start) or (type(decision.plan) is int and decision.plan >= 1))
    )


def _misplaced(decision: Start | Resume | Clone) -> str:
    """What is wrong with its budget, fold and seed; empty: nothing."""
    budget = None if decision.budget is None else plain_number(decision.budget)
    if decision.budget is not None and (budget is None or not 0 < budget < math.inf):
        return f"a task with budget={decision.budget!r}. Let it be None or a finite number above 0"
    for name, number, most in (("fold", decision.fold, _MOST_FOLDS), ("seed", decision.seed, _MOST_SEEDS)):
        if (number is not None or name == "seed") and not 0 <= _or_less(whole(number)) < most:
            return f"a task with {name}={number!r}. Let it be {'None or ' if name == 'fold' else ''}an int of at least 0"
    return ""


def _or_less(number: int | None) -> int:
    return -1 if number is None else number


def _plain(decision: Start | Resume | Clone) -> Start | Resume | Clone:
    """NumPy's numbers, which a journal does not hold, become Python's."""
    given = {name: getattr(decision, name) for name in decision.__struct_fields__}
    odd = {name: value for name, value in given.items() if type(value) not in {int, float, bool, type(None)}}
    changed = {
        name: plain_number(value) if name in {"budget", "since"} else whole(value)
        for name, value in odd.items()
        if name not in {"spare", "params"}
    }
    return msgspec.structs.replace(decision, **changed) if changed else decision


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

    def keeps(self, history: History) -> float | None:  # noqa: ARG002  what others look at
        """The lowest budget whose checkpoints must be kept beside the newest of each trial, since a `Clone` may go on from them. None, the
        default: the newest alone is kept. What was not to be kept once may be gone, so it must not fall while a study lasts.
        """
        return None

    def finish(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:
        """Decide what the next free worker does when no trial may begin any more, near the end of the budget.

        Default: as `decide` says; a `Start` or `Clone` is not carried out.
        """
        return self.decide(space, history, rng)

    @property
    def stops(self) -> bool:
        """Whether it may stop running tasks: default: if it has a `stop` of its own."""
        return type(self).stop is not Scheduler.stop

    def stop(self, space: SearchSpace, history: History, task: Task, new: int) -> str:  # noqa: ARG002  what others look at
        """Why a running task should stop now, in words; empty: it should go on. Default: it always should.

        Asked whenever reports have come in, where a way leads to the task while it runs. What it then returns, else what it reported
        last, is its value, with the step that it had reached for its budget, and its trial is COMPLETED.

        Args:
            space, history: as for `decide`; `history.curve(*task.key)` is what the task has reported.
            task: that runs.
            new: so many of its reports, at least one, are those that it was not asked about yet.
        """
        return ""
