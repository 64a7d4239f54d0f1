"""What one call of `optimize` holds: tasks that it asked for, some at work, some waiting, some over."""

import math
import time
from collections import deque

import msgspec

from tunewright.events import Released
from tunewright.execution.crew import Crew
from tunewright.history import History
from tunewright.pace import Pace
from tunewright.pen import Pen
from tunewright.schedulers.base import Scheduler
from tunewright.stopping import Limits
from tunewright.trial import Outcome, Task

__all__ = ["Hand", "marked"]


def marked(tasks: list[Task], scheduler: Scheduler, history: History) -> list[Task]:
    """The tasks as their workers get them: with which checkpoints are to be kept, where the scheduler clones."""
    keep = scheduler.keeps(history) if tasks else None
    return tasks if keep is None else [msgspec.structs.replace(task, keep=keep) for task in tasks]


class Hand:
    """What one call of `optimize` holds.

    Attributes:
        before: tasks that this process held when it began; they are a person's.
        single: ask for one task at a time.
        tasks: asked for, and not told.
        waiting: those of them that have not begun.
        done: those of them that are over.
        hurried: whether more should wait for a worker than do.
    """

    def __init__(self, before: set[tuple[int, int]], *, single: bool) -> None:
        self.before = before
        self.single = single
        self.hurried = False
        self.tasks: dict[tuple[int, int], Task] = {}
        self.waiting: deque[Task] = deque()
        self.done: list[tuple[Task, Outcome]] = []

    def room(self, crew: Crew, pace: Pace) -> int:
        """For how many tasks there are workers."""
        if self.waiting:
            return 0
        return pace.group if crew.inline and crew.free and not self.single else crew.free

    def spare(self, crew: Crew) -> int:
        """How many tasks wait for a worker."""
        return len(crew.tasks) + len(self.waiting) - crew.workers

    def patience(self, crew: Crew, limits: Limits) -> float:
        """Seconds to wait for a result; what waits for a worker must not begin when the time is up."""
        spare = math.inf if self.spare(crew) <= 0 else max(0.0, limits.deadline - time.monotonic())
        return 0.0 if self.hurried else min(limits.patience, spare)

    def withdraw(self, crew: Crew) -> list[Task]:
        """Take back what has not begun; returns it."""
        back = [*crew.withdraw(), *self.waiting]
        self.waiting.clear()
        for task in back:
            del self.tasks[task.key]
        return back

    def told(self, tasks: list[Task]) -> None:
        """What was done has been told, and these tasks came."""
        for task, _ in self.done:
            del self.tasks[task.key]
        self.done = []
        self.tasks.update({task.key: task for task in tasks})
        self.waiting.extend(tasks)

    def let_go(self, pen: Pen) -> None:
        """Tell what is done, and give back the rest."""
        pen.tell_all(self.done)
        for task in self.tasks.values():
            if not pen.history.ended(*task.key):
                pen.write(task.trial, Released(task.index, "interrupted"))

    def begin(self, crew: Crew) -> None:
        """Give the workers what waits."""
        while self.waiting and crew.takes:
            crew.submit(self.waiting.popleft())
