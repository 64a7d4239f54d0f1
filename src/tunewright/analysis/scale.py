"""Axes: from values to the unit interval, with ticks at numbers that people would choose.

A tick step is 1, 2 or 5 times a power of ten. A logarithmic axis has its ticks at powers of ten, at 1-2-5 in between where there is
room, and at every second, fifth … power where there is not. All arithmetic is safe up to the ends of the float range, so a loss of
1e300 is drawn like any other.
"""

import math
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from tunewright.analysis.text import power, shift

__all__ = ["Bands", "Linear", "Log", "Scale", "Tick", "axis"]

_NEARLY_CONSTANT: Final = 1e-9
_DECADES_FOR_LOG: Final = 3.0


class Tick(msgspec.Struct, frozen=True):
    """A mark on an axis.

    Attributes:
        at: where, in [0, 1].
        label: its text.
    """

    at: float
    label: str


class Scale(Protocol):
    """An axis."""

    @property
    def ticks(self) -> list[Tick]:
        """From low to high."""

    @property
    def factor(self) -> str:
        """What the tick labels are to be multiplied with, "×10⁶", or ""."""

    def __call__(self, x: float) -> float:
        """Where x lies: 0 at the low end, 1 at the high end; outside for what lies outside."""


def _nice_step(raw: float) -> tuple[float, int]:
    """The smallest of 1, 2, 5 × 10**k that is not much below `raw`, with the number of decimals to write it."""
    exponent = math.floor(math.log10(raw))
    for multiple in (1, 2, 5, 10):
        if multiple * 10.0**exponent >= raw * 0.75:
            decimals = -exponent - (1 if multiple == 10 else 0)
            return multiple * 10.0**exponent, max(0, decimals)
    return 10.0 ** (exponent + 1), max(0, -exponent - 1)


class Linear:
    """An even axis from low to high (low <= high).

    Args:
        low, high: its ends.
        count: about how many ticks.
        whole: ticks at whole numbers only.
        air: what to add at each end; more than 0 where low == high.
    """

    def __init__(self, low: float, high: float, *, count: int = 5, whole: bool = False, air: float = 0.0) -> None:
        size = max(abs(low), abs(high))
        exponent = math.floor(math.log10(size)) if size else 0
        self._exponent = exponent if not -4 <= exponent <= 5 else 0
        around = shift(air, self._exponent)
        self._low, self._high = shift(low, self._exponent) - around, shift(high, self._exponent) + around
        self._count = count
        self._whole = whole and not self._exponent

    def __call__(self, x: float) -> float:
        return (shift(x, self._exponent) - self._low) / (self._high - self._low)

    @property
    def factor(self) -> str:
        """What the tick labels are to be multiplied with."""
        return f"×{power(self._exponent)}" if self._exponent else ""

    @property
    def ticks(self) -> list[Tick]:
        """From low to high."""
        raw = (self._high - self._low) / self._count
        step, decimals = _nice_step(max(raw, 1.0) if self._whole else raw)
        first = math.ceil(self._low / step - 1e-9)
        last = math.floor(self._high / step + 1e-9)
        found = []
        for i in range(first, last + 1):
            text = f"{i * step:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
            found.append(Tick((i * step - self._low) / (self._high - self._low), text))
        return found


class Log:
    """A logarithmic axis from low to high (0 < low <= high).

    Args:
        low, high: its ends.
        count: about how many ticks.
        air: powers of ten to add at each end; more than 0 where low == high.
    """

    factor = ""

    def __init__(self, low: float, high: float, *, count: int = 5, air: float = 0.0) -> None:
        self._low, self._high = math.log10(low) - air, math.log10(high) + air
        self._count = count

    def __call__(self, x: float) -> float:
        return (math.log10(x) - self._low) / (self._high - self._low) if x > 0 else -math.inf

    def _marks(self) -> list[tuple[int, int]]:
        """(multiple, exponent) of each tick."""
        span = self._high - self._low
        if span < self._count / 3:
            return self._inside((1, 2, 5) if span > 0.7 else (1, 2, 3, 4, 5, 6, 7, 8, 9), 1)
        if span < self._count / 2:
            return self._inside((1, 3), 1)
        choices = [self._inside((1,), stride) for stride in (1, 2, 5, 10, 20, 50, 100, 200)]
        return next(marks for marks in choices if len(marks) <= self._count + 1)

    def _inside(self, multiples: tuple[int, ...], stride: int) -> list[tuple[int, int]]:
        """The ticks at these multiples of every so-manieth power of ten that lie on the axis."""
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        everything = [(m, k) for k in powers if k % stride == 0 for m in multiples]
        return [(m, k) for m, k in everything if self._low - 1e-9 <= math.log10(m) + k <= self._high + 1e-9]

    @property
    def ticks(self) -> list[Tick]:
        """From low to high."""
        marks = self._marks()
        if len(marks) < 2:
            return self._linear_ticks()
        plain = all(-3 <= k <= 3 for _, k in marks)
        found = []
        for m, k in marks:
            if plain:
                label = f"{m * 10.0**k:,.{max(0, -k)}f}"
            else:
                label = ("1" if k == 0 else power(k)) if m == 1 else f"{m}·{power(k)}"
            found.append(Tick((math.log10(m) + k - self._low) / (self._high - self._low), label))
        return found

    def _linear_ticks(self) -> list[Tick]:
        """Where the axis is too short for two marks: the even axis's numbers, at their places on this one."""
        low, high = 10.0 ** max(self._low, -300.0), 10.0 ** min(self._high, 300.0)
        if not low < high:
            return []
        even = Linear(low, high, count=min(self._count, 3))
        return [Tick(self(low + tick.at * (high - low)), tick.label + even.factor) for tick in even.ticks]


class Bands:
    """An axis of categories: the i-th of k lies at (i + 0.5) / k."""

    factor = ""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)

    def __call__(self, x: float) -> float:
        return (x + 0.5) / len(self.labels)

    @property
    def ticks(self) -> list[Tick]:
        """One for each category."""
        return [Tick(self(i), label) for i, label in enumerate(self.labels)]


def axis(
    low: float, high: float, *, count: int = 5, whole: bool = False, log: bool | None = None, pad: float = 0.04
) -> Linear | Log:
    """A numeric axis that holds low to high, with a little air at both ends.

    Args:
        low, high: the smallest and the largest value, low <= high, finite.
        count: about how many ticks.
        whole: ticks at whole numbers only.
        log: logarithmic or not; default: where the values are positive and reach over more than three powers of ten.
        pad: air at each end, as a share of the length.
    """
    if log is None:
        log = low > 0 and math.log10(high) - math.log10(low) > _DECADES_FOR_LOG
    if log and low > 0:
        start, end = math.log10(low), math.log10(high)
        air = (end - start) * pad or 0.5
        return Log(low, high, count=count, air=air)
    size = max(abs(low), abs(high))
    half = high / 2 - low / 2  # the difference itself may overflow
    air = (
        half * pad * 2 if half > size * _NEARLY_CONSTANT / 2 else size * 0.05 or size or 1.0
    )  # a twentieth of the smallest float is 0
    return Linear(low, high, count=count, whole=whole, air=air)
