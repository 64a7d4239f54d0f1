"""Parzen estimators on mixed parameters: a density of configurations as a mixture of kernels, one for each configuration seen.

A kernel is a product over the parameters, and the mixture is over whole configurations, so that parameters which were good
*together* stay together [2]:

    p(x) = Σ_k w_k Π_j K_j(x_j | x_kj)  +  w_0 Π_j P_j(x_j)

On the unit scale of `space.to_unit` the factors are

- for a real number a normal around x_kj, truncated to [0, 1];
- for a number with values to count (Int, stepped Float, Ordinal) the mass of that normal in the cell of the value;
- for a choice among c the smoothed weight (s p_j(x_j) + [x_j = x_kj]) / (s + 1) with s = c / (kernels), p_j the prior weights.

`Product` multiplies such mixtures, one for each block of parameters.

P_j is the user's prior where there is one, else a normal of unit width around the middle, which is nearly uniform. Its share
decays as 1/n. The bandwidth of a kernel is the distance to its farther neighbour in that coordinate, at least 1/min(100, n + 2) [1].

Evaluating is a matter of a few matrix products: the exponents of all normals together are a quadratic form in (x, x²), and cells
and choices are tables, since candidates take few values and kernels repeat.

[1] Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011, section 4. [2] Falkner et al., BOHB, ICML 2018,
section 3.2; constants as in Optuna 5 (Watanabe, Tree-Structured Parzen Estimator, arXiv 2304.11127, section 3).
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from tunewright.space import Bool, Categorical, Float, Int, Ordinal, SearchSpace
from tunewright.typing import Array, Indices

__all__ = ["Axes", "Parzen", "Product", "bandwidths", "ramp"]

_FINE: Final = 1e-3
"""Cells that are all narrower than this are a line: a normal of the least bandwidth, 0.01, hardly changes within one."""
_LATEST: Final = 25
_LEAST: Final = 1e-300
_FAR: Final = 8.3
"""A normal has a mass of 5e-17 beyond so many deviations: as good as none beside the mass inside."""
_TAIL: Final = math.log(_FAR * math.sqrt(2.0 * math.pi))
"""-z²/2 - this is the logarithm of the tail beyond z = 8.3, and near enough beyond that."""
_SPREAD: Final = (1e-4, 1e2)


class Axes:
    """What a kernel needs to know of some parameters of a space.

    Points, shape (n, g), have a column for each of these g parameters: the unit scale for numbers, the index of the choice for
    choices; first the lines, then the ladders, then the choices.

    Args:
        space: the space.
        names: which parameters.

    Attributes:
        columns: the parameter's column in a raw row for each column of a point, shape (g,).
        lines, ladders: how many columns of points are real numbers, and numbers with cells.
        centers, spreads: the prior of each number, shape (lines + ladders,).
        weights: the prior of each choice, shape (its number of choices,) each.
    """

    def __init__(self, space: SearchSpace, names: Sequence[str]) -> None:
        self._space = space
        place = {name: i for i, name in enumerate(space.names)}
        columns = [place[name] for name in names]
        parameters = list(space.parameters.values())
        choices = [j for j in columns if isinstance(parameters[j], Categorical | Bool)]
        numbers = [j for j in columns if j not in set(choices)]
        lines = [j for j in numbers if _widest_cell(parameters[j]) < _FINE]
        ladders = [j for j in numbers if j not in set(lines)]
        self.columns = np.array([*lines, *ladders, *choices], np.intp)
        self.lines, self.ladders = len(lines), len(ladders)
        self.centers, self.spreads = self._priors([*lines, *ladders])
        self.weights = tuple(_weights(parameters[j]) for j in choices)
        self._cells = np.array([parameters[j].size for j in ladders], np.float64)
        self._logs = {i: _log_range(parameters[j]) for i, j in enumerate(ladders) if _is_log(parameters[j])}

    def _priors(self, numbers: list[int]) -> tuple[Array, Array]:
        parameters = list(self._space.parameters.values())
        centers, spreads = np.full(len(numbers), 0.5), np.ones(len(numbers))
        for i, j in enumerate(numbers):
            parameter = parameters[j]
            if isinstance(parameter, Ordinal) and parameter.prior is not None:
                share, cell = _weights(parameter), (np.arange(parameter.size) + 0.5) / parameter.size
                centers[i] = share @ cell
                spreads[i] = math.sqrt(share @ (cell - centers[i]) ** 2 + 1 / (12 * parameter.size**2))
            elif isinstance(parameter, Float | Int) and parameter.prior is not None:
                row = np.full((1, len(parameters)), np.nan)
                row[0, j] = parameter.prior.center
                centers[i], spreads[i] = self._space.to_unit(row)[0, j], parameter.prior.spread
        return centers, np.clip(spreads, *_SPREAD)

    def points(self, rows: Array, unit: Array) -> Array:
        """Raw rows, shape (n, d), and the same on the unit scale, as points."""
        numbers = self.lines + self.ladders
        return np.hstack([unit[:, self.columns[:numbers]], rows[:, self.columns[numbers:]]])

    def unit(self, points: Array) -> Array:
        """Points on the unit scale of the space, shape (n, d), NaN for the parameters that are not here."""
        numbers = self.lines + self.ladders
        found = np.full((len(points), len(self._space)), np.nan)
        found[:, self.columns] = points
        for weight, column in zip(self.weights, self.columns[numbers:], strict=True):
            found[:, column] = (found[:, column] + 0.5) / len(weight)
        return found

    def snap(self, ladders: Array) -> Array:
        """Unit numbers, shape (n, ladders), put to the middle of their cells."""
        found = (np.minimum(np.floor(ladders * self._cells), self._cells - 1) + 0.5) / self._cells
        for i, (low, high, start, span) in self._logs.items():
            value = np.clip(np.rint(np.exp(start + ladders[:, i] * span)), low, high)
            found[:, i] = (0.5 * (np.log(value - 0.5) + np.log(value + 0.5)) - start) / span
        return found

    def edges(self, ladders: Array) -> tuple[Array, Array]:
        """Lower and upper ends of the cells in whose middles these numbers stand, each of shape (n, ladders)."""
        half = 0.5 / self._cells
        low, high = ladders - half, ladders + half
        for i, (_, _, start, span) in self._logs.items():
            value = np.rint(np.exp(start + ladders[:, i] * span))
            low[:, i], high[:, i] = (np.log(value - 0.5) - start) / span, (np.log(value + 0.5) - start) / span
        return low, high


def _is_log(parameter: object) -> bool:
    return isinstance(parameter, Int) and parameter.log


def _log_range(parameter: object) -> tuple[float, float, float, float]:
    assert isinstance(parameter, Int)
    start = math.log(parameter.low - 0.5)
    return float(parameter.low), float(parameter.high), start, math.log(parameter.high + 0.5) - start


def _widest_cell(parameter: object) -> float:
    if isinstance(parameter, Int) and parameter.log:
        low, _, start, span = _log_range(parameter)
        return (math.log(low + 0.5) - start) / span
    assert isinstance(parameter, Float | Int | Ordinal)
    return 1.0 / parameter.size


def _weights(parameter: object) -> Array:
    if isinstance(parameter, Bool):
        truth = 0.5 if parameter.prior is None else parameter.prior
        return np.array([1.0 - truth, truth])
    assert isinstance(parameter, Categorical | Ordinal)
    share = np.ones(parameter.size) if parameter.prior is None else np.array(parameter.prior, np.float64)
    share /= share.sum()
    return share


def ramp(n: int) -> Array:
    """Weights of n kernels, oldest first: the latest 25 count 1, those before less and less. Source: Bergstra et al., ICML 2013."""
    if n < _LATEST:
        return np.ones(n)
    return np.concatenate([np.linspace(1.0 / n, 1.0, n - _LATEST), np.ones(_LATEST)])


def bandwidths(mu: Array, kernels: int) -> tuple[Array, Indices]:
    """The bandwidth of each of n normals by the distances of their centers: to the farther neighbour, bounds of the range left out.

    Args:
        mu: centers on the unit scale, shape (p, n), each row by itself.
        kernels: how many kernels the mixture has; bandwidths are at least 1/min(100, 1 + kernels).

    Returns:
        Bandwidths, shape (p, n), and the order that sorts each row of `mu`.
    """
    p, n = mu.shape
    order = np.argsort(mu, axis=1)
    if n == 0:
        return np.empty((p, 0)), order
    each = np.arange(p)[:, None]
    ranked = mu[each, order]
    if n == 1:
        width = np.maximum(ranked, 1.0 - ranked)
    else:
        gap = ranked[:, 1:] - ranked[:, :-1]
        width = np.concatenate([gap[:, :1], np.maximum(gap[:, :-1], gap[:, 1:]), gap[:, -1:]], axis=1)
    np.maximum(width, 1.0 / min(100.0, 1.0 + kernels), out=width)
    found = np.empty_like(mu)
    found[each, order] = np.minimum(width, 1.0, out=width)
    return found, order


class Parzen:
    """The mixture over some parameters.

    Args:
        axes: of these parameters.
        points: what was seen, shape (n, g); the prior is one kernel more.
        weights: of the kernels against a weight of 1 for the prior, shape (n,).
        stands_for: how many observations the points stand for, if they are a selection; default: n.
    """

    def __init__(self, axes: Axes, points: Array, weights: Array, *, stands_for: int | None = None) -> None:
        self.axes = axes
        n, numbers = len(points), axes.lines + axes.ladders
        kernels = (n if stands_for is None else stands_for) + 1
        share = np.append(weights, 1.0)
        self._weights = share / share.sum()
        mu = np.ascontiguousarray(points[:, :numbers].T)
        sigma, order = bandwidths(mu, kernels)
        self._mu = np.hstack([mu, axes.centers[:, None]])
        self._sigma = np.hstack([sigma, axes.spreads[:, None]])
        self._below, self._mass = _truncation(self._mu, self._sigma)
        self._constant = np.log(self._weights) - np.log(self._mass).sum(axis=0)
        line_mu, line_sigma = self._mu[: axes.lines], self._sigma[: axes.lines]
        self._precision = 1.0 / (line_sigma * line_sigma)
        self._pull = line_mu * self._precision
        self._constant -= (np.log(line_sigma * math.sqrt(2 * math.pi)) + 0.5 * line_mu * self._pull).sum(axis=0)
        self._kinds = [self._unique(axes.lines + i, order[axes.lines + i]) for i in range(axes.ladders)]
        self._codes = points[:, numbers:].astype(np.intp)
        self._smooth = [len(weight) / kernels for weight in axes.weights]

    def _unique(self, i: int, order: Indices) -> tuple[Array, Array, Indices]:
        """The different normals of a ladder, and for each kernel which one it has. Equal neighbours in sorted order are one."""
        order = np.append(order, len(order))
        mu, sigma = self._mu[i, order], self._sigma[i, order]
        new = np.ones(len(order), bool)
        new[1:] = (mu[1:] != mu[:-1]) | (sigma[1:] != sigma[:-1])
        which = np.empty(len(order), np.intp)
        which[order] = np.cumsum(new) - 1
        return mu[new], sigma[new], which

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw n points, shape (n, g)."""
        axes, numbers = self.axes, self.axes.lines + self.axes.ladders
        uniform = rng.random((n, 1 + numbers + 2 * len(axes.weights)))
        kernel = np.minimum(np.searchsorted(np.cumsum(self._weights), uniform[:, 0], side="right"), len(self._weights) - 1)
        found = np.empty((n, len(axes.columns)))
        below, mass = self._below[:, kernel].T, self._mass[:, kernel].T
        z = ndtri(below + uniform[:, 1 : 1 + numbers] * mass)
        found[:, :numbers] = np.clip(self._mu[:, kernel].T + self._sigma[:, kernel].T * z, 0.0, 1.0)
        found[:, axes.lines : numbers] = axes.snap(found[:, axes.lines : numbers])
        seen = kernel < len(self._codes)
        for i, (weight, smooth) in enumerate(zip(axes.weights, self._smooth, strict=True)):
            stay, fresh = uniform[:, 1 + numbers + 2 * i], uniform[:, 2 + numbers + 2 * i]
            drawn = np.minimum(np.searchsorted(np.cumsum(weight), fresh, side="right"), len(weight) - 1)
            kept = seen & (stay * (1.0 + smooth) < 1.0)
            drawn[kept] = self._codes[kernel[kept], i]
            found[:, numbers + i] = drawn
        return found

    def log_density(self, points: Array) -> Array:
        """The logarithm of the density (for numbers with cells and choices: of the probability), shape (n,)."""
        axes, numbers = self.axes, self.axes.lines + self.axes.ladders
        x = points[:, : axes.lines].T
        parts = self._pull.T @ x  # shape (kernels, n): gathering whole rows of tables is fast
        parts -= self._precision.T @ (0.5 * x * x)
        parts += self._constant[:, None]
        if axes.ladders:
            low, high = axes.edges(points[:, axes.lines : numbers])
            for i, (mu, sigma, which) in enumerate(self._kinds):
                parts += _cell_masses(low[:, i], high[:, i], mu, sigma)[which]
        for i, (weight, smooth) in enumerate(zip(axes.weights, self._smooth, strict=True)):
            code = points[:, numbers + i].astype(np.intp)
            prior = weight[code]
            table = np.repeat((np.log(smooth * prior) - math.log1p(smooth))[None, :], len(weight), axis=0)
            table[code, np.arange(len(code))] = np.log(smooth * prior + 1.0) - math.log1p(smooth)
            parts[:-1] += table[self._codes[:, i]]
            parts[-1] += np.log(prior)
        top = parts.max(axis=0)
        parts -= top
        found: Array = top + np.log(np.exp(parts, out=parts).sum(axis=0))
        return found


