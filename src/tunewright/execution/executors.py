"""Where tasks run: in this process, or in processes of our own.

Anything that is a `concurrent.futures.Executor` will do; these two come with the house. The processes are loky's: closures and
notebook functions travel (cloudpickle), and the death of a worker is noticed. The objective travels once per process, not once
per task.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

from tunewright.execution.worker import Objective, run
from tunewright.trial import Outcome, Task

__all__ = ["InlineExecutor", "ProcessExecutor", "run_installed"]

P = ParamSpec("P")
T = TypeVar("T")

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Workers share the cores; a BLAS that takes all of them for itself would make every task slower."""


class InlineExecutor(Executor):
    """Runs each call at once, in the caller's thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call it now. What it raises is raised by `Future.result`; KeyboardInterrupt is raised here."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  it belongs to whoever asks for the result
            future.set_exception(error)
        return future


class ProcessExecutor(Executor):
    """Processes that hold one objective."""

    def __init__(self, objective: Objective, workers: int) -> None:
        import loky  # noqa: PLC0415  80 ms that a study without processes need not pay

        self._pool = loky.ProcessPoolExecutor(
            workers, initializer=_install, initargs=(objective, os.getpid()), env=_ONE_THREAD, timeout=None
        )

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call it in a free process."""
        future: Future[T] = self._pool.submit(fn, *args, **kwargs)
        return future

    def end(self) -> None:
        """End the processes, whatever they do."""
        self._pool.shutdown(wait=True, kill_workers=True)


_LOOK_FOR_PARENT = 1.0
"""Seconds between two looks at whether the coordinator lives."""

_installed: dict[str, Any] = {}


def _install(objective: Objective, coordinator: int) -> None:
    """In the worker process: keep the objective, leave Ctrl-C to the coordinator, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(coordinator,), name="tunewright-parent", daemon=True).start()
    _installed["objective"] = objective


def _end_with(coordinator: int) -> None:
    """End this process soon after its coordinator: nobody would hear of what it finds."""
    while os.getppid() == coordinator:
        time.sleep(_LOOK_FOR_PARENT)
    os._exit(1)


def run_installed(task: Task, metrics: tuple[str, ...]) -> Outcome:
    """In the worker process: evaluate one task with the objective that was installed."""
    return run(_installed["objective"], task, metrics)
