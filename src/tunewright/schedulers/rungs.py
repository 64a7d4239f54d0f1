"""Successive halving as tasks.

A rung is a budget. A trial that has finished a rung waits, or is resumed at the next one; because an effort is a `Task` with a budget,
nothing is ever stopped for that: a trial that is not resumed simply gets no more. What `live.save_checkpoint` wrote at one rung is in
`live.resume_from` at the next.

Where a rung has several folds or seeds, a trial meets all of them with its budget before it is compared there.

The rungs are low, low eta, low eta^2, … and high, which is the top whatever low is; one that is less than sqrt(eta) below the top is left
out. With whole numbers for low and high all of them are whole.
"""

import math
from typing import Final

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import COMPLETED, FAILED, History
from tunewright.models.ranking import Ranking
from tunewright.schedulers.base import Resume, Start, Wait
from tunewright.schedulers.once import checked_cells
from tunewright.space import SearchSpace
from tunewright.space.values import plain_number
from tunewright.typing import Array, Indices

__all__ = ["Rungs", "is_default", "ladder", "losses_at"]


def ladder(low: float, high: float, eta: float, *, name: str) -> tuple[float, ...]:
    """The budgets of the rungs, rising; `name` is whose arguments these are.

    Raises:
        StudyError: 0 < low < high and 1 < eta do not hold.
    """
    bottom, top, factor = (plain_number(each) for each in (low, high, eta))
    if bottom is None or top is None or not 0 < bottom < top < math.inf:
        raise StudyError(f"{name}: low and high must be finite budgets with 0 < low < high, got low={low!r}, high={high!r}.")
    if factor is None or not 1 < factor < math.inf:
        raise StudyError(f"{name}: eta must be a number above 1, got {eta!r}. One trial in eta goes on.")
    count = math.ceil(math.log(top / bottom, factor) - 0.5 - 1e-9)
    budgets = [bottom * factor**i for i in range(max(count, 1))]
    if isinstance(bottom, int) and isinstance(top, int):
        budgets = [round(budget) for budget in budgets]
    return (*dict.fromkeys(budget for budget in budgets if budget < top), top)


def is_default(space: SearchSpace, history: History, trial: int) -> bool:
    """Whether it is the configuration with which the winner will be compared, so that it must get all effort: the first of the study, if
    that is the space's default or was enqueued.
    """
    if trial or not len(history) or not history.usable[0]:
        return False
    return history.origin(0) == "queue" or bool(np.array_equal(history.rows[0], space.row(space.default), equal_nan=True))


_TELLING: Final = 3
"""So many that were preferred to the default on a rung, all worse than it at the top, tell that the rung misleads; so many that failed when they
had gone up, that others would."""


