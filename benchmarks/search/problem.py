"""What a problem of the search benchmark is."""

from collections.abc import Callable
from typing import Final

import msgspec

from tunewright.space import SearchSpace
from tunewright.typing import Array, Params

__all__ = ["CLASSIC", "DEVELOP", "OTHERS", "REAL", "REPORT", "WIDE", "Problem"]

CLASSIC: Final = "classic"
WIDE: Final = "wide"
REAL: Final = "real"
OTHERS: Final = "others"
DEVELOP: Final = "lcbench"
REPORT: Final = "lcbench-report"


class Problem(msgspec.Struct, frozen=True):
    """A space and a loss on it.

    Attributes:
        name, group: what it is called, and which of the six groups it belongs to.
        space: where to search.
        loss: the loss of a configuration without noise; smaller is better.
        noise: standard deviation of the normal noise that is added to what a tool is told.
        optimum: the least loss, where it is known exactly; else None, and the best of a long search stands for it.
        many: the losses of many raw rows at once, shape (n, d) to (n,), where that is faster than one by one.
        draws: from how many random configurations the scale is taken (see `normalise.py`).
    """

    name: str
    group: str
    space: SearchSpace
    loss: Callable[[Params], float]
    noise: float = 0.0
    optimum: float | None = None
    many: Callable[[Array], Array] | None = None
    draws: int = 20_000
