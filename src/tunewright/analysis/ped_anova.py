"""PED-ANOVA: what sets the best trials apart from the others that were tried.

For each parameter the density of the best trials is compared with that of all of them on a grid: the more they differ, the more
being good depends on it. The measure is the Pearson divergence Σ p (p_best / p - 1)², which is the variance of the chance to be among
the best given the parameter's value, up to a constant [1]. Nothing is fitted but two densities, so ten thousand trials take
milliseconds.

A conditional parameter can only matter where it is active: its divergence there counts with α² / β, where α is the share of the best
trials in which it is active and β that of all [2]. The other trials belong to its parent.

Comparing with what was tried, not with the whole range, takes uneven sampling out: a range that the search has left says nothing more.

Densities of numbers as in [1] and its implementation in Optuna 5: a grid of 50, Scott's bandwidth (at least 0.5 / 1.64 cells), a prior of one
trial. Choices are counted: those of the best are drawn towards those of all by one trial for each choice, and nothing else. (A kernel over
choices, as there, gives a quarter to a half of each count to the others, at any number of trials, so that of 0.8 are left 0.2.)

Two things are added: an interval by the Bayesian bootstrap [3] (bandwidths kept), and the value that chance alone reaches once in
twenty times when the best are drawn blindly from all; what does not exceed it is no sign of importance.

[1] Watanabe, Bansal, Hutter, PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces, IJCAI 2023.
[2] Conditional PED-ANOVA: Hyperparameter Importance in Hierarchical and Dynamic Search Spaces, 2026 (arXiv 2601.20800), theorem 4.2.
[3] Rubin, The Bayesian Bootstrap, Annals of Statistics 9, 1981.
"""

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec
import numpy as np
from scipy.special import ndtr

from tunewright.space import Bool, Categorical, Int, Parameter, SearchSpace
from tunewright.typing import Array, Mask

__all__ = ["TARGET", "Divergences", "divergences"]

TARGET: Final = 0.1
"""Which share of the trials are the best."""
_GRID: Final = 50
_DRAWS: Final = 40
_FEWEST: Final = 2
_NARROWEST: Final = 0.5 / 1.64  # 90 % of a kernel in one cell
_PRIOR: Final = 1.0
_SCOTT: Final = 1.059

_Densities: TypeAlias = Callable[[Array, Array], tuple[Array, Array]]


class Divergences(msgspec.Struct, frozen=True):
    """Of each parameter, shape (d,): the divergence, `drawn` again from the bootstrap, shape (draws, d), and what chance reaches."""

    value: Array
    drawn: Array
    chance: Array


def divergences(space: SearchSpace, unit: Array, best: Mask, rng: np.random.Generator) -> Divergences:
    """How far the best differ from all.

    Args:
        space: of the trials.
        unit: n trials on the unit scale, NaN where inactive, shape (n, d).
        best: which of them are the best, shape (n,).
        rng: for the bootstrap.
    """
    parameters = list(space.parameters.values())
    found = Divergences(np.zeros(len(parameters)), np.zeros((_DRAWS, len(parameters))), np.zeros(len(parameters)))
    kinds: dict[tuple[bool, int], list[tuple[int, Array]]] = {}
    for j, parameter in enumerate(parameters):
        if parameter.size < _FEWEST:
            continue
        size = _size(parameter)
        counts = _counts(parameter, np.ascontiguousarray(unit[:, j]), best, size)
        if counts.sum() >= _FEWEST and counts[1].any():
            kinds.setdefault((isinstance(parameter, Categorical | Bool), size), []).append((j, counts))
    for (choice, _), members in kinds.items():  # those of one kind together: NumPy costs by the call
        columns = [j for j, _ in members]
        rest, top = np.stack([counts for _, counts in members], axis=1)
        alike = _alike(top, rest, (int(best.sum()), len(best)), rng, densities=_choices if choice else _numbers(top, top + rest))
        found.value[columns], found.drawn[:, columns], found.chance[columns] = alike
    return found


def _counts(parameter: Parameter, unit: Array, best: Mask, size: int) -> Array:
    """How many of the others, and of the best, are in each cell, or nearest to each point of the grid, shape (2, size)."""
    if isinstance(parameter, Int) and parameter.log:  # the first and the last value stand at the ends of the grid
        logs = [math.log(each + by) for each in (parameter.low, parameter.high) for by in (-0.5, 0.5)]
        ends = [(sum(pair) / 2 - logs[0]) / (logs[3] - logs[0]) for pair in (logs[:2], logs[2:])]
        unit = (unit - ends[0]) / (ends[1] - ends[0])
    active = ~np.isnan(unit)
    if not active.all():
        unit, best = unit[active], best[active]
    cells = isinstance(parameter, Categorical | Bool) or (parameter.size <= _GRID and not getattr(parameter, "log", False))
    place = unit * size if cells else unit * (size - 1) + 0.5
    np.clip(place, 0, size - 0.5, out=place)
    where = place.astype(np.intp)
    where[best] += size
    return np.bincount(where, minlength=2 * size).reshape(2, size).astype(np.float64)


