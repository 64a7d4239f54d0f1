"""How large is the task? All that ranges and costs depend on.

A range that suits a thousand rows wastes the budget on fifty thousand, and 50 neighbours make no sense among 20 rows. So each family
gives its space as a function of the shape of what it will be fitted to: one training fold.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from tunewright.space import Choice, Parameter

__all__ = ["Shape", "SubSpace", "within"]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The data that one fit gets.

    Attributes:
        rows: training rows of a fold.
        numbers: numeric features.
        categories: categorical features.
        wide: features after one-hot encoding.
        missing: whether numeric features have missing values.
        classes: of the target; 0 for regression.
        smallest: rows of the rarest class in a training fold; 0 for regression.
        seconds: what one fit may take; None: whatever it takes.
    """

    rows: int
    numbers: int
    categories: int = 0
    wide: int = 0
    missing: bool = False
    classes: int = 0
    smallest: int = 0
    seconds: float | None = None

    @property
    def features(self) -> int:
        """Features before encoding."""
        return self.numbers + self.categories

    @property
    def width(self) -> int:
        """Features as linear models, neighbours, SVM and networks see them."""
        return max(self.wide, self.numbers, 1)

    @property
    def outputs(self) -> int:
        """How many functions are fitted: one, or one for each of more than two classes."""
        return self.classes if self.classes > 2 else 1

    @property
    def depth(self) -> float:
        """Levels of a balanced tree over the rows."""
        return math.log2(max(self.rows, 2))


class SubSpace(NamedTuple):
    """A part of a space: parameters by name, and conditions on others of the same part, by name, as text."""

    parameters: Mapping[str, Parameter | Choice]
    when: Mapping[str, str] = {}


def within(shape: Shape, default: int, high: int, cost: float) -> int:
    """The most of something that takes time (trees, rounds): `high`, or what the seconds allow, but no less than the default.

    Args:
        shape: with the seconds that one fit may take.
        default, high: of the parameter.
        cost: seconds that a fit takes with the default.
    """
    if shape.seconds is None or cost <= 0:
        return high
    return int(min(high, max(default + 1, default * shape.seconds / cost)))
