"""Every trial gets the same effort: all its folds, with all its seeds.

The tasks of a trial follow one another as workers become free, the lowest-numbered trial first, so that trials are finished in the
order in which they were asked and the best so far is always known from whole trials. A trial of which a task failed gets no more.
"""

import weakref
from collections import deque

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import RUNNING, History
from tunewright.schedulers.base import Decision, Resume, Scheduler, Start
from tunewright.space import SearchSpace

__all__ = ["Once", "checked_cells"]


class Once(Scheduler):
    """Gives every trial `folds` x `seeds` tasks; task i has fold i % folds and seed i // folds.

    Args:
        folds: number of cross-validation folds, 1 or more; None: the objective knows no folds (`task.fold` is None).
        seeds: how often the whole is repeated, with `task.seed` 0, 1, ….

    Raises:
        StudyError: folds or seeds is not a positive integer.
    """

    def __init__(self, folds: int | None = None, seeds: int = 1) -> None:
        self.folds, self.seeds = checked_cells(folds, seeds, name="Once")
        self.learns = (self.folds or 1) * self.seeds > 1  # a failed task ends its trial
        self._unsent = _Unsent()

    def decide(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Decision:  # noqa: ARG002  the contract gives more than is used here
        """Send the next task of the lowest-numbered trial that was promised more, else start a trial."""
        trial = self._unsent.lowest(history)
        if trial is not None:
            sent = history.sent(trial)
            if self.folds is None:
                return Resume(trial, seed=sent)
            return Resume(trial, fold=sent % self.folds, seed=sent // self.folds)
        return Start(plan=(self.folds or 1) * self.seeds, fold=None if self.folds is None else 0)

    def __repr__(self) -> str:
        return f"Once(folds={self.folds}, seeds={self.seeds})"


def checked_cells(folds: int | None, seeds: int, *, name: str) -> tuple[int | None, int]:
    """Folds and seeds as Python's own numbers; `name` is whose arguments these are.

    Raises:
        StudyError: folds or seeds is not a positive integer.
    """
    for what, number in (("folds", 1 if folds is None else folds), ("seeds", seeds)):
        if not _positive(number):
            allowed = "None or an integer of at least 1" if what == "folds" else "an integer of at least 1"
            raise StudyError(f"{name}: {what} must be {allowed}, got {number!r}.")
    return None if folds is None else int(folds), int(seeds)


def _positive(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and int(number) >= 1


class _Unsent:
    """The lowest-numbered running trial with unsent tasks, in constant time on average however many trials are running.

    A trial leaves for good when all it was promised is sent or when it failed, so each trial is looked at once, and then only
    while it stands in front. What is kept belongs to one history, which only grows; for another one it starts over.
    """

    def __init__(self) -> None:
        self._history: weakref.ref[History] | None = None
        self._known = 0
        self._waiting: deque[int] = deque()

    def lowest(self, history: History) -> int | None:
        if self._history is None or self._history() is not history:
            self._history, self._known, self._waiting = weakref.ref(history), 0, deque()
        for trial in range(self._known, len(history)):
            if history.plan(trial) > history.sent(trial):
                self._waiting.append(trial)
        self._known = len(history)
        while self._waiting:
            trial = self._waiting[0]
            if history.states[trial] == RUNNING and history.plan(trial) > history.sent(trial):
                return trial
            self._waiting.popleft()
        return None

    def __reduce__(self) -> tuple[type["_Unsent"], tuple[()]]:
        return _Unsent, ()
