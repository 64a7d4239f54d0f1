"""Numbers: Float and Int.

A number with a step is a ladder low, low + step, …, high. Steps are counted in decimals, not in binary: Float(0, 1, step=0.1)
holds 0.3, not 0.30000000000000004.
"""

import math
from fractions import Fraction
from typing import Final, NamedTuple

from msgspec.structs import force_setattr

from tunewright.errors import ParamsError, SpaceError
from tunewright.space.parameter import Parameter, checked_default
from tunewright.space.prior import Normal
from tunewright.space.values import LARGEST_INT, number_of, plain_number, show

__all__ = ["Float", "Int", "Ladder", "neat"]

_NEAR: Final = 1e-9
"""How far off its step a number may be, in steps, and still be taken for it."""


class Ladder(NamedTuple):
    """The values (start + i * width) / unit for i = 0 … length - 1; the last is `high` exactly, the first `low`."""

    start: float
    width: float
    unit: float
    length: int
    low: float
    high: float
    step: float

    def value(self, i: int) -> float:
        """The i-th value."""
        return self.high if i == self.length - 1 else (self.start + i * self.width) / self.unit

    def check(self, x: float) -> float:
        """The value that x, in [low, high], stands for.

        Raises:
            ParamsError: x is off the step.
        """
        nearest = self.value(min(self.length - 1, round(x / self.step - self.low / self.step)))
        if abs(x / self.step - nearest / self.step) > max(_NEAR, 4e-16 * abs(x / self.step)):
            raise ParamsError(f"is {show(x)}, which is off its step {self.step}. The nearest value is {nearest}.")
        return nearest


def neat(value: float, low: float, high: float) -> float:
    """The same number with at most 12 digits, where that stays inside [low, high]: 0.001 for 0.0010000000000000002."""
    short = float(f"{value:.12g}")
    return short if low <= short <= high else min(high, max(low, value))


def _check_bounds(kind: str, low: float, high: float, *, log: object) -> None:
    if not low < high:
        mend = f"For a fixed value use Categorical([{low}])." if low == high else "Swap them."
        raise SpaceError(f"{kind} needs low < high, got low={low}, high={high}. {mend}")
    if not isinstance(log, bool):
        raise SpaceError(f"{kind}: log must be True or False, got {show(log)}.")


def _check_prior(kind: str, prior: object, low: float, high: float) -> None:
    if prior is None:
        return
    if not isinstance(prior, Normal):
        raise SpaceError(f"{kind}: prior must be Normal(center, spread), got {show(prior)}.")
    if not low <= prior.center <= high:
        raise SpaceError(f"{kind}: the prior's center {prior.center} is outside [{low}, {high}]. Move it inside.")


