"""One thread for linear algebra.

The matrices of a model of trials have a few hundred rows, and NumPy and SciPy each bring a BLAS with threads of its own: on a machine
that does anything else these wait for each other longer than they work. One thread was 2 to 40 times as quick on two busy cores, and
rounds alike whatever the machine. The limit holds for the whole process while `GP` proposes or an analysis runs; where several overlap
the first sets it and the last takes it back.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["ONE_THREAD", "one_thread"]

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


class _OneThread:
    """A context in which linear algebra has one thread, counted, so that contexts may overlap in any order."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._inside = 0
        self._libraries: Any = None
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._turn:
            if not self._inside:
                self._libraries = self._libraries or ThreadpoolController().select(user_api="blas")  # looking takes a millisecond
                self._limit = self._libraries.limit(limits=1)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._turn:
            self._inside -= 1
            if not self._inside:
                self._limit.restore_original_limits()


ONE_THREAD: Final = _OneThread()
"""For a `with`."""


def one_thread(function: Callable[_Arguments, _Answer]) -> Callable[_Arguments, _Answer]:
    """The same function, with one thread for linear algebra while it runs."""

    @wraps(function)
    def alone(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
        with ONE_THREAD:
            return function(*args, **kwargs)

    return alone
