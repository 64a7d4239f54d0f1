"""A coordinator with open ears: what running tasks report goes into the journal, and who is asked to stop there hears it.

The scheduler hears the reports, too, and may ask that a task stop. That a task reported so much is worth what it reported: its last report
is its result, with the effort that it had reached (`Told.reached`).
"""

import contextlib
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from tunewright.deciding import wish
from tunewright.errors import StorageError, StudyError
from tunewright.events import Released, StopAsked, called
from tunewright.execution.crew import Crew
from tunewright.execution.interrupts import Interrupts
from tunewright.hand import Hand
from tunewright.journal import Journal
from tunewright.schedulers.base import Scheduler
from tunewright.trial import Outcome, Task

__all__ = ["Listening", "noted"]

_EVERY: Final = 0.5
"""Seconds between two looks, at least: what a task reports meanwhile is written in one transaction."""
_EAGER: Final = 0.1
"""The same, where the scheduler stops tasks; it hears an objective in the coordinator's own thread at each report."""
_GRACE: Final = 5.0
"""Seconds that tasks have to clean up when the time is up."""


class Listening:
    """Call it often; it looks a few times a second.

    Args:
        journal: of the study.
        crew: at work.
        mine: the tasks in its hands, by (trial, index); it may change.
        scheduler: who may stop them.
        since: where in the journal it stands that the crew began; what was asked to stop before that is past.

    Attributes:
        all_stop: whether all running tasks were asked to: what stops then is given back, not failed.
    """

    def __init__(
        self, journal: Journal, crew: Crew, mine: Mapping[tuple[int, int], Task], scheduler: Scheduler, *, since: int
    ) -> None:
        self.all_stop = False
        self._journal = journal
        self._crew = crew
        self._mine = mine
        self._scheduler = scheduler
        self._judges = scheduler.stops
        self._every = _EVERY if not self._judges else 0.0 if crew.inline else _EAGER
        self._heard = self._since = since
        self._next = 0.0
        self._broken: Exception | None = None
        self._said = False
        if self._judges and not crew.hears:
            warnings.warn(
                f"{scheduler!r} cannot stop the executor's tasks: no way leads to them while they run. "
                "Use workers=…, or budgets that grow (schedulers.ASHA with checkpoints).",
                stacklevel=2,
            )

    @property
    def patience(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._next - time.monotonic())

    def stopped(self) -> bool:
        """Whether all who work on the study are asked to stop, as far as this process has read the journal: at each task that it asks for."""
        return self._journal.history.stop_asked_at > self._since

    def __call__(self, *, now: bool = False) -> None:
        """`hear`; then raise what the scheduler raised, which is no fault of the objective that reported."""
        self.hear(now=now)
        if self._broken is not None:
            raise self._broken

    def hear(self, *, now: bool = False) -> None:
        """Look, if it is time; `now`: in any case."""
        if not now and self.patience:
            return
        self._next = time.monotonic() + self._every
        for key, reports in self._crew.board.take().items():
            if key in self._mine:
                self._journal.report(self._mine[key], reports)
                self._judge(self._mine[key], len(reports))
        for entry in [stop for stop in self._journal.sync().stops if stop.position > self._heard]:
            self._heard, why = entry.position, getattr(entry.event, "why", "")
            if entry.trial < 0:
                self.all_stop = True
            for task in list(self._mine.values()):
                if entry.trial in {-1, task.trial}:
                    self._crew.ask_to_stop(task, why)

    def _judge(self, task: Task, new: int) -> None:
        """Write down that the task should stop, if the scheduler finds so."""
        history = self._journal.history
        if not self._judges or self.all_stop or task.trial in history.halted or history.ended(*task.key):
            return
        if not self._whole(task):
            return
        try:
            why = wish(history, self._scheduler, task, new)
        except Exception as error:  # noqa: BLE001  raised where the coordinator listens
            self._broken = error
            return
        if not isinstance(why, str):
            said = f"{self._scheduler!r}.stop returned {why!r}. Return why the task should stop, or an empty text."
            self._broken = StudyError(said)
        elif why:
            self._journal.write(task.trial, StopAsked(why, called(self._scheduler)))

    def _whole(self, task: Task) -> bool:
        """Whether a report says enough to stand for a result, or that it diverged; if not, that is said once."""
        history, names = self._journal.history, [metric.name for metric in self._journal.history.metrics]
        last = history.curve(*task.key)[-1]
        if any(name in last.diverged for name in names) or history.so_far(*task.key) is not None:
            return True
        if not self._said:
            self._said = True
            lacking = ", ".join(f'"{name}"' for name in names if name not in last.values)
            warnings.warn(
                f"{self._scheduler!r} stops nothing that reports as trial {task.trial} does: its reports lack {lacking}. "
                "Report every metric of the study, under its name.",
                stacklevel=2,
            )
        return False

    def sort(self, hand: Hand, interrupts: Interrupts, task: Task, outcome: Outcome, *, retries: int) -> None:
        """A result is told at the next turn; what was stopped, or crashed and may be tried again, is given back (so is what crashed after
        Ctrl-C, which reaches an executor's processes, too).
        """
        outcome = self._cut_short(task, outcome)
        failure, pressed = outcome.failure, interrupts.asked
        again = pressed or self._journal.history.lost(task.trial, task.index) < retries
        crashed = failure is not None and failure.kind == "crash" and again
        if failure is not None and (crashed or (failure.kind == "stopped" and self.all_stop)):
            self._journal.report(task, outcome.reports, Released(task.index, failure.message, lost=crashed and not pressed))
            del hand.tasks[task.key]
        else:
            hand.done.append((task, outcome))

    def _cut_short(self, task: Task, outcome: Outcome) -> Outcome:
        """What came of a task; one that the scheduler stopped is worth what it returned then, else what it reported last."""
        stop = self._journal.history.halted.get(task.trial)
        if stop is None or not stop.by:
            return msgspec.structs.replace(outcome, reached=None)
        if outcome.reached is None or outcome.failure is None or outcome.failure.kind != "stopped":
            return outcome
        last = self._journal.history.so_far(*task.key, outcome.reports)
        return outcome if last is None else msgspec.structs.replace(outcome, values=last.values, failure=None, reached=last.step)

    def wind_down(self, why: str, sort: Callable[[Task, Outcome], None]) -> None:
        """Ask all running tasks to stop. Those that report may clean up, and what they still return counts: `sort` gets it."""
        self.all_stop = True
        for task in list(self._mine.values()):
            self._crew.ask_to_stop(task, why)
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and any(self._crew.board.reports(key) for key in self._mine):
            for task, outcome in self._crew.wait(0.1):
                sort(task, outcome)

    def leave(self, hand: Hand) -> None:
        """End what runs, and write down how far it came."""
        self._crew.close()
        self.hear(now=True)
        if hand.tasks:
            self._journal.attempt(hand.let_go)


@contextlib.contextmanager
def noted(error: BaseException) -> Iterator[None]:
    """What the storage says while an error is on its way becomes a note of the error, which alone says why all ends."""
    try:
        yield
    except StorageError as lost:
        if isinstance(error, StorageError):  # it says the same
            return
        error.add_note(f"What ran was not given back; others take it up when this process counts as dead. {lost}")
