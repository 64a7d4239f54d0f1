"""A stream for what nobody has to read."""

import contextlib
import os
from typing import TextIO

__all__ = ["Calm"]


class Calm:
    """A stream that need not be there: when it is closed, or its reader has gone, what is written is dropped and nothing is raised.

    Args:
        stream: to write to; None: nowhere, as `sys.stderr` is in a process without a console.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:
        """Its encoding, UTF-8 where it has none."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def in_front(self) -> bool:
        """Whether it is a terminal, and this process in front there: neither in the background nor in a session of its own, as workers are."""
        if not self.isatty() or not hasattr(os, "tcgetpgrp"):
            return self.isatty()
        with contextlib.suppress(OSError, ValueError):
            return self._stream is not None and os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        return False

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return bool(self._tried("isatty"))

    def write(self, text: str) -> int:
        """Write, if it is there."""
        self._tried("write", text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, if it is there."""
        self._tried("flush")

    def writes(self, text: str) -> bool:
        """Whether its encoding has these characters."""
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def _tried(self, what: str, *arguments: str) -> object:
        try:
            return getattr(self._stream, what)(*arguments)
        except (AttributeError, OSError, ValueError):  # it is None, or stands before one; nobody reads it; it is closed
            self._stream = None
            return None
