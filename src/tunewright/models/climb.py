"""Finding the configuration where a score is largest, on any space.

A wide look (random configurations, mutations of good ones, and both with some numbers at an end of their range: the best often lies
there, and in a cube almost nothing does), then rounds of mutation with ever smaller steps around the best found, then the gradient along
the smooth coordinates, then every change of one parameter alone, and the gradient once more. Whole configurations move: a mutation may
change a choice and with it which parameters are active. Only configurations that no constraint forbids are ever scored.

A mutation changes each parameter with a probability that leaves at least one and on average a few changed; numbers by a normal
step, or by one cell where the step would not leave the cell; choices by a new draw.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.optimize import minimize

from tunewright.models.features import Features, Points
from tunewright.space import SearchSpace
from tunewright.typing import Array

__all__ = ["Score", "Slope", "climb", "mutate"]

Score = Callable[[Array], Array]
"""Raw rows, shape (m, d), to scores, shape (m,); larger is better."""

Slope = Callable[[Points], tuple[Array, Array]]
"""Points to scores, shape (m,), and their gradients by the coordinates, shape (m, p)."""

_WIDE: Final = 512
_NEIGHBOURS: Final = 60
_STEPS: Final = (0.2, 0.1, 0.05, 0.02, 0.01)
_BEAM: Final = 8
_CHILDREN: Final = 14
_POLISHED: Final = 5
_ENDS: Final = 64
_EXCHANGED: Final = 3
_FEW: Final = 12
"""Values of a number up to which each is tried, else those beside and the ends."""
_CLIMBED: Final = 20


def mutate(features: Features, rows: Array, step: Array, rng: np.random.Generator) -> Array:
    """One mutation of each raw row, shape (m, d); `step`, shape (m,), is the standard deviation on the unit scale. Some may be forbidden."""
    space = features.space
    m, d = rows.shape
    unit = _full_unit(space, rows, rng)
    chosen = rng.random((m, d)) < min(1.0, max(2.0 / d, 0.15))
    chosen[np.arange(m), rng.integers(d, size=m)] = True
    moved = unit + step[:, None] * rng.standard_normal((m, d))
    moved = np.abs(moved)
    moved = 1.0 - np.abs(1.0 - moved)  # reflected at both bounds
    counted = np.isfinite(features.cells)
    cells = np.where(counted, features.cells, 1.0)
    stuck = counted & (np.floor(np.clip(moved, 0, 1 - 1e-12) * cells) == np.floor(np.clip(unit, 0, 1 - 1e-12) * cells))
    hop = unit + np.where(rng.random((m, d)) < 0.5, -1.0, 1.0) / cells
    moved = np.where(stuck, np.where((hop < 0) | (hop > 1), 2 * unit - hop, hop), moved)
    moved = np.where(features.is_choice, rng.random((m, d)), moved)
    return space.deactivate(space.from_unit(np.clip(np.where(chosen, moved, unit), 0.0, 1.0)))


def climb(features: Features, score: Score, slope: Slope, elite: Array, rng: np.random.Generator) -> Array:
    """Good configurations, best first, as raw rows, shape (k, d), none twice.

    Args:
        features: of the space.
        score: what to make large.
        slope: the same with its gradient, for the last steps.
        elite: configurations worth starting from, shape (e, d), e ≥ 0.
        rng: the source of chance.
    """
    space = features.space
    wide = _wide(space, rng)
    rows = [wide, elite, _at_ends(features, wide[:_ENDS], rng)]
    if len(elite):
        around = np.repeat(elite, _NEIGHBOURS, axis=0)
        rows.append(mutate(features, around, rng.choice([0.02, 0.1, 0.3], len(around)), rng))
        rows.append(_at_ends(features, elite[rng.integers(len(elite), size=_ENDS)], rng))
    found = _Best(space)
    found.add(np.vstack(rows), score)
    for step in _STEPS:
        parents = np.repeat(found.rows[:_BEAM], _CHILDREN, axis=0)
        found.add(mutate(features, parents, np.full(len(parents), step), rng), score)
    found.add(_polish(features, found.rows[:_POLISHED], slope), score)
    found.add(_exchange(features, found.rows[:_EXCHANGED], rng), score)
    found.add(_polish(features, found.rows[:_POLISHED], slope), score)
    return found.rows


def _full_unit(space: SearchSpace, rows: Array, rng: np.random.Generator) -> Array:
    """Raw rows on the unit scale, with random values where they are inactive, for what a change may make active."""
    unit = space.to_unit(rows)
    return np.where(np.isnan(unit), rng.random(unit.shape), unit)


def _at_ends(features: Features, rows: Array, rng: np.random.Generator) -> Array:
    """The rows with some of their numbers, few or most, at the nearer end of the range, mostly."""
    unit = _full_unit(features.space, rows, rng)
    moved = (rng.random(unit.shape) < rng.choice([0.15, 0.35, 0.6], (len(unit), 1))) & ~features.is_choice
    end = (rng.random(unit.shape) < unit.clip(0.1, 0.9)).astype(np.float64)
    return features.space.deactivate(features.space.from_unit(np.where(moved, end, unit)))


def _exchange(features: Features, rows: Array, rng: np.random.Generator) -> Array:
    """Each row with one parameter changed: to every value where they are few, else to those beside, and to the ends."""
    unit = _full_unit(features.space, rows, rng)
    made = []
    for column, cells in enumerate(features.cells):
        if features.is_choice[column] or cells <= _FEW:
            values = [np.full(len(unit), (i + 0.5) / cells) for i in range(int(min(cells, _WIDE)))]
        else:
            hop = max(1.0 / cells, _STEPS[-1])
            values = [unit[:, column] - hop, unit[:, column] + hop, np.zeros(len(unit)), np.ones(len(unit))]
        for value in values:
            changed = unit.copy()
            changed[:, column] = value.clip(0.0, 1.0)
            made.append(changed)
    return features.space.deactivate(features.space.from_unit(np.vstack(made)))


def _wide(space: SearchSpace, rng: np.random.Generator) -> Array:
    half = space.deactivate(space.from_unit(rng.random((_WIDE // 2, len(space)))))
    return np.vstack([half, space.sample_rows(rng, _WIDE - len(half))])


class _Best:
    """The best rows so far, none twice."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self.rows = np.empty((0, len(space)))
        self._scores = np.empty(0)

    def add(self, rows: Array, score: Score) -> None:
        rows = rows[self._space.allowed(rows)]
        if not len(rows):
            return
        both, scores = np.vstack([self.rows, rows]), np.concatenate([self._scores, score(rows)])
        order = np.argsort(-scores, kind="stable")[: 4 * _BEAM]
        _, first = np.unique(np.nan_to_num(both[order], nan=-np.inf), axis=0, return_index=True)
        order = order[np.sort(first)]
        self.rows, self._scores = both[order], scores[order]


def _polish(features: Features, rows: Array, slope: Slope) -> Array:
    """Follow the gradient along the active smooth coordinates of a few rows at once, shape (m, d)."""
    free = features.smooth & ~np.isnan(rows[:, features.number_columns])
    if not free.any():
        return rows
    start = features.points(rows)

    def down(values: Array) -> tuple[float, Array]:
        numbers = start.numbers.copy()
        numbers[free] = values
        scores, gradient = slope(Points(numbers, start.codes))
        return -float(scores.sum()), -gradient[free]

    bounds = [(0.0, 1.0)] * int(free.sum())
    found = minimize(down, start.numbers[free], jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _CLIMBED})
    at, coordinate = np.nonzero(free)
    columns = features.number_columns[coordinate]
    unit = features.space.to_unit(rows)
    unit[at, columns] = np.clip(found.x, 0.0, 1.0)
    polished = rows.copy()
    polished[at, columns] = features.space.from_unit(unit)[at, columns]
    same = (features.space.active(polished) == ~np.isnan(rows)).all(axis=1)
    return np.where(
        same[:, None], polished, rows
    )  # else it has crossed into another branch, whose parameters have no values here