class Product:
    """The product of mixtures over blocks of the parameters, each by itself: what was good together need not stay together.

    Args:
        axes: of all parameters.
        blocks: which of them stay together; each column of `axes` is in one of these.
        points, weights, stands_for: as in `Parzen`; points have the columns of `axes`.
    """

    def __init__(
        self, axes: Axes, blocks: Sequence[Axes], points: Array, weights: Array, *, stands_for: int | None = None
    ) -> None:
        self.axes = axes
        place = {column: i for i, column in enumerate(axes.columns.tolist())}
        self._places = [[place[column] for column in block.columns.tolist()] for block in blocks]
        self._parts = [
            Parzen(block, points[:, where], weights, stands_for=stands_for)
            for block, where in zip(blocks, self._places, strict=True)
        ]

    def sample(self, rng: np.random.Generator, n: int) -> Array:
        """Draw n points, shape (n, g)."""
        found = np.empty((n, len(self.axes.columns)))
        for where, part in zip(self._places, self._parts, strict=True):
            found[:, where] = part.sample(rng, n)
        return found

    def log_density(self, points: Array) -> Array:
        """The logarithm of the density, shape (n,); see `Parzen`."""
        found: Array = sum(
            (part.log_density(points[:, where]) for where, part in zip(self._places, self._parts, strict=True)),
            start=np.zeros(len(points)),
        )
        return found


