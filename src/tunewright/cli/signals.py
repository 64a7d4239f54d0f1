"""Hear Ctrl-C while somebody else handles it.

`Study.optimize` and `tune` answer Ctrl-C by finishing what runs and then return as if nothing had been; the exit code must still say
130, and the person wants to see at once that the key was heard. Python writes the number of every signal that it handles to a
descriptor (`signal.set_wakeup_fd`), whoever the handler is, also while the main thread is deep in native code.
"""

import signal
import socket
from typing import Self

from tunewright.execution.interrupts import Interrupts

__all__ = ["Ears"]


class Ears:
    """Use it as a context; `interrupted` says whether Ctrl-C was pressed in it. It hears in the main thread only.

    Args:
        shown: whether a line of progress says at once that the key was heard, so that nobody else has to.
    """

    def __init__(self, *, shown: bool = False) -> None:
        self._shown = shown
        self._heard = False
        self._listens = False
        self._before = -1
        self._ends: tuple[socket.socket, socket.socket] | None = None

    def __enter__(self) -> Self:
        Interrupts.shown = self._shown
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._ends = (ours, theirs)
        try:
            self._before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
            self._listens = True
        except ValueError:  # not the main thread
            self._listens = False
        return self

    def __exit__(self, *_: object) -> None:
        heard = self.interrupted
        Interrupts.shown = False
        if self._listens:
            signal.set_wakeup_fd(self._before)
        if self._ends is not None:
            for end in self._ends:
                end.close()
        self._ends, self._listens, self._heard = None, False, heard

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C was pressed since the context began."""
        if not self._heard and self._ends is not None:
            try:
                self._heard = signal.SIGINT in self._ends[0].recv(4096)
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:  # closed by the main thread in this very moment
                return self._heard
        return self._heard
