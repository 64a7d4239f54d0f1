"""What is left of a finite space.

Towards the end of a finite space nearly every proposal has been tried already, and asking again and again would take forever. Up to
100,000 configurations the whole space is listed once; striking out what was tried then costs what is new, and drawing one of those
left costs one number. Above that, random draws find something new until very nearly everything was tried. If they do not, n + 1
values of each parameter are enough: either that is all of them, or their combinations are more than n trials can have had.
"""

import math
import weakref
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from tunewright.errors import SpaceExhausted
from tunewright.history import History
from tunewright.space import Int, SearchSpace
from tunewright.typing import Array, Params

__all__ = ["draw_remaining", "is_repeat", "may_repeat", "size_of"]

_LISTED = 100_000
_BLOCK, _BLOCKS = 1024, 4


@lru_cache(maxsize=64)
def size_of(space: SearchSpace) -> int | float:
    """`space.size`, counted once for each space."""
    return space.size


@lru_cache(maxsize=64)
def _continuous(space: SearchSpace) -> tuple[list[int], bool]:
    """The places of parameters with values without number, and whether one of them is always active."""
    places = [j for j, parameter in enumerate(space.parameters.values()) if math.isinf(parameter.size)]
    return places, any(space.names[j] not in space.when for j in places)


def may_repeat(space: SearchSpace) -> bool:
    """Whether a configuration can come up twice other than by the rarest chance: not where something continuous is always active."""
    return not _continuous(space)[1]


def is_repeat(space: SearchSpace, history: History, row: Array) -> bool:
    """Whether a raw row, shape (d,), was asked before, and nothing continuous is active in it: measuring it again would tell nothing new."""
    return may_repeat(space) and bool(np.isnan(row[_continuous(space)[0]]).all()) and history.seen(row)


def draw_remaining(space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
    """Draw a configuration that no trial has had, from a space of finite size.

    Up to 100,000 configurations each one left is equally likely.

    Raises:
        SpaceExhausted: every configuration was tried; or, in a space that is too large to list and has constraints, none of 4,096
            random draws is new.
    """
    if _listable(space):
        row = _remainder(space, history).draw(rng)
        certain = True
    else:
        row = _draw_new(space, history, rng)
        certain = not space.constraints
        if row is None and certain:
            row = next((row for row in _every_row(space, len(history) + 1) if not history.seen(row)), None)
    if row is None:
        what = (
            f"Every configuration of the space was tried ({len(history):,} trials): nothing new is left to propose."
            if certain
            else f"{_BLOCK * _BLOCKS:,} random draws from the space brought nothing new after {len(history):,} trials."
        )
        raise SpaceExhausted(f"{what} Widen a range or add a choice, or allow repeated configurations with repeats=True.")
    return space.params(row)


def _listable(space: SearchSpace) -> bool:
    return size_of(space) <= _LISTED and all(parameter.size <= _LISTED for parameter in space.parameters.values())


def _every_row(space: SearchSpace, values: int) -> Iterator[Array]:
    """Every configuration made of at most so many values of each parameter, as raw rows."""
    levels: dict[str, int | range] = {}
    for name, parameter in space.parameters.items():
        count = int(min(parameter.size, values))
        levels[name] = count
        if isinstance(parameter, Int) and parameter.log:  # levels on its scale would leave values out
            levels[name] = range(parameter.low, parameter.low + count)
    return (np.asarray(space.row(params)) for params in space.grid(levels))


def _draw_new(space: SearchSpace, history: History, rng: np.random.Generator) -> Array | None:
    for _ in range(_BLOCKS):
        rows = space.sample_rows(rng, _BLOCK)
        new = next((i for i, row in enumerate(rows) if not history.seen(row)), None)
        if new is not None:
            found: Array = rows[new]
            return found
    return None


class _Remainder:
    """The rows of a space that a history, which only grows, has not had."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._rows = list(_every_row(space, _LISTED))
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
