"""Ctrl-C at the two ends of a process, where nothing is at work yet, or any more.

Python answers it there with a traceback and death by the signal. A shell and a script wait for 130, and with `--json` for a document. So:

- while a command is loaded, which takes longer than the key, Ctrl-C ends the process at once;
- while it works, it is a KeyboardInterrupt, which whoever works may answer (`execution/interrupts.py`, `exits.py`);
- when its result is out, Ctrl-C is noted: files are closed as they would be, and then the exit code is 130.

This module loads nothing but what Python has loaded already.
"""

import atexit
import os
import signal
import sys
from collections.abc import Sequence

__all__ = ["begin", "over", "work"]

_INTERRUPTED = 130
_DOCUMENT = b'{\n  "error": {\n    "type": "Interrupted",\n    "message": "interrupted",\n    "exit": 130\n  }\n}\n'
_begun: list[bool] = []
_words: list[str] = []
_pressed: list[bool] = []


def begin(words: Sequence[str]) -> None:
    """A process begins that is there for one command line; whoever handles Ctrl-C already, or ignores it, goes on doing so."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return
    try:
        signal.signal(signal.SIGINT, _end_at_once)
    except ValueError:  # not the main thread
        return
    _begun.append(True)
    _words[:] = words
    atexit.register(_leave)  # the first that is registered is the last that is called


def work() -> None:
    """The command is loaded, and begins."""
    if signal.getsignal(signal.SIGINT) is _end_at_once:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def over() -> None:
    """The command is done, and its result is out, or is about to be."""
    if _begun and signal.getsignal(signal.SIGINT) in (_end_at_once, signal.default_int_handler):
        signal.signal(signal.SIGINT, _note)


def _end_at_once(*_: object) -> None:
    try:
        os.write(2, b"tunewright: interrupted\n")
        if "--json" in _words:
            os.write(1, _DOCUMENT)
    finally:
        os._exit(_INTERRUPTED)


def _note(*_: object) -> None:
    _pressed.append(True)


def _leave() -> None:
    if not _pressed:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # stays so while Python takes itself apart
        return
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # nobody reads it, or it is closed
            continue
    os._exit(_INTERRUPTED)
