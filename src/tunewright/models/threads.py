"""One thread for linear algebra.

The matrices of a model of trials have a few hundred rows, and NumPy and SciPy each bring a BLAS with threads of its own: on a machine
that does anything else these wait for each other longer than they work. One thread was 2 to 40 times as quick on two busy cores, and
rounds alike whatever the machine. The limit holds for the whole process while `GP` proposes or an analysis runs; where several overlap
the first sets it and the last takes it back.
"""

import threading
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, Final, ParamSpec, TypeVar

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

__all__ = ["ONE_THREAD", "one_thread"]

_Arguments = ParamSpec("_Arguments")
_Answer = TypeVar("_Answer")


class _OneThread:
    """A context in which linear algebra has one thread, counted, so that contexts may overlap in any order.

    threadpoolctl's own contexts may not: since its version 3.8 one Python thread alone has control of OpenBLAS, and of two that overlap
    the last to leave puts back what it found, which is the limit of the other.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._inside = 0
        self._shared: list[tuple[Any, int]] = []
        self._own = threading.local()

    def __enter__(self) -> None:
        with self._turn:
            libraries = _libraries()
            if not self._inside:
                self._shared = [(each, each.num_threads) for each in libraries if not _of_each_thread(each)]
                _set([(each, 1) for each, _ in self._shared])
            self._inside += 1
        own = [(each, each.num_threads) for each in libraries if _of_each_thread(each)]
        _set([(each, 1) for each, _ in own])
        self._own.before = [*getattr(self._own, "before", ()), own]

    def __exit__(self, *_: object) -> None:
        _set(self._own.before.pop())
        with self._turn:
            self._inside -= 1
            if not self._inside:
                _set(self._shared)


@cache
def _libraries() -> list[Any]:
    """The BLAS libraries that are loaded; looking for them takes a millisecond, so it is done once."""
    found: list[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return found


def _of_each_thread(library: Any) -> bool:  # noqa: ANN401  threadpoolctl ships no types
    """Whether a limit is one of the calling thread alone, as OpenMP has it, and not of the process."""
    return getattr(library, "threading_layer", "") == "openmp"


def _set(limits: list[tuple[Any, int]]) -> None:
    for library, threads in limits:
        free = getattr(library, "clear_controlling_thread", lambda **_: None)
        free(force=True)  # else only the thread that has control may set anything
        library.set_num_threads(threads)
        free(force=True)


ONE_THREAD: Final = _OneThread()
"""For a `with`."""


def one_thread(function: Callable[_Arguments, _Answer]) -> Callable[_Arguments, _Answer]:
    """The same function, with one thread for linear algebra while it runs."""

    @wraps(function)
    def alone(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Answer:
        with ONE_THREAD:
            return function(*args, **kwargs)

    return alone
