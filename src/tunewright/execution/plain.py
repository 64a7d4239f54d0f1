"""What an objective tells beside its metrics, as JSON can hold it.

Nothing that stands beside a good metric may cost the trial, or its neighbours: what cannot be read is kept as a text that says so.
"""

import datetime as dt
import enum
import math
import os
import reprlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np

from tunewright.typing import Value

__all__ = ["as_text", "plain", "plain_info"]

_LARGEST_INT: Final = 1 << 63
"""Whole numbers from here on are no JSON numbers that every reader knows."""
_LARGEST: Final = 10_000
"""Elements of an array or a list, above which it stands as its text: a journal is no place for data."""
_MOST: Final = 10 * _LARGEST
"""Elements under one name, however they are nested."""
_DEEPEST: Final = 50
"""Lists and dictionaries inside one another."""
_LONGEST: Final = 1000
"""Characters of the text of an object."""

_SHORT: Final = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxlist, _SHORT.maxtuple, _SHORT.maxdict = 2, 100, 100, 100
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = _LONGEST


class _TooMuch(Exception):
    """Of elements, or of depth."""


class _Room:
    """What there is room for.

    Attributes:
        list: elements of the list in hand, counted through.
        all: elements under the name in hand.
        inside: which lists and dictionaries the value in hand lies in, by their ids.
    """

    __slots__ = ("all", "inside", "list")

    def __init__(self) -> None:
        self.list = _LARGEST
        self.all = _MOST
        self.inside: set[int] = set()

    def enter(self, value: Any) -> None:  # noqa: ANN401  the user's value
        self.all -= len(value)
        if id(value) in self.inside or len(self.inside) >= _DEEPEST or self.all < 0:
            raise _TooMuch
        self.inside.add(id(value))


def plain_info(info: Mapping[Any, Any]) -> dict[str, Value]:
    """By name, each as `plain` has it; of two names with one text, the later stands under its repr."""
    found: dict[str, Value] = {}
    for key, value in info.items():
        found[_free(key, found)] = plain(value)
    return found


def plain(value: Any) -> Value:  # noqa: ANN401  the user's value
    """As JSON; never raises an Exception.

    Numbers of any kind become numbers (NaN and infinity null), arrays and lists of up to 10,000 elements and pandas' columns lists, paths
    and dates texts, members of an Enum their values. All else stands as its repr, cut at 1,000 characters, or as a text that says why it
    cannot be kept; so do parts of a dictionary.
    """
    return _scalar(value) if type(value) in _EXACT else _kept(value, _Room())


def _kept(value: Any, room: _Room) -> Value:  # noqa: ANN401  as above
    """What stands under one name."""
    outer, inside = room.list, room.inside.copy()
    room.list = _LARGEST
    try:
        return _plain(value, room)
    except _TooMuch:
        return _short(value)
    except Exception as error:  # noqa: BLE001  the user's own class, which may raise whatever it is asked
        return _unkept(value, error)
    finally:
        room.list, room.inside = outer, inside


def _short(value: object) -> str:
    try:
        return _cut(_SHORT.repr(value))
    except Exception as error:  # noqa: BLE001  as above
        return _unkept(value, error)


def _unkept(value: object, error: Exception) -> str:
    return as_text(f"(a {type(value).__name__} that cannot be kept: {type(error).__name__})")


_EXACT: Final = frozenset({float, int, str, bool, type(None)})


def _scalar(value: Any) -> Value:  # noqa: ANN401  as above
    """One of exactly the types of JSON."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is int and not -_LARGEST_INT <= value < _LARGEST_INT:
        return float(value) if value.bit_length() < 1000 else _digits(value)
    return as_text(value) if kind is str else value


def _plain(value: Any, room: _Room) -> Value:  # noqa: ANN401  as above
    if type(value) in _EXACT:
        return _scalar(value)
    if type(value) is np.float64:
        return _scalar(float(value))
    if isinstance(value, list | tuple):
        return _of_list(value, room)
    if isinstance(value, enum.Enum):
        return _plain(value.value, room)
    if _is_array(value):
        return _of_array(value, room)
    if isinstance(value, Decimal | Fraction):
        return _of_fraction(value)
    if isinstance(value, float):
        return _scalar(float.__pos__(value))
    if isinstance(value, int):
        return _scalar(int.__pos__(value))
    if isinstance(value, Mapping):
        return _of_mapping(value, room)
    if isinstance(value, os.PathLike):
        return as_text(os.fsdecode(value))
    if isinstance(value, dt.date | dt.time):
        return as_text(value.isoformat())
    return as_text(value) if isinstance(value, str) else _cut(repr(value))


def _of_list(value: Sequence[Any], room: _Room) -> Value:
    room.enter(value)
    kinds = set(map(type, value))
    nested = not kinds <= _EXACT and kinds != {np.float64}
    room.list -= sum(1 for item in value if not isinstance(item, list | tuple)) if nested else len(value)
    if room.list < 0:
        raise _TooMuch
    found: list[Value]
    if kinds == {float} and all(map(math.isfinite, value)):
        found = list(value)
    elif nested:
        found = [_plain(item, room) for item in value]
    else:
        found = list(map(_scalar, value if kinds != {np.float64} else map(float, value)))
    room.inside.discard(id(value))
    return found


def _of_mapping(value: Mapping[Any, Any], room: _Room) -> dict[str, Value]:
    room.enter(value)
    found: dict[str, Value] = {}
    for key, item in value.items():
        found[_free(key, found)] = _scalar(item) if type(item) in _EXACT else _kept(item, room)
    room.inside.discard(id(value))
    return found


def _free(key: Any, taken: Mapping[str, Value]) -> str:  # noqa: ANN401  the user's name
    """A text for a name that no other has."""
    try:
        name = as_text(str(key))
        if name in taken:
            name = as_text(repr(key))
    except Exception as error:  # noqa: BLE001  as above
        name = as_text(f"(a {type(key).__name__} that is no name: {type(error).__name__})")
    while name in taken:
        name += "'"
    return name


def _of_fraction(value: Decimal | Fraction) -> Value:
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if math.isfinite(number):
        return number
    return _cut(str(value))


def _digits(value: int) -> str:
    """As `str`, which refuses more than 4,300 digits."""
    return _cut(str(value) if value.bit_length() < 10_000 else hex(value))


def _is_array(value: Any) -> bool:  # noqa: ANN401  as above
    """NumPy's scalars and arrays, pandas' Series and Index, and what looks like them: tensors."""
    return not isinstance(value, type) and hasattr(value, "shape") and hasattr(value, "tolist")


def _of_array(value: Any, room: _Room) -> Value:  # noqa: ANN401  as above
    if math.prod(value.shape) > _LARGEST:
        return _cut(repr(value))
    if isinstance(value, np.ndarray | np.generic):
        kind = value.dtype.kind
        if kind in "mM":  # as nanoseconds they would be bare integers
            value = np.asarray(value).astype(str)
        elif kind == "f" and value.dtype.itemsize > np.dtype(float).itemsize:  # whose tolist gives what is no number of Python
            with np.errstate(over="ignore"):
                value = value.astype(np.float64)
    found = value.tolist()
    return _cut(repr(value)) if _is_array(found) else _plain(found, room)


def _cut(text: str) -> str:
    return as_text(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def as_text(text: str) -> str:
    """As UTF-8 can hold it: a lone surrogate, which a file name may bring, is spelt out."""
    if type(text) is str and text.isascii():
        return text
    return str.encode(text, "utf-8", "backslashreplace").decode("utf-8")
