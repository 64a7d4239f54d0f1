"""JSON values: what a choice may be.

Two choices are the same when their canonical JSON is the same text: 1, 1.0, true and "1" are four different choices, and
{"a": 1, "b": 2} is one, however its keys are ordered. In conditions numbers compare by value instead (1 == 1.0), since that is
what a reader expects of `==`; true and 1 stay different there, too.
"""

import difflib
import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import msgspec
import numpy as np

from tunewright.errors import SpaceError
from tunewright.typing import Value

__all__ = [
    "LARGEST_INT",
    "canonical",
    "hint",
    "is_name",
    "json_key",
    "number_of",
    "plain_number",
    "same_value",
    "show",
    "value_key",
]

LARGEST_INT: Final = 2**53
"""Whole numbers up to here are exact in float64."""

_ENCODE = msgspec.json.Encoder(order="sorted").encode


def canonical(value: object) -> Value:
    """The JSON value that this is: NumPy scalars become Python numbers, tuples become lists; the result shares nothing mutable.

    Raises:
        SpaceError: it is no JSON value (NaN, infinity, bytes, a set, an object …), said in a form that follows "… is".
    """
    try:
        return _canonical(value)
    except RecursionError:
        raise SpaceError("nested too deep (or contains itself)") from None


def _canonical(value: object) -> Value:
    kind = type(value)
    if kind is str:
        return _text(str(value))
    if value is None or kind is bool:
        return value
    if isinstance(value, np.generic):
        return _canonical(value.item()) if not isinstance(value.item(), np.generic) else _refuse(value)
    if isinstance(value, str):
        return _text(str.__str__(value))
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise SpaceError("a whole number beyond 64 bits; write it as text")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SpaceError("not a finite number, which JSON does not know")
        return float(value)
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise SpaceError("a mapping whose keys are not all text")
        return {_text(str.__str__(name)): _canonical(item) for name, item in value.items()}
    return _refuse(value)


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise SpaceError("text that is not valid Unicode (a lone surrogate)") from None
    return value


def _refuse(value: object) -> Value:
    raise SpaceError(f"of type {type(value).__name__}, which is no JSON value (None, bool, int, float, str, list, dict)")


def is_name(name: object) -> bool:
    """Whether this can name a parameter or a branch: text that is not blank, and valid Unicode."""
    return isinstance(name, str) and bool(name.strip()) and not any("\ud800" <= letter <= "\udfff" for letter in name)


def json_key(value: Value) -> bytes:
    """Canonical JSON: equal exactly for equal choices."""
    return _ENCODE(value)


def value_key(value: Value) -> bytes:
    """As `json_key`, but numbers of equal value have equal keys: what `==` in a condition means."""
    return _ENCODE(_leveled(value))


def _leveled(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value) + 0.0  # + 0.0 turns -0.0 into 0.0
    if isinstance(value, list):
        return [_leveled(item) for item in value]
    if isinstance(value, dict):
        return {name: _leveled(item) for name, item in value.items()}
    return value


def same_value(left: Value, right: Value) -> bool:
    """Whether `left == right` holds in a condition: JSON equality, numbers by value, true is not 1."""
    return (left is right or value_key(left) == value_key(right)) if not isinstance(left, str) else bool(left == right)


def plain_number(value: object) -> float | int | None:
    """A Python number for any that Python or NumPy has (Decimal, Fraction, an array of no dimension, too), None for anything else; a bool
    is no number here.
    """
    if type(value) is float or type(value) is int:
        return value
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        value = value.item()
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    return _nearest_float(value) if isinstance(value, Decimal | Fraction) else None


def _nearest_float(value: Decimal | Fraction) -> float | None:
    try:
        return float(value)
    except OverflowError:
        return math.inf
    except ValueError:  # a signalling NaN
        return None


def number_of(value: object, what: str) -> float | int:
    """A finite Python number.

    Raises:
        SpaceError: it is not one; `what` names it ("low").
    """
    number = plain_number(value)
    if number is None:
        raise SpaceError(f"{what} must be a number, got {show(value)}.")
    try:
        finite = math.isfinite(number)
    except OverflowError:
        finite = False
    if not finite:
        raise SpaceError(f"{what} must be finite, got {show(value)}.")
    return number


def show(value: object) -> str:
    """A value for a message, cut when it is long."""
    try:
        plain = value is None or isinstance(value, str | int | list | tuple | dict)
        text = repr(float(value)) if isinstance(value, float) else _ENCODE(value).decode() if plain else _repr(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = _repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _repr(value: object) -> str:
    try:
        return repr(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too large to show"


def hint(wrong: Any, right: Iterable[Any]) -> str:  # noqa: ANN401  choices are anything
    """A sentence " Did you mean …?" with the nearest of `right`, or nothing when none is near."""
    shown = {str(candidate).lower(): candidate for candidate in right}
    near = difflib.get_close_matches(str(wrong).lower(), shown, n=1, cutoff=0.6)
    return f" Did you mean {show(shown[near[0]])}?" if near else ""