class Rungs:
    """Trials on the rungs of a ladder: what those schedulers have in common that halve.

    Args:
        low, high, eta: see `ladder`.
        folds, seeds: of every rung, as of `Once`.

    Attributes:
        budgets: of the rungs, rising.
        cells: tasks of a trial on a rung.
    """

    def __init__(self, low: float, high: float, eta: float = 3, folds: int | None = None, seeds: int = 1) -> None:
        self.budgets = ladder(low, high, eta, name=type(self).__name__)
        self.low, self.high = self.budgets[0], self.budgets[-1]
        self.eta = float(eta) if int(eta) != eta else int(eta)
        self.folds, self.seeds = checked_cells(folds, seeds, name=type(self).__name__)
        self.cells = (self.folds or 1) * self.seeds

    def start(self, budget: float) -> Start:
        """A new trial on the rung of this budget."""
        return Start(plan=self.cells, budget=budget, fold=None if self.folds is None else 0)

    def beginning(self, space: SearchSpace, history: History) -> float:
        """The lowest rung that is not known to mislead.

        The default goes to the top whatever it is worth, so it tells: where it would have been left behind on a rung, and several that were better
        there went up, and all of them are worse at the top, those that are good there are not the good ones, and trials begin at the next rung.
        """
        if len(history.objectives) > 1 or not is_default(space, history, 0) or not history.feasible[0]:
            return self.low
        trials, budgets, losses = history.levels()
        table = np.full((len(history), len(self.budgets)), np.nan)
        for rung, budget in enumerate(self.budgets):
            here = budgets == budget
            table[trials[here], rung] = losses[here, history.objectives[0]]
            if self.cells > 1:
                table[history.efforts(budget)[1] < self.cells, rung] = np.nan
        worse = table[:, -1] > table[0, -1]  # NaN is not
        known = np.isfinite(table[:, -1])
        for rung, budget in enumerate(self.budgets[:-1]):
            better = table[:, rung] < table[0, rung]
            left_behind = better.sum() >= np.isfinite(table[:, rung]).sum() / self.eta
            if not left_behind or (known & better).sum() < _TELLING or not worse[known & better].all():
                return budget
        return self.high

    def further(self, history: History) -> Resume | None:
        """The next fold or seed of the lowest-numbered trial that has begun a rung and not met all of its cells."""
        if self.cells == 1:
            return None
        _, highest = history.sent_budgets
        going = (history.states != FAILED) & history.usable & ~history.stopped
        for budget in self.budgets:
            sent, _ = history.efforts(budget)
            for trial in np.flatnonzero(going & (highest == budget) & (sent < self.cells)).tolist():
                return self._at(trial, budget, int(sent[trial]))
        return None

    def _at(self, trial: int, budget: float, cell: int = 0) -> Resume:
        if self.folds is None:
            return Resume(trial, budget=budget, seed=cell)
        return Resume(trial, budget=budget, fold=cell % self.folds, seed=cell // self.folds)

    def promotion(self, space: SearchSpace, history: History) -> Resume | None:
        """The next rung for a trial that has earned it: of those that began at the same rung, whoever is in the best 1/eta of a rung. The
        highest rung comes first, and on it the best. The default earns every rung. Failed trials count as the worst of their rung.
        """
        trials, budgets, losses = history.levels()
        lowest, highest = history.sent_budgets
        idle = (history.states == COMPLETED) & history.usable & ~history.stopped
        failed = history.states == FAILED
        for rung in reversed(range(len(self.budgets) - 1)):
            here = budgets == self.budgets[rung]
            table = np.full((len(history), losses.shape[1]), np.nan)
            table[trials[here]] = losses[here]
            there = np.isfinite(table).all(axis=1)
            if self.cells > 1:
                there &= history.efforts(self.budgets[rung])[1] >= self.cells
            waiting = there & idle & (highest == self.budgets[rung])
            if not waiting.any():
                continue
            ranking, earned = Ranking(history, table), []
            for first in np.unique(lowest[waiting]):
                members = (lowest == first) & (there | (failed & (highest == self.budgets[rung])))
                best = ranking.best(np.flatnonzero(members & there), int(members.sum() / self.eta))
                earned += [int(trial) for trial in best if waiting[trial]]
            if waiting[0] and is_default(space, history, 0):
                earned.append(0)
            if earned:
                return self._at(earned[0], self.budgets[rung + 1])
        return None

    def last(self, space: SearchSpace, history: History) -> Resume | Wait:
        """When nothing may begin any more: if nobody but the default was given the highest budget, the best one climbs on. Not where several
        failed that had gone up: with so much everybody might.
        """
        lowest, highest = history.sent_budgets
        if ((history.states == FAILED) & (lowest < highest)).sum() >= _TELLING:
            return Wait()
        at_top = (highest >= self.high) & (history.states != FAILED)
        if history.running or any(not is_default(space, history, int(trial)) for trial in np.flatnonzero(at_top)):
            return Wait()
        idle = (highest < self.high) & ~history.stopped
        trial = next((int(number) for number in _by_budget(history) if idle[number]), None)
        above = [] if trial is None else [budget for budget in self.budgets if budget > highest[trial]]
        return self._at(trial, above[0]) if trial is not None and above else Wait()

    def __repr__(self) -> str:
        more = "" if self.eta == 3 else f", eta={self.eta!r}"
        more += "" if self.folds is None else f", folds={self.folds}"
        more += "" if self.seeds == 1 else f", seeds={self.seeds}"
        return f"{type(self).__name__}({self.low!r}, {self.high!r}{more})"


def _by_budget(history: History) -> Indices:
    """The feasible trials, those with the highest budget first, and of these the best."""
    order = history.order
    return order[np.argsort(-history.budgets[order], kind="stable")]


def losses_at(history: History, step: float) -> Array:
    """What each trial's first task had reported of the optimised metric when it reached a step, as losses, shape (n,). NaN: it has not;
    infinite: it had diverged, or broke a bound.
    """
    metric = history.metrics[history.objectives[0]]
    found = np.full(len(history), np.nan)
    for trial in range(len(history)):
        reached = (report for report in history.curve(trial) if report.step >= step)
        report = next((each for each in reached if metric.name in each.values or metric.name in each.diverged), None)
        if report is not None:
            broken = any(
                each.bound is not None and each.sign * report.values.get(each.name, -np.inf * each.sign) > each.sign * each.bound
                for each in history.metrics
            )
            found[trial] = np.inf if broken or metric.name in report.diverged else metric.sign * report.values[metric.name]
    return found
