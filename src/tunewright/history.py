"""The read-only view of a study, folded from its journal.

Folding is incremental: what is new costs what is new. Trials and tasks are kept as NumPy columns, so samplers, schedulers and
analyses read arrays; a `Trial` record is built only when somebody asks for it. Folding in pieces and folding at once give the
same history (a property test says so).

The value of a trial is defined once, in `tasks.py`: for each metric, the mean over the folds and seeds at the highest budget that
the trial has reached.
"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import dropwhile
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from tunewright import events
from tunewright.errors import TrialError
from tunewright.events import Enqueued, Entry
from tunewright.gradients import mean_gradient
from tunewright.metric import Metric
from tunewright.runs import pieces
from tunewright.space import SearchSpace
from tunewright.standing import Standing
from tunewright.tasks import Cell
from tunewright.trial import Descent, Report, Task, Trial
from tunewright.trials import COMPLETED, FAILED, RUNNING, carried
from tunewright.typing import Params

__all__ = ["COMPLETED", "FAILED", "RUNNING", "History"]


class History(Standing):
    """All that happened in a study.

    Columns are read-only arrays over the n trials, in the order of asking. Samplers and schedulers get a `History` and must not
    change it.

    Args:
        space: of the study's header; an edit in the journal replaces it.
        metrics: of the study's header.
        seed: of the study's header. A sampler that needs one stream of chance for the whole study derives it from this.
    """

    def __init__(self, space: SearchSpace, metrics: Sequence[Metric], *, seed: int = 0) -> None:
        super().__init__(space, metrics)
        self.seed = seed
        self.comments: list[Entry] = []
        self.warnings: list[Entry] = []
        self.stops: list[Entry] = []
        """The `StopAsked` entries: what somebody asked to stop."""
        self.stop_asked_at = 0
        """The position of the last one that is about the whole study; 0: there is none."""
        self.halted: dict[int, events.StopAsked] = {}
        """RUNNING trials that somebody asked to stop: they get no further task."""
        self._had_enough: list[int] = []
        self.sessions: list[Entry] = []
        """The `Opened` entries: who worked on the study, with what, and where."""
        self._queue: dict[int, Enqueued] = {}
        self._waiting: dict[int, Enqueued] = {}

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
                self._FOLD[type(entry.event)](self, entry, entry.event)
                self.position = entry.position

    def _awaits_one(self, trial: int) -> bool:
        return trial in self._running and self._trials.plan[trial] == 1 and self._tasks.alone(trial)

    def _fold_run(self, run: list[Entry]) -> None:
        asked = [(entry.time, entry.event) for entry in run if isinstance(entry.event, events.Asked)]
        if asked:
            trial = self._trials.add_many([event for _, event in asked], [time for time, _ in asked])
            self._tasks.add_many(trial, [event.worker for _, event in asked])
            self._running.update(dict.fromkeys(range(trial, trial + len(asked))))
        told = [(entry, entry.event) for entry in run if isinstance(entry.event, events.Told)]
        if told:
            trials = [entry.trial for entry, _ in told]
            values = self._tasks.tell_many(trials, [event for _, event in told])
            seconds, times = [event.seconds for _, event in told], [entry.time for entry, _ in told]
            self._trials.complete_many(trials, values, seconds, times, [entry.position for entry, _ in told])
            for trial in trials:
                del self._running[trial]
                self.halted.pop(trial, None)
            self._completed.update(dict.fromkeys(trials))

    def _asked(self, entry: Entry, event: events.Asked) -> None:
        trial = self._trials.add(event, entry.time)
        self._tasks.add(trial, 0, event)
        self._running[trial] = None
        if event.queued:
            queued = self._queue.pop(event.queued, None)
            self._waiting.pop(event.queued, None)
            if queued is not None and queued.note:
                self._trials.notes[trial] = queued.note

    def _sent_again(self, entry: Entry, event: events.Sent) -> None:
        trial = entry.trial
        if not self._tasks.send(trial, event.index, event) or event.spare:
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
            self._trials.ended[entry.trial] += task not in self._tasks.spare
            self._trials.cells["result_at"][entry.trial] = entry.position
        return task

    def _told(self, entry: Entry, event: events.Told) -> None:
        task = self._end(entry, event)
        if task is None:
            return
        self._tasks.told(task, event)
        if event.reached is not None:  # what more it was promised it does not get
            self._trials.plan[entry.trial] = min(self._trials.plan[entry.trial], self._trials.sent[entry.trial])
        self._complete(entry)

    def _complete(self, entry: Entry) -> None:
        """If nothing of the trial is left to come that it has to have; a spare task adds to what is known of it."""
        trial, trials = entry.trial, self._trials
        if trial in self._completed:
            trials.cells["values"][trial] = self._tasks.value(trial)
        elif trial in self._running and trials.ended[trial] >= max(trials.plan[trial], trials.sent[trial]):
            trials.cells["values"][trial] = self._tasks.value(trial)
            self._finish(trial, COMPLETED, entry.time)
            self._completed[trial] = None

    def _task_failed(self, entry: Entry, event: events.Failed) -> None:
        task = self._end(entry, event)
        if task is None:
            return
        self._tasks.failed(task, event.failure, event.info)
        if task not in self._tasks.spare and entry.trial in self._running:
            self._finish(entry.trial, FAILED, entry.time)
            self._failed += 1
            self._tasks.forget_released(entry.trial)

    def _finish(self, trial: int, state: int, time: float) -> None:
        self._trials.cells["states"][trial] = state
        self._trials.cells["finished_at"][trial] = time
        del self._running[trial]
        self.halted.pop(trial, None)

    def _stop_asked(self, entry: Entry, event: events.StopAsked) -> None:
        self.stops.append(entry)
        if entry.trial < 0:
            self.stop_asked_at = entry.position
            return
        self._had_enough.append(entry.trial)
        if entry.trial in self._running:
            self.halted.setdefault(entry.trial, event)

    def _reported(self, entry: Entry, event: events.Reported) -> None:
        self._tasks.report(entry.trial, event.index, Report(event.step, event.values, event.diverged))

    def _released(self, entry: Entry, event: events.Released) -> None:
        wanted = entry.trial in self._running or entry.trial in self._completed
        self._tasks.give_back(entry.trial, event.index, wanted=wanted, lost=event.lost)

    def _edited(self, _: Entry, event: events.SpaceEdited) -> None:
        self._trials.edit(SearchSpace.from_json(event.space))
        self._waiting = {}
        for position, queued in self._queue.items():
            self._wait(position, queued)

    def _enqueued(self, entry: Entry, event: Enqueued) -> None:
        self._queue[entry.position] = event
        self._wait(entry.position, event)

    def _wait(self, position: int, queued: Enqueued) -> None:
        """If it fits the space as it is."""
        params = carried(self.space, queued.params)
        if params is not None:
            self._waiting[position] = Enqueued(params, queued.note)

    @property
    def stopping(self) -> bool:
        """Whether all who work on the study are asked to stop, and nobody has begun to since."""
        return self.stop_asked_at > (self.sessions[-1].position if self.sessions else 0)

    @property
    def stopped(self) -> NDArray[np.bool_]:
        """Which trials somebody asked to stop, whatever came of that, shape (n,)."""
        stopped = np.zeros(len(self), bool)
        stopped[self._had_enough] = True
        return stopped

    def _judged_by(self, _: Entry, event: events.Frozen) -> None:
        if not self.frozen:
            self.frozen.update(event.facts)

    _FOLD: ClassVar[dict[type, Callable[[Any, Entry, Any], None]]] = {
        events.Asked: _asked,
        events.Sent: _sent_again,
        events.Told: _told,
        events.Failed: _task_failed,
        events.Reported: _reported,
        events.Released: _released,
        events.Enqueued: _enqueued,
        events.SpaceEdited: _edited,
        events.Commented: lambda history, entry, _: history.comments.append(entry),
        events.Warned: lambda history, entry, _: history.warnings.append(entry),
        events.Frozen: _judged_by,
        events.StopAsked: _stop_asked,
        events.Opened: lambda history, entry, _: history.sessions.append(entry),
    }

    # ---- tasks ----------------------------------------------------------------------------------------------------------------

    @property
    def underway(self) -> list[int]:
        """Numbers of the RUNNING trials, lowest first."""
        return sorted(self._running)

    def plan(self, trial: int) -> int:
        """How many tasks the trial was promised."""
        return self._trials.plan[trial]

    def sent(self, trial: int) -> int:
        """How many different tasks of the trial were sent."""
        return self._tasks.sent(trial)

    def cells(self, trial: int) -> list[Cell]:
        """The fold and seed of each task of the trial that was sent."""
        return self._tasks.cells(trial)

    def basis(self, trial: int) -> int:
        """The position up to which the proposal of the trial knew the journal."""
        return self._trials.basis[trial]

    def origin(self, trial: int) -> str:
        """Who proposed the trial: a sampler's label, "queue", or "clone" of one that a scheduler had cloned."""
        return self._trials.origin[trial]

    @property
    def clones(self) -> Mapping[int, Descent]:
        """By number the trials that went on from another one's checkpoint, and where each comes from."""
        return MappingProxyType(self._trials.descents)

    def note(self, trial: int) -> str:
        """What was said when it was enqueued."""
        return self._trials.notes.get(trial, "")

    @property
    def queue(self) -> list[tuple[int, Enqueued]]:
        """Enqueued configurations that wait, with their positions, oldest first; as they are in the space as last edited. Those that do not
        fit it wait for another edit.
        """
        return list(self._waiting.items())

    def waits(self, params: Params) -> bool:
        """Whether this configuration, a whole one, is enqueued and waits."""
        return any(queued.params == params for queued in self._waiting.values())

    def tried(self, params: Params) -> int | None:
        """Number of the first trial of this configuration, a whole one, that has not failed and is no clone; None: there is none."""
        row = self.space.row(params)
        if not self.seen(row):
            return None
        same = ((self.rows == row) | (np.isnan(self.rows) & np.isnan(row))).all(axis=1) & self.usable
        found = (int(trial) for trial in np.flatnonzero(same & (self._trials.cells["states"][: len(self)] != FAILED)))
        return next((trial for trial in found if trial not in self._trials.descents), None)

    @property
    def open_tasks(self) -> list[tuple[Task, int]]:
        """Tasks sent and not finished, each with its worker (0: nobody's lease), oldest first."""
        return [(self._task(task), self._tasks.worker(task)) for task in self._tasks.open]

    @property
    def released(self) -> list[Task]:
        """Tasks given back by dead or interrupted workers, oldest first."""
        return [self._task(task) for task in self._tasks.released]

    def _task(self, task: int) -> Task:
        found = self._tasks.record(task, self._trials.params(trial := self._tasks.trial(task)))
        descent = self._trials.descents.get(trial)
        return found if descent is None else msgspec.structs.replace(found, parent=descent.parent, since=descent.since)

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

    def stuck(self, trial: int, index: int = 0) -> int:
        """How many of them since it last reported a further step than ever before."""
        return self._tasks.stuck(trial, index)

    def worker(self, trial: int) -> int:
        """Who got the first task of the trial last, as the storage numbered them; 0: nobody's lease."""
        found = self._tasks.find(trial, 0)
        return 0 if found is None else self._tasks.worker(found)

    def waited(self, trial: int, now: float) -> float:
        """Seconds at `now`, a time as of `time.time`, since a trial was asked for or last had a result: for so long, at most, somebody had its task."""
        return max(0.0, now - float(np.nanmax([self.asked_at[trial], self.finished_at[trial]])))

    def curve(self, trial: int, index: int = 0) -> list[Report]:
        """What the task reported on the way."""
        return self._tasks.curve(trial, index)

    def gradient(self, trial: int) -> dict[str, float]:
        """Derivatives of the trial's value of the first optimised metric, by parameter, in the units of both: the mean over the folds and seeds
        at its highest budget, by each parameter that all of them told (`LiveTrial.gradient`); empty where there is none.

        Raises:
            TrialError: there is no such trial.
        """
        return mean_gradient(self.trial(trial).measurements)

    def so_far(self, trial: int, index: int, more: Sequence[Report] = ()) -> Report | None:
        """The last report of a task that has every metric, with these alone, `more` being reports that are not recorded yet. None: there is
        none, or one has diverged since.
        """
        names = [metric.name for metric in self.metrics]
        for report in reversed([*self._tasks.curve(trial, index), *more]):
            if any(name in report.diverged for name in names):
                return None
            if all(name in report.values for name in names):
                return Report(report.step, {name: report.values[name] for name in names})
        return None

    # ---- trials ----------------------------------------------------------------------------------------------------------------

    @property
    def trials(self) -> list[Trial]:
        """All trials, whole; built anew at each call."""
        return [self.trial(number) for number in range(len(self))]

    def __copy__(self) -> "History":
        return copy.deepcopy(self)  # what shared its columns would be written by both

    def __repr__(self) -> str:
        return f"History({self.tally})"
