"""Floating-point arithmetic as NumPy does it unless told otherwise.

`np.seterr` is everybody's in a thread. Who sets it to raise means the arithmetic of the objective; what is decided and found must not
hang on it. So whatever thinks works under NumPy's defaults, and gives the caller's settings back.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

__all__ = ["as_usual"]

P = ParamSpec("P")
T = TypeVar("T")


def as_usual(function: Callable[P, T]) -> Callable[P, T]:
    """Run a function under NumPy's default error handling, whatever the caller's; for what calls no objective."""

    @wraps(function)
    def usual(*args: P.args, **kwargs: P.kwargs) -> T:
        with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
            return function(*args, **kwargs)

    return usual
