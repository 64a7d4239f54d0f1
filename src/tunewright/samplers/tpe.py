"""Tree-structured Parzen estimators: propose what looks like the good trials and unlike the bad ones.

The finished trials are split by their losses: the best tenth (at most 25) are good, the rest are bad. Each half gets a density
(`models/parzen.py`), l of the good and g of the bad. Expected improvement over the loss that divides them rises with l(x) / g(x) [1], so
24 candidates are drawn from l and the one with the largest ratio is proposed. Both densities are joint over all parameters [2].

- **Conditions.** Parameters that are active under the same condition are one group, with densities of its own from the trials in
  which it was active, split among those. Groups are decided parents first: what a parent has become says which groups follow, and the
  proposal is a complete path.
- **Trials that still run** are bad: a constant liar, which keeps a batch from crowding one place.
- **Failed trials** are bad too, worse than every value.
- **Bounds** on metrics come before losses.
- **Several objectives** are split by non-dominated rank, then by the hypervolume that trials add [3] (`models/ranking.py`); the good are
  the best tenth, at most 100. Both densities are then products over parameters, but for those that a constraint ties: the good lie
  along a front, and the largest ratio of joint densities is always at the same stretch of it.
- **Constraints**: candidates that violate one are left out. If all do, candidates are drawn from the space itself. So they are when
  the proposal was tried before and nothing continuous is active in it.
- **Priors** of the user are one component of both densities; its weight decays as 1/n.

Nothing is kept between proposals. Everything is a few NumPy operations on the history's columns; of more than 1,000 bad trials the
latest quarter of a thousand and an even selection of the others, with accordingly larger weights, stand for all of them.

[1] Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011, section 4.1. [2] Falkner et al., BOHB, ICML 2018.
[3] Ozaki et al., Multiobjective Tree-Structured Parzen Estimator, JAIR 73, 2022; its weights of the good are left out, as in Optuna 5.
Constants as in Optuna 5; the liar as in Ginsbourger et al., Kriging is well-suited to parallelize optimization, 2010.
"""

import math
from functools import lru_cache, partial
from typing import Final

import numpy as np

from tunewright.errors import StudyError
from tunewright.history import RUNNING, History
from tunewright.models.parzen import Axes, Parzen, Product, ramp
from tunewright.models.ranking import Ranking
from tunewright.samplers.base import Sampler
from tunewright.samplers.remainder import is_repeat, may_repeat
from tunewright.samplers.sequence import Opening
from tunewright.space import SearchSpace
from tunewright.typing import Array, Indices, Mask, Params

__all__ = ["TPE"]

_GOOD_SHARE: Final = 0.1
_GOOD: Final = 25
_GOOD_OF_SEVERAL: Final = 100
_MOST: Final = 1000
_RECENT: Final = 250


class TPE(Sampler):
    """Proposes where good trials are dense and bad ones are not.

    Args:
        startup: so many trials must have finished before it begins; until then it proposes the default, then a Sobol sequence.
        candidates: how many are drawn from the density of the good; more of them follow what was good more greedily.

    Raises:
        StudyError: `startup` is not an integer of at least 0, or `candidates` not one of at least 1.
    """

    def __init__(self, *, startup: int = 10, candidates: int = 24) -> None:
        for name, number, least in (("startup", startup, 0), ("candidates", candidates, 1)):
            if not isinstance(number, int | np.integer) or isinstance(number, bool) or number < least:
                raise StudyError(f"TPE: {name} must be an integer of at least {least}, got {number!r}.")
        self.startup = int(startup)
        self.candidates = int(candidates)
        self._opening = Opening()

    def __repr__(self) -> str:
        told = [f"startup={self.startup}"] * (self.startup != 10) + [f"candidates={self.candidates}"] * (self.candidates != 24)
        return f"TPE({', '.join(told)})"

    def propose(self, space: SearchSpace, history: History, rng: np.random.Generator) -> Params:
        """The candidate with the largest ratio of densities."""
        if history.finished < self.startup:
            return self._opening.propose(space, history, rng)
        return space.params(_Proposal(space, history, self.candidates).draw(rng))


@lru_cache(maxsize=64)
def _groups(space: SearchSpace) -> tuple[Axes, ...]:
    """The parameters by their condition, each group after all that its condition speaks of."""
    by_condition: dict[str, list[str]] = {}
    for name in space.names:
        by_condition.setdefault(str(space.when[name]) if name in space.when else "", []).append(name)
    found: list[Axes] = []
    decided: set[str] = set()
    while by_condition:
        for text, names in list(by_condition.items()):
            if not text or space.when[names[0]].names <= decided:
                found.append(Axes(space, names))
                decided.update(names)
                del by_condition[text]
    return tuple(found)


