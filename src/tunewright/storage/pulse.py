"""The pulse of a process: while it works on a study it says every few seconds that it lives.

On one machine the operating system tells who is dead, at once. Workers of other machines are only heard: who is silent for a minute
has lost its tasks to the others. A daemon thread beats four times a minute, so that three beats may fail before that.
"""

import os
import threading
import warnings
import weakref
from types import TracebackType
from typing import Final, Self

from tunewright.errors import StorageError
from tunewright.storage.base import Storage

__all__ = ["Pulse"]

_HURRIED: Final = 2.0
"""Seconds for the last beat of a process that was told to end."""


class Pulse:
    """Beats for a storage, from `start` to `stop` or inside `with`.

    A beat that fails is tried again at the next one, with one warning for each row of failures. A forked child beats for itself.

    Args:
        storage: whose `beat` is called.
        every: seconds between beats.
    """

    def __init__(self, storage: Storage, every: float = 15.0) -> None:
        if not every > 0:
            raise ValueError(f"every must be more than 0 seconds, got {every}.")
        self._storage = storage
        self._every = every
        self._thread: threading.Thread | None = None
        self._end = threading.Event()
        _PULSES.add(self)

    @property
    def beating(self) -> bool:
        """Whether it is at work."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> Self:
        """Begin; nothing happens if it has begun already. The first beat comes after `every` seconds."""
        if not self.beating:
            self._end = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self._end,), name="tunewright pulse", daemon=True)
            self._thread.start()
        return self

    def stop(self, patience: float | None = None) -> None:
        """End, after the beat that is under way; nothing happens if it has ended already.

        Args:
            patience: seconds for that beat; then it is left to itself, and ends with the process.
        """
        self._end.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop(None if kind is None or issubclass(kind, Exception) else _HURRIED)  # who was told to end cannot wait

    def _run(self, end: threading.Event) -> None:
        said = False
        while not end.wait(self._every):
            try:
                self._storage.beat()
                said = False
            except StorageError as error:
                if not said:
                    warnings.warn(
                        f"The pulse of this process did not reach its study, and tries on: {error}", RuntimeWarning, stacklevel=1
                    )
                said = True

    def after_fork(self) -> None:
        """In a forked child the thread is not there: begin again if it was at work."""
        if self._thread is not None:
            self._thread = None
            self.start()


_PULSES: "weakref.WeakSet[Pulse]" = weakref.WeakSet()


def _after_fork() -> None:
    for pulse in list(_PULSES):
        pulse.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
