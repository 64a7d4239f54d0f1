"""What one call of `optimize` holds: tasks that it asked for, some at work, some waiting, some over."""

from collections import deque

from tunewright.execution.crew import Crew
from tunewright.pace import Pace
from tunewright.trial import Outcome, Task

__all__ = ["Hand"]


class Hand:
    """What one call of `optimize` holds.

    Attributes:
        before: tasks that this process held when it began; they are a person's.
        single: ask for one task at a time.
        tasks: asked for, and not told.
        waiting: those of them that have not begun.
        done: those of them that are over.
    """

    def __init__(self, before: set[tuple[int, int]], *, single: bool) -> None:
        self.before = before
        self.single = single
        self.tasks: dict[tuple[int, int], Task] = {}
        self.waiting: deque[Task] = deque()
        self.done: list[tuple[Task, Outcome]] = []

    def room(self, crew: Crew, pace: Pace) -> int:
        """For how many tasks."""
        return pace.group if crew.inline and crew.free and not self.single else crew.free

    def told(self, tasks: list[Task]) -> None:
        """What was done has been told, and these tasks came."""
        for task, _ in self.done:
            del self.tasks[task.key]
        self.done = []
        self.tasks.update({task.key: task for task in tasks})
        self.waiting.extend(tasks)

    def begin(self, crew: Crew) -> None:
        """Give the free workers what waits."""
        while self.waiting and crew.free:
            crew.submit(self.waiting.popleft())
