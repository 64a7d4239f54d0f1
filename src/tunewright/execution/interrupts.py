"""Ctrl-C asks first, and stops only when it is pressed again."""

import signal
from typing import Any, Self

__all__ = ["Interrupts"]


class Interrupts:
    """Ctrl-C once sets `asked`; a second time it raises KeyboardInterrupt. Use it as a context; it acts in the main thread only."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        try:
            self._before = signal.signal(signal.SIGINT, self._handle)
        except ValueError:  # not the main thread
            self._before = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
