"""Acquisition functions on a Gaussian posterior, in logarithms so that they never vanish.

Expected improvement is zero to machine precision almost everywhere once the search is going well, and a search cannot climb a flat
function. Its logarithm can be computed exactly however small it is [1].

[1] Ament et al., Unexpected Improvements to Expected Improvement for Bayesian Optimization, NeurIPS 2023 (arXiv 2310.20708).
"""

import math
from typing import Final

import numpy as np
from scipy.special import erfcx, log_ndtr

from tunewright.typing import Array

__all__ = ["Anything", "Incumbent", "log1mexp", "log_expected_improvement", "log_h", "log_h_slope"]

_HALF_LOG_2PI: Final = 0.5 * math.log(2 * math.pi)
_SQRT_HALF_PI: Final = math.sqrt(math.pi / 2)
_NEAR: Final = -1.0
_FAR: Final = -1e5
_LITTLE: Final = math.log(0.1)


def log_h(z: Array) -> Array:
    """Logarithm of h(z) = φ(z) + z Φ(z), any shape; exact to a few units in the last place for any finite z.

    Source: Ament et al. 2023, eq. (9) and appendix A; the branches are at -1 and at -1e5.
    """
    z = np.asarray(z, np.float64)
    out = np.empty_like(z)
    near = z > _NEAR
    x = z[near]
    out[near] = np.log(np.exp(-0.5 * x * x - _HALF_LOG_2PI) + x * np.exp(log_ndtr(x)))
    mid = ~near & (z > _FAR)
    x = -z[mid]
    # 1 - |z| Φ(z)/φ(z), where the ratio is sqrt(π/2) erfcx(|z|/√2): no cancellation until |z| is so large that 1/z² is all there is
    out[mid] = -0.5 * x * x - _HALF_LOG_2PI + log1mexp(np.log(_SQRT_HALF_PI * x) + np.log(erfcx(x / math.sqrt(2))))
    far = ~near & ~mid
    x = -z[far]
    out[far] = -0.5 * x * x - _HALF_LOG_2PI - 2 * np.log(x)
    return out


def log1mexp(x: Array) -> Array:
    """log(1 - exp(x)) for x < 0. Source: Mächler, Accurately Computing log(1 - exp(-|a|)), 2012, eq. (7)."""
    x = np.minimum(x, -1e-300)
    return np.where(x > -math.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def log_h_slope(z: Array) -> Array:
    """D log h / dz = Φ(z) / h(z), any shape."""
    z = np.asarray(z, np.float64)
    out = np.empty_like(z)
    near = z > _NEAR
    out[near] = np.exp(log_ndtr(z[near]) - log_h(z[near]))
    mid = ~near & (z > _FAR)
    x = -z[mid]
    mills = _SQRT_HALF_PI * erfcx(x / math.sqrt(2))  # Φ(z) / φ(z)
    out[mid] = mills * np.exp(-log1mexp(np.log(x * mills)))
    out[~near & ~mid] = -z[~near & ~mid]
    return out


def log_expected_improvement(mean: Array, std: Array, incumbent: float) -> Array:
    """Logarithm of the expected improvement below `incumbent`.

    Args:
        mean, std: of the posterior at m points, shape (m,); std > 0.
        incumbent: the value to improve on, same units.

    Returns:
        Shape (m,); finite for finite input.

    Source: Ament et al. 2023, eq. (8).
    """
    return log_h((incumbent - mean) / std) + np.log(std)


class Anything:
    """Whatever keeps its bounds is welcome: nothing has kept them yet, so there is nothing to improve on."""

    little = -math.inf

    def log_improvement(self, means: Array, _: Array, /) -> Array:
        """Zeros, shape (k,), for k points."""
        return np.zeros(len(means))

    def slope(self, means: Array, stds: Array) -> tuple[Array, Array, Array]:
        """Zeros, shapes (k,), (k, m) and (k, m)."""
        return np.zeros(len(means)), np.zeros_like(means), np.zeros_like(stds)


class Incumbent:
    """The loss to improve on, of one objective.

    Args:
        loss: in the units of what is predicted.

    Attributes:
        little: the logarithm of an improvement that is next to nothing: of a tenth of a unit.
    """

    def __init__(self, loss: float) -> None:
        self.loss = loss
        self.little = _LITTLE

    def log_improvement(self, means: Array, stds: Array) -> Array:
        """Logarithm of the expected improvement, shape (k,), at k points; arguments of shape (k, 1)."""
        mean, std = means[:, 0], stds[:, 0]
        return np.asarray(log_h((self.loss - mean) / std) + np.log(std))

    def slope(self, means: Array, stds: Array) -> tuple[Array, Array, Array]:
        """The same, shape (k,), and its derivatives by means and by stds, each of shape (k, 1)."""
        std = stds[:, 0]
        z = (self.loss - means[:, 0]) / std
        by_mean = -log_h_slope(z) / std
        return log_h(z) + np.log(std), by_mean[:, None], (by_mean * z + 1.0 / std)[:, None]
