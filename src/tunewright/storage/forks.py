"""Fork hooks that no signal breaks off.

Python prints what a fork hook raises, and forks all the same. So a hook that Ctrl-C breaks off leaves its locks half taken, and the key
is lost. While hooks of this module are at work, the handlers of signals only note what came, and it comes again when the fork is over.

The moment before the handlers are changed cannot be guarded by Python code. So what is to be done is kept as a state, not as a pair of
calls, and each hook is registered twice: where the first was broken off the second does it, else it finds nothing to do.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any, Final

__all__ = ["around_forks"]

_AGAIN: Final = 0.05
"""Seconds after a fork until a signal comes again: by then the hooks of other libraries have ended, too."""

_SIGNALS: Final = tuple(map(int, signal.valid_signals()))

_handlers: dict[int, Any] = {}
_came: list[tuple[int, int]] = []


def around_forks(before: Callable[[], None], in_parent: Callable[[], None], in_child: Callable[[], None]) -> None:
    """Call `before` a fork and one of the others after it, whole, whatever signal comes meanwhile.

    All of them must do nothing where there is nothing (more) to do. `before` may be called twice before one fork; the others, too.
    """
    for _ in range(2):
        os.register_at_fork(
            before=lambda: _begin(before), after_in_parent=lambda: _end(in_parent), after_in_child=lambda: _end(in_child)
        )


def _begin(work: Callable[[], None]) -> None:
    try:
        _hush()
    except KeyboardInterrupt:
        _note(signal.SIGINT)
        _hush()
    work()


def _end(work: Callable[[], None]) -> None:
    try:
        work()
    finally:
        try:
            _hear()
        except KeyboardInterrupt:
            _note(signal.SIGINT)
            _hear()


def _note(number: int, *_: object) -> None:
    _came.append((os.getpid(), number))


def _hush() -> None:
    if threading.current_thread() is not threading.main_thread():  # where no handler runs
        return
    for number in _SIGNALS:
        handler = signal.getsignal(number)
        if callable(handler) and handler is not _note:
            _handlers[number] = handler
            signal.signal(number, _note)


def _hear() -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    while _handlers:
        number, handler = next(iter(_handlers.items()))
        if signal.getsignal(number) is _note:  # else another hook has set it meanwhile
            signal.signal(number, handler)
        _handlers.pop(number, None)
    here, came = os.getpid(), set(_came)
    _came.clear()
    for pid, number in came:
        if pid == here:  # the parent's are not the child's
            again = threading.Timer(_AGAIN, _send, (number,))
            again.daemon = True
            again.start()


def _send(number: int) -> None:
    main = threading.main_thread().ident
    if main is not None:
        signal.pthread_kill(main, number)
