"""Where the optimum is thought to lie.

A number's prior is a normal distribution on the unit scale of the parameter (the logarithmic one if the parameter is), truncated
to it. Its inverse distribution function turns uniform numbers, random or quasi-random, into draws:

    F^-1(u) = c + s * Phi^-1(Phi(a) + u (Phi(b) - Phi(a))),   a = -c / s,   b = (1 - c) / s

with center c and spread s on that scale. Both tails are computed from their own side, so that neither loses digits.
"""

import math
from statistics import NormalDist

import msgspec
import numpy as np

from tunewright.errors import SpaceError
from tunewright.space.values import number_of
from tunewright.typing import Array

__all__ = ["Normal", "Truncated"]

_INVERSE = NormalDist().inv_cdf


class Normal(msgspec.Struct, frozen=True):
    """A normal prior over a number, truncated to its range.

    Args:
        center: the likeliest value, in the parameter's own units; inside its range.
        spread: standard deviation, as a fraction of the range (of the logarithmic range if the parameter is logarithmic); > 0.

    Raises:
        SpaceError: a number is not finite, or the spread is not positive.
    """

    center: float
    spread: float

    def __post_init__(self) -> None:
        for name in ("center", "spread"):
            msgspec.structs.force_setattr(self, name, float(number_of(getattr(self, name), f"Normal: {name}")))
        if self.spread <= 0:
            raise SpaceError(f"Normal needs spread > 0, a fraction of the range, got {self.spread}. Try 0.2.")

    def __repr__(self) -> str:
        return f"Normal({self.center!r}, {self.spread!r})"


def _lower(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


class Truncated:
    """A normal distribution truncated to [0, 1].

    Args:
        center: in [0, 1].
        spread: standard deviation on the same scale, > 0; from 10,000 on it is uniform to eight digits, and taken so.
    """

    def __init__(self, center: float, spread: float) -> None:
        self._center, self._spread = center, spread
        self._start = _lower(-center / spread)
        self._above = _lower((center - 1.0) / spread)
        self._mass = _lower((1.0 - center) / spread) - self._start
        self._flat = spread >= 1e4

    def quantile(self, u: float) -> float:
        """The inverse distribution function, [0, 1] to [0, 1]: rising, exact at both ends."""
        if self._flat or u <= 0.0 or u >= 1.0:
            return min(1.0, max(0.0, u))
        below, beyond = self._start + u * self._mass, self._above + (1.0 - u) * self._mass
        z = _INVERSE(below) if below <= 0.5 else -_INVERSE(beyond)
        return min(1.0, max(0.0, self._center + self._spread * z))

    def quantiles(self, u: Array) -> Array:
        """The same for many, shape (n,); NaN stays NaN."""
        u = np.clip(u, 0.0, 1.0)
        if self._flat:
            return u
        from scipy.special import ndtri  # noqa: PLC0415  SciPy takes its time, and few spaces have priors

        below, beyond = self._start + u * self._mass, self._above + (1.0 - u) * self._mass
        z = np.where(below <= 0.5, ndtri(below), -ndtri(beyond))
        found = np.clip(self._center + self._spread * z, 0.0, 1.0)
        found[u == 0.0] = 0.0
        found[u == 1.0] = 1.0
        return found