@lru_cache(maxsize=64)
def _blocks(space: SearchSpace) -> tuple[tuple[Axes, ...], ...]:
    """Of each group the parameters that stay together where there are several objectives: those that a constraint ties."""
    found = []
    for axes in _groups(space):
        blocks = [{space.names[column]} for column in axes.columns]
        for constraint in space.constraints:
            tied = [block for block in blocks if block & constraint.names]
            blocks = [block for block in blocks if block not in tied] + [set().union(*tied)] * bool(tied)
        found.append(tuple(Axes(space, [name for name in space.names if name in block]) for block in blocks))
    return tuple(found)


class _Proposal:
    """One proposal: the densities of each group, made when they are needed."""

    def __init__(self, space: SearchSpace, history: History, candidates: int) -> None:
        self._space, self._history, self._candidates = space, history, candidates
        self._groups = _groups(space)
        self._usable = history.usable
        self._ranking = Ranking(history)
        self._densities: dict[int, tuple[Parzen | Product, Parzen | Product]] = {}
        self._may_repeat = may_repeat(space)

    def draw(self, rng: np.random.Generator) -> Array:
        """A raw row, shape (d,)."""
        space = self._space
        row = np.full((1, len(space)), np.nan)
        for i, axes in enumerate(self._groups):
            if i > 0 and not space.active(row)[0, axes.columns[0]]:
                continue
            good, bad = self._density(i)
            points = good.sample(rng, self._candidates)
            score = good.log_density(points) - bad.log_density(points)
            if space.constraints or self._may_repeat:
                rows = self._with(row, axes, points)
                allowed = space.allowed(rows)
                if not allowed.any():
                    return self._anywhere(rng)
                score[~self._preferred(rows, allowed)] = -np.inf
                row = rows[[np.argmax(score)]]
            else:
                row = self._with(row, axes, points[[np.argmax(score)]])
        found: Array = row[0]
        return self._anywhere(rng) if is_repeat(space, self._history, found) else found

    def _preferred(self, rows: Array, allowed: Mask) -> Mask:
        """Of the allowed rows those that are no repeats, if there are any. A path that is not complete is none."""
        if not self._may_repeat:
            return allowed
        new = allowed & ~np.array([is_repeat(self._space, self._history, row) for row in rows])
        return new if new.any() else allowed

    def _with(self, row: Array, axes: Axes, points: Array) -> Array:
        """The raw row, shape (1, d), with each of these points in its place, shape (n, d)."""
        rows = np.repeat(row, len(points), axis=0)
        rows[:, axes.columns] = self._space.from_unit(axes.unit(points))[:, axes.columns]
        return rows

    def _anywhere(self, rng: np.random.Generator) -> Array:
        """The best of some draws from the space, which meet its constraints; of those that are no repeats, if any are."""
        rows = self._space.sample_rows(rng, self._candidates)
        rows = rows[self._preferred(rows, np.ones(len(rows), bool))]
        unit = self._space.to_unit(rows)
        score = np.zeros(len(rows))
        for i, axes in enumerate(self._groups):
            active = ~np.isnan(rows[:, axes.columns[0]])
            if active.any():
                points = axes.points(rows[active], unit[active])
                good, bad = self._density(i)
                score[active] += good.log_density(points) - bad.log_density(points)
        best: Array = rows[np.argmax(score)]
        return best

    def _density(self, group: int) -> tuple[Parzen | Product, Parzen | Product]:
        """The densities of the good and of the bad trials in which a group was active."""
        if group not in self._densities:
            axes, rows = self._groups[group], self._history.rows
            here = np.flatnonzero(self._usable & ~np.isnan(rows[:, axes.columns[0]]))
            finished = int((self._history.states[here] != RUNNING).sum())
            share = math.ceil(_GOOD_SHARE * finished)
            most = _GOOD if len(self._history.objectives) == 1 else _GOOD_OF_SEVERAL
            good = np.sort(self._ranking.best(here, min(share, most)))
            is_good = np.zeros(len(rows), bool)
            is_good[good] = True
            bad = here[~is_good[here]]
            kept, weights = _selection(len(bad))
            rows = rows[np.concatenate([good, bad[kept]])]
            points = axes.points(rows, self._space.to_unit(rows))
            n = len(good)
            density = Parzen if len(self._history.objectives) == 1 else partial(Product, blocks=_blocks(self._space)[group])
            self._densities[group] = (
                density(axes, points=points[:n], weights=np.ones(n)),
                density(axes, points=points[n:], weights=weights, stands_for=len(bad)),
            )
        return self._densities[group]


def _selection(n: int) -> tuple[Indices, Array]:
    """Which of n kernels, oldest first, are kept, and their weights; the sum of weights is about that of all."""
    weights = ramp(n)
    if n <= _MOST:
        return np.arange(n), weights
    older, kept = n - _RECENT, _MOST - _RECENT
    index = np.append((np.arange(kept) * older) // kept, np.arange(older, n))
    weights = weights[index]
    weights[:kept] *= older / kept
    return index, weights
