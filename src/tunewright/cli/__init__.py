"""The command line: a thin face on the library.

A command checks what was typed, calls what a Python user would call, and shows what came of it. Results go to the standard output,
everything else (progress, remarks, errors) to the standard error, so that a pipe gets results only; with `--json` it gets exactly one
JSON document, also when the command fails. The exit code says how it went: see `exits.py`.

A command's module is imported when the command is used, so that `tunewright --help` does not wait for scikit-learn; and all the rest when
`main` is called, so that Ctrl-C is heard from the first moment (`ends.py`).
"""

import importlib
import sys
from collections.abc import Sequence

from tunewright.cli.ends import begin

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: without the program's name; None: those of this process, which ends with it.

    Returns:
        The exit code. 0: done. 1: the work failed, or there is no result. 2: bad usage or input. 3: storage trouble. 130: interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:
        begin(given)
    status: int = importlib.import_module("tunewright.cli.line").execute(given)
    return status
