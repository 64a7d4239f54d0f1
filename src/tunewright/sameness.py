"""When scores are the same, and what scores that are often the same are."""

from typing import Final

import numpy as np

from tunewright.typing import Array

__all__ = ["DIGITS", "LARGEST", "alike", "are_chances", "rounded"]

DIGITS: Final = 2.0**40
"""Scores that differ by less than a part in so many are the same."""

LARGEST: Final = 1e150
"""Whose square is still a number."""

_WHOLE: Final = (1.0, 100.0)


def alike(values: Array) -> bool:
    """Whether all values are the same but for rounding, of their magnitude; NaN is like nothing."""
    return bool(values.max() / 2 - values.min() / 2 <= np.abs(values).max() / 2 / DIGITS)  # halves cannot overflow


def are_chances(scores: Array) -> bool:
    """Whether all scores are 0 or c, and both occur; shape (n,), finite. Unless c is ±1 or ±100, each twice: one alone may be anything."""
    ones = scores[scores != 0]
    if not 0 < len(ones) < len(scores):
        return False
    one, fewer = abs(float(ones[0])), min(len(ones), len(scores) - len(ones))
    return (one in _WHOLE or (fewer > 1 and one <= LARGEST)) and bool((ones == ones[0]).all())


def rounded(values: Array) -> Array:
    """The values without their last digits."""
    parts, powers = np.frexp(values)
    plain: Array = np.ldexp(np.rint(parts * DIGITS) / DIGITS, powers) + 0.0  # no -0.0
    return plain
