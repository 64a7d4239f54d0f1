"""How much a new point is expected to push a Pareto front.

The hypervolume of a front is the volume between it and a reference point behind it. What no point of the front dominates is a set of
disjoint boxes, and a new point y adds, of a box from l to u, the part that it dominates: Π_j (u_j - max(l_j, y_j))+. With one independent
Gaussian for each objective the expectation of a product is the product of expectations, so the expected hypervolume improvement is exact [1, 2]:

    EHVI = Σ_boxes Π_j (G_j(u_j) - G_j(l_j)),   G_j(t) = E (t - y_j)+ = σ_j h((t - μ_j) / σ_j)

with h of `acquisition.py`. Everything is in logarithms, so that it can be climbed where it is far too small for a float [3].

[1] Emmerich, Giannakoglou and Naujoks, Single- and Multiobjective Evolutionary Optimization Assisted by Gaussian Random Field Metamodels,
IEEE Transactions on Evolutionary Computation 10, 2006.
[2] Yang et al., Efficient Computation of Expected Hypervolume Improvement Using Box Decomposition Algorithms, J. Global Optimization 75, 2019.
[3] Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization, NeurIPS 2023 (arXiv 2310.20708).
[4] Dominance-resistant solutions: Ikeda, Kita and Kobayashi, Failure of Pareto-based MOEAs: Does Non-dominated Really Mean Near to Optimal?,
CEC 2001.
"""

import math
from typing import Final

import numpy as np
from scipy.special import log_ndtr

from tunewright.models.acquisition import log1mexp, log_h
from tunewright.models.hypervolume import undominated
from tunewright.typing import Array, Indices

__all__ = ["Front"]

_HARDLY: Final = 0.05
_CLEARLY: Final = 0.1
_LEAST: Final = 1.5
"""The range of a front in each objective at least, in deviations of the losses: one point has none, and few show a part."""
_NEAR: Final = 0.1
_FAR: Final = 0.5
_LITTLE: Final = math.log(0.003)
_TINY: Final = 1e-200
"""Sums of products below this are made anew from logarithms."""
_STEEPEST: Final = 700.0
_HALF_LOG_2PI: Final = 0.5 * math.log(2 * math.pi)


class Front:
    """A front before a reference point.

    Args:
        points: smaller is better, shape (n, m); those that another dominates or that are behind the reference point make no difference.
        reference: shape (m,).

    Attributes:
        little: the logarithm of an improvement that is next to nothing: of 0.3 % of the box that a front spans.
    """

    def __init__(self, points: Array, reference: Array) -> None:
        self.little = _LITTLE
        low, high = undominated(points, reference)
        self._cuts: list[tuple[Array, Indices, Indices]] = []
        for lows, highs in zip(low, high, strict=True):
            cuts, where = np.unique(np.concatenate([lows, highs]), return_inverse=True)
            self._cuts.append((cuts, where[: len(lows)], where[len(lows) :]))

    @classmethod
    def ahead_of(cls, points: Array, *, near: bool) -> "Front":
        """A front before a reference point behind its worst values, by a tenth of its range or by half.

        Where it is near, what is hardly better than another point in any respect and clearly worse in one does not count for the range: where
        an objective reaches its least value whatever the others are, such points stand at the ends of a front however bad they are [4].

        Args:
            points: as predicted, smaller is better, shape (n, m), none of which another dominates.
            near: the search stays within the front's ends; else it looks for them.
        """
        low, high = points.min(axis=0), points.max(axis=0)
        if near:
            room = (points[:, None] - points[None]) / np.maximum(
                high - low, _LEAST
            )  # by how much the second is better, shape (n, n, m)
            proper = ~((room >= -_HARDLY).all(axis=2) & (room >= _CLEARLY).any(axis=2)).any(axis=1)
            high = points[proper].max(axis=0) if proper.any() else high
        reach = np.maximum(high - low, _LEAST)
        front = cls(points, high + (_NEAR if near else _FAR) * reach)
        front.little += float(np.log(reach).sum())
        return front

    def log_improvement(self, means: Array, stds: Array) -> Array:
        """Logarithm of the expected hypervolume improvement.

        Args:
            means, stds: of the objectives at k points, shape (k, m); stds > 0.

        Returns:
            Shape (k,); finite for finite input.
        """
        found, scale = np.ones((len(means), len(self._cuts[0][1]))), np.zeros(len(means))
        for j, (cuts, low, high) in enumerate(self._cuts):
            log_g = _log_g(cuts, means[:, j], stds[:, j])
            top = log_g[:, -1:]
            g = np.exp(log_g - top)
            found *= g[:, high] - g[:, low]
            scale += top[:, 0]
        total = found.sum(axis=1)
        tiny = total < _TINY
        value = np.log(np.where(tiny, 1.0, total)) + scale
        if tiny.any():
            value[tiny] = _log_sum(np.sum(self._terms(means[tiny], stds[tiny]), axis=0))
        return value

    def _terms(self, means: Array, stds: Array) -> list[Array]:
        """Logarithm of what each box allows to gain in each objective, m arrays of shape (k, boxes)."""
        found = []
        for j, (cuts, low, high) in enumerate(self._cuts):
            log_g = _log_g(cuts, means[:, j], stds[:, j])
            upper = log_g[:, high]
            found.append(upper + log1mexp(log_g[:, low] - upper))
        return found

    def slope(self, means: Array, stds: Array) -> tuple[Array, Array, Array]:
        """The same, shape (k,), and its derivatives by means and by stds, each of shape (k, m)."""
        terms = self._terms(means, stds)
        logs = np.sum(terms, axis=0)
        value = _log_sum(logs)
        by_mean, by_std = np.empty_like(means), np.empty_like(stds)
        for j, (cuts, low, high) in enumerate(self._cuts):
            z = (cuts[None, :] - means[:, j : j + 1]) / stds[:, j : j + 1]
            log_density = np.where(np.isfinite(z), -0.5 * z * z - _HALF_LOG_2PI, -np.inf)
            others = logs - value[:, None] - terms[j]  # each box's share, without what this objective allows
            by_mean[:, j] = -_between(others, log_ndtr(z), low, high)
            by_std[:, j] = _between(others, log_density, low, high)
        return value, by_mean, by_std


def _log_g(cuts: Array, mean: Array, std: Array) -> Array:
    """Logarithm of E (t - y)+ at each cut t, shape (k, cuts); the first cut is minus infinity where a box has no lower end."""
    z = (cuts[None, :] - mean[:, None]) / std[:, None]
    open_ended = np.isneginf(z)
    z[open_ended] = 0.0
    log_g = log_h(z) + np.log(std)[:, None]
    log_g[open_ended] = -np.inf
    return log_g


def _between(others: Array, log_at: Array, low: Indices, high: Indices) -> Array:
    """Sum over the boxes of exp(others) times the difference between their ends of what is given in logarithms at the cuts, shape (k,)."""
    upper, lower = (np.exp(np.minimum(others + log_at[:, end], _STEEPEST)) for end in (high, low))
    return np.asarray((upper - lower).sum(axis=1))


def _log_sum(logs: Array) -> Array:
    top = logs.max(axis=1)
    return np.asarray(top + np.log(np.exp(logs - top[:, None]).sum(axis=1)))
