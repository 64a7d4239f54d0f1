"""What is told of the rows of a table that repeat others: how many there are, and on which sides of the splits they stand."""

import msgspec
import numpy as np

from tunewright.resampling.alike import Alike
from tunewright.typing import Indices

__all__ = ["Copies", "facts"]


class Copies(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that repeat another row.

    Attributes:
        rows: how many repeat an earlier one in all features.
        exact: how many of all rows repeat an earlier one in the target too.
        natural: whether about as many are to be expected by chance, where columns have few values.
        handled: "together": copies stand on one side of every split; "apart": they were divided as independent rows.
        sets: different rows in the test set, where copies count once.
        seen: test rows that have a copy among the training rows.
    """

    rows: int
    exact: int
    natural: bool
    handled: str
    sets: int
    seen: int


def facts(found: Alike, train: Indices, test: Indices, handled: str) -> Copies:
    """What is told of alike rows, where these train and those are the test set."""
    sides = found.numbers[train], found.numbers[test]
    return Copies(
        rows=found.rows,
        exact=found.exact,
        natural=found.natural,
        handled=handled,
        sets=len(np.unique(sides[1])),
        seen=int(np.isin(sides[1], sides[0]).sum()),
    )
