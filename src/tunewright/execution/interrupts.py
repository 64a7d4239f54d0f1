"""Ctrl-C asks first, and stops only when it is pressed again. A cluster that takes the machine back stops at once."""

import os
import signal
import sys
import threading
from typing import Any, ClassVar, Final, Protocol, Self

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
    def at_work(cls) -> bool:
        """Whether it acts on signals now."""
        return bool(cls._entered)

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


_HELD: Final = frozenset({signal.SIGINT, signal.SIGTERM})
_AGAIN: Final = 0.05
"""Seconds after a fork until a signal comes again: by then the hooks of other libraries have ended, too."""

_forking = threading.local()


def _hold() -> None:
    """Before a fork: signals wait until the child has the handlers of before. Python forgets what came in the child until then, and a pool
    whose worker does not hear that it should end waits for it for ever.
    """
    if Interrupts.at_work():
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)


def _let_go() -> None:
    mask, _forking.mask = getattr(_forking, "mask", None), None
    if mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _in_parent() -> None:
    try:
        _let_go()
    except KeyboardInterrupt as error:  # what a fork hook raises Python only prints
        again = threading.Timer(_AGAIN, os.kill, (os.getpid(), signal.SIGTERM if error.args else signal.SIGINT))
        again.daemon = True
        again.start()


def _in_child() -> None:
    Interrupts.forget()
    _let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_in_parent, after_in_child=_in_child)
