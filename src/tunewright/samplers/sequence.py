"""The allowed points of one scrambled Sobol sequence as configurations, in order.

Every parameter, active or not, owns one coordinate of the unit cube, and the coordinate becomes a value through the quantile
function of its prior. Conditions ignore coordinates and constraints leave points out; neither moves a point.
"""

import hashlib
import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from tunewright.history import History
from tunewright.samplers.walk import Row, Walk
from tunewright.space import SearchSpace
from tunewright.typing import Array, Params

__all__ = ["Opening", "scramble_of", "sobol_rows"]

_BITS: Final = 53  # what a float holds: coordinates are exact, and below 1
_FIRST_BLOCK, _LARGEST_BLOCK = 64, 1024
_DIMENSIONS: Final = 1024
_PATIENCE: Final = 1 << 17


class Opening:
    """What a sampler that learns proposes before there is anything to learn from: the space's default, then the sequence."""

    def __init__(self) -> None:
        self._walk = Walk()

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """The first of these that no trial has had; `rng` is used only where the sequence brings nothing new."""
        default = space.default
        if not history.seen(space.row(default)):
            return default
        row = self._walk.first_new(space, history, lambda: sobol_rows(space, scramble_of(space, history.seed)))
        return space.sample(rng) if row is None else space.params(row)


def scramble_of(space: SearchSpace, seed: int) -> int:
    """The seed of the scrambling that belongs to a space and a study's seed, the same in every process."""
    return int.from_bytes(hashlib.sha256(f"{seed} {space.to_json()}".encode()).digest()[:8], "big")


def sobol_rows(space: SearchSpace, seed: int) -> Iterator[Row]:
    """The allowed points as raw rows; on a finite space each once. Ends when a long stretch has brought none."""
    size = space.size
    patience = _PATIENCE if math.isinf(size) else min(_PATIENCE, max(_LARGEST_BLOCK, 32 * int(size)))
    known: set[bytes] = set()
    barren = 0
    for points in _points(len(space), seed):
        rows = space.from_quantiles(points)
        rows = rows[space.allowed(rows)]
        if not math.isinf(size):
            rows = _new(rows, known)
        yield from rows
        barren = 0 if len(rows) else barren + len(points)
        if barren >= patience or len(known) == size:
            return


def _new(rows: Array, known: set[bytes]) -> Array:
    """The rows that are not known yet, each once; they are known from now on."""
    kept = []
    for i, row in enumerate(rows + 0.0):  # + 0.0: no -0.0
        key = row.tobytes()
        if key not in known:
            known.add(key)
            kept.append(i)
    return rows[kept]


def _points(dimensions: int, seed: int) -> Iterator[Array]:
    """Blocks of the sequence, shape (a power of two, dimensions), in [0, 1)."""
    from scipy.stats import qmc  # noqa: PLC0415  a second, which whoever only looks at a study need not wait

    sobol = qmc.Sobol(min(dimensions, _DIMENSIONS), scramble=True, bits=_BITS, seed=np.random.default_rng([seed, 0]))
    rest = np.random.default_rng([seed, 1])
    block = _FIRST_BLOCK
    while True:
        points = sobol.random(block)
        if dimensions > _DIMENSIONS:
            points = np.hstack([points, rest.random((block, dimensions - _DIMENSIONS))])
        yield points
        block = min(2 * block, _LARGEST_BLOCK)
