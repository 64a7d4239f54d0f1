"""Sobol indices of a function over a space.

The first index of a parameter is the share of the variance that it explains alone, the total index what it explains in any company.
Both are estimated from two quasi-random samples A and B and, for each parameter, A with that parameter's column taken from B [1, 2].
The measure is uniform on the unit scale; where a parameter is inactive in the configuration that comes of it, changing it changes
nothing, so a conditional parameter counts by how often it is active.

The draws of a Gaussian process say little of what it does not see, a kink or a step; what it misses of trials left out does. Of the metric f = m + r,
with r the share e of the variance that the model m misses, the variance due to x_j alone is V_j(m) + 2 Cov(m_j, r) + V_j(r). Over n trials a
covariance up to 2 sqrt(S_j e / n) would not have shown, as a share of the variance; and r may have effects of its own, taken to be between
none and an equal part of it for each parameter. `intervals` adds the first to the draws, and the second to their upper end.

[1] Saltelli et al., Variance based sensitivity analysis of model output, Computer Physics Communications 181, 2010, table 2 (b), (f).
[2] Jansen, Analysis of variance designs for model output, Computer Physics Communications 117, 1999.
"""

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
from scipy.stats import qmc

from tunewright.space import SearchSpace
from tunewright.typing import Array

__all__ = ["Indices", "indices", "intervals"]

_CALLS: Final = 24_000
"""About so many points are asked for in all."""
_POWERS: Final = (5, 11)
_AGAIN: Final = 20
"""So many ways in which each draw may be wrong."""


class Indices(msgspec.Struct, frozen=True):
    """Of s functions: `first` and `total`, shape (d, s), as shares of `variance`, shape (s,), the first no larger than the total; `error` is the standard error of `first`
    as if the points were random, more than that of evenly spread ones.
    """

    first: Array
    total: Array
    error: Array
    variance: Array


def indices(space: SearchSpace, functions: Callable[[Array], Array], rng: np.random.Generator) -> Indices:
    """Sobol indices.

    Args:
        space: d parameters.
        functions: from raw rows, shape (m, d), to the values of s functions, shape (m, s).
        rng: for the scrambling of the sequence.
    """
    d = len(space)
    power = int(np.clip(np.log2(_CALLS / (d + 2)), *_POWERS))
    both = qmc.Sobol(2 * d, rng=rng).random_base2(power)
    a, b = both[:, :d], both[:, d:]

    def values(unit: Array) -> Array:
        return functions(space.deactivate(space.from_unit(unit)))

    f_a, f_b = values(a), values(b)
    mean = 0.5 * (f_a.mean(axis=0) + f_b.mean(axis=0))
    f_a, f_b = f_a - mean, f_b - mean  # the estimator of the first index suffers from a large mean
    variance = 0.5 * ((f_a**2).mean(axis=0) + (f_b**2).mean(axis=0))
    safe = np.where(variance > 0, variance, 1.0)
    first, total, error = (np.zeros((d, len(variance))) for _ in range(3))
    for j in range(d):
        mixed = a.copy()
        mixed[:, j] = b[:, j]
        f_mixed = values(mixed) - mean
        products = f_b * (f_mixed - f_a)
        error[j] = products.std(axis=0) / np.sqrt(len(a)) / safe
        total[j] = (0.5 * ((f_a - f_mixed) ** 2).mean(axis=0) / safe).clip(0.0, 1.0)
        # of an additive function both are the same, and the total is the less erratic estimate
        first[j] = (products.mean(axis=0) / safe).clip(0.0, total[j])
    return Indices(first, total, error, variance)


def intervals(found: Indices, missed: float, trials: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """The 95 % intervals of first indices, shapes (d,), (d,), in [0, 1]; see the module.

    Args:
        found: of the expected function, then of draws.
        missed: share of the variance of trials left out that the model does not explain, in [0, 1].
        trials: how many that is known from; of unlike weight, their effective number.
        rng: of the errors.
    """
    drawn = np.repeat(found.first[:, 1:], _AGAIN, axis=1)
    drawn = drawn + found.error[:, :1] * rng.standard_normal(drawn.shape)
    drawn += 2.0 * np.sqrt(drawn.clip(0.0) * missed / trials) * rng.standard_normal(drawn.shape)
    more = drawn + missed / len(drawn) * rng.random(drawn.shape)
    low, high = np.quantile(drawn, 0.025, axis=1).clip(0.0, 1.0), np.quantile(more, 0.975, axis=1).clip(0.0, 1.0)
    return np.minimum(low, found.first[:, 0]), np.maximum(high, found.first[:, 0])
