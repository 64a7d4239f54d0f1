"""A random forest whose functional ANOVA is computed exactly.

Every parameter is cut into cells, at most 24 of equal width on its unit scale, a choice into its choices. Trees split between cells
only, so every leaf of every tree is a product of sets of cells, and the marginals of the whole forest live on one common grid. With
M the leaves' memberships (leaves × cells), w the cells' widths, v the leaves' values and vol their volumes, the marginal of one
parameter is Mᵀ (v vol / vol_j) on its cells, and that of two is one matrix product [1]. Nothing is sampled but the total variance.

Three things differ from the usual:

- What is decomposed is the forest, not each tree: the noise of single trees, which would pass for interactions, averages out first.
- The measure is uniform on the unit scale of every parameter, whatever the sampler preferred. Where a parameter is inactive each tree
  sees it at random values, so it learns that it does not matter there; a fixed value would lend it the effect of its parent. One that
  was never active has a fixed value: no tree can split by it.
- Choices are split one from the others, and in the order of their mean losses in the bag, where the best split of all lies [3]: one
  choice in ten at a time, a tree hardly sees that five are good.

Trees grow in bags: the trees of a bag see the same bootstrap sample of the trials, so that what varies from bag to bag is what
varies from sample to sample [2]; trials outside a bag test it.

[1] Hutter, Hoos, Leyton-Brown, An Efficient Approach for Assessing Hyperparameter Importance, ICML 2014.
[2] Athey, Tibshirani, Wager, Generalized Random Forests, Annals of Statistics 47, 2019, section 4.1.
[3] Fisher, On Grouping for Maximum Homogeneity, Journal of the American Statistical Association 53, 1958.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any, Final, Self

import msgspec
import numpy as np
from scipy.stats import qmc

from tunewright.space import Bool, Categorical, Parameter, SearchSpace
from tunewright.typing import Array, Indices, Mask

__all__ = ["BAGS", "Forest", "Grid", "Parts", "grow", "leaves_of", "trees"]

BAGS: Final = 16
"""Bootstrap samples."""
_TREES: Final = 2
_CELLS: Final = (8, 24)
_MOST: Final = 1500
"""So many cells in all; of more, no pairs are computed, and each parameter is cut into fewer before."""
_LEAVES: Final = (50, 500)
"""From so many trials on, a leaf holds one trial more."""
_COLUMNS: Final = 60
"""So many columns at most are looked at for a split."""
_POINTS: Final = 11
"""Two to this power points measure the total variance."""


class Grid:
    """How a space is cut into cells.

    Attributes:
        counts: cells of each parameter, shape (d,).
        starts: where each parameter's cells begin among all, shape (d,).
        widths: of the cells, shape (cells,); those of one parameter sum to 1.
        paired: whether pairs are computed; not in very large spaces.
    """

    def __init__(self, space: SearchSpace) -> None:
        parameters = list(space.parameters.values())
        self.space = space
        fine = int(np.clip(_MOST // len(parameters), *_CELLS))
        self.counts = np.array([_cells(parameter, fine) for parameter in parameters])
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        self.widths = np.repeat(1.0 / self.counts, self.counts)
        self.paired = int(self.counts.sum()) <= _MOST
        self.is_choice = np.array([isinstance(parameter, Categorical | Bool) for parameter in parameters])
        columns, owners = [], []
        for j, count in enumerate(self.counts):
            if self.is_choice[j] and count > 2:
                columns += list(np.eye(count))
                owners += [j] * int(count)
            else:
                columns.append(np.arange(count, dtype=np.float64))
                owners.append(j)
        self.owners = owners
        self.columns = columns
        self.levels = self._levels(owners, columns)
        """The value of each of the trees' columns at each cell; NaN at other parameters' cells."""

    def _levels(self, owners: list[int], columns: Sequence[Array]) -> Array:
        levels = np.full((len(columns), int(self.counts.sum())), np.nan)
        for f, (j, column) in enumerate(zip(owners, columns, strict=True)):
            levels[f, self.starts[j] : self.starts[j] + self.counts[j]] = column
        return levels

    def ordered(self, cells: Array, losses: Array) -> Self:
        """The same, with a further column for each parameter of three and more choices: these in the order of their mean losses.

        Args:
            cells: of the trials that a tree grows from, shape (n, d).
            losses: of zero mean, shape (n,); a choice that none of them has comes where its mean would be 0.
        """
        owners = [int(j) for j in np.flatnonzero(self.is_choice & (self.counts > 2))]
        columns = []
        for j in owners:
            at, count = cells[:, j].astype(np.intp), int(self.counts[j])
            means = np.bincount(at, losses, count) / np.maximum(np.bincount(at, minlength=count), 1)
            columns.append(np.argsort(np.argsort(means, kind="stable"), kind="stable").astype(np.float64))
        if not owners:
            return self
        own = copy(self)
        own.owners = self.owners + owners
        own.columns = self.columns + columns
        own.levels = np.concatenate([self.levels, self._levels(owners, columns)])
        return own

    def cells(self, unit: Array) -> Array:
        """Points on the unit scale, shape (n, d), as cells, counted from 0 for each parameter; NaN stays NaN."""
        cells: Array = np.minimum(np.floor(np.clip(unit, 0.0, 1.0) * self.counts), self.counts - 1)
        return cells

    def table(self, cells: Array) -> Any:  # noqa: ANN401  float32, as the trees want it
        """What trees see: shape (n, columns)."""
        whole = cells.astype(np.intp)
        return np.stack(
            [column[whole[:, j]] for j, column in zip(self.owners, self.columns, strict=True)], axis=1, dtype=np.float32
        )

    def sums(self, each: Array, axis: int = -1) -> Array:
        """Sums over the cells of each parameter."""
        sums: Array = np.add.reduceat(each, self.starts, axis=axis)
        return sums


def _cells(parameter: Parameter, fine: int) -> int:
    counted = isinstance(parameter, Categorical | Bool) or (parameter.size <= fine and not getattr(parameter, "log", False))
    return int(parameter.size) if counted else fine


class Parts(msgspec.Struct, frozen=True):
    """A variance in parts, as shares of the total.

    Attributes:
        main: of each parameter, shape (d,).
        pair: of each pair beyond what its two have alone, shape (d, d), symmetric, 0 on the diagonal; (0, 0) where the grid has no pairs.
        total: the variance itself.
    """

    main: Array
    pair: Array
    total: float


class Forest(msgspec.Struct, frozen=True):
    """A decomposed forest.

    Attributes:
        whole: of all trees.
        bags: of each bag alone.
        out_of_bag: prediction for each trial by the bags that do not hold it, shape (n,); NaN where every bag does.
    """

    whole: Parts
    bags: tuple[Parts, ...]
    out_of_bag: Array


def grow(grid: Grid, unit: Array, losses: Array, rng: np.random.Generator) -> Forest:
    """Grow and decompose a forest.

    Args:
        grid: of the space.
        unit: n trials on the unit scale, NaN where inactive, shape (n, d).
        losses: of zero mean and unit variance, shape (n,).
        rng: for bootstrap samples and trees.
    """
    n, d = unit.shape
    points = qmc.Sobol(d, rng=rng).random_base2(_POINTS)
    probe = grid.cells(points)
    guesses, seen = np.zeros(n), np.zeros(n)
    many = len(grid.widths)
    marginal, pairs, everywhere = np.zeros(many), np.zeros((many if grid.paired else 1,) * 2), np.zeros(len(points))
    bags = []
    for bag in range(BAGS):
        drawn = np.asarray(rng.integers(0, n, n), np.intp)
        if bag == BAGS - 1 and 0 < (always := seen == 0).sum() < n:  # else nothing would test what every bag holds
            again = always[drawn]
            drawn[again] = rng.choice(np.flatnonzero(~always), int(again.sum()))
        outside = np.ones(n, bool)
        outside[drawn] = False
        one, two, at = np.zeros_like(marginal), np.zeros_like(pairs), np.zeros_like(everywhere)
        for tree, own, cells in trees(grid, unit, losses, drawn, rng):
            f, g = _marginals(own, tree)
            one += f / _TREES
            two += g / _TREES
            at += tree.predict(own.table(probe))[:, 0] / _TREES
            guesses[outside] += tree.predict(own.table(cells[outside]))[:, 0]
        seen[outside] += _TREES
        bags.append(_parts(grid, one, two, at))
        marginal += one / BAGS
        pairs += two / BAGS
        everywhere += at / BAGS
    guesses[seen == 0] = np.nan
    return Forest(_parts(grid, marginal, pairs, everywhere), tuple(bags), guesses / np.maximum(seen, 1))


def trees(grid: Grid, unit: Array, losses: Array, drawn: Indices, rng: np.random.Generator) -> Iterator[tuple[Any, Grid, Array]]:
    """The trees of one bag, scikit-learn's, each with its own grid and the cells of all trials; arguments as for `grow`, and which are in the bag."""
    from sklearn.tree import DecisionTreeRegressor  # noqa: PLC0415  takes a second to load

    inactive = np.isnan(unit)
    unit = np.where(inactive.all(axis=0), 0.5, unit)
    inactive = np.isnan(unit)
    leaf = 1 + int(np.searchsorted(_LEAVES, len(unit), side="right"))
    for _ in range(_TREES):
        cells = grid.cells(np.where(inactive, rng.random(unit.shape), unit))
        own = grid.ordered(cells[drawn], losses[drawn])
        table = own.table(cells[drawn])
        columns = min(_COLUMNS, table.shape[1])
        grower = DecisionTreeRegressor(min_samples_leaf=leaf, max_features=columns, random_state=int(rng.integers(2**31)))
        grower.fit(table, losses[drawn])
        yield grower.tree_, own, cells


