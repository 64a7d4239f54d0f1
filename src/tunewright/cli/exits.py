"""How a command ends: one message, one exit code.

    0    done
    1    the work failed, or there is no result to show
    2    bad usage or bad input: nothing was done
    3    storage trouble: a file cannot be read or written
    130  interrupted (Ctrl-C): what was finished is kept

An error that Tunewright raises on purpose is a sentence or two on the standard error, without a traceback; `--debug` shows the
traceback as well. With `--json` the standard output gets `{"error": {"type", "message", "exit"}}`.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final, cast

import typer

from tunewright.cli.terminal import document, flush, remark
from tunewright.errors import (
    ExtraMissing,
    NoResult,
    ObjectiveError,
    SpaceExhausted,
    Stopped,
    StorageError,
    TunewrightError,
)

__all__ = ["BAD_INPUT", "FAILED", "INTERRUPTED", "OK", "STORAGE", "exit_code", "report_error"]

OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
STORAGE: Final = 3
INTERRUPTED: Final = 130

_USAGE: Final = cast(type[Exception], typer.BadParameter.__mro__[1])  # UsageError, whichever click Typer stands on
_QUIET_ENDS: Final = (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError)


def exit_code(error: BaseException) -> int:
    """The exit code that belongs to an error."""
    match error:
        case typer.Exit():
            return int(error.exit_code)
        case KeyboardInterrupt() | typer.Abort():
            return INTERRUPTED
        case BrokenPipeError():
            return OK  # the reader had enough (`| head`): nothing went wrong here
        case NoResult() | SpaceExhausted() | ObjectiveError() | ExtraMissing() | Stopped():
            return FAILED
        case StorageError():
            return STORAGE
        case TunewrightError():
            return BAD_INPUT
        case OSError():
            return STORAGE
    return BAD_INPUT if isinstance(error, _USAGE) else FAILED


def report_error(error: BaseException, arguments: Sequence[str]) -> int:
    """Say what went wrong, where a person and where a program looks for it; returns the exit code."""
    code = exit_code(error)
    if isinstance(error, BrokenPipeError):
        _nobody_reads()
        return code
    if "--debug" in arguments and not isinstance(error, typer.Exit):
        traceback.print_exception(error, file=sys.stderr)
    message = _message(error)
    try:
        if message:
            remark(message)
        if "--json" in arguments and not isinstance(error, typer.Exit):
            document({"error": {"type": _kind(error), "message": message or "interrupted", "exit": code}})
        flush()
    except BrokenPipeError:
        _nobody_reads()
    return code


def _message(error: BaseException) -> str:
    if isinstance(error, typer.Exit):
        return ""
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return f"interrupted: {error}" if str(error) else "interrupted"
    if isinstance(error, _USAGE):
        usage = cast(typer.BadParameter, error)
        text = usage.format_message().replace(": Value error, ", ": ").rstrip(".")  # pydantic's words, not a person's
        command = usage.ctx.command_path if usage.ctx is not None else "tunewright"
        return f"{text}. For help: {command} --help" if not text.endswith("?") else f"{text} For help: {command} --help"
    if isinstance(error, TunewrightError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}"
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    return (
        f"unexpected {text}\nThis is a fault of Tunewright's, or of a library below it. Run it again with --debug to see where."
    )


def _kind(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "Interrupted"
    return "UsageError" if isinstance(error, _USAGE) else type(error).__name__


def _nobody_reads() -> None:
    """Let what is still buffered go nowhere, so that the interpreter's last flush is quiet."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(nowhere, stream.fileno())
        except (OSError, ValueError):  # a stream without a descriptor has nothing to flush into a pipe
            continue
    os.close(nowhere)
