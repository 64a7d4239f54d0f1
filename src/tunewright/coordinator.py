"""One process's part in a study: it asks for decisions, hands out tasks, and takes results in.

`Study.ask`, `Study.tell` and `Study.optimize` are written with it, so the loop does nothing that a user could not do by hand. What
has happened stands in the journal; what to do next is a pure function of it (`deciding.py`); here the two are brought together.

Only one process asks at a time (`Storage.asking`), so the bases of the decisions rise strictly and every one of them can be made
again; results may arrive meanwhile.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
import numpy as np

from tunewright import samplers
from tunewright.deciding import Decided, decide
from tunewright.errors import AlreadyTold, ObjectiveError, SpaceExhausted, StudyError
from tunewright.events import Asked, Enqueued, Entry, Opened, Released, Sent, Warned
from tunewright.execution.crew import Crew
from tunewright.execution.interrupts import Interrupts
from tunewright.execution.prepared import Prepared
from tunewright.execution.worker import outcome_of
from tunewright.history import History
from tunewright.journal import Journal
from tunewright.listening import Listening
from tunewright.samplers.base import Sampler
from tunewright.schedulers.base import Resume, Scheduler, Start
from tunewright.stopping import Limits
from tunewright.storage.pulse import Pulse
from tunewright.tracking.provenance import environment
from tunewright.trial import Outcome, Task

__all__ = ["Coordinator", "Listener"]

Listener: TypeAlias = Callable[[History, Entry], None]
"""Called after each result of this process has been recorded."""

_LOOK_FOR_THE_DEAD: Final = 1.0  # seconds between two looks for tasks whose worker died
_GRACE: Final = 5.0  # seconds that tasks have to clean up when the time is up
_LOOK_AT_OTHERS: Final = 0.2  # seconds between two looks at other processes, when there is nothing to do but wait for them


class Coordinator:
    """Asks and tells, for one process.

    Attributes:
        journal: of the study.
        scheduler: who decides on effort.
        repeats: whether the same configuration of a finite space may be proposed twice.
    """

    def __init__(self, journal: Journal, sampler: Sampler | None, scheduler: Scheduler, *, repeats: bool) -> None:
        self.journal = journal
        self.scheduler = scheduler
        self.repeats = repeats
        self._sampler = sampler
        self._next_look = 0.0
        self._asked_at: dict[tuple[int, int], float] = {}

    @property
    def sampler(self) -> Sampler:
        """Who proposes."""
        if self._sampler is None:  # made when it is needed: whoever only looks at a study need not wait for SciPy
            self._sampler = samplers.Auto()
        return self._sampler

    @sampler.setter
    def sampler(self, sampler: Sampler) -> None:
        self._sampler = sampler

    @property
    def chosen(self) -> Sampler | None:
        """Who proposes, if that was said or needed yet."""
        return self._sampler

    # ---- asking ----------------------------------------------------------------------------------------------------------------

    def next(self, limits: Limits, *, hold: bool = False) -> Task | None:
        """A task that is recorded as sent; None when there is nothing to start now.

        Args:
            limits: no trial begins beyond its goal.
            hold: nobody takes the task up when this process ends.

        Raises:
            SpaceExhausted: nothing is left to propose.
        """
        worker = 0 if hold else self.journal.storage.join()
        with self.journal.storage.asking(self.journal.record.id), self.journal.lock:
            history = self.journal.sync()
            task = self._take_up(worker)
            if task is None:
                may_start = history.finished + history.running < limits.goal
                decided = decide(
                    history,
                    self.scheduler,
                    self.sampler,
                    seed=self.journal.record.header.seed,
                    repeats=self.repeats,
                    may_start=may_start,
                    closing=limits.closing,
                )
                task = self._send(decided, worker)
        if task is not None:
            self._asked_at[task.key] = time.perf_counter()
        return task

    def _take_up(self, worker: int) -> Task | None:
        """Send a task again that was given back, looking for the tasks of the dead from time to time."""
        history = self.journal.history
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK_FOR_THE_DEAD
            self.journal.reclaim(worker)
        for task in history.released:
            again = Sent(task.index, worker, task.attempt + 1, task.budget, task.fold, task.seed, task.resume_from)
            self.journal.write(task.trial, again)
            return history.task(task.trial, task.index)
        return None

    def _send(self, decided: Decided, worker: int) -> Task | None:
        basis = self.journal.history.position
        match decided.decision:
            case Start(plan=plan, budget=budget, fold=fold, seed=seed):
                for remark in decided.remarks:
                    self.journal.write(-1, Warned(remark))
                asked = Asked(decided.params, decided.by, basis, worker, decided.queued, plan, budget, fold, seed)
                trial, index = self.journal.write(-1, asked).trial, 0
                return Task(trial, 0, decided.params, budget, fold, seed)
            case Resume(trial=trial, budget=budget, fold=fold, seed=seed):
                index = self.journal.history.sent(trial)
                self.journal.write(trial, Sent(index, worker, 1, budget, fold, seed))
                return self.journal.history.task(trial, index)
        return None

    # ---- telling ---------------------------------------------------------------------------------------------------------------

    def tell(self, trial: int, index: int, result: Any, seconds: float | None) -> Outcome:  # noqa: ANN401  whatever an objective returns
        """Record what came of a task; see `Study.tell`."""
        names = tuple(metric.name for metric in self.journal.record.header.metrics)
        outcome = result if isinstance(result, Outcome) else outcome_of(result, names)
        asked_at = self._asked_at.pop((trial, index), None)
        if seconds is None and asked_at is not None and not isinstance(result, Outcome):
            seconds = time.perf_counter() - asked_at
        if seconds is not None:
            outcome = msgspec.structs.replace(outcome, seconds=float(seconds))
        self.journal.tell(trial, index, outcome)
        return outcome

    # ---- the loop --------------------------------------------------------------------------------------------------------------

    def prepare(self, objective: Prepared, *, scheduled: bool) -> None:
        """Take from an objective that knows it: how its tasks are scheduled, what it measures, and by what it judges.

        Args:
            objective: what is optimised.
            scheduled: the user chose a scheduler, which stays.

        Raises:
            StudyError: the study measures something else.
            StudyChanged: the study was judged by something else so far.
        """
        metrics = self.journal.record.header.metrics
        known = {metric.name: metric.goal for metric in objective.metrics}
        ours = {metric.name: metric.goal for metric in metrics}
        if not known.keys() & ours.keys() or any(known.get(name, goal) != goal for name, goal in ours.items()):
            wanted, have = (", ".join(f"{name} ({goal})" for name, goal in each.items()) for each in (known, ours))
            raise StudyError(f"The study measures {have}, but the objective {wanted}. Write Study(space, objective.metrics).")
        self.journal.freeze(objective.frozen)
        if not scheduled:
            self.scheduler = objective.scheduler
        history = self.journal.sync()
        if not len(history) and not history.queue:  # whatever is found will be compared with it
            default = history.space.validate(objective.default(history.space) or history.space.default, fill=True)
            self.journal.write(-1, Enqueued(default, "default"))

    @property
    def unfinished(self) -> bool:
        """Whether the scheduler has work although no trial may begin: a race that was cut off."""
        history = self.journal.history
        rng = np.random.default_rng([self.journal.record.header.seed, history.position])
        return isinstance(self.scheduler.finish(history.space, history, rng), Resume)

    def run(self, crew: Crew, limits: Limits, listeners: Sequence[Listener], *, on_failure: str, retries: int = 0) -> None:
        """Keep the crew at work until a limit is reached, the space is exhausted, or Ctrl-C is pressed; see `Study.optimize`."""
        storage = self.journal.storage
        mine: dict[tuple[int, int], Task] = {}
        before = {task.key for task in self._held()[0]}
        with Pulse(storage), Interrupts() as interrupts, crew:
            self.journal.write(-1, Opened(storage.join(), repr(self.sampler), repr(self.scheduler), environment(), limits.count))
            listening = crew.listen = Listening(self.journal, crew, mine)
            take_in = partial(self._take_in, mine, listening, listeners=listeners, on_failure=on_failure, retries=retries)
            try:
                while not limits.over:
                    at_work = not interrupts.asked and not limits.late and listening.stopped is None
                    more_to_come = at_work and self._fill(crew, mine, limits)
                    if not mine and not (more_to_come and (self._held()[1] or self.journal.history.released)):
                        break
                    if not mine:
                        time.sleep(_LOOK_AT_OTHERS)
                    for task, outcome in crew.wait(min(limits.patience, listening.patience)) if mine else ():
                        take_in(task, outcome)
                    listening()
                self._wind_down(crew, listening, mine, take_in)
            except BaseException:  # perhaps between sending a task and noting it
                mine.update({task.key: task for task in self._held()[0] if task.key not in before})
                raise
            finally:
                crew.close()
                listening(now=True)
                for trial, index in mine:
                    self.journal.write(trial, Released(index, "interrupted"))

    @staticmethod
    def _wind_down(
        crew: Crew, listening: Listening, mine: dict[tuple[int, int], Task], take_in: Callable[[Task, Outcome], None]
    ) -> None:
        """Time is up: tasks that report may clean up, and what they still return counts. The others are ended by `close`."""
        listening.wind_down("The time is up.")
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and any(crew.board.reports(key) for key in mine):
            for task, outcome in crew.wait(0.1):
                take_in(task, outcome)

    def _held(self) -> tuple[list[Task], list[Task]]:
        """What this process was sent and has not told, and what other processes were (what waits for a person is neither)."""
        me, held = self.journal.storage.join(), self.journal.sync().open_tasks
        return [task for task, holder in held if holder == me], [task for task, holder in held if holder not in (0, me)]

    def _fill(self, crew: Crew, mine: dict[tuple[int, int], Task], limits: Limits) -> bool:
        """Give the free workers work. False: the space is exhausted or the goal is reached."""
        while crew.free and not limits.late:
            try:
                task = self.next(limits)
            except SpaceExhausted:
                return False
            if task is None:
                return self.journal.history.finished < limits.goal
            mine[task.key] = task
            crew.submit(task)
        return True

    def _take_in(
        self,
        mine: dict[tuple[int, int], Task],
        listening: Listening,
        task: Task,
        outcome: Outcome,
        *,
        listeners: Sequence[Listener],
        on_failure: str,
        retries: int,
    ) -> None:
        del mine[task.key]
        self._asked_at.pop(task.key, None)
        failure = outcome.failure
        deaths = self.journal.history.lost(task.trial, task.index)
        crashed = failure is not None and failure.kind == "crash" and deaths < retries
        if failure is not None and (crashed or (failure.kind == "stopped" and listening.all_stop)):
            self.journal.report(task, outcome.reports, Released(task.index, failure.message, lost=crashed))
            return
        try:
            entry = self.journal.tell(task.trial, task.index, outcome)
        except AlreadyTold:  # this process was thought dead, and somebody else did the task
            return
        for listener in listeners:
            listener(self.journal.history, entry)
        if failure is not None and on_failure == "raise":
            raise ObjectiveError(f"Trial {task.trial} failed: {failure.message}\n\n{failure.traceback}".rstrip())
