"""Where and with what a study ran."""

import os
import platform
import socket
import subprocess
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from tunewright.paths import masked
from tunewright.typing import Value

__all__ = ["environment", "libraries", "version"]

_LIBRARIES = ("tunewright", "numpy", "scipy", "scikit-learn", "pandas", "torch", "xgboost", "lightgbm", "catboost")


def version() -> str:
    """Of Tunewright, as installed; "unknown" where it runs without being installed."""
    return _version("tunewright") or "unknown"


@cache
def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


@cache
def _commit(folder: str) -> str | None:
    """The commit checked out there, with "+" when files differ from it; None outside a repository or without git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", folder, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()  # noqa: S603  fixed words

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was removed
        return "/"


def libraries() -> dict[str, str]:
    """The versions of Tunewright and of the libraries that are installed, by name."""
    return {library: version for library in _LIBRARIES if (version := _version(library)) is not None}


def environment() -> dict[str, Value]:
    """What somebody needs to know to do it again: command (without passwords), host, cores, Python, libraries, commit."""
    return {
        "command": " ".join(map(masked, sys.argv)),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "libraries": {**libraries()},
        "commit": _commit(_here()),
    }


def __getattr__(name: str) -> str:
    """`__version__`, looked up when it is asked for."""
    if name == "__version__":
        return version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