def _truncation(mu: Array, sigma: Array) -> tuple[Array, Array]:
    """The mass of each normal below 0, and that inside [0, 1]. Centers are inside, so neither tail loses digits."""
    below, mass = np.zeros(mu.shape), np.ones(mu.shape)
    centers, deviations = mu.ravel(), sigma.ravel()
    reach = _FAR * deviations
    near = np.flatnonzero(centers < reach)
    below.flat[near] = ndtr(-centers[near] / deviations[near])
    mass -= below
    near = np.flatnonzero(1.0 - centers < reach)
    mass.flat[near] -= ndtr((centers[near] - 1.0) / deviations[near])
    return below, mass


def _cell_masses(low: Array, high: Array, mu: Array, sigma: Array) -> Array:
    """The logarithm of each normal's mass between `low` and `high`, shape (normals, n)."""
    cells, which = np.unique(low, return_inverse=True)
    tops = np.empty_like(cells)
    tops[which] = high
    a, b = (cells - mu[:, None]) / sigma[:, None], (tops - mu[:, None]) / sigma[:, None]
    away = np.maximum(a, -b)  # from the nearer end of the cell; negative inside
    logs = -0.5 * away * away - _TAIL
    near = away < _FAR
    a, b = a[near], b[near]
    right = a > 0.0  # the side that keeps the digits
    a, b = np.where(right, -b, a), np.where(right, -a, b)
    logs[near] = np.log(np.maximum(ndtr(b) - ndtr(a), _LEAST))
    found: Array = logs[:, which]
    return found