def _alike(
    top: Array, rest: Array, n: tuple[int, int], rng: np.random.Generator, *, densities: _Densities
) -> tuple[Array, Array, Array]:
    """Divergence, draws and chance of p parameters of one kind, shapes (p,), (draws, p), (p,).

    Args:
        top, rest: counts of the best and of the others, shape (p, size).
        n: how many trials are best, and how many there are.
        rng: for the draws.
        densities: of the counts of the best and of all.
    """
    whole = top + rest

    def divergence(some: Array, everything: Array) -> Array:
        """From counts of the best and of all, shapes (…, p, size)."""
        alpha, beta = some.sum(axis=-1) / n[0], np.maximum(everything.sum(axis=-1) / n[1], 1e-12)
        one, other = densities(some, everything)
        one -= other
        one *= one
        one /= other
        result: Array = alpha**2 / beta * one.sum(axis=-1)
        return result

    again, others = (rng.standard_gamma(each, (_DRAWS, *each.shape)) for each in (top, rest))
    expected = top.sum(axis=1, keepdims=True) * whole / whole.sum(axis=1, keepdims=True)
    blind = rng.standard_gamma(expected, again.shape)
    chance = np.quantile(divergence(blind, whole), 0.95, axis=0)
    return divergence(top, whole), divergence(again, again + others), chance


def _size(parameter: Parameter) -> int:
    if isinstance(parameter, Categorical | Bool):
        return int(parameter.size)
    if isinstance(parameter, Int) and parameter.log:
        return min(_GRID, math.ceil(math.log2(parameter.size)) + 1)
    return int(min(_GRID, parameter.size))


class _Smooth(msgspec.Struct, frozen=True):
    """Counts to densities: `kernels`, shape (p, size, size), a row for each place, and the prior's, shape (size,)."""

    kernels: Array
    prior: Array

    def density(self, counts: Array) -> Array:
        whole = counts.sum(axis=-1, keepdims=True) + _PRIOR
        spread = (counts[..., None, :] @ self.kernels)[..., 0, :] if counts.ndim == 2 else _over_draws(counts, self.kernels)
        smooth: Array = (spread + _PRIOR * self.prior) / whole + 1e-12
        return smooth


def _over_draws(counts: Array, kernels: Array) -> Array:
    """The same for many draws, shape (draws, p, size): one matrix product for each parameter."""
    spread: Array = np.moveaxis(np.moveaxis(counts, 1, 0) @ kernels, 0, 1)
    return spread


def _choices(some: Array, everything: Array) -> tuple[Array, Array]:
    """Densities of the best and of all over choices."""
    size = some.shape[-1]
    other = everything / np.maximum(everything.sum(axis=-1, keepdims=True), 1e-12) + 1e-12
    return (some + size * _PRIOR * other) / (some.sum(axis=-1, keepdims=True) + size * _PRIOR), other


def _numbers(top: Array, whole: Array) -> _Densities:
    """Densities of the best and of all over a grid, with the bandwidths of these counts."""
    of_best, of_all = _smooth(top), _smooth(whole)
    return lambda some, everything: (of_best.density(some), of_all.density(everything))


def _smooth(counts: Array) -> _Smooth:
    size, places = counts.shape[1], np.arange(counts.shape[1], dtype=np.float64)
    total = counts.sum(axis=1)
    mean = counts @ places / total
    deviation = np.sqrt((counts * (places - mean[:, None]) ** 2).sum(axis=1) / np.maximum(1.0, total - 1))
    below = np.cumsum(counts, axis=1)
    first, third = (below < total[:, None] // 4).sum(axis=1), (below <= total[:, None] * 3 // 4).sum(axis=1)
    last = size - 1 - np.argmax(counts[:, ::-1] > 0, axis=1)
    narrow = np.minimum((np.minimum(third, last) - first) / 1.34, deviation)
    width = np.maximum(_SCOTT * narrow * total**-0.2, _NARROWEST)
    edges = ndtr((np.arange(size + 1) - size / 2) / size)
    prior = np.diff(edges) / (edges[-1] - edges[0])
    return _Smooth(_normal(width, size), prior)


def _normal(widths: Array, size: int) -> Array:
    """Normal densities about each place, in cells 0 … size - 1, cut off at the ends, shape (widths, size, size)."""
    below = ndtr((np.arange(2 * size) - size + 0.5) / widths[:, None])  # the chance to be below an edge hangs on how far it is
    mass = np.lib.stride_tricks.sliding_window_view(np.diff(below, axis=1), size, axis=1)[:, ::-1]
    shares: Array = mass / mass.sum(axis=2, keepdims=True)
    return shares
