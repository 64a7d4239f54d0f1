"""When a search has had enough."""

import math
import time
from collections.abc import Callable
from typing import Final, Self

import msgspec

from tunewright.arguments import count_of
from tunewright.errors import StudyError
from tunewright.space.values import plain_number

__all__ = ["Limits"]

_LAST: Final = 0.08
"""Share of the time that belongs to bringing the search to its end."""


def _never() -> bool:
    return False


class Limits(msgspec.Struct, frozen=True):
    """How far one call of `optimize` goes.

    Attributes:
        goal: so many finished trials in the study; inf: no such limit.
        deadline: on the monotonic clock; no task starts after it; inf: no such limit.
        cut: on the monotonic clock; tasks that still run then are ended and given back; inf: they may finish.
        close: on the monotonic clock; from then on the scheduler may bring the search to its end; inf: only when the goal is reached.
        stopped: whether somebody asked all who work on the study to stop.
    """

    goal: float = math.inf
    deadline: float = math.inf
    cut: float = math.inf
    close: float = math.inf
    stopped: Callable[[], bool] = _never

    @classmethod
    def of(cls, finished: int, *, trials: int | None, more: int | None, seconds: float | None, overtime: float | None) -> Self:
        """Check the limits that a user gave, and start the clock.

        Args:
            finished: how many finished trials the study holds now.
            trials: until the study holds so many finished trials. more: so many in addition. seconds: of wall time from now.
            overtime: so many seconds after that, tasks that still run are ended; None: they may finish.

        Raises:
            StudyError: a limit is not a number, or is negative, or both `trials` and `more` are given.
        """
        if trials is not None and more is not None:
            raise StudyError(f"Give trials={trials} (in all) or more={more} (in addition), not both.")
        trials, more = (None if count is None else count_of(count, name) for name, count in (("trials", trials), ("more", more)))
        for name, span in (("seconds", seconds), ("overtime", overtime)):
            if span is not None and not _is_span(plain_number(span)):
                raise StudyError(f"{name} must be a number of seconds, 0 or more, got {span!r}.")
        seconds, overtime = (None if span is None else float(span) for span in (seconds, overtime))
        goal = math.inf if trials is None and more is None else trials if trials is not None else finished + (more or 0)
        deadline = math.inf if seconds is None else time.monotonic() + seconds
        return cls(goal, deadline, math.inf if overtime is None else deadline + overtime, deadline - _LAST * (seconds or 0.0))

    @property
    def late(self) -> bool:
        """No further task may start."""
        return self.stopped() or time.monotonic() >= self.deadline

    @property
    def closing(self) -> bool:
        """The last part of the time has begun."""
        return time.monotonic() >= self.close

    @property
    def over(self) -> bool:
        """Running tasks have to end."""
        return time.monotonic() >= self.cut

    @property
    def patience(self) -> float:
        """Seconds that one may wait for a running task; inf: as long as it takes."""
        return max(0.0, self.cut - time.monotonic())

    @property
    def count(self) -> int:
        """The goal; 0: there is none."""
        return 0 if math.isinf(self.goal) else int(self.goal)


def _is_span(value: float | None) -> bool:
    return value is not None and 0 <= value < math.inf
