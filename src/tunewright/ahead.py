"""A decision made ahead, while all workers are busy.

A Gaussian process thinks for 50 to 250 milliseconds. Where a trial takes seconds, a worker that becomes free waits for that, and its proposal
knows everything; where a trial takes half a second, it would be idle for a tenth of its time. There the next decision is made
while all are at work, and given to whoever becomes free first: it does not know that one's result, which with many workers is one
among several that are missing.

It is a decision like any other: it names as its basis the position up to which it knew the journal, from which a replay makes it again.
So it may only be used while nothing but results has come since; a decision in between would have an older basis after a younger one.
It is nowhere written down before it is used, so that nothing is left of it when there is no use for it.
"""

from collections.abc import Callable
from typing import Final

from tunewright.deciding import Decided
from tunewright.history import History
from tunewright.pace import Pace
from tunewright.schedulers.base import Start
from tunewright.space import SearchSpace

__all__ = ["Ahead"]

_WORTH: Final = 0.02
"""Of a task's time: for less than that a worker waits, and gets a proposal that knows all."""


class Ahead:
    """Holds one decision at most."""

    def __init__(self) -> None:
        self._held: tuple[Decided, int] | None = None
        self._known: tuple[int, int, SearchSpace] | None = None

    @staticmethod
    def pays(pace: Pace) -> bool:
        """Whether decisions take long beside tasks."""
        return pace.thought is not None and pace.usual is not None and pace.thought > _WORTH * pace.usual

    def think(self, history: History, decide: Callable[[], Decided]) -> None:
        """Decide, unless what was decided can still be used. Only new trials are kept: how an old one goes on is decided in no time."""
        if self._known != _decisions(history):
            decided = decide()
            self._held = (decided, history.position) if isinstance(decided.decision, Start) else None
            self._known = _decisions(history)

    def take(self, history: History) -> tuple[Decided, int] | None:
        """The decision and its basis, if it may be used; None: there is none. It is used once."""
        held, fresh = self._held, self._known == _decisions(history)
        self._held = self._known = None
        return held if fresh else None


def _decisions(history: History) -> tuple[int, int, SearchSpace]:
    """What a history holds that is no result."""
    return len(history), len(history.queue), history.space
