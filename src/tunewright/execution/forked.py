"""No objective comes back twice.

An objective may fork. The child that it forks has a copy of everything, the coordinator's loop and its journal among it: if it came back
out of the objective, it would go on as a second coordinator, tell a result of its own, and run the rest of the user's script. So it ends
where the objective does, as it would have ended as a program of its own, except that nothing which was registered for the end of the
parent (`atexit`) runs in it.
"""

import contextlib
import os
import signal
import sys
from types import TracebackType
from typing import NoReturn, Self

__all__ = ["SameProcess", "flush"]


class SameProcess:
    """A context that only the process which entered it leaves; one that was forked in it ends there.

    Its status is Python's: 0; for an exception 1, with its traceback on stderr; what `sys.exit` was given.
    """

    def __enter__(self) -> Self:
        self._pid = os.getpid()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if os.getpid() != self._pid:
            _leave(error)

    def check(self) -> None:
        """End this process if it is another."""
        if os.getpid() != self._pid:
            _leave(None)


def flush() -> None:
    """Write out what was printed."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # the objective may have closed it, or nobody reads it
            stream.flush()


def _leave(error: BaseException | None) -> NoReturn:
    status = 1
    try:
        status = _status(error)
        flush()
        if isinstance(error, KeyboardInterrupt):  # whoever waits for it shall see that it was interrupted, as Python lets it
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.raise_signal(signal.SIGINT)
    finally:
        os._exit(status)


def _status(error: BaseException | None) -> int:
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1
