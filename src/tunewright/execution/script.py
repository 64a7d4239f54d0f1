"""The script of a process, as `multiprocessing` knows it.

A process that is spawned runs its parent's script again under another name, so that functions of the script are found there. It reads
from `__main__` where that is: `__spec__.name` of a module that was started by `python -m`, else `__file__`. A worker process of ours is
started with neither, so an objective that spawns processes would look for the script's functions in vain; it gets both from the
coordinator. The worker itself does not run the script.

A script that does not say `if __name__ == "__main__":` would do its whole work in each process that is spawned, searches included. It is
not passed on: what its objective spawns finds functions of modules only, as ever.
"""

import multiprocessing
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import NamedTuple

from tunewright.errors import StudyError

__all__ = ["Script", "adopt", "refuse_spawned", "script"]


class Script(NamedTuple):
    """Where the script is: the name that was given to `python -m`, or its file; neither: what is typed in, a notebook, `python -c`."""

    name: str | None = None
    file: str | None = None


def script() -> Script:
    """That of this process, if processes that are spawned may run it."""
    main = sys.modules["__main__"]
    name = getattr(getattr(main, "__spec__", None), "name", None)
    file = getattr(main, "__file__", None)
    path = None if file is None else Path(file).absolute()
    if path is None or not _guarded(path):
        return Script()
    return Script(name, str(path))


def _guarded(path: Path) -> bool:
    try:
        text = path.read_bytes()
    except OSError:  # "<stdin>"
        return False
    return b"__name__" in text and b"__main__" in text


def adopt(found: Script) -> None:
    """Let processes that this one spawns run the script."""
    main = sys.modules["__main__"]
    if found.name is not None:
        main.__spec__ = ModuleSpec(found.name, None, origin=found.file)
    if found.file is not None:
        main.__file__ = found.file


def refuse_spawned() -> None:
    """Start no workers from a script that is only run to find its functions: they would spawn processes that run it, and so on.

    Raises:
        StudyError: this process is such a one.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise StudyError(
            "This process was spawned, and runs the script only to find its functions; it must not search itself. "
            'Write what the script does below: if __name__ == "__main__":'
        )
