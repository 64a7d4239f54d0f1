"""Values to numbers and back, one parameter at a time.

There are three scales.

    value     what the objective sees: 0.001, 7, "adam", True
    raw       float64: the number itself, or the index of the choice (False 0, True 1); NaN where inactive. Exact both ways.
    unit      [0, 1]: where the raw number stands in its range

On the unit scale a Float without step is a line, 0 at low and 1 at high (of the logarithms if log). Everything else is cells: the
i-th of k values is the cell [i/k, (i+1)/k), and stands at its middle (i + 1/2)/k, so that a uniform number falls on each value
alike. The cells of a logarithmic Int are those of the logarithm: n has [log(n - 1/2), log(n + 1/2)].

Going back from the middle of a cell is exact as long as float64 can tell the cells apart: up to 2**50 values, up to 2**40 for a
logarithmic Int.

Each parameter also gets closures for one value at a time, since NumPy costs microseconds per call: `draw` (uniform number to
value, through the prior), `raw` and `value` (which do not check), and `check`.
"""

import bisect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from tunewright.errors import SpaceError
from tunewright.space.choices import Bool, ChoiceParameter, refuse_choice
from tunewright.space.number import Float, Int, Ladder
from tunewright.space.parameter import Parameter
from tunewright.space.prior import Truncated
from tunewright.space.values import canonical, json_key
from tunewright.typing import Array, Value

__all__ = ["Coding", "coding"]


class Coding(ABC):
    """How one parameter is encoded. Columns have shape (n,); NaN stays NaN.

    Attributes:
        draw: a uniform number in [0, 1) to a value, through the prior.
        raw: a value (of this parameter; unchecked) to its raw number.
        value: a raw number to the value.
        check: anything to the canonical value, or ParamsError.
    """

    draw: Callable[[float], Value]
    raw: Callable[[Any], float]
    value: Callable[[float], Value]
    check: Callable[[object], Value]
    _prior: Truncated | None = None

    @abstractmethod
    def to_unit(self, column: Array) -> Array:
        """Raw numbers to the unit scale."""

    @abstractmethod
    def from_unit(self, column: Array) -> Array:
        """The unit scale to raw numbers; always inside, exact at 0 and 1."""

    def slope(self, column: Array) -> Array:
        """The derivative of the raw number by the unit one, at raw numbers; 0 where there are only values to count."""
        return np.where(np.isnan(column), np.nan, 0.0)

    @abstractmethod
    def members(self) -> Array:
        """Every raw number, rising. Not for a Float without step."""

    def quantile(self, column: Array) -> Array:
        """Uniform numbers to raw ones, through the prior."""
        if self._prior is None:
            return self.from_unit(column)
        return self.from_unit(self._prior.quantiles(column))

    def _bend(self, draw: Callable[[float], Value]) -> Callable[[float], Value]:
        """The draw through the prior."""
        prior = self._prior
        return draw if prior is None else lambda u: draw(prior.quantile(u))


def coding(parameter: Parameter) -> Coding:
    """The encoding of a parameter."""
    if isinstance(parameter, Float):
        ladder = parameter.ladder
        return _Line(parameter) if ladder is None else _Ladder(parameter, ladder)
    if isinstance(parameter, Int):
        return _LogCells(parameter) if parameter.log else _Cells(parameter)
    if isinstance(parameter, Bool | ChoiceParameter):
        return _Choices(parameter)
    raise SpaceError(
        f"There is no encoding for {type(parameter).__name__}. Use Float, Int, Categorical, Ordinal, Bool or Choice."
    )


