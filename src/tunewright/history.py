"""The read-only view of a study, folded from its journal.

Folding is incremental: what is new costs what is new. Trials and tasks are kept as NumPy columns, so samplers, schedulers and
analyses read arrays; a `Trial` record is built only when somebody asks for it. Folding in pieces and folding at once give the
same history (a property test says so).

The value of a trial is defined once, in `tasks.py`: for each metric, the mean over the folds and seeds at the highest budget that
the trial has reached.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import dropwhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunewright import events
from tunewright.errors import NoResult, TrialError
from tunewright.events import Enqueued, Entry
from tunewright.metric import Metric
from tunewright.runs import pieces
from tunewright.space import SearchSpace
from tunewright.tasks import TaskTable
from tunewright.trial import Failure, Report, Task, Trial
from tunewright.trials import COMPLETED, FAILED, RUNNING, TrialTable
from tunewright.typing import Array

__all__ = ["COMPLETED", "FAILED", "RUNNING", "History"]


class History:
    """All that happened in a study.

    Columns are read-only arrays over the n trials, in the order of asking. Samplers and schedulers get a `History` and must not
    change it.

    Args:
        space: of the study's header; an edit in the journal replaces it.
        metrics: of the study's header.
        seed: of the study's header. A sampler that needs one stream of chance for the whole study derives it from this.
    """

    def __init__(self, space: SearchSpace, metrics: Sequence[Metric], *, seed: int = 0) -> None:
        self.metrics = tuple(metrics)
        self.seed = seed
        self.position = 0
        """Of the last entry folded."""
        self.comments: list[Entry] = []
        self.warnings: list[Entry] = []
        self.sessions: list[Entry] = []
        """The `Opened` entries: who worked on the study, with what, and where."""
        self._signs = np.array([metric.sign for metric in metrics])
        self._trials = TrialTable(space, self.metrics)
        self._tasks = TaskTable(self.metrics)
        self._queue: dict[int, Enqueued] = {}
        self._running: dict[int, None] = {}
        self._completed: dict[int, None] = {}
        self._failed = 0
        self._fold: dict[type, Callable[[Entry, Any], None]] = {
            events.Asked: self._asked,
            events.Sent: self._sent_again,
            events.Told: self._told,
            events.Failed: self._task_failed,
            events.Reported: self._reported,
            events.Released: self._released,
            events.Enqueued: self._enqueued,
            events.SpaceEdited: lambda _, event: self._trials.edit(SearchSpace.from_json(event.space)),
            events.Commented: lambda entry, _: self.comments.append(entry),
            events.Warned: lambda entry, _: self.warnings.append(entry),
            events.Opened: lambda entry, _: self.sessions.append(entry),
        }

    # ---- folding ---------------------------------------------------------------------------------------------------------------

    def fold(self, entries: Iterable[Entry]) -> None:
        """Take in what is new, in the order of the journal. Entries that are known already are passed over."""
        new = dropwhile(lambda entry: entry.position <= self.position, entries)
        for piece, run in pieces(new, self.__len__, self._awaits_one):
            if run:
                self._fold_run(piece)
                self.position = piece[-1].position
                continue
            for entry in piece:
                self._fold[type(entry.event)](entry, entry.event)
                self.position = entry.position

    def _awaits_one(self, trial: int) -> bool:
        return trial in self._running and self._trials.plan[trial] == 1 and self._tasks.alone(trial)

    def _fold_run(self, run: list[Entry]) -> None:
        asked = [(entry.time, entry.event) for entry in run if isinstance(entry.event, events.Asked)]
        if asked:
            trial = self._trials.add_many([event for _, event in asked], [time for time, _ in asked])
            self._tasks.add_many(trial, [event.worker for _, event in asked])
            self._running.update(dict.fromkeys(range(trial, trial + len(asked))))
        told = [(entry.trial, entry.time, entry.event) for entry in run if isinstance(entry.event, events.Told)]
        if told:
            trials = [trial for trial, _, _ in told]
            values = self._tasks.tell_many(trials, [event for _, _, event in told])
            self._trials.complete_many(trials, values, [event.seconds for _, _, event in told], [time for _, time, _ in told])
            for trial in trials:
                del self._running[trial]
            self._completed.update(dict.fromkeys(trials))

    def _asked(self, entry: Entry, event: events.Asked) -> None:
        trial = self._trials.add(event, entry.time)
        self._tasks.add(trial, 0, event)
        self._running[trial] = None
        if event.queued:
            queued = self._queue.pop(event.queued, None)
            if queued is not None and queued.note:
                self._trials.notes[trial] = queued.note

    def _sent_again(self, entry: Entry, event: events.Sent) -> None:
        trial = entry.trial
        if not self._tasks.send(trial, event.index, event):
            return
        self._trials.sent[trial] += 1
        if trial in self._completed:  # a scheduler gives it more effort
            del self._completed[trial]
            self._running[trial] = None
            self._trials.cells["states"][trial] = RUNNING
            self._trials.cells["values"][trial] = np.nan
            self._trials.cells["finished_at"][trial] = np.nan

    def _end(self, entry: Entry, event: events.Told | events.Failed) -> int | None:
        task = self._tasks.end(entry.trial, event.index, event.seconds)
        if task is not None:
            self._trials.cells["seconds"][entry.trial] += event.seconds
            self._trials.ended[entry.trial] += 1
        return task

    def _told(self, entry: Entry, event: events.Told) -> None:
        task = self._end(entry, event)
        if task is None:
            return
        trial, trials = entry.trial, self._trials
        self._tasks.told(task, event.values, event.info)
        if trial in self._running and trials.ended[trial] >= max(trials.plan[trial], trials.sent[trial]):
            trials.cells["values"][trial] = self._tasks.value(trial)
            self._finish(trial, COMPLETED, entry.time)
            self._completed[trial] = None

    def _task_failed(self, entry: Entry, event: events.Failed) -> None:
        task = self._end(entry, event)
        if task is None:
            return
        self._tasks.failed(task, event.failure)
        if entry.trial in self._running:
            self._finish(entry.trial, FAILED, entry.time)
            self._failed += 1
            self._tasks.forget_released(entry.trial)

    def _finish(self, trial: int, state: int, time: float) -> None:
        self._trials.cells["states"][trial] = state
        self._trials.cells["finished_at"][trial] = time
        del self._running[trial]

    def _reported(self, entry: Entry, event: events.Reported) -> None:
        self._tasks.report(entry.trial, event.index, Report(event.step, event.values))

    def _released(self, entry: Entry, event: events.Released) -> None:
        self._tasks.give_back(entry.trial, event.index, wanted=entry.trial in self._running, lost=event.lost)

    def _enqueued(self, entry: Entry, event: Enqueued) -> None:
        self._queue[entry.position] = event

    # ---- columns ---------------------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._trials)

    @property
    def space(self) -> SearchSpace:
        """The space as last edited."""
        return self._trials.space

    @property
    def rows(self) -> Array:
        """Raw rows of all trials, shape (n, d); NaN where inactive."""
        return self._trials.column("rows")

    @property
    def values(self) -> Array:
        """Metrics of all trials, shape (n, m); NaN unless completed."""
        return self._trials.column("values")

    @property
    def losses(self) -> Array:
        """`values`, turned so that smaller is better, shape (n, m)."""
        losses: Array = self._trials.column("values") * self._signs
        return losses

    @property
    def states(self) -> NDArray[np.int8]:
        """RUNNING, COMPLETED or FAILED, shape (n,)."""
        return self._trials.column("states")

    @property
    def seconds(self) -> Array:
        """Wall seconds of the finished tasks of each trial together, shape (n,)."""
        return self._trials.column("seconds")

    @property
    def asked_at(self) -> Array:
        """Seconds since 1970, shape (n,)."""
        return self._trials.column("asked_at")

    @property
    def finished_at(self) -> Array:
        """Seconds since 1970, shape (n,); NaN while running."""
        return self._trials.column("finished_at")

    @property
    def usable(self) -> NDArray[np.bool_]:
        """False where an edited space no longer holds the trial, shape (n,)."""
        return self._trials.column("usable")

    def seen(self, row: Sequence[float] | Array) -> bool:
        """Whether this raw row, shape (d,), was asked before."""
        return self._trials.seen(row)

    # ---- counts and tasks ------------------------------------------------------------------------------------------------------

    @property
    def completed(self) -> int:
        """How many trials are COMPLETED."""
        return len(self._completed)

    @property
    def failed(self) -> int:
        """How many trials are FAILED."""
        return self._failed

    @property
    def running(self) -> int:
        """How many trials are RUNNING."""
        return len(self._running)

    @property
    def finished(self) -> int:
        """How many trials are COMPLETED or FAILED."""
        return len(self._completed) + self._failed

    @property
    def underway(self) -> list[int]:
        """Numbers of the RUNNING trials, lowest first."""
        return sorted(self._running)

    def plan(self, trial: int) -> int:
        """How many tasks the trial was promised."""
        return self._trials.plan[trial]

    def sent(self, trial: int) -> int:
        """How many different tasks of the trial were sent."""
        return self._trials.sent[trial]

    def basis(self, trial: int) -> int:
        """The position up to which the proposal of the trial knew the journal."""
        return self._trials.basis[trial]

    def origin(self, trial: int) -> str:
        """Who proposed the trial: a sampler's label, or "queue"."""
        return self._trials.origin[trial]

    @property
    def queue(self) -> list[tuple[int, Enqueued]]:
        """Enqueued configurations that wait, with their positions, oldest first."""
        return list(self._queue.items())

    @property
    def open_tasks(self) -> list[tuple[Task, int]]:
        """Tasks sent and not finished, each with its worker (0: nobody's lease), oldest first."""
        return [(self._task(task), self._tasks.worker(task)) for task in self._tasks.open]

    @property
    def released(self) -> list[Task]:
        """Tasks given back by dead or interrupted workers, oldest first."""
        return [self._task(task) for task in self._tasks.released]

    def _task(self, task: int) -> Task:
        return self._tasks.record(task, self._trials.params(self._tasks.trial(task)))

    def task(self, trial: int, index: int = 0) -> Task:
        """A task that was sent.

        Raises:
            TrialError: no such trial, or no such task of it.
        """
        task = self._tasks.find(trial, index)
        if task is None:
            have = f"the study holds trials 0 to {len(self) - 1}" if len(self) else "the study holds no trial yet"
            which = f"trial {trial}" if index == 0 else f"task {index} of trial {trial}"
            raise TrialError(f"There is no {which}: {have}. Ask first, then tell.")
        return self._task(task)

    def knows(self, trial: int, index: int = 0) -> bool:
        """Whether the task was sent."""
        return self._tasks.find(trial, index) is not None

    def ended(self, trial: int, index: int = 0) -> bool:
        """Whether the task has its outcome."""
        return self._tasks.ended(trial, index)

    def lost(self, trial: int, index: int = 0) -> int:
        """How many workers died with the task in hand."""
        return self._tasks.lost(trial, index)

    def curve(self, trial: int, index: int = 0) -> list[Report]:
        """What the task reported on the way."""
        return self._tasks.curve(trial, index)

    @property
    def failures(self) -> list[tuple[int, Failure]]:
        """Every failure with its trial, in the order they came."""
        return self._tasks.failures

    # ---- trials ----------------------------------------------------------------------------------------------------------------

    def trial(self, number: int) -> Trial:
        """One trial, whole.

        Raises:
            TrialError: there is no such trial.
        """
        if not 0 <= number < len(self):
            have = f"trials 0 to {len(self) - 1}" if len(self) else "no trial yet"
            raise TrialError(f"There is no trial {number}: the study holds {have}.")
        return self._trials.record(number, self._tasks)

    @property
    def trials(self) -> list[Trial]:
        """All trials, whole; built anew at each call."""
        return [self.trial(number) for number in range(len(self))]

    @property
    def objectives(self) -> tuple[int, ...]:
        """Which metrics are optimised: those without a bound, or all if each has one."""
        free = tuple(j for j, metric in enumerate(self.metrics) if metric.bound is None)
        return free or tuple(range(len(self.metrics)))

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """Which trials are completed, inside the present space, and within every metric's bound, shape (n,)."""
        bounds = np.array([np.inf if metric.bound is None else metric.sign * metric.bound for metric in self.metrics])
        within = np.asarray((self.losses <= bounds).all(axis=1))  # NaN is within nothing
        feasible: NDArray[np.bool_] = within & (self.states == COMPLETED) & self.usable
        return feasible

    @property
    def best(self) -> Trial:
        """The feasible trial with the best value; the earlier one of equals.

        Raises:
            NoResult: there is none yet, or several metrics are optimised.
        """
        if len(self.objectives) > 1:
            names = ", ".join(f'"{self.metrics[j].name}"' for j in self.objectives)
            mend = "Use `pareto`, or give all but one a bound."
            raise NoResult(f"Several metrics are optimised ({names}), so there is no single best trial. {mend}")
        feasible = self.feasible
        if not feasible.any():
            raise NoResult(self._why_no_result())
        losses = np.where(feasible, self.losses[:, self.objectives[0]], np.inf)
        return self.trial(int(np.argmin(losses)))

    def _why_no_result(self) -> str:
        if not len(self):
            return "The study has no trial yet. Run study.optimize(objective, trials=20) first."
        counts = f"{self.completed} completed, {self.failed} failed, {self.running} running"
        if self.completed:
            return (
                f"No completed trial is inside the present space and within every bound ({counts}). Loosen a bound, or search on."
            )
        if self.failures:
            trial, failure = self.failures[0]
            return f"No trial has a value ({counts}). Trial {trial} failed first: {failure.message}"
        return f"No trial has a value yet ({counts}). Tell the running ones, or search on."

    @property
    def pareto(self) -> list[Trial]:
        """The feasible trials that no other feasible trial beats in every optimised metric, in the order of asking."""
        found = np.flatnonzero(self.feasible)
        losses = self.losses[found][:, self.objectives]
        beaten = [bool(((losses <= loss).all(axis=1) & (losses < loss).any(axis=1)).any()) for loss in losses]
        return [self.trial(int(number)) for number, dominated in zip(found, beaten, strict=True) if not dominated]

    @property
    def best_so_far(self) -> Array:
        """The running minimum of the first optimised loss over completed trials in the order of finishing, shape (completed,)."""
        losses: Array = self.losses[list(self._completed), self.objectives[0]]
        return np.minimum.accumulate(losses)
