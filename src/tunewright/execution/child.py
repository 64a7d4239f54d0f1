"""What runs in a worker process: one objective, one task after another.

The process is led by `Sandbox`. Over one pipe come first the objective, then tasks; back go reports, as they are made, and outcomes.
A text that comes while a task runs asks it to stop.
"""

import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from tunewright.execution.channel import Channel
from tunewright.execution.forked import flush
from tunewright.execution.parcel import at_hand, unpack
from tunewright.execution.script import adopt
from tunewright.execution.worker import outcome_of, run
from tunewright.trial import Outcome, Report, Task

__all__ = ["main"]


class _PipeChannel(Channel):
    """Each report goes at once: what is in the pipe is safe when this process dies.

    The pipe is the next task's when this one is over. A thread that the objective left behind may report still, and is not heard.
    """

    def __init__(self, pipe: "Connection[Any, Any]") -> None:
        super().__init__()
        self._pipe = pipe
        self._lock = threading.Lock()
        self._why: str | None = None
        self._open = True

    def send(self, report: Report) -> None:
        with self._lock:
            if self._open:
                self._pipe.send(report)

    def stopping(self) -> str | None:
        with self._lock:
            if self._open and self._why is None and self._pipe.poll():
                self._why = self._pipe.recv()
            return self._why

    def close(self) -> None:
        with self._lock:
            self._open = False


def main(pipe: "Connection[Any, Any]") -> None:
    """Serve until the coordinator closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's
    found, parcel, metrics, folder, branches = pipe.recv()
    adopt(found)
    try:
        objective = unpack(parcel)
        at_hand(objective)
    except BaseException as error:  # noqa: BLE001  what the user's modules raise when they are imported
        pipe.send(f"{type(error).__name__}: {error}")
        return
    pipe.send(None)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        if isinstance(task, Task):  # else: a stop that came when its task had ended
            pipe.send(_outcome(partial(run, objective, task, metrics, folder=folder, branches=branches), metrics, pipe))


def _outcome(work: Callable[[Channel], Outcome], metrics: tuple[str, ...], pipe: "Connection[Any, Any]") -> Outcome:
    channel = _PipeChannel(pipe)
    try:
        outcome = work(channel)
    except KeyboardInterrupt as error:  # the objective's own
        outcome = outcome_of(error, metrics)
    finally:
        channel.close()
    flush()
    return outcome
