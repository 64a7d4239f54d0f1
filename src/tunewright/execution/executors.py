"""Where tasks run: in this process, in sandboxes of our own, or wherever another executor puts them.

Anything that is a `concurrent.futures.Executor` will do. What it gets to call is a function of this module with plain arguments, so
it need not know how to pickle an objective.
"""

import collections
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import cache
from multiprocessing.util import Finalize
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import msgspec

from tunewright.errors import StudyError
from tunewright.execution.channel import Channel
from tunewright.execution.fence import Fence
from tunewright.execution.frames import Delivery, Lead
from tunewright.execution.line_channel import LineChannel
from tunewright.execution.parcel import at_hand, unpack
from tunewright.execution.sandbox import Sandbox, Work
from tunewright.execution.worker import outcome_of, run
from tunewright.trial import Outcome, Task

__all__ = ["LINGER", "InlineExecutor", "Sandboxes", "run_fenced", "run_here"]

P = ParamSpec("P")
T = TypeVar("T")


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


class Sandboxes:
    """Several sandboxes for one objective, each with its thread. Children start when they are first needed.

    Args:
        work: what to run.
        fence: what a task may take.
        workers: how many at once.
    """

    def __init__(self, work: Work, fence: Fence, workers: int) -> None:
        self._all = [Sandbox(work, fence, slot) for slot in range(workers)]
        self._idle = collections.deque(self._all)
        self._threads = ThreadPoolExecutor(workers, "tunewright-worker")

    def submit(self, task: Task, channel: Channel) -> Future[Outcome]:
        """Run a task in the sandbox that was last in use: it is warm."""
        return self._threads.submit(self._run, task, channel)

    def _run(self, task: Task, channel: Channel) -> Outcome:
        sandbox = self._idle.popleft()
        try:
            return sandbox.run(task, channel)
        finally:
            self._idle.appendleft(sandbox)

    def end(self) -> None:
        """End all, whatever they do; idle ones may say farewell."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for sandbox in self._all:
            sandbox.dismiss()
        for sandbox in self._all:
            sandbox.end()
        self._threads.shutdown(wait=True)


# ---- what other executors call, in their processes -----------------------------------------------------------------------------


def run_here(work: Work, task: Task, lead: Lead | None = None) -> Delivery:
    """Run a task in this process.

    Args:
        work: what to run.
        task: which task of it.
        lead: how the coordinator is reached meanwhile; None: not at all.

    Raises:
        StudyError: the objective cannot be loaded here.
    """
    away = work.home not in (0, os.getpid())
    try:
        objective = unpack(work.parcel)
        if away:
            at_hand(objective)
    except Exception as error:
        raise StudyError(f"The objective cannot be loaded in a worker process. {type(error).__name__}: {error}") from error
    if away:
        _patience.begin()
    channel = Channel() if lead is None else LineChannel(lead)
    try:
        outcome = run(objective, task, work.metrics, channel, work.folder, work.branches)
    except KeyboardInterrupt as error:
        if not away or _patience.spent:
            raise
        outcome = outcome_of(error, work.metrics, reports=channel.rest())  # the objective's own
    return channel.delivery(outcome) if isinstance(channel, LineChannel) else Delivery(outcome)


_TURN: Final = 1.0
"""Seconds that a task waits for the event loop of its worker to turn."""


class _Patience:
    """Ctrl-C in a terminal reaches every process of a pool, but the first one is the coordinator's: it lets the running tasks finish."""

    def __init__(self) -> None:
        self._heard = 0
        self._listens = threading.Event()

    @property
    def spent(self) -> bool:
        return self._heard > 1

    def begin(self) -> None:
        """A task begins. The handler stays when it is over: an idle process that dies takes its pool with it."""
        self._heard = 0
        if threading.current_thread() is threading.main_thread():
            self._listen()
        elif signal.getsignal(signal.SIGINT) != self._hear and (loop := _loop_of_dask()) is not None:
            loop.add_callback(self._listen)
            self._listens.wait(_TURN)

    def _listen(self) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._hear)
        self._listens.set()

    def _hear(self, *_: object) -> None:
        self._heard += 1
        if self.spent:
            raise KeyboardInterrupt


def _loop_of_dask() -> Any:  # noqa: ANN401  optional
    """The event loop of the Dask worker in whose thread a task runs; it turns in the main thread of the worker's process. None: it is no such worker."""
    distributed = sys.modules.get("distributed")
    try:
        return None if distributed is None else distributed.get_worker().loop
    except ValueError:  # a thread of another's
        return None


_patience = _Patience()


LINGER: Final = 60.0
"""Seconds that a sandbox in somebody else's process stays warm without a task: it may hold memory of a device."""


class _Warm(NamedTuple):
    """A sandbox without a task, what will end it, and whose it is."""

    sandbox: Sandbox
    timer: threading.Timer
    process: int


_idle: dict[tuple[Work, Fence], list[_Warm]] = collections.defaultdict(list)
_lock = threading.Lock()


def run_fenced(work: Work, fence: Fence, task: Task, lead: Lead | None = None, linger: float = LINGER) -> Delivery:
    """Run a task in a sandbox of this process, which stays warm for the next one for `linger` seconds, or until this process ends.

    Args:
        work, task, lead: as for `run_here`.
        fence: what the task may take.
        linger: seconds.
    """
    key = work, fence
    with _lock:
        warm = _idle[key].pop() if _idle[key] else None
    if warm is not None:
        warm.timer.cancel()
    if work.home not in (0, os.getpid()):
        _patience.begin()
    _clear_away(os.getpid())
    sandbox = Sandbox(work, fence) if warm is None else warm.sandbox
    channel = Channel() if lead is None else LineChannel(lead)
    outcome = sandbox.run(task, channel)
    timer = threading.Timer(linger, lambda: _dismiss(key, idle))
    timer.daemon = True
    idle = _Warm(sandbox, timer, os.getpid())
    with _lock:
        _idle[key].append(idle)
    timer.start()
    outcome = msgspec.structs.replace(outcome, reports=channel.rest())
    return channel.delivery(outcome) if isinstance(channel, LineChannel) else Delivery(outcome)


@cache
def _clear_away(process: int) -> None:  # noqa: ARG001  once in each, forked ones too
    """Have this process end its idle sandboxes when it leaves: their guards would, but for one that is stopped."""
    Finalize(None, _end_idle, exitpriority=1)


def _end_idle() -> None:
    with _lock:
        left = [warm for pool in _idle.values() for warm in pool if warm.process == os.getpid()]  # else: a copy of the parent's
        _idle.clear()
    for warm in left:
        warm.timer.cancel()
        warm.sandbox.end()


def _dismiss(key: tuple[Work, Fence], warm: _Warm) -> None:
    """End a sandbox, unless it has a task again or had one since."""
    with _lock:
        if warm not in _idle[key]:
            return
        _idle[key].remove(warm)
    warm.sandbox.end()
