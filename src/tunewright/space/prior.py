"""Where the optimum is thought to lie.

A number's prior is a normal distribution on the unit scale of the parameter (the logarithmic one if the parameter is), truncated
to it. Its inverse distribution function turns uniform numbers, random or quasi-random, into draws:

    F^-1(u) = c + s * Phi^-1(Phi(a) + u (Phi(b) - Phi(a))),   a = -c / s,   b = (1 - c) / s

with center c and spread s on that scale. Both tails are computed from their own side, so that neither loses digits.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import msgspec

from tunewright.errors import SpaceError
from tunewright.space.values import number_of

__all__ = ["Normal", "truncated_quantile"]

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


def truncated_quantile(center: float, spread: float) -> Callable[[float], float]:
    """The inverse distribution function of a normal truncated to [0, 1].

    Args:
        center: in [0, 1].
        spread: standard deviation on the same scale, > 0.

    Returns:
        A function from u in [0, 1] to [0, 1], rising, exact at both ends.
    """
    start, end = _lower(-center / spread), _lower((1.0 - center) / spread)
    above = _lower(-(1.0 - center) / spread)  # 1 - end, with all its digits
    mass = end - start

    def quantile(u: float) -> float:
        below = start + u * mass
        beyond = above + (1.0 - u) * mass
        if mass <= 0.0 or below <= 0.0 or u <= 0.0:
            return u if mass <= 0.0 else 0.0
        if beyond <= 0.0 or u >= 1.0:
            return 1.0
        z = _INVERSE(below) if below <= 0.5 else -_INVERSE(beyond)
        return min(1.0, max(0.0, center + spread * z))

    return quantile
