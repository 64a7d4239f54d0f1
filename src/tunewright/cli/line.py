"""One command line, from its words to its exit code."""

from collections.abc import Sequence

from tunewright.cli.commands import group
from tunewright.cli.ends import over
from tunewright.cli.exits import report_error
from tunewright.cli.terminal import flush, prepare

__all__ = ["execute"]


def execute(words: Sequence[str]) -> int:
    """Run it; returns the exit code. Every error becomes a message."""
    prepare()
    try:
        try:
            commands = group()
            with commands.make_context("tunewright", list(words)) as context:
                code = commands.invoke(context)
            status = code if isinstance(code, int) else 0
            flush()
        finally:
            over()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  here every error becomes a message and an exit code
        status = report_error(error, words)
    return status