class Float(Parameter, frozen=True, eq=False):
    """A real number in [low, high]. Its values are float.

    Args:
        low, high: bounds, both inside; finite, low < high.
        log: search on the logarithmic scale; needs low > 0.
        step: only low, low + step, …, high; high - low must be a multiple. Not with log.
        default: the value to begin with; None: the middle of the scale.
        prior: `Normal(center, spread)`; None: uniform on the scale.

    Raises:
        SpaceError: the description cannot be.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    default: float | None = None
    prior: Normal | None = None

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            force_setattr(self, name, float(number_of(getattr(self, name), f"Float: {name}")))
        _check_bounds("Float", self.low, self.high, log=self.log)
        if self.log and self.low <= 0:
            raise SpaceError(f"Float with log needs low > 0, got low={self.low}. Raise low (say 1e-6), or drop log.")
        if self.step is not None:
            self._check_step()
        _check_prior("Float", self.prior, self.low, self.high)
        if self.default is not None:
            force_setattr(self, "default", checked_default("Float", self, self.default))

    def _check_step(self) -> None:
        step = float(number_of(self.step, "Float: step"))
        force_setattr(self, "step", step)
        if self.log:
            raise SpaceError("Float: log and step exclude each other. Drop one, or list the values in Ordinal([...]).")
        if step <= 0:
            raise SpaceError(f"Float needs step > 0, got step={step}.")
        low, width = Fraction(repr(self.low)), Fraction(repr(step))
        steps = (Fraction(repr(self.high)) - low) / width
        if abs(steps - round(steps)) > _NEAR or round(steps) < 1:
            nearest = float(low + max(1, round(steps)) * width)
            raise SpaceError(
                f"Float: step={step} does not fit: high - low is not a multiple of it (low={self.low}, high={self.high}). "
                f"The nearest high that fits is {nearest}."
            )
        if steps > LARGEST_INT / 2:
            raise SpaceError(f"Float: step={step} makes more than 2**52 values between {self.low} and {self.high}. Drop step.")

    @property
    def ladder(self) -> Ladder | None:
        """The values, where there is a step; None where there is none."""
        if self.step is None:
            return None
        low, step, high = Fraction(repr(self.low)), Fraction(repr(self.step)), Fraction(repr(self.high))
        count = round((high - low) / step) + 1
        unit = math.lcm(low.denominator, step.denominator)
        start, width = int(low * unit), int(step * unit)
        if low + (count - 1) * step == high and max(abs(start) + count * width, unit) < LARGEST_INT:
            scaled = (float(start), float(width), float(unit))  # all exact, so each division rounds once
        else:
            half = 1.0 if math.isfinite(self.high - self.low) else 0.5  # the range may be wider than the largest float
            scaled = (self.low * half, self.step * half, half)
        return Ladder(*scaled, count, self.low, self.high, self.step)

    @property
    def default_value(self) -> float:
        if self.default is not None:
            return self.default
        ladder = self.ladder
        if ladder is not None:
            return ladder.value((ladder.length - 1) // 2)
        if self.log:
            return neat(math.exp(0.5 * math.log(self.low) + 0.5 * math.log(self.high)), self.low, self.high)
        return neat(0.5 * self.low + 0.5 * self.high, self.low, self.high)

    @property
    def size(self) -> int | float:
        return (
            math.inf
            if self.step is None
            else round((Fraction(repr(self.high)) - Fraction(repr(self.low))) / Fraction(repr(self.step))) + 1
        )

    def check(self, value: object) -> float:
        number = float(_in_range(value, self.low, self.high, "a number"))
        ladder = self.ladder
        return number if ladder is None else ladder.check(number)


class Int(Parameter, frozen=True, eq=False):
    """A whole number in [low, high]. Its values are int.

    Args:
        low, high: bounds, both inside; whole, low < high, at most 2**53 in size.
        log: search on the logarithmic scale; needs low >= 1.
        step: only low, low + step, …, high; high - low must be a multiple. Not with log.
        default: the value to begin with; None: the middle of the scale.
        prior: `Normal(center, spread)`; None: uniform on the scale.

    Raises:
        SpaceError: the description cannot be.
    """

    low: int
    high: int
    log: bool = False
    step: int = 1
    default: int | None = None
    prior: Normal | None = None

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            force_setattr(self, name, _whole(getattr(self, name), name))
        _check_bounds("Int", self.low, self.high, log=self.log)
        if self.log and self.low < 1:
            raise SpaceError(f"Int with log needs low >= 1, got low={self.low}. Raise low, or drop log.")
        if self.step < 1:
            raise SpaceError(f"Int needs step >= 1, got step={self.step}.")
        if self.log and self.step != 1:
            raise SpaceError("Int: log and step exclude each other. Drop one, or list the values in Ordinal([...]).")
        if (self.high - self.low) % self.step:
            nearest = self.low + max(1, round(Fraction(self.high - self.low, self.step))) * self.step
            raise SpaceError(
                f"Int: step={self.step} does not fit: high - low is not a multiple of it (low={self.low}, high={self.high}). "
                f"The nearest high that fits is {nearest}."
            )
        _check_prior("Int", self.prior, self.low, self.high)
        if self.default is not None:
            force_setattr(self, "default", checked_default("Int", self, self.default))

    @property
    def default_value(self) -> int:
        if self.default is not None:
            return self.default
        if self.log:
            return min(self.high, max(self.low, round(math.sqrt(self.low) * math.sqrt(self.high))))
        return self.low + (self.size - 1) // 2 * self.step

    @property
    def size(self) -> int:
        return (self.high - self.low) // self.step + 1

    def check(self, value: object) -> int:
        number = _in_range(value, self.low, self.high, "a whole number")
        if number != int(number):
            raise ParamsError(f"is {show(number)}, which is not whole. The nearest value is {round(number)}.")
        whole = int(number)
        if (whole - self.low) % self.step:
            nearest = self.low + round(Fraction(whole - self.low, self.step)) * self.step
            raise ParamsError(f"is {whole}, which is off its step {self.step}. The nearest value is {nearest}.")
        return whole


def _whole(value: object, name: str) -> int:
    number = number_of(value, f"Int: {name}")
    if number != int(number):
        raise SpaceError(f"Int: {name} must be whole, got {show(number)}. Use {round(number)}, or Float for real numbers.")
    if abs(number) > LARGEST_INT:
        raise SpaceError(f"Int: {name} must be at most 2**53 in size, got {int(number)}. Use Float, or Categorical.")
    return int(number)


def _in_range(value: object, low: float, high: float, what: str) -> float | int:
    number = plain_number(value)
    if number is None:
        raise ParamsError(f"is {show(value)} ({type(value).__name__}), but must be {what} in [{low}, {high}].")
    if not low <= number <= high:
        if isinstance(number, float) and math.isnan(number):
            raise ParamsError(f"is NaN, but must be {what} in [{low}, {high}].")
        raise ParamsError(f"is {show(number)}, outside [{low}, {high}].")
    return number
