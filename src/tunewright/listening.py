"""A coordinator with open ears: what running tasks report goes into the journal, and who is asked to stop there hears it."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from tunewright.events import Released
from tunewright.execution.crew import Crew
from tunewright.execution.interrupts import Interrupts
from tunewright.hand import Hand
from tunewright.journal import Journal
from tunewright.trial import Outcome, Task

__all__ = ["Listening"]

_EVERY: Final = 0.5
"""Seconds between two looks, at least: what a task reports meanwhile is written in one transaction."""
_GRACE: Final = 5.0
"""Seconds that tasks have to clean up when the time is up."""


class Listening:
    """Call it often; it looks at most twice a second.

    Args:
        journal: of the study.
        crew: at work.
        mine: the tasks in its hands, by (trial, index); it may change.
        since: where in the journal it stands that the crew began; what was asked to stop before that is past.

    Attributes:
        all_stop: whether all running tasks were asked to: what stops then is given back, not failed.
    """

    def __init__(self, journal: Journal, crew: Crew, mine: Mapping[tuple[int, int], Task], *, since: int) -> None:
        self.all_stop = False
        self._journal = journal
        self._crew = crew
        self._mine = mine
        self._heard = self._since = since
        self._next = 0.0

    @property
    def patience(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._next - time.monotonic())

    def stopped(self) -> bool:
        """Whether all who work on the study are asked to stop, as far as this process has read the journal: at each task that it asks for."""
        return self._journal.history.stop_asked_at > self._since

    def __call__(self, *, now: bool = False) -> None:
        """Look, if it is time; `now`: in any case."""
        if not now and self.patience:
            return
        self._next = time.monotonic() + _EVERY
        for key, reports in self._crew.board.take().items():
            if key in self._mine:
                self._journal.report(self._mine[key], reports)
        for entry in [stop for stop in self._journal.sync().stops if stop.position > self._heard]:
            self._heard, why = entry.position, getattr(entry.event, "why", "")
            if entry.trial < 0:
                self.all_stop = True
            for task in list(self._mine.values()):
                if entry.trial in {-1, task.trial}:
                    self._crew.ask_to_stop(task, why)

    def sort(self, hand: Hand, interrupts: Interrupts, task: Task, outcome: Outcome, *, retries: int) -> None:
        """A result is told at the next turn; what was stopped, or crashed and may be tried again, is given back (so is what crashed after
        Ctrl-C, which reaches an executor's processes, too).
        """
        failure, pressed = outcome.failure, interrupts.asked
        again = pressed or self._journal.history.lost(task.trial, task.index) < retries
        crashed = failure is not None and failure.kind == "crash" and again
        if failure is not None and (crashed or (failure.kind == "stopped" and self.all_stop)):
            self._journal.report(task, outcome.reports, Released(task.index, failure.message, lost=crashed and not pressed))
            del hand.tasks[task.key]
        else:
            hand.done.append((task, outcome))

    def wind_down(self, why: str, sort: Callable[[Task, Outcome], None]) -> None:
        """Ask all running tasks to stop. Those that report may clean up, and what they still return counts: `sort` gets it."""
        self.all_stop = True
        for task in list(self._mine.values()):
            self._crew.ask_to_stop(task, why)
        end = time.monotonic() + _GRACE
        while time.monotonic() < end and any(self._crew.board.reports(key) for key in self._mine):
            for task, outcome in self._crew.wait(0.1):
                sort(task, outcome)
