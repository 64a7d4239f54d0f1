"""What is left of a finite space.

Towards the end of a finite space nearly every proposal has been tried already, and asking again and again would take forever. Up to
100,000 configurations the whole space is listed once; striking out what was tried then costs what is new, and drawing one of those
left costs one number. Above that, random draws find something new until very nearly everything was tried; and if they do not, the
first n + 1 configurations in order must hold one that n trials have not had.
"""

import weakref
from collections.abc import Iterator

import numpy as np

from tunewright.errors import SpaceExhausted
from tunewright.history import History
from tunewright.space import SearchSpace
from tunewright.typing import Array, Params

__all__ = ["draw_remaining"]

_LISTED = 100_000
_BLOCK, _BLOCKS = 1024, 16


def draw_remaining(space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
    """Draw a configuration that no trial has had, from a space of finite size.

    Up to 100,000 configurations each one left is equally likely.

    Raises:
        SpaceExhausted: every configuration was tried; or, in a space above 100,000 whose constraints forbid counting it, none of
            16,384 random draws is new.
    """
    if space.size <= _LISTED:
        row = _remainder(space, history).draw(rng)
    else:
        row = _draw_new(space, history, rng)
        if row is None and not space.constraints:
            row = next((row for row in _every_row(space) if not history.seen(row)), None)
    if row is None:
        raise SpaceExhausted(_message(space, history))
    return space.params(row)


def _message(space: SearchSpace, history: History) -> str:
    mend = "Widen a range or add a choice, or allow repeated configurations with repeats=True."
    if space.size > _LISTED and space.constraints:
        return (
            f"{_BLOCK * _BLOCKS:,} random draws from the space brought no new configuration after {len(history):,} trials. {mend}"
        )
    return f"Every configuration of the space was tried ({len(history):,} trials): nothing new is left to propose. {mend}"


def _every_row(space: SearchSpace) -> Iterator[Array]:
    """Every configuration of a finite space as a raw row."""
    return (np.asarray(space.row(params)) for params in space.grid(int(min(space.size, 1 << 53))))


def _draw_new(space: SearchSpace, history: History, rng: np.random.Generator) -> Array | None:
    for _ in range(_BLOCKS):
        for row in space.sample_rows(rng, _BLOCK):
            if not history.seen(row):
                return row
    return None


class _Remainder:
    """The rows of a space that a history, which only grows, has not had."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._rows = list(_every_row(space))
        self._index = {_key(row): i for i, row in enumerate(self._rows)}
        self._left = np.ones(len(self._rows), bool)
        self._known = 0

    def strike_out(self, history: History) -> None:
        for row in history.rows[self._known :]:
            index = self._index.get(_key(row))
            if index is not None:
                self._left[index] = False
        self._known = len(history)

    def draw(self, rng: np.random.Generator) -> Array | None:
        left = np.flatnonzero(self._left)
        return self._rows[left[rng.integers(len(left))]] if len(left) else None


_remainders: weakref.WeakKeyDictionary[History, _Remainder] = weakref.WeakKeyDictionary()


def _remainder(space: SearchSpace, history: History) -> _Remainder:
    """The remainder for this history, brought up to date."""
    remainder = _remainders.get(history)
    if remainder is None or (remainder.space is not space and remainder.space != space):
        remainder = _remainders[history] = _Remainder(space)
    remainder.strike_out(history)
    return remainder


def _key(row: Array) -> bytes:
    return (row + 0.0).tobytes()  # + 0.0: -0.0 and 0.0 are the same
