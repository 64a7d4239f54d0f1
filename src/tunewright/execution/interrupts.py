"""Ctrl-C asks first, and stops only when it is pressed again. A cluster that takes the machine back stops at once."""

import os
import signal
import sys
from typing import Any, ClassVar, Protocol, Self

__all__ = ["Hurries", "Interrupts"]

_ASKED = "tunewright: interrupted; what runs is finished, and nothing new begins. Ctrl-C again ends it at once, and gives back what runs.\n"


class Hurries(Protocol):
    """Something that can be told to wait for nobody."""

    def hurry(self, *, on: bool) -> None:
        """Told from a signal handler: it may only note that."""


class Interrupts:
    """Use it as a context; it acts in the main thread only.

    Args:
        storage: is told to hurry before this process is stopped: who is being killed cannot wait for a server that has gone.

    Ctrl-C once sets `asked`, and says on the standard error what is waited for; a second time it raises KeyboardInterrupt. So does SIGTERM at once, by which Slurm and Kubernetes take a
    machine back: what runs is given back before the kill that follows, and nobody has to wait until this process counts as dead.
    A handler of the user's own for SIGTERM stays. Processes that the objective forks have the handlers of before: they are ended by
    `terminate`, as anywhere else.
    """

    shown: ClassVar[bool] = False
    """Whether somebody else, the line of progress on a terminal, says what Ctrl-C did."""
    _entered: ClassVar[list["Interrupts"]] = []

    def __init__(self, storage: Hurries | None = None) -> None:
        self.asked = False
        self._storage = storage
        self._hurried = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        try:
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self._ask)
            if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
                self._before[signal.SIGTERM] = signal.signal(signal.SIGTERM, self._stop)
        except ValueError:  # not the main thread
            self._before = {}
        self._entered.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        if self in self._entered:  # else a forked child comes back here
            self._entered.remove(self)
            self.restore()
            if self._storage is not None and self._hurried:
                self._storage.hurry(on=False)

    @classmethod
    def forget(cls) -> None:
        """In a forked child: the signals are not for what its parent does."""
        while cls._entered:
            cls._entered.pop().restore()

    def restore(self) -> None:
        """Put the handlers of before back."""
        for number, handler in self._before.items():
            if handler is not None:  # None: not set by Python, so that it cannot be set again
                signal.signal(number, handler)

    def hurry(self) -> None:
        """Until this context ends, the storage waits for nobody."""
        if self._storage is not None:
            self._hurried = True
            self._storage.hurry(on=True)

    def _ask(self, *_: object) -> None:
        if self.asked:
            self.hurry()
            raise KeyboardInterrupt
        self.asked = True
        if not self.shown:
            _say(_ASKED)

    def _stop(self, *_: object) -> None:
        self.hurry()
        raise KeyboardInterrupt("SIGTERM: this process has to end")


def _say(text: str) -> None:
    """Also from a signal handler that broke into another writer."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (AttributeError, OSError, RuntimeError, ValueError):  # no stderr, nobody reads it, in the midst of a write, closed
        return


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=Interrupts.forget)
