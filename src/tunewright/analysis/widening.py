"""Where a range would end if it were widened: a quarter of its width further, on its own scale.

Some ends are those of nature. No range crosses zero, a Float within [0, 1] does not go above 1 (shares and probabilities end there), and
an Int of 1 and more does not go below 1, nor any beyond 2**53. Beyond 1e307, and on a logarithmic scale below its reciprocal, nothing is widened.
"""

import math
from fractions import Fraction
from typing import Final, Literal

from tunewright.space import Float, Int

__all__ = ["neat", "widened"]

_WIDER: Final = 0.25
_LARGEST: Final = 1e307
_SMALLEST: Final = 1e-300
_MOST: Final = 2**51
"""So many steps are enough, and an Int is at most four times as large."""


def neat(x: float, *, down: bool) -> float:
    """Two significant digits, rounded down or up."""
    if abs(x) < _SMALLEST:  # also the smallest floats, of which there is no tenth
        return x
    unit = 10.0 ** (math.floor(math.log10(abs(x))) - 1)
    found = float(f"{(math.floor if down else math.ceil)(round(x / unit, 6)) * unit:.3g}")
    return found if math.isfinite(found) else x


def widened(parameter: Float | Int, side: Literal["low", "high"]) -> float:
    """The new end at that side; the present one where nothing is beyond. With a step, a whole number of steps away, at least one."""
    low, high = float(parameter.low), float(parameter.high)
    end = low if side == "low" else high
    if parameter.step is not None and (isinstance(parameter, Float) or parameter.step > 1):
        return _by_steps(parameter, side)
    beyond = _within_nature(parameter, _logarithmic(low, high, side) if parameter.log else _linear(low, high, side))
    if isinstance(parameter, Int):
        beyond = float(math.floor(beyond) if side == "low" else math.ceil(beyond))
    else:
        beyond = _within_nature(parameter, neat(beyond, down=side == "low"))
    return min(beyond, end) if side == "low" else max(beyond, end)


def _logarithmic(low: float, high: float, side: str) -> float:
    factor = math.exp(min(_WIDER * (math.log(high) - math.log(low)), math.log(_LARGEST)))
    return max(low / factor, min(low, 1 / _LARGEST)) if side == "low" else min(high * factor, max(high, _LARGEST))


def _linear(low: float, high: float, side: str) -> float:
    part = _WIDER * (high / 2 - low / 2)  # the range may be wider than the largest float
    return max(low - part - part, min(low, -_LARGEST)) if side == "low" else min(high + part + part, max(high, _LARGEST))


def _within_nature(parameter: Float | Int, beyond: float) -> float:
    """An end that may be."""
    low, high, whole = parameter.low, parameter.high, isinstance(parameter, Int)
    beyond = min(max(beyond, -4.0 * _MOST), 4.0 * _MOST) if whole else beyond
    beyond = max(beyond, 1.0 if whole and low >= 1 else 0.0) if low >= 0 else beyond
    beyond = min(beyond, 0.0) if high <= 0 else beyond
    share = low >= 0 and high <= 1 and not whole and not parameter.log
    return min(beyond, 1.0) if share else beyond


def _by_steps(parameter: Float | Int, side: str) -> float:
    """The furthest end that may be, so many steps beyond as a quarter of the range has, in exact arithmetic."""
    low, high, step = (Fraction(repr(each)) for each in (parameter.low, parameter.high, parameter.step))
    end, away = (low, -step) if side == "low" else (high, step)
    steps = max(1, round(_WIDER * float((high - low) / step))) if parameter.size < _MOST else 0
    while _within_nature(parameter, beyond := float(end + steps * away)) != beyond:
        steps -= 1
    return beyond
