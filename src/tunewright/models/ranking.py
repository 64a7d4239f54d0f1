"""Which trials are better: one order for one objective or several, with bounds and failures.

A feasible trial is better than one that breaks a bound; among those, the one that breaks them less is better [1]. Feasible trials
with one objective are ordered by it. With several they are ordered by non-dominated rank, front by front [1], and inside a front by
what each adds to the hypervolume of those before it (`models/hypervolume.py`). Not by crowding distance as in [1]: the ends of a front
come first by it, and with three objectives nearly all trials are in the first front, the worst of them at its ends. Failed trials are
better than none and worse than all others. Trials judged with less effort count for what they would be worth with all of it
(`History.merits`).

[1] Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE Trans. Evol. Comp. 6, 2002, sections III and VI.
"""

from typing import Final

import numpy as np

from tunewright.history import COMPLETED, History
from tunewright.models.hypervolume import representatives
from tunewright.typing import Array, Indices, Mask

__all__ = ["Ranking", "fronts"]

_BLOCK: Final = 256
_LARGEST: Final = 1e300


class Ranking:
    """The order of a history's trials.

    Args:
        history: whose trials.
        losses: by which they are ordered, shape (n, m), NaN where there is none; default: of the completed ones, as they stand.

    Attributes:
        completed: which trials are usable and have a value, shape (n,).
        broken: by how much each breaks the metrics' bounds, relative to these, shape (n,); 0: not at all; NaN unless completed.
    """

    def __init__(self, history: History, losses: Array | None = None) -> None:
        valued = history.states == COMPLETED if losses is None else np.isfinite(losses).all(axis=1)
        self.completed: Mask = history.usable & valued
        merits, losses = (history.merits, history.adjusted) if losses is None else (losses, losses)
        self._losses = np.clip(merits[:, history.objectives], -_LARGEST, _LARGEST)
        self.broken: Array = np.where(self.completed, 0.0, np.nan)
        for metric, column in zip(history.metrics, losses.T, strict=True):
            if metric.bound is not None:
                limit = min(_LARGEST, max(-_LARGEST, metric.sign * metric.bound))
                excess = np.maximum(np.clip(column, -_LARGEST, _LARGEST) - limit, 0.0)
                self.broken += np.minimum(excess / max(abs(limit), 1e-8), _LARGEST)

    def best(self, among: Indices, wanted: int) -> Indices:
        """The best `wanted` trials (or all, if fewer) of those given that are completed, best first. Of equals the earlier comes first.

        Args:
            among: numbers of trials, rising.
            wanted: how many, at least 0.
        """
        among = among[self.completed[among]]
        broken = self.broken[among]
        found = self._feasible(among[broken == 0.0], wanted)
        rest = among[broken > 0.0]
        rest = rest[np.argsort(self.broken[rest], kind="stable")]
        return np.concatenate([found, rest[: wanted - len(found)]])

    def _feasible(self, among: Indices, wanted: int) -> Indices:
        losses = self._losses[among]
        if losses.shape[1] == 1:
            return among[np.argsort(losses[:, 0], kind="stable")[:wanted]]
        found = among[:0]
        for front in fronts(losses, wanted):
            found = np.append(found, among[front[representatives(losses[front], wanted - len(found))]])
        return found


def fronts(losses: Array, wanted: int) -> list[Indices]:
    """The non-dominated fronts, first to last, until they hold `wanted` points.

    Args:
        losses: smaller is better, shape (n, m).
        wanted: how many points are asked for.

    Returns:
        Row numbers, rising in each front. Equal points stand in one front.
    """
    left = np.lexsort(losses.T[::-1])  # a point comes after all that dominate it
    found: list[Indices] = []
    while wanted > 0 and len(left):
        first = _first_of_two(losses[left]) if losses.shape[1] == 2 else _first(losses[left])
        found.append(np.sort(left[first]))
        wanted -= len(found[-1])
        left = left[~first]
    return found


def _first_of_two(losses: Array) -> Mask:
    """Which points are not dominated, for two objectives in lexical order: those below all that came before, and their equals."""
    second = losses[:, 1]
    before = np.concatenate([[np.inf], np.minimum.accumulate(second)[:-1]])
    lower = second < before
    leader = np.maximum.accumulate(np.where(lower, np.arange(len(losses)), 0))
    return np.asarray(lower | (losses == losses[leader]).all(axis=1))


def _first(losses: Array) -> Mask:
    """Which points are not dominated, in lexical order, so that no point but those before it can dominate one; a block of them at a time."""
    apart = np.concatenate(
        [[True], (losses[1:] != losses[:-1]).any(axis=1)]
    )  # equal points follow each other, and share their fate
    columns = np.ascontiguousarray(losses[apart].T[1:])  # in the first objective no point before another is worse
    kept = np.zeros(columns.shape[1], bool)
    front = columns[:, :0]
    for start in range(0, columns.shape[1], _BLOCK):
        block = columns[:, start : start + _BLOCK]
        places = np.flatnonzero(~_no_worse(front, block).any(axis=0))
        block = block[:, places]
        places = places[~np.triu(_no_worse(block, block), 1).any(axis=0)]
        kept[start + places] = True
        front = np.concatenate([front, columns[:, start + places]], axis=1)
    return np.asarray(kept[np.cumsum(apart) - 1])


def _no_worse(first: Array, second: Array) -> Mask:
    """Which of the first points, shape (m, k), are nowhere worse than which of the second, shape (m, l): shape (k, l)."""
    found = np.ones((first.shape[1], second.shape[1]), bool)
    for one, other in zip(first, second, strict=True):
        found &= one[:, None] <= other
    return found
