"""What an objective tells beside its metrics, as JSON can hold it."""

import datetime as dt
import enum
import math
import os
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np

from tunewright.typing import Value

__all__ = ["as_text", "plain", "plain_info"]

_LARGEST_INT: Final = 1 << 63
"""Whole numbers from here on are no JSON numbers that every reader knows."""
_LARGEST_ARRAY: Final = 10_000
"""Numbers in an array, above which it stands as its text: a journal is no place for data."""
_LONGEST: Final = 1000
"""Characters of the text of an object."""


def plain_info(info: Mapping[Any, Any]) -> dict[str, Value]:
    """By name, each as `plain` has it."""
    return {str(key): plain(value) for key, value in info.items()}


def plain(value: Any) -> Value:  # noqa: ANN401  the user's value
    """As JSON.

    Numbers of any kind become numbers (NaN and infinity null), arrays of up to 10,000 elements and pandas' columns lists, paths and dates
    texts, members of an Enum their values. All else stands as its repr, cut at 1,000 characters.
    """
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if _is_array(value):
        return _of_array(value)
    if isinstance(value, Decimal | Fraction):
        try:
            value = float(value)
        except OverflowError:
            return _cut(str(value))
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return plain_info(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int) and abs(value) >= _LARGEST_INT:
        return float(value) if value.bit_length() < 1000 else str(value)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, os.PathLike):
        return as_text(os.fsdecode(value))
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return as_text(value) if isinstance(value, str) else _cut(repr(value))


def _is_array(value: Any) -> bool:  # noqa: ANN401  as above
    """NumPy's scalars and arrays, pandas' Series and Index, and what looks like them: tensors."""
    return not isinstance(value, type) and hasattr(value, "shape") and hasattr(value, "tolist")


def _of_array(value: Any) -> Value:  # noqa: ANN401  as above
    if math.prod(value.shape) > _LARGEST_ARRAY:
        return _cut(repr(value))
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "mM":  # as nanoseconds they would be bare integers
        value = np.asarray(value).astype(str)
    found = value.tolist()
    return _cut(repr(value)) if _is_array(found) else plain(found)


def _cut(text: str) -> str:
    return as_text(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")


def as_text(text: str) -> str:
    """As UTF-8 can hold it: a lone surrogate, which a file name may bring, is spelt out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
