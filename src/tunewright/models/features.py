"""Configurations as points between which a distance makes sense.

Every number (Float, Int, Ordinal) is a coordinate in [0, 1], on its own scale and at its rounded value. Every Categorical and Bool
is a code that is equal or not. Conditional parameters are modelled together with the rest: an inactive number stands in the middle
of its range, and an inactive choice has a code of its own. So two configurations in which a set of parameters is inactive differ in nothing
of it. If one has it and the other has not, they differ by what its condition reads; where that is a number, its set adds a flag, a code that says
whether the condition holds, since a jump is no function of a distance. (Where the condition reads choices only, their codes say it already; a flag beside
them makes branches strangers that have much in common, see docs/search-benchmark.md.) Each of these distances is Euclidean in some
embedding, so any stationary kernel on their sum of squares stays positive definite. (A plain distance on a line that is constant
when activity differs is not: the kernel would lose it.)
"""

from typing import Final

import msgspec
import numpy as np

from tunewright.space import Bool, Categorical, Normal, SearchSpace
from tunewright.typing import Array, Indices

__all__ = ["Features", "Points"]

_MIDDLE: Final = 0.5
_MANY: Final = 20


class Points(msgspec.Struct, frozen=True):
    """n configurations: `numbers`, shape (n, p), in [0, 1]; `codes`, shape (n, levels), one-hot over all codes side by side."""

    numbers: Array
    codes: Array

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, index: "Indices | slice") -> "Points":
        """Some of the points."""
        return Points(self.numbers[index], self.codes[index])

    def join(self, other: "Points") -> "Points":
        """These points, then the others."""
        return Points(np.vstack([self.numbers, other.numbers]), np.vstack([self.codes, other.codes]))

    def at(self, level: Array | float) -> "Points":
        """The points with one coordinate more, in [0, 1], shape (n,) or one for all: the effort with which they are judged."""
        return Points(np.column_stack([self.numbers, np.broadcast_to(level, len(self))]), self.codes)


class Features:
    """How a space becomes points.

    Attributes:
        number_columns: which columns of a raw row are coordinates, shape (p,).
        smooth: which of these coordinates are Floats without step, or have so many values that the gradient leads to the best, shape (p,).
        is_choice: which columns of a raw row are compared for equality only, shape (d,).
        cells: how many values each parameter has, shape (d,); inf for Floats without step.
        code_of_level: to which code each one-hot level belongs, shape (levels,).
        n_codes: how many codes: choices, then flags.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        parameters = list(space.parameters.values())
        discrete = [isinstance(parameter, Categorical | Bool) for parameter in parameters]
        self.number_columns = np.flatnonzero(~np.array(discrete))
        self.choice_columns = np.flatnonzero(discrete)
        numbers = [parameters[j] for j in self.number_columns]
        self.smooth = np.array([parameter.size >= _MANY for parameter in numbers], bool)
        self.is_choice = np.array(discrete)
        self.cells = np.array([float(parameter.size) for parameter in parameters])
        sizes = [int(parameters[j].size) + (space.names[j] in space.when) for j in self.choice_columns]
        choices = {space.names[j] for j in self.choice_columns}
        groups: dict[str, int] = {}
        for j, name in enumerate(space.names):
            if name in space.when and not space.when[name].names <= choices:
                groups.setdefault(str(space.when[name]), j)
        self.flag_columns = np.array(list(groups.values()), np.intp)
        sizes += [2] * len(groups)
        self.n_codes = len(sizes)
        self.code_of_level = np.repeat(np.arange(len(sizes)), sizes)
        self._priors = self._read_priors()
        self._offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)

    def points(self, rows: Array) -> Points:
        """Raw rows, shape (n, d), as points."""
        unit = self.space.to_unit(rows)
        numbers = unit[:, self.number_columns]
        numbers[np.isnan(numbers)] = _MIDDLE
        codes = np.zeros((len(rows), len(self.code_of_level)))
        here = np.arange(len(rows))
        for code, column in enumerate(self.choice_columns):
            raw = rows[:, column]
            last = self._offsets[code + 1] - self._offsets[code] - 1  # the level of "inactive"
            level = np.where(np.isnan(raw), last, raw).astype(np.intp)
            codes[here, self._offsets[code] + level] = 1.0
        for i, column in enumerate(self.flag_columns):
            code = len(self.choice_columns) + i
            codes[here, self._offsets[code] + ~np.isnan(rows[:, column])] = 1.0
        return Points(numbers, codes)

    def log_prior(self, rows: Array) -> Array:
        """Logarithm of the users' priors at raw rows, shape (m,), up to a constant: 0 where nobody gave one."""
        total = np.zeros(len(rows))
        if not self._priors:
            return total
        unit = self.space.to_unit(rows)
        for column, center, spread, weights in self._priors:
            here = ~np.isnan(rows[:, column])
            if weights is None:
                total[here] -= 0.5 * ((unit[here, column] - center) / spread) ** 2
            else:
                total[here] += weights[rows[here, column].astype(np.intp)]
        return total

    def _read_priors(self) -> list[tuple[int, float, float, Array | None]]:
        """Column, center and spread on the unit scale, and for choices the logarithms of their weights over the largest."""
        found: list[tuple[int, float, float, Array | None]] = []
        for column, parameter in enumerate(self.space.parameters.values()):
            prior = getattr(parameter, "prior", None)
            if isinstance(prior, Normal):
                row = np.full((1, len(self.space)), np.nan)
                row[0, column] = prior.center
                found.append((column, float(self.space.to_unit(row)[0, column]), prior.spread, None))
            elif prior is not None:
                weights = np.array([1.0 - prior, prior] if isinstance(parameter, Bool) else prior, np.float64)
                found.append((column, 0.0, 1.0, np.log(np.maximum(weights / weights.max(), 1e-12))))
        return found