class _Line(Coding):
    """A Float without step."""

    def __init__(self, parameter: Float) -> None:
        self._low, self._high = parameter.low, parameter.high
        self._start, self._end = (float(np.log(x)) if parameter.log else x for x in (parameter.low, parameter.high))
        self._log = parameter.log and self._end > self._start  # neighbours whose logarithms are one number: as if linear
        if not self._log:
            self._start, self._end = parameter.low, parameter.high
        # the range of floats is wider than the largest float: halve what would overflow
        self._half = 1.0 if math.isfinite(self._end - self._start) else 0.5
        self._span = self._end * self._half - self._start * self._half
        if parameter.prior is not None:
            self._prior = Truncated(float(self.to_unit(np.array([parameter.prior.center]))[0]), parameter.prior.spread)
        self.draw = self._bend(self._drawing())
        self.raw = self.value = float
        self.check = parameter.check

    def _drawing(self) -> Callable[[float], float]:
        low, high, start, end, span = self._low, self._high, self._start, self._end, self._span
        exp = math.exp

        def log(u: float) -> float:
            x = exp(min(end, start + u * span))  # above the end it might overflow
            return low if u == 0.0 or x < low else high if u == 1.0 or x > high else x

        def linear(u: float) -> float:
            x = low + u * span
            return high if u == 1.0 or x > high else x

        def wide(u: float) -> float:
            return low * (1.0 - u) + high * u

        return log if self._log else linear if self._half == 1.0 else wide

    def to_unit(self, column: Array) -> Array:
        x = np.log(column) if self._log else column
        return np.clip((x * self._half - self._start * self._half) / self._span, 0.0, 1.0)

    def from_unit(self, column: Array) -> Array:
        u = np.clip(column, 0.0, 1.0)
        x = self._start + u * self._span if self._half == 1.0 else self._start * (1.0 - u) + self._end * u
        x = np.clip(np.exp(np.minimum(x, self._end)) if self._log else x, self._low, self._high)
        x[u == 0.0] = self._low
        x[u == 1.0] = self._high
        return x

    def slope(self, column: Array) -> Array:
        with np.errstate(over="ignore"):
            span = self._span / self._half
            return column * span if self._log else np.where(np.isnan(column), np.nan, span)

    def members(self) -> Array:
        raise SpaceError("A Float without step cannot be counted. Give it a step.")


class _Cells(Coding):
    """An Int on the linear scale."""

    def __init__(self, parameter: Int) -> None:
        self._low, self._step, self._count = parameter.low, parameter.step, parameter.size
        if parameter.prior is not None:
            center = ((parameter.prior.center - self._low) / self._step + 0.5) / self._count
            self._prior = Truncated(center, parameter.prior.spread)
        low, step, count, last = self._low, self._step, self._count, self._count - 1
        draw: Callable[[float], Value] = lambda u: low + min(last, int(u * count)) * step  # noqa: E731
        self.draw = self._bend(draw)
        self.raw = float
        self.value = int
        self.check = parameter.check

    def to_unit(self, column: Array) -> Array:
        return ((column - self._low) / self._step + 0.5) / self._count

    def from_unit(self, column: Array) -> Array:
        return _place(column, self._count, lambda i: (i * self._step + self._low).astype(np.float64))

    def members(self) -> Array:
        return np.arange(self._low, self._low + self._count * self._step, self._step, dtype=np.float64)


class _LogCells(Coding):
    """An Int on the logarithmic scale."""

    def __init__(self, parameter: Int) -> None:
        self._low, self._high = parameter.low, parameter.high
        self._start = math.log(parameter.low - 0.5)
        self._span = math.log(parameter.high + 0.5) - self._start
        if parameter.prior is not None:
            center = (math.log(parameter.prior.center) - self._start) / self._span
            self._prior = Truncated(center, parameter.prior.spread)
        low, high, start, span, exp = self._low, self._high, self._start, self._span, math.exp

        def draw(u: float) -> int:
            i = round(exp(start + u * span))
            return low if i < low else min(i, high)

        self.draw = self._bend(draw)
        self.raw = float
        self.value = int
        self.check = parameter.check

    def to_unit(self, column: Array) -> Array:
        middle = 0.5 * (np.log(column - 0.5) + np.log(column + 0.5))
        return (middle - self._start) / self._span

    def from_unit(self, column: Array) -> Array:
        u = np.clip(column, 0.0, 1.0)
        x = np.clip(np.rint(np.exp(self._start + u * self._span)), self._low, self._high)
        x[u == 0.0] = self._low
        x[u == 1.0] = self._high
        return x

    def members(self) -> Array:
        return np.arange(self._low, self._high + 1, dtype=np.float64)


