"""The tasks of a study as columns: what was sent to whom, what came back.

A task is found by its trial and its index. Almost every trial of a cheap study has one task, so the first task of each trial
stands in a list and only the further ones in a dictionary.
"""

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunewright.budgets import means_by_cell, means_by_level, some
from tunewright.columns import Columns
from tunewright.events import Asked, Sent, Told
from tunewright.metric import Metric
from tunewright.trial import Failure, Measurement, Report, Task
from tunewright.typing import Array, Params, Value

__all__ = ["Cell", "TaskTable"]

Cell: TypeAlias = tuple[int | None, int]
"""A fold (None: the objective knows none) with a seed."""

_SENT: Final = 0
_RELEASED: Final = 1
_ENDED: Final = 2

_NONE: Final = -1
"""How a fold of None stands in an integer column."""


class TaskTable:
    """All tasks that were ever sent. Row numbers ("ids") are the order of sending.

    Args:
        metrics: the study's; each ended task has one value per metric, NaN if it failed.
    """

    def __init__(self, metrics: tuple[Metric, ...]) -> None:
        self._names = tuple(metric.name for metric in metrics)
        self._columns = Columns(
            {
                "trial": np.int64(0),
                "index": np.int32(0),
                "budget": np.float64(np.nan),
                "fold": np.int32(_NONE),
                "seed": np.int64(0),
                "worker": np.int64(0),
                "attempt": np.int32(1),
                "state": np.int8(_SENT),
                "values": np.full(len(metrics), np.nan),
                "seconds": np.float64(0),
            }
        )
        self._first: list[int] = []
        self._further: dict[int, list[int]] = {}
        self._infos: dict[int, dict[str, Value]] = {}
        self.gradients: dict[int, dict[str, float]] = {}
        """By id of the task, where one was told."""
        self._failures: dict[int, Failure] = {}
        self._curves: dict[int, list[Report]] = {}
        self._resume: dict[int, str] = {}
        self._lost: dict[int, int] = {}
        self._excused: dict[int, int] = {}
        self._furthest: dict[int, float] = {}
        self.spare: set[int] = set()
        """Ids of the tasks whose failure costs their trial nothing."""
        self._budgets: dict[float, float] = {}
        self._cut: dict[int, float] = {}
        self._capped: dict[int, list[tuple[int, float]]] = {}
        self._passed: dict[tuple[int, float], list[float] | None] = {}
        self.folds = 0
        """How many different folds there are: one more than the highest number."""
        self.limited = False
        """Whether a task has a budget."""
        self.open: dict[int, None] = {}
        """Ids of the tasks that were sent and have not come back, oldest first."""
        self.released: dict[int, None] = {}
        """Ids of the tasks given back that somebody has to take up, oldest first."""

    def add(self, trial: int, index: int, event: Asked | Sent) -> None:
        """Enter a task that is sent for the first time."""
        task = self._columns.add()
        cells = self._columns.raw
        cells["trial"][task] = trial
        if event.worker:
            cells["worker"][task] = event.worker
        if index:
            cells["index"][task] = index
            self._further.setdefault(trial, []).append(task)
        else:
            self._first.append(task)
        if event.budget is not None:
            cells["budget"][task] = event.budget
            self._budgets.setdefault(event.budget, event.budget)  # an int stays one
            self.limited = True
        if event.fold is not None:
            cells["fold"][task] = event.fold
            self.folds = max(self.folds, event.fold + 1)
        if event.seed:
            cells["seed"][task] = event.seed
        if isinstance(event, Sent) and event.spare:
            self.spare.add(task)
        self.open[task] = None

    def add_many(self, trial: int, workers: Sequence[int]) -> None:
        """Enter the only tasks of the trials from this one on; without a budget, a fold or a seed."""
        count = len(workers)
        task = self._columns.add(count)
        self._columns.raw["trial"][task : task + count] = np.arange(trial, trial + count)
        self._columns.raw["worker"][task : task + count] = workers
        self._first += range(task, task + count)
        self.open.update(dict.fromkeys(range(task, task + count)))

    def tell_many(self, trials: Sequence[int], told: Sequence[Told]) -> Array:
        """End the first tasks of these trials, which are open, with values; returns these, shape (n, m)."""
        tasks = [self._first[trial] for trial in trials]
        cells = self._columns.raw
        values = np.array([[event.values.get(name, np.nan) for event in told] for name in self._names]).T
        cells["values"][tasks] = values
        cells["seconds"][tasks] = [event.seconds for event in told]
        cells["state"][tasks] = _ENDED
        for task, event in zip(tasks, told, strict=True):
            del self.open[task]
            self._keep(task, event)
        return values

    def _keep(self, task: int, event: Told) -> None:
        if event.info:
            self._infos[task] = event.info
        if event.gradient:
            self.gradients[task] = event.gradient

    def send(self, trial: int, index: int, event: Sent) -> bool:
        """Enter a further task, or send one again that was given back. True if it is a new one."""
        task = self.find(trial, index)
        new = task is None
        if task is None:
            self.add(trial, index, event)
            task = len(self._columns) - 1
        elif self._columns.raw["state"][task] != _ENDED:
            self._columns.raw["state"][task] = _SENT
            self._columns.raw["worker"][task] = event.worker
            self._columns.raw["attempt"][task] = event.attempt
            self.released.pop(task, None)
            self.open[task] = None
        if event.resume_from is not None:
            self._resume[task] = event.resume_from
        return new

    def end(self, trial: int, index: int, seconds: float) -> int | None:
        """Mark the task as ended and return its id; None if it had its result already (the first one stands) or was never sent."""
        task = self.find(trial, index)
        cells = self._columns.raw
        if task is None or cells["state"][task] == _ENDED:
            return None
        cells["state"][task] = _ENDED
        cells["seconds"][task] = seconds
        self.open.pop(task, None)
        self.released.pop(task, None)
        return task

    def told(self, task: int, event: Told) -> None:
        """Keep the values of an ended task; the step at which it was stopped is the budget then of all that its trial was sent so far, where
        that is less: one fold that was given everything does not stand for those that were not.
        """
        trial, values = self.trial(task), event.values
        if event.reached is not None:
            self._cut[task] = event.reached
            self._capped.setdefault(trial, []).append((len(self._columns), event.reached))
            self.limited = True
        for before, step in self._capped.get(trial, ()):
            for each in self._ids(trial):
                if each < before and self._columns.raw["state"][each] == _ENDED:
                    self._columns.raw["budget"][each] = np.fmin(self._columns.raw["budget"][each], step)
        if len(self._names) == 1:  # the common case, without a list
            self._columns.raw["values"][task, 0] = values.get(self._names[0], np.nan)
        else:
            self._columns.raw["values"][task] = [values.get(name, np.nan) for name in self._names]
        self._keep(task, event)

    def failed(self, task: int, failure: Failure, info: dict[str, Value]) -> None:
        """Keep why an ended task failed, and what it told all the same."""
        self._failures[task] = failure
        if info:
            self._infos[task] = info

    def give_back(self, trial: int, index: int, *, wanted: bool, lost: bool = False) -> None:
        """Take an open task from its worker; `wanted`: somebody should take it up; `lost`: its worker died."""
        task = self.find(trial, index)
        if task is not None and task in self.open:
            del self.open[task]
            if lost:
                self._lost[task] = self._lost.get(task, 0) + 1
            self._columns.raw["state"][task] = _RELEASED
            if wanted:
                self.released[task] = None

    def forget_released(self, trial: int) -> None:
        """Nobody needs to take up what is left of this trial."""
        for task in self._ids(trial):
            self.released.pop(task, None)

    def report(self, trial: int, index: int, report: Report) -> None:
        """Keep a value on the way; one that comes when the task has ended, from a process that was thought dead, is too late."""
        task = self.find(trial, index)
        if task is None or self._columns.raw["state"][task] == _ENDED:
            return
        self._curves.setdefault(task, []).append(report)
        if report.step > self._furthest.get(task, -math.inf):
            self._furthest[task] = report.step
            if task in self._lost:
                self._excused[task] = self._lost[task]  # it has come further than ever: it does not die at one place

    # ---- reading ---------------------------------------------------------------------------------------------------------------

    def find(self, trial: int, index: int) -> int | None:
        """The id of a task; None if it was never sent."""
        if not 0 <= trial < len(self._first):
            return None
        if index == 0:
            return self._first[trial]
        return next((task for task in self._further.get(trial, ()) if self._columns.raw["index"][task] == index), None)

    def _ids(self, trial: int) -> list[int]:
        return [self._first[trial], *self._further.get(trial, ())]

    def alone(self, trial: int) -> bool:
        """Whether the trial has one task, and that is open."""
        return trial not in self._further and self._first[trial] in self.open

    def ended(self, trial: int, index: int) -> bool:
        """Whether the task has its outcome."""
        task = self.find(trial, index)
        return task is not None and bool(self._columns.raw["state"][task] == _ENDED)

    def value(self, trial: int) -> Array:
        """The mean over folds and seeds at the highest budget reached, shape (m,). All tasks but spare ones must have values."""
        if trial not in self._further:
            first: Array = self._columns.raw["values"][self._first[trial]]
            return first
        tasks = np.array([task for task in self._ids(trial) if task not in self.spare or self._has_values(task)])
        budgets = np.nan_to_num(self._columns.raw["budget"][tasks], nan=np.inf)  # no budget: all of it
        mean: Array = self._columns.raw["values"][tasks[budgets == budgets.max()]].mean(axis=0)
        return mean

    def _has_values(self, task: int) -> bool:
        return bool(self._columns.raw["state"][task] == _ENDED) and task not in self._failures

    def sent(self, trial: int) -> int:
        """How many different tasks of the trial were sent, spare ones too."""
        return 1 + len(self._further.get(trial, ()))

    def cells(self, trial: int) -> list[Cell]:
        """The fold and seed of each task of the trial that was sent."""
        return [self._axes(task)[1:] for task in self._ids(trial)]

    @property
    def single(self) -> bool:
        """Whether no trial has more than one task, and none has a budget."""
        return not self._further and not self.limited

    def budgets(self, trials: int, metric: int) -> Array:
        """The highest budget at which each trial has a value of the metric, shape (trials,): infinite without one, -inf where it has none."""
        good, budget = self._good(metric)
        highest = np.full(trials, -np.inf)
        np.maximum.at(highest, self._columns.raw["trial"][good], budget)
        return highest

    def sent_budgets(self, trials: int) -> tuple[Array, Array]:
        """The lowest and the highest budget for which each trial was sent, each of shape (trials,); infinite without one."""
        cells, n, (lowest, highest) = self._columns.raw, len(self._columns), np.full((2, trials), [[np.inf], [-np.inf]])
        budgets = np.nan_to_num(cells["budget"][:n], nan=np.inf)
        np.minimum.at(lowest, cells["trial"][:n], budgets)
        np.maximum.at(highest, cells["trial"][:n], budgets)
        return lowest, highest

    def efforts(self, trials: int, budget: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """How many tasks with this budget each trial was sent, and how many of them have values, each of shape (trials,)."""
        n, cells = len(self._columns), self._columns.raw
        sent = np.nan_to_num(cells["budget"][:n], nan=np.inf) == budget
        met = sent & (cells["state"][:n] == _ENDED) & np.isfinite(cells["values"][:n]).all(axis=1)
        return np.bincount(cells["trial"][:n][sent], minlength=trials), np.bincount(cells["trial"][:n][met], minlength=trials)

    def levels(self, metric: int) -> tuple[NDArray[np.intp], Array, Array]:
        """What each trial was worth at each of its budgets: k trials, budgets, and means of all metrics, shape (k, m), in the order of sending.

        Where some were stopped, what others had reported when they passed that step counts, too, so that there is something to compare with.

        Args:
            metric: whose values must be there.
        """
        tasks, budgets = self._good(metric)
        values = self._columns.raw["values"][tasks]
        passed = [
            (task, step, found)
            for step in some(list(self._cut.values()))
            for task in tasks[step < budgets].tolist()
            if task in self._curves and (found := self._at(task, step)) is not None
        ]
        if passed:
            tasks = np.concatenate([tasks, np.array([task for task, _, _ in passed])])
            budgets = np.concatenate([budgets, np.array([step for _, step, _ in passed])])
            values = np.concatenate([values, np.array([found for _, _, found in passed])])
        by_task = np.argsort(tasks, kind="stable")
        return means_by_level(self._columns.raw["trial"][tasks[by_task]], budgets[by_task], values[by_task])

    def _at(self, task: int, step: float) -> list[float] | None:
        """What an ended task had reported when it came to this step; None: not all metrics."""
        if (task, step) not in self._passed:
            reached = (report.values for report in self._curves[task] if report.step >= step)
            whole = (values for values in reached if all(name in values for name in self._names))
            found = next(whole, None)
            self._passed[task, step] = None if found is None else [found[name] for name in self._names]
        return self._passed[task, step]

    def _good(self, metric: int) -> tuple[NDArray[np.intp], Array]:
        """Tasks with a value of the metric, and their budgets; infinite without one."""
        n, cells = len(self._columns), self._columns.raw
        good = np.flatnonzero((cells["state"][:n] == _ENDED) & np.isfinite(cells["values"][:n, metric]))
        return good, np.nan_to_num(cells["budget"][good], nan=np.inf)

    def table(self, trials: int, metric: int) -> tuple[Array, tuple[Cell, ...]]:
        """The values of a metric at each trial's highest budget by cell, a fold with a seed.

        Returns:
            Shape (trials, cells), NaN where there is none, and the cells in the order of seed and fold. Of a cell met twice the mean.
        """
        cells = self._columns.raw
        values = cells["values"][:, metric]
        good, budget = self._good(metric)
        good = good[budget == self.budgets(trials, metric)[cells["trial"][good]]]
        keys, place = np.unique(np.stack([cells["seed"][good], cells["fold"][good]], axis=1), axis=0, return_inverse=True)
        table = means_by_cell(trials, len(keys), (cells["trial"][good], place.reshape(-1)), values[good])
        return table, tuple((None if fold == _NONE else int(fold), int(seed)) for seed, fold in keys)

    def lost(self, trial: int, index: int) -> int:
        """How many workers died with the task in hand."""
        task = self.find(trial, index)
        return 0 if task is None else self._lost.get(task, 0)

    def stuck(self, trial: int, index: int) -> int:
        """How many of them since it last reported a further step than ever before."""
        task = self.find(trial, index)
        return 0 if task is None else self._lost.get(task, 0) - self._excused.get(task, 0)

    def curve(self, trial: int, index: int) -> list[Report]:
        """What the task reported on the way."""
        task = self.find(trial, index)
        return [] if task is None else list(self._curves.get(task, []))

    def worker(self, task: int) -> int:
        """Who holds the task; 0: nobody's lease."""
        return int(self._columns.raw["worker"][task])

    def trial(self, task: int) -> int:
        """Whose task it is."""
        return int(self._columns.raw["trial"][task])

    def _axes(self, task: int) -> tuple[float | None, int | None, int]:
        cells = self._columns.raw
        budget, fold = float(cells["budget"][task]), int(cells["fold"][task])
        return (
            None if np.isnan(budget) else self._budgets.get(budget, budget),
            None if fold == _NONE else fold,
            int(cells["seed"][task]),
        )

    def record(self, task: int, params: Params) -> Task:
        """The task as its worker gets it."""
        cells = self._columns.raw
        trial, index, attempt = int(cells["trial"][task]), int(cells["index"][task]), int(cells["attempt"][task])
        return Task(trial, index, params, *self._axes(task), self._resume.get(task), attempt)

    def measurements(self, trial: int) -> tuple[Measurement, ...]:
        """Every ended task of the trial."""
        return tuple(self._measurement(task) for task in self._ids(trial) if self._columns.raw["state"][task] == _ENDED)

    def _measurement(self, task: int) -> Measurement:
        cells = self._columns.raw
        failure = self._failures.get(task)
        values = None if failure is not None else dict(zip(self._names, cells["values"][task].tolist(), strict=True))
        index, seconds = int(cells["index"][task]), float(cells["seconds"][task])
        info, gradient = self._infos.get(task, {}), self.gradients.get(task, {})
        return Measurement(index, *self._axes(task), values, seconds, info, failure, gradient)

    def failure(self, trial: int) -> Failure | None:
        """Why the trial failed first; None if no task of it did that was not spare."""
        return next(
            (self._failures[task] for task in self._ids(trial) if task in self._failures and task not in self.spare), None
        )

    @property
    def failures(self) -> list[tuple[int, Failure]]:
        """Every failure with its trial, in the order they came."""
        return [(self.trial(task), failure) for task, failure in self._failures.items()]
