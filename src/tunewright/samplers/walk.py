"""Going along a fixed sequence of configurations, one new one at a time.

A grid and a quasi-random sequence are both a fixed order of configurations, and both propose *the first one in that order that no
trial has had*. That rule is a pure function of the history: it needs no stored cursor, several processes that share a journal
never propose the same, and a resumed study goes on where it was. And it is cheap: the trials of a history only grow, so whoever
remembers where the first new one was goes on from there, and each configuration is passed once.
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from tunewright.history import History
from tunewright.space import SearchSpace
from tunewright.typing import Array

__all__ = ["Row", "Walk"]

Row = Sequence[float] | Array
"""A raw row of the space, d floats."""

_PATIENCE: Final = 1024
"""Rows that may have been had before, beyond one for each trial: a continuous parameter may be active once in a million points."""


class Walk:
    """Remembers how far along a sequence a history has come; pickles as one that remembers nothing."""

    def __init__(self) -> None:
        self._space: SearchSpace | None = None
        self._history: weakref.ref[History] | None = None
        self._rows: Iterator[Row] = iter(())
        self._first: Row | None = None

    def first_new(self, space: SearchSpace, history: History, start: Callable[[], Iterator[Row]]) -> Row | None:
        """The first row that no trial has had; None at the end of the sequence, or where it only repeats itself.

        Args:
            space: in which the sequence goes.
            history: of the study.
            start: begins the sequence of raw rows; must be the same one each time for the same space.
        """
        if self._history is None or self._history() is not history or (self._space is not space and self._space != space):
            self._history, self._rows = weakref.ref(history), start()
            self._first = next(self._rows, None)
        self._space = space
        for _ in range(len(history) + _PATIENCE):
            if self._first is None or not history.seen(self._first):
                return self._first
            self._first = next(self._rows, None)
        return None

    def __reduce__(self) -> tuple[type["Walk"], tuple[()]]:
        return Walk, ()
