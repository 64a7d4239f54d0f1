"""How the worth of configurations may be distributed: the priors that a winner is weighed against (`winner.py`, `skewed.py`)."""

import math
from typing import Final

import numpy as np
from scipy import special

from tunewright.typing import Array

__all__ = ["TINY", "edges", "priors"]

TINY: Final = 1e-300
"""Added to probabilities whose logarithm is taken."""

_SHAPES: Final = (0.5, 1.0, 2.0, 4.0)
_SPREAD_OUT: Final = (0.0, 0.4)
"""Shares of configurations that lie evenly above the rest."""


def priors(grid: Array, means: Array, deviations: Array) -> Array:
    """Probabilities of the points of the grid, shape (distributions, points): gamma distributions, and normal ones, of every mean and deviation."""
    z = (edges(grid) - means[:, None, None]) / deviations[:, None]
    found = []
    for shape in (*_SHAPES, math.inf):
        below = special.ndtr(z) if shape == math.inf else special.gammainc(shape, np.maximum(z * math.sqrt(shape) + shape, 0.0))
        core = np.diff(below).reshape(-1, len(grid))
        core /= np.maximum(core.sum(axis=1, keepdims=True), TINY)
        above = np.cumsum(core, axis=1) > 1e-6
        evenly = above / np.maximum(above.sum(axis=1, keepdims=True), 1)
        found += [(1 - share) * core + share * evenly for share in _SPREAD_OUT]
    return np.concatenate(found)


def edges(grid: Array) -> Array:
    """Between the points of an even grid, and as far beyond its ends, shape (points + 1,)."""
    half = (grid[1] - grid[0]) / 2
    return np.concatenate([grid - half, [grid[-1] + half]])
