"""Grid search: a few values of each parameter, and every combination of them, once.

The grid is laid over each branch of a conditional space by itself, so that no configuration stands in it twice. For real
parameters it wastes effort as soon as one of them does not matter (see `Random`); on a small discrete space it is the whole truth.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from tunewright.errors import SpaceExhausted, StudyError
from tunewright.history import History
from tunewright.samplers.base import Sampler
from tunewright.samplers.walk import Row, Walk
from tunewright.space import SearchSpace
from tunewright.typing import Params

__all__ = ["Grid"]


class Grid(Sampler):
    """Proposes every point of a grid, in order, each once, however many processes ask and however often they are restarted.

    Args:
        levels: how many values of each numeric parameter, the bounds among them, evenly spaced on its own (log) scale; or a
            mapping from names to numbers of values. Choices are all tried.

    Raises:
        StudyError: a number of levels is not a positive integer.
    """

    def __init__(self, levels: int | Mapping[str, int] = 5) -> None:
        for level in levels.values() if isinstance(levels, Mapping) else (levels,):
            if not _positive(level):
                raise StudyError(
                    f'Grid: levels must be a positive integer or a mapping of names to such ({{"lr": 7}}), got {level!r}.'
                )
        self.levels = dict(levels) if isinstance(levels, Mapping) else levels
        self._walk = Walk()

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:  # noqa: ARG002  the contract gives more than is used here
        """The first configuration of the grid that no trial has had.

        Raises:
            SpaceExhausted: the grid is finished.
            SpaceError: `levels` names a parameter that the space does not have.
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


def _positive(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool) and int(number) >= 1
