"""How many tasks to ask for at once.

To ask for a task and to tell its result costs a fraction of a millisecond, most of it for locks and transactions. A task of a
microsecond would wait for that, and several processes would wait for each other. So where tasks are over in no time, several are
asked for in one transaction, and their results told in the next one.

The size of such a group follows what tasks took lately, the slow ones remembered for a while: together they should take no longer
than `HELD`, for so long results may be held back. Tasks of a millisecond and more are asked for one by one.
"""

from typing import Final

__all__ = ["HELD", "Pace"]

HELD: Final = 0.005
"""Seconds for which the results of tasks that are over in no time are held back at most before the next begins."""

_GROUP: Final = 32  # by then a transaction costs a task a few microseconds
_QUICK: Final = 0.001
_FORGET: Final = 0.95  # a slow one out of a hundred keeps the group small


class Pace:
    """What tasks, and the decisions about them, took lately.

    Attributes:
        task: seconds of a slow task of late.
        usual: seconds of a usual task of late.
        thought: CPU seconds of a slow decision of late.
        asked: seconds that it took of late to get a task, with the decision, the locks, and the storage.
    """

    def __init__(self) -> None:
        self.task: float | None = None
        self.usual: float | None = None
        self.thought: float | None = None
        self.asked: float | None = None

    def took(self, seconds: float) -> None:
        """A task took so long."""
        self.task = seconds if self.task is None else max(seconds, _FORGET * self.task)
        self.usual = seconds if self.usual is None else _FORGET * self.usual + (1 - _FORGET) * seconds

    def thought_for(self, seconds: float) -> None:
        """A decision took so long."""
        self.thought = seconds if self.thought is None else max(seconds, _FORGET * self.thought)

    def asked_for(self, seconds: float) -> None:
        """To get a task took so long."""
        self.asked = seconds if self.asked is None else max(seconds, _FORGET * self.asked)

    @property
    def quick(self) -> bool:
        """Whether decisions are so quick that others may wait for them."""
        return self.thought is not None and self.thought < _QUICK

    @property
    def group(self) -> int:
        """How many tasks to ask for at once, 1 or more."""
        if self.task is None or self.task >= _QUICK:
            return 1
        return max(1, min(_GROUP, int(HELD / max(self.task, 1e-9))))