def leaves_of(grid: Grid, tree: Any) -> tuple[Mask, Array]:  # noqa: ANN401  scikit-learn's Tree
    """Which cells each leaf of a tree holds, shape (leaves, cells), and its value, shape (leaves,)."""
    left, right, feature, threshold = tree.children_left, tree.children_right, tree.feature, tree.threshold
    members = np.ones((tree.node_count, len(grid.widths)), bool)
    level = np.array([0])
    while len(level := level[left[level] >= 0]):  # a level of inner nodes at a time, from the root down
        values, cut = grid.levels[feature[level]], threshold[level][:, None]
        members[left[level]] = members[level] & ~(values > cut)
        members[right[level]] = members[level] & ~(values <= cut)
        level = np.concatenate([left[level], right[level]])
    leaves = np.flatnonzero(left < 0)
    return members[leaves], tree.value[leaves, 0, 0]


def _marginals(grid: Grid, tree: Any) -> tuple[Array, Array]:  # noqa: ANN401  scikit-learn's Tree
    """The marginals of one parameter on its cells, shape (cells,), and of two, shape (cells, cells)."""
    members, values = leaves_of(grid, tree)
    volumes = grid.sums(members * grid.widths)
    weight = values * volumes.prod(axis=1)
    apart = (members / np.repeat(volumes, grid.counts, axis=1)).astype(np.float32)
    one = weight @ apart
    return one, apart.T @ (apart * weight.astype(np.float32)[:, None]) if grid.paired else np.zeros((1, 1))


def _parts(grid: Grid, one: Array, two: Array, everywhere: Array) -> Parts:
    """The variance in parts, from the marginals and the forest's values at evenly spread points."""
    mean = float(one[: grid.counts[0]] @ grid.widths[: grid.counts[0]])
    total = float(everywhere.var())
    d = len(grid.counts)
    if total <= 0:
        return Parts(np.zeros(d), np.zeros((d, d) if grid.paired else (0, 0)), 0.0)
    main = grid.sums(grid.widths * (one - mean) ** 2)
    if not grid.paired:
        return Parts(main / total, np.zeros((0, 0)), total)
    squares = grid.sums(grid.sums((two - mean) ** 2 * grid.widths * grid.widths[:, None], axis=0), axis=1)
    pair = np.maximum(squares - main - main[:, None], 0.0)
    np.fill_diagonal(pair, 0.0)
    return Parts(main / total, pair / total, total)
