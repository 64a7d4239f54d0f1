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

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from tunewright.models.output import as_seen
from tunewright.typing import Array, Indices, Mask

__all__ = ["dominated", "representatives", "undominated"]

_BEHIND: Final = 1.1
_FAR_BEHIND: Final = 1.5
_EXACT: Final = 3
"""So many objectives at most are measured exactly; boxes multiply too fast with more."""
_DIRECTIONS: Final = 512
_BOXES: Final = 128
"""Room for so many boxes at first; it is doubled where there are more."""

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


def undominated(points: Array, reference: Array) -> tuple[Array, Array]:
    """What lies before a reference point and no point dominates, as disjoint boxes.

    Args:
        points: smaller is better, shape (n, m), finite; those that another dominates or that are behind the reference make no difference.
        reference: shape (m,).

    Returns:
        The lower ends of the boxes, some of them minus infinity, and the upper ends, each of shape (m, boxes).
    """
    m = len(reference)
    low, high = np.zeros((m, 1)), np.full((m, 1), np.inf)  # as distances before the reference
    for room in reference - points:
        if (room <= 0.0).any():
            continue
        hit = (low < room[:, None]).all(axis=0)
        outside = _outside(low[:, hit], high[:, hit], room)
        low, high = (np.concatenate([kept[:, ~hit], new], axis=1) for kept, new in zip((low, high), outside, strict=True))
    return reference[:, None] - high, reference[:, None] - low


def dominated(points: Array, reference: Array) -> float:
    """The hypervolume between points and a reference point, exactly.

    Args:
        points: smaller is better, shape (n, m), finite; those behind the reference in any coordinate count for nothing. With more than three
            coordinates the time grows fast with n.
        reference: shape (m,).
    """
    before = points[(points < reference).all(axis=1)]
    if not len(before):
        return 0.0
    ideal = before.min(axis=0)
    low, high = undominated(before, reference)
    left = np.maximum(high - np.maximum(low, ideal[:, None]), 0.0).prod(axis=0).sum()
    return max(0.0, float((reference - ideal).prod() - left))


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
    m, count = room.shape[1], 1
    low, high = np.zeros((m, _BOXES)), np.full((m, _BOXES), _BEHIND)
    gain = room.prod(axis=1)
    rows, columns = np.arange(len(room)), np.ascontiguousarray(room.T)  # of those that are left
    chosen: list[int] = []
    while len(chosen) < wanted and gain[best := int(np.argmax(gain))] > 0.0:
        chosen.append(int(rows[best]))
        point = columns[:, best].copy()
        hit = np.flatnonzero(_above(low[:, :count], point))
        start, end = low[:, hit], high[:, hit]
        gain -= _overlaps(columns, start, np.minimum(end, point[:, None]))  # the part of each box that is dominated from now on
        gain[gain < _NOTHING] = 0.0
        gain[best] = 0.0
        if 2 * np.count_nonzero(gain) < len(gain):
            some = gain > 0.0
            some[0] = True  # so that there is one
            rows, gain, columns = rows[some], gain[some], np.ascontiguousarray(columns[:, some])
        low, high, count = _replaced((low, high), count, hit, _outside(start, end, point))
    rest = np.setdiff1d(np.arange(len(room)), chosen)[: wanted - len(chosen)]
    return np.concatenate([np.array(chosen, np.intp), rest])


def _above(low: Array, point: Array) -> Mask:
    """Which corners, shape (m, boxes), are below a point in all coordinates."""
    found = low[0] < point[0]
    for column, limit in zip(low[1:], point[1:], strict=True):
        found &= column < limit
    return np.asarray(found)


def _overlaps(columns: Array, start: Array, end: Array) -> Array:
    """How much of all boxes together lies between 0 and each point, shape (n,).

    Args:
        columns: the points, shape (m, n).
        start, end: of disjoint boxes, shape (m, boxes).
    """
    met = start[0][:, None] < columns[0]
    for one, column in zip(start[1:], columns[1:], strict=True):
        met &= one[:, None] < column
    box, row = np.nonzero(met)  # few: most boxes are far from most points
    volume = (np.minimum(columns[:, row], end[:, box]) - start[:, box]).prod(axis=0)
    return np.asarray(np.bincount(row, volume, columns.shape[1]), np.float64)


def _replaced(boxes: Sequence[Array], count: int, hit: Indices, pieces: Sequence[Array]) -> tuple[Array, Array, int]:
    """The first `count` boxes with others in place of those that were hit, in arrays with room for more, and how many they are now."""
    more = pieces[0].shape[1] - len(hit)
    while count + more > boxes[0].shape[1]:
        boxes = [np.concatenate([corners, corners], axis=1) for corners in boxes]
    if more < 0:  # the last ones move into the gaps
        kept = np.setdiff1d(np.arange(count + more, count), hit)
        pieces = [np.concatenate([new, corners[:, kept]], axis=1) for corners, new in zip(boxes, pieces, strict=True)]
        hit = hit[hit < count + more]
    places = np.concatenate([hit, np.arange(count, count + more)])
    for corners, new in zip(boxes, pieces, strict=True):
        corners[:, places] = new
    low, high = boxes
    return low, high, count + more


def _outside(low: Array, high: Array, point: Array) -> tuple[Array, Array]:
    """Disjoint boxes, shape (m, boxes), that fill those from `low` to `high` but for what lies between 0 and a point inside or above each."""
    lows, highs = [low[:, :0]], [high[:, :0]]
    left = high
    for j, limit in enumerate(point):
        above = high[j] > limit
        start, end = low[:, above].copy(), left[:, above].copy()
        start[j] = limit
        lows.append(start)
        highs.append(end)
        left = left.copy()
        left[j] = np.minimum(left[j], limit)
    return np.concatenate(lows, axis=1), np.concatenate(highs, axis=1)


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
