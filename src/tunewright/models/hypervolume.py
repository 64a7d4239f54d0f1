"""Which few points of a front stand best for all of it: those that together dominate the largest volume.

The hypervolume of a set is the volume between its points and a reference point behind the front. It grows with every point that comes
nearer to the front or fills a gap. The points are taken one after the other, each time the one that adds most, which reaches at least
1 - 1/e of what the best subset has [1]. With two and three objectives what a point adds is exact. With more it is a mean over
fixed directions: on a line from the reference point in direction λ a set S reaches as far as

    max_{s in S} min_j (r_j - s_j) / λ_j

and its hypervolume is proportional to the mean of the m-th power of that over directions that are uniform on the sphere [2, 3].

The losses of each objective are seen from the front itself: what lies far above its bulk is pulled in (`output.py`), so that a divergence
which is the best in another respect does not hide all differences, then they fill [0, 1]. The reference point is 1.1 in each with up to
three objectives and 1.5 with more: few points stand for a front in many dimensions, and a near reference point draws them all to its
middle [4]. With five, 1.1 brought TPE no further than chance (docs/search-benchmark.md).

[1] Guerreiro, Fonseca and Paquete, Greedy Hypervolume Subset Selection in Low Dimensions, Evolutionary Computation 24, 2016.
[2] Deng and Zhang, Approximating Hypervolume and Hypervolume Contributions Using Polar Coordinate, IEEE Trans. Evol. Comp. 23, 2019.
[3] Zhang and Golovin, Random Hypervolume Scalarizations for Provable Multi-Objective Black Box Optimization, ICML 2020.
[4] Ishibuchi et al., How to Specify a Reference Point in Hypervolume Calculation for Fair Performance Comparison, Evolutionary
Computation 26, 2018.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from tunewright.models.output import as_seen
from tunewright.typing import Array, Indices

__all__ = ["representatives"]

_BEHIND: Final = 1.1
_FAR_BEHIND: Final = 1.5
_EXACT: Final = 3
"""So many objectives at most are measured exactly; boxes multiply too fast with more."""
_DIRECTIONS: Final = 512
_NOTHING: Final = 1e-12
"""A volume below this is a rounding error: the whole is about 1."""


def representatives(losses: Array, wanted: int) -> Indices:
    """The points of a front that together dominate most, greedily, the one that adds most first.

    Args:
        losses: of points none of which dominates another, smaller is better, shape (n, m), finite.
        wanted: how many, at least 0; the first of many are the same as the few.

    Returns:
        Row numbers, `min(n, wanted)` of them. Of points that add equally much the first row comes first, so copies of a point come after
        all that add something.
    """
    n, m = losses.shape
    wanted = min(n, wanted)
    if wanted == 0:
        return np.empty(0, np.intp)
    scaled = _scaled(losses)
    return _by_boxes(_BEHIND - scaled, wanted) if m <= _EXACT else _by_directions(_FAR_BEHIND - scaled, wanted)


def _scaled(losses: Array) -> Array:
    """Each objective from 0 to 1; 0 where all are equal."""
    seen = np.stack([as_seen(column)[0] for column in losses.T], axis=1)
    seen -= seen.min(axis=0)
    widest = seen.max(axis=0)
    scaled: Array = seen / np.where(widest > 0.0, widest, 1.0)
    return scaled


def _by_boxes(room: Array, wanted: int) -> Indices:
    """Exactly: what no chosen point dominates yet is a set of disjoint boxes.

    Args:
        room: how far each point is before the reference point, shape (n, m): a point dominates the box from 0 to its room.
        wanted: how many.
    """
    low, high = np.zeros((1, room.shape[1])), np.full((1, room.shape[1]), _BEHIND)
    gain = room.prod(axis=1)
    chosen = np.zeros(wanted, np.intp)
    for i in range(wanted):
        chosen[i] = best = np.argmax(gain)
        point = room[best]
        hit = (low < point).all(axis=1)
        inside = np.minimum(high[hit], point)  # the part of each box that is dominated from now on
        overlap = np.ones((len(room), len(inside)))
        for column, start, end in zip(room.T, low[hit].T, inside.T, strict=True):
            overlap *= np.clip(column[:, None], start, end) - start
        gain -= overlap.sum(axis=1)
        gain[gain < _NOTHING] = 0.0
        gain[chosen[: i + 1]] = -1.0
        pieces = _outside(low[hit], high[hit], point)
        low, high = np.concatenate([low[~hit], pieces[0]]), np.concatenate([high[~hit], pieces[1]])
    return chosen


def _outside(low: Array, high: Array, point: Array) -> tuple[Array, Array]:
    """Disjoint boxes that fill those from `low` to `high` but for what lies between 0 and a point inside or above each."""
    lows, highs = [low[:0]], [high[:0]]
    left = high
    for j, limit in enumerate(point):
        above = high[:, j] > limit
        start, end = low[above].copy(), left[above].copy()
        start[:, j] = limit
        lows.append(start)
        highs.append(end)
        left = left.copy()
        left[:, j] = np.minimum(left[:, j], limit)
    return np.concatenate(lows), np.concatenate(highs)


def _by_directions(room: Array, wanted: int) -> Indices:
    """Nearly: along fixed directions."""
    m = room.shape[1]
    reach = np.full((len(room), _DIRECTIONS), np.inf)
    for column, share in zip(room.T, _directions(m).T, strict=True):
        np.minimum(reach, column[:, None] / share, out=reach)
    reach **= m
    reached = np.zeros(_DIRECTIONS)
    gain = reach.sum(axis=1)  # an upper bound from when it was measured last: what a point adds only falls
    measured = np.zeros(len(room), np.intp)
    chosen = np.zeros(wanted, np.intp)
    for i in range(wanted):
        while measured[best := int(np.argmax(gain))] < i:
            gain[best] = np.maximum(reach[best] - reached, 0.0).sum()
            measured[best] = i
        chosen[i] = best
        gain[best] = -1.0
        np.maximum(reached, reach[best], out=reached)
    return chosen


@lru_cache(maxsize=8)
def _directions(m: int) -> Array:
    """Directions spread evenly over the positive part of the sphere, shape (directions, m)."""
    grid = qmc.Sobol(m, scramble=False).random(_DIRECTIONS)
    normal = ndtri(0.5 + 0.5 * (grid + 0.5 / _DIRECTIONS))
    directions: Array = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return directions
