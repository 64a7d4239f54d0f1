"""Grid search: a few values of each parameter, and every combination of them, once.

The grid is laid over each branch of a conditional space by itself, so that no configuration stands in it twice. For real
parameters it wastes effort as soon as one of them does not matter (see `Random`); on a small discrete space it is the whole truth.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tunewright.errors import SpaceExhausted, StudyError
from tunewright.history import History
from tunewright.samplers.base import Sampler
from tunewright.samplers.walk import Row, Walk
from tunewright.space import SearchSpace
from tunewright.typing import Params, Value

__all__ = ["Grid"]


class Grid(Sampler):
    """Proposes every point of a grid, in order, each once, however many processes ask and however often they are restarted.

    Args:
        levels: at most how many values of each number, the bounds among them, evenly spaced on its own (log) scale; or by name such
            a number or the values themselves (other names take 5). Choices are all tried.

    Raises:
        StudyError: a number of levels is not a positive integer.
    """

    learns = False

    def __init__(self, levels: int | Mapping[str, int | Sequence[Value]] = 5) -> None:
        for level in levels.values() if isinstance(levels, Mapping) else (levels,):
            listed = isinstance(levels, Mapping) and isinstance(level, list | tuple | range | np.ndarray)
            if not (listed or _positive(level)):
                raise StudyError(
                    "Grid: levels must be a positive integer, or a mapping from names to such or to lists of values "
                    f'({{"lr": 7, "depth": [2, 4, 8]}}), got {level!r}.'
                )
        self.levels = {name: _plain(level) for name, level in levels.items()} if isinstance(levels, Mapping) else int(levels)
        self._walk = Walk()

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:  # noqa: ARG002  the contract gives more than is used here
        """The first configuration of the grid that no trial has had.

        Raises:
            SpaceExhausted: the grid is finished.
            SpaceError: `levels` has a name that the space does not have, or a value that does not fit.
        """
        row = self._walk.first_new(space, history, lambda: self._rows(space))
        if row is None:
            raise SpaceExhausted(
                f"The grid is finished: all {self.count(space):,} configurations were tried. "
                "For a finer one raise the levels (what was tried is not tried again), or go on with another sampler."
            )
        return space.params(row)

    def count(self, space: SearchSpace) -> int:
        """How many configurations the grid has on this space."""
        return space.grid_size(self.levels)

    def _rows(self, space: SearchSpace) -> Iterator[Row]:
        return (space.row(params) for params in space.grid(self.levels))

    def __repr__(self) -> str:
        return f"Grid(levels={self.levels!r})"


def _plain(level: int | Sequence[Value]) -> int | list[Value]:
    """Such that it can be read back from its text."""
    if isinstance(level, int | np.integer):
        return int(level)
    return [item.item() if isinstance(item, np.generic) else item for item in level]


def _positive(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and int(number) >= 1