class _Ladder(Coding):
    """A Float with step."""

    def __init__(self, parameter: Float, ladder: Ladder) -> None:
        self._ladder = ladder
        if parameter.prior is not None:
            center = (parameter.prior.center / ladder.step - ladder.low / ladder.step + 0.5) / ladder.length
            self._prior = Truncated(center, parameter.prior.spread)
        count, last, value = ladder.length, ladder.length - 1, ladder.value
        draw: Callable[[float], Value] = lambda u: value(min(last, int(u * count)))  # noqa: E731
        self.draw = self._bend(draw)
        self.raw = self.value = float
        plain = Float(parameter.low, parameter.high)
        self.check = lambda given: ladder.check(plain.check(given))

    def to_unit(self, column: Array) -> Array:
        step, low = self._ladder.step, self._ladder.low
        return (np.rint(column / step - low / step) + 0.5) / self._ladder.length

    def from_unit(self, column: Array) -> Array:
        start, width, unit, count, _, high, _ = self._ladder
        return _place(column, count, lambda i: np.where(i == count - 1, high, (start + i * width) / unit))

    def members(self) -> Array:
        return self.from_unit((np.arange(self._ladder.length) + 0.5) / self._ladder.length)


class _Choices(Coding):
    """Categorical, Ordinal, Bool."""

    def __init__(self, parameter: Bool | ChoiceParameter) -> None:
        values: Sequence[Value] = (False, True) if isinstance(parameter, Bool) else parameter.choices
        self._count = count = len(values)
        shared = any(isinstance(value, list | dict) for value in values)
        if isinstance(parameter, Bool):
            self.raw, self.value, self.check = float, bool, parameter.check
            weights: Sequence[float] | None = None if parameter.prior is None else (1.0 - parameter.prior, parameter.prior)
        else:
            self.raw, self.check = _lookup(values)
            self.value = (lambda x: canonical(values[int(x)])) if shared else (lambda x: values[int(x)])
            weights = parameter.prior
        self._edges = None if weights is None else _edges(weights)
        edges, last = self._edges, count - 1
        index: Callable[[float], int] = (
            (lambda u: min(last, int(u * count))) if edges is None else (lambda u: bisect.bisect_right(edges, u))
        )
        self.draw = (lambda u: canonical(values[index(u)])) if shared else (lambda u: values[index(u)])

    def to_unit(self, column: Array) -> Array:
        return (column + 0.5) / self._count

    def from_unit(self, column: Array) -> Array:
        return _place(column, self._count, lambda i: i.astype(np.float64))

    def members(self) -> Array:
        return np.arange(self._count, dtype=np.float64)

    def quantile(self, column: Array) -> Array:
        if self._edges is None:
            return self.from_unit(column)
        found = np.searchsorted(self._edges, column, side="right").astype(np.float64)
        found[np.isnan(column)] = np.nan
        return found


def _edges(weights: Sequence[float]) -> list[float]:
    """Where the choices but the last end on the unit scale."""
    sums = list(accumulate(weights))
    return [total / sums[-1] for total in sums[:-1]]


def _place(column: Array, count: int, value: Callable[[Any], Array]) -> Array:
    """Put unit numbers into cells; `value` takes the indices (int64) to raw numbers."""
    u = np.clip(column, 0.0, 1.0)
    missing = np.isnan(u)
    i = np.minimum(np.floor(np.where(missing, 0.0, u) * count).astype(np.int64), count - 1)
    raw = value(i)
    raw[missing] = np.nan
    return raw


def _lookup(choices: Sequence[Value]) -> tuple[Callable[[Any], float], Callable[[object], Value]]:
    """Value to index, and anything to choice, each in constant time."""
    places = {json_key(choice): i for i, choice in enumerate(choices)}

    def check(value: object) -> Value:
        try:
            place = places.get(json_key(canonical(value)))
        except SpaceError:
            place = None
        if place is None:
            refuse_choice(value, choices)
        choice = choices[place]
        return canonical(choice) if isinstance(choice, list | dict) else choice

    if all(isinstance(choice, str) for choice in choices):
        return {choice: float(i) for i, choice in enumerate(choices)}.__getitem__, check
    return (lambda value: float(places[json_key(value)])), check
